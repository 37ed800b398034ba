import { basename } from 'node:path'
import type { TuneOptions } from '../../../src-shared/genome/tune.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { availableBytes } from '../lab/memoryLimit.ts'
import { type Batched, batchRemedy, largestBatch } from '../planner/largestBatch.ts'
import type { Planner } from '../planner/planner.ts'
import type { readSampleSheet } from './sampleSheet.ts'

/** Why nobody can be trained on a sheet: what a training would refuse, all rows at once. */
export function refusalOf({
  path,
  sheet,
}: {
  readonly path: string
  readonly sheet: Awaited<ReturnType<typeof readSampleSheet>>
}): TuneOptions['refusal'] {
  // biome-ignore format: one line
  const name = basename(path)
  const bare = sheet.rows.filter(r => r.label === null)
  if (bare.length === sheet.rows.length && sheet.problems.length === 0)
    return {
      message: `'${name}' has no labels`,
      remedy: 'give a sheet with a column label: 1 (case) or 0 (control)',
      rows: [],
    }
  const rows = [...sheet.problems, ...bare.map(r => ({ line: r.line, sample: r.sample, code: 'bad-input' as const, message: 'no label' }))].sort((a, b) => a.line - b.line) // biome-ignore format: one line
  if (rows.length > 0) return { message: `${rows.length} ${rows.length === 1 ? 'row' : 'rows'} of '${name}' cannot be trained on`, remedy: 'mend or remove the rows that are named: nobody is left out in silence', rows } // biome-ignore format: one line
  const [caution] = sheet.cautions
  return caution ? { message: `'${name}': ${caution}`, remedy: 'give a larger cohort', rows: [] } : null
}

/** @throws WorkbenchError `out-of-memory`, with the largest batch that fits */
export async function refuseWhatDoesNotFit(
  neededBytes: number,
  planner: Pick<Planner, 'estimate'>,
  smaller: Batched | undefined,
  signal: AbortSignal,
  freeBytes = availableBytes(),
): Promise<void> {
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6).toLocaleString('en-US')} MB`
  if (neededBytes <= freeBytes) return
  const remedy = smaller ? batchRemedy(await largestBatch(planner, smaller, freeBytes, signal)) : 'take a smaller network, or close other programs' // biome-ignore format: one line
  throw new WorkbenchError('out-of-memory', `a step needs about ${megabytes(neededBytes)} of memory and ${megabytes(freeBytes)} are free`, remedy, { neededBytes: Math.round(neededBytes), freeBytes: Math.round(freeBytes) }) // biome-ignore format: one line
}
