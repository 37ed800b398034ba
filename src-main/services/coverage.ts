import type { Interval } from '../../src-shared/genome/interval.ts'
import type { PileupOptions } from '../../src-shared/genome/pileup.ts'
import type { CoverageBins } from '../../src-shared/ipc/contract.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { SampleSource } from './engines.ts'

/** A sample in the words of the pileup workers. */
export const alignmentSource = (source: SampleSource) => ({
  path: source.path,
  ...(source.indexPath ? { index: source.indexPath } : {}),
  ...(source.referencePath ? { reference: source.referencePath } : {}),
})

/** Numbers for each position where a bin is one base: A C G T N del refskip ins. */
const PER_BASE = 8

/**
 * Depth of at most `bins` bins of equal width in whole bases (only the last may be narrower), from our own pileup in a worker thread.
 * Bins of one base come with their letters.
 */
export async function coverageBins(
  source: SampleSource,
  interval: Interval,
  bins: number,
  options: PileupOptions,
  context: WorkContext,
): Promise<CoverageBins> {
  const width = interval.end - interval.start
  const binBp = Math.ceil(width / bins)
  if (binBp === 1) return everyBase(source, interval, options, context)
  const { depthBins } = await import('../workers/pileupClient.ts')
  const whole = Math.floor(width / binBp)
  const split = interval.start + whole * binBp
  const part = (start: number, end: number, count: number) =>
    depthBins({ ...alignmentSource(source), interval: { ...interval, start, end }, bins: count, options }, context)
  const [first, last] = await Promise.all([
    part(interval.start, split, whole),
    split < interval.end ? part(split, interval.end, 1) : undefined,
  ])
  const skips = first.skipped || last?.skipped
  if (!last)
    return { interval, binBp, mean: first.mean, max: first.max, ...(first.skipped ? { skipped: first.skipped } : {}) }
  const mean = new Float32Array(whole + 1)
  const max = new Int32Array(whole + 1)
  mean.set(first.mean)
  mean.set(last.mean, whole)
  max.set(first.max)
  max.set(last.max, whole)
  if (!skips) return { interval, binBp, mean, max }
  const skipped = new Float32Array(whole + 1)
  if (first.skipped) skipped.set(first.skipped)
  if (last.skipped) skipped.set(last.skipped, whole)
  return { interval, binBp, mean, max, skipped }
}

async function everyBase(
  source: SampleSource,
  interval: Interval,
  options: PileupOptions,
  context: WorkContext,
): Promise<CoverageBins> {
  const { pileup } = await import('../workers/pileupClient.ts')
  const width = interval.end - interval.start
  const max = new Int32Array(width)
  const counts = new Int32Array(width * PER_BASE)
  await pileup({ ...alignmentSource(source), region: interval, options }, context, c => {
    const columns = [c.a, c.c, c.g, c.t, c.n, c.del, c.refskip, c.ins]
    for (let k = 0; k < c.positions.length; k++) {
      const at = c.positions[k]! - interval.start
      if (at < 0 || at >= width) continue
      max[at] = c.depth[k]!
      for (let letter = 0; letter < PER_BASE; letter++) counts[at * PER_BASE + letter] = columns[letter]![k]!
    }
  })
  return { interval, binBp: 1, mean: Float32Array.from(max), max, counts }
}
