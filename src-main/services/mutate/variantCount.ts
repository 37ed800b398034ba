import type { WorkContext } from '../../../src-shared/job.ts'
import { substitution } from '../../analyses/variantEffect.ts'
import { openVariantStream, type VariantRecord } from '../../readers/variantStream.ts'

/** Forward passes that the variants of a file take. */
export interface VariantPasses {
  readonly records: number
  /** At most: whether REF fits the reference is seen when it is scored. */
  readonly passes: number
  /** The whole file was read; else it goes on as it begins. */
  readonly counted: boolean
}

/** Records that are read before the rest is taken to be like them. */
const READ = 50_000

/**
 * Passes of a record: its window as it is and with each allele, on each strand. A change of one base shares the window as it is with the
 * one before it where there is one strand; alleles that are not written in bases have no effect.
 */
export function passesOf(record: Pick<VariantRecord, 'position' | 'ref' | 'alts' | 'problem'>, strands: 1 | 2): number {
  if (record.problem !== undefined) return 0
  const { position, ref } = record
  let [passes, prepared] = [0, false]
  for (const alt of record.alts) {
    if (!/^[ACGT]+$/i.test(alt) || alt.toUpperCase() === ref.toUpperCase()) continue
    const single = substitution({ position, ref, alt }) !== undefined
    passes += strands === 2 || !single || !prepared ? 2 * strands : 1
    prepared = single
  }
  return passes
}

/** Counts the passes of a VCF, of a long one by its beginning. @throws WorkbenchError as reading the file does */
export async function countPasses(
  path: string,
  wanted: (record: VariantRecord) => boolean,
  strands: 1 | 2,
  signal: AbortSignal,
  read = READ,
): Promise<VariantPasses> {
  const stream = await openVariantStream(path, { signal, report() {} })
  let share = 0
  const context: WorkContext = { signal, report: p => { share = p.done / p.total } } // biome-ignore format: one thought
  let [seen, records, passes] = [0, 0, 0]
  try {
    for await (const record of stream.records(context)) {
      if (seen++ >= read && share > 0) {
        const times = 1 / share
        return { records: Math.round(records * times), passes: Math.round(passes * times), counted: false }
      }
      if (!wanted(record)) continue
      records++
      passes += passesOf(record, strands)
    }
    return { records, passes, counted: true }
  } finally {
    await stream.close()
  }
}
