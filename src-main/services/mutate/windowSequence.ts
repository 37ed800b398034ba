import { findContig } from '../../../src-shared/genome/contigs.ts'
import type { Interval } from '../../../src-shared/genome/interval.ts'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { oneHot } from '../../analyses/oneHot.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { Reference } from '../../readers/reference.ts'
import { paddedSequence } from '../haplotypes.ts'

export type ReadReference = Pick<Reference, 'contigs' | 'sequence'>

/**
 * The interval under the name that the reference gives its contig.
 * @throws WorkbenchError `not-found` (contig), `region` when it is not within the contig
 */
export function withinReference(
  interval: Interval,
  { contigs }: Pick<Reference, 'contigs'>,
): Interval & { readonly contigLength: number } {
  const contig = findContig(interval.contig, contigs)
  if (!contig) throw new WorkbenchError('not-found', `contig '${interval.contig.slice(0, 60)}' is not in the reference`, 'give one of its contigs') // biome-ignore format: one thought
  if (interval.start < 0 || interval.end > contig.length || interval.end <= interval.start)
    throw new WorkbenchError('region', `${formatLocus(interval)} is not within contig '${contig.name}' (${contig.length.toLocaleString('en-US')} bp)`, 'give a region inside the contig') // biome-ignore format: one thought
  return { contig: contig.name, start: interval.start, end: interval.end, contigLength: contig.length }
}

/** Upper-case bases of a window, N beyond the ends of the contig. */
export function windowBases(
  reference: Pick<Reference, 'sequence'>,
  window: Interval,
  contigLength: number,
  signal: AbortSignal,
): Promise<string> {
  const sequence = (contig: string, start: number, end: number) =>
    reference.sequence(contig, start, end, { upperCase: true, signal })
  return paddedSequence({ contigs: [], sequence }, { name: window.contig, length: contigLength }, window.start, window.end, signal) // biome-ignore format: one call
}

/** Bases as the model reads them, [bases, 4]. */
export function encoded(bases: string, { input }: Pick<ModelJson, 'input'>): Float32Array {
  const out = new Float32Array(4 * bases.length)
  oneHot(bases, input.type === 'dna' ? input.unknown : 'zeros', out)
  return out
}
