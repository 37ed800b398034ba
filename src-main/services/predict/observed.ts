import type { Interval } from '../../../src-shared/genome/interval.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { ComparisonSubject, ObservedBins } from '../../../src-shared/ipc/modelMethods.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { applyTransform, transformOf } from '../../analyses/trackTransform.ts'
import { undoTransform } from '../../analyses/undoTransform.ts'
import type { ModelTrack } from '../../models/folder/modelJson.ts'
import { openSignal } from '../../readers/signal.ts'
import type { FileEntry } from '../files.ts'

/** In which units, and what the file holds: as a comparison has it. */
export type ObservedUnits = Pick<ComparisonSubject, 'units' | 'observed'>

/** Beyond, reading every value would hold up everything else. */
const MAX_MODEL_BINS = 2_000_000

/** Pooled coverage of a bin in the sense of a track's training: its sum, or its mean where that was learnt (or nothing is said). */
const pool = (track: ModelTrack) => {
  const stat = transformOf(track)?.sum_stat
  return stat?.startsWith('sum') ? (sum: number) => sum : (sum: number, binBp: number) => sum / binBp
}

/**
 * What a bigWig says of a track's experiment in one bin of the model, from the sum and mean of its values there: in the units of the
 * training targets (`model`), or as pooled coverage (`signal`). A base without a value counts 0, as in training.
 */
export function observedValue(
  track: ModelTrack,
  { units, observed }: ObservedUnits,
): (sum: number, mean: number, binBp: number) => number {
  if (observed === 'transformed') {
    // The file holds one target a bin: its mean is the target.
    const value = (mean: number) => (Number.isNaN(mean) ? 0 : mean)
    if (units === 'model') return (_, mean) => value(mean)
    const undo = undoTransform(track, 'current')
    return (_, mean) => undo(value(mean))
  }
  const of = units === 'model' ? applyTransform(track) : pool(track)
  return (sum, _, binBp) => of(sum, binBp)
}

/**
 * Experimental signal in bins of `binBp`, each a whole number of the model's own bins: their mean and largest. `interval` begins at a
 * bin and holds whole ones.
 * @throws WorkbenchError `wrong-type`, `region`, `not-found` (contig), and what reading throws
 */
export async function observedBins(
  entry: Pick<FileEntry, 'path' | 'facts'>,
  track: ModelTrack,
  asked: ObservedUnits & { readonly interval: Interval; readonly binBp: number; readonly modelBinBp: number },
  context: WorkContext,
): Promise<ObservedBins> {
  const { interval, binBp, modelBinBp } = asked
  if (entry.facts.kind !== 'bigwig') throw new WorkbenchError('wrong-type', 'signal is compared from bigWig files', 'choose a bigWig') // biome-ignore format: one thought
  const length = interval.end - interval.start
  const count = length / binBp
  const merged = binBp / modelBinBp
  if (!Number.isInteger(count) || !Number.isInteger(merged) || count * merged > MAX_MODEL_BINS)
    throw new WorkbenchError('region', `${length.toLocaleString('en-US')} bp are not whole bins of ${binBp} bp of a model with ${modelBinBp} bp bins, or too many`, 'zoom in') // biome-ignore format: one thought
  const signal = await openSignal(entry.path)
  try {
    const bins = await signal.bins(interval, count * merged, context, { exact: true })
    const value = observedValue(track, asked)
    const mean = new Float32Array(count)
    // Zeros that a writer left out are zeros; a region without any value is none.
    if (!bins.covered.some(n => n > 0)) return { mean: mean.fill(Number.NaN), max: mean }
    const max = new Float32Array(count)
    for (let b = 0; b < count; b++) {
      let sum = 0
      let top = Number.NEGATIVE_INFINITY
      for (let k = b * merged; k < (b + 1) * merged; k++) {
        const v = value(bins.sums[k]!, bins.mean[k]!, modelBinBp)
        sum += v
        top = Math.max(top, v)
      }
      mean[b] = sum / merged
      max[b] = top
    }
    return { mean, max }
  } finally {
    await signal.close()
  }
}
