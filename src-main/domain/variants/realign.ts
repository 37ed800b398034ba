import type { HaplotypeRun } from './haplotypeWindow.ts'

export interface HaplotypeBins {
  readonly runs: readonly HaplotypeRun[]
  /** [bins, columns], row-major, of bins that lie edge to edge on the haplotype. */
  readonly values: Float32Array
  readonly columns: number
  /** The base of the window at which the first of these bins begins. */
  readonly firstBase: number
  readonly binBp: number
}

export interface RealignedBins {
  /** [count, columns]; NaN where `gap` is 1. */
  readonly values: Float32Array
  /** 1: no base of these haplotype bins stands in this bin: deleted, or pushed out of them by insertions. */
  readonly gap: Uint8Array
}

/**
 * Predicted bins of a haplotype as bins of the reference: bin i covers `start` + i x binBp. Each base has the value of the haplotype bin it
 * lies in; a reference bin is the mean over the bases that stand in it, inserted bases counting to the reference base on their left. A bin
 * all of whose bases come from one haplotype bin has exactly its value.
 */
export function realignBins(from: HaplotypeBins, start: number, count: number): RealignedBins {
  const { runs, values: source, columns, firstBase, binBp } = from
  const bins = source.length / columns
  const sums = new Float64Array(count * columns)
  const weights = new Float64Array(count)
  // The only haplotype bin that contributed so far; -2 once there are several.
  const only = new Int32Array(count).fill(-1)

  const add = (bin: number, out: number, bases: number) => {
    weights[out] = weights[out]! + bases
    only[out] = only[out] === -1 || only[out] === bin ? bin : -2
    for (let c = 0; c < columns; c++)
      sums[out * columns + c] = sums[out * columns + c]! + bases * source[bin * columns + c]!
  }

  for (const run of runs) {
    const runFrom = Math.max(run.at, firstBase)
    const runTo = Math.min(run.at + run.length, firstBase + bins * binBp)
    for (let at = runFrom; at < runTo; ) {
      const bin = Math.floor((at - firstBase) / binBp)
      const position = run.inserted ? run.reference - 1 : run.reference + (at - run.at)
      const out = Math.floor((position - start) / binBp)
      const binLeft = firstBase + (bin + 1) * binBp - at
      const outLeft = run.inserted ? Number.POSITIVE_INFINITY : start + (out + 1) * binBp - position
      const bases = Math.min(runTo - at, binLeft, outLeft)
      if (out >= 0 && out < count) add(bin, out, bases)
      at += bases
    }
  }

  const values = new Float32Array(count * columns)
  const gap = new Uint8Array(count)
  for (let b = 0; b < count; b++) {
    if (weights[b] === 0) {
      gap[b] = 1
      values.fill(Number.NaN, b * columns, (b + 1) * columns)
    } else
      for (let c = 0; c < columns; c++)
        values[b * columns + c] = only[b]! >= 0 ? source[only[b]! * columns + c]! : sums[b * columns + c]! / weights[b]!
  }
  return { values, gap }
}

/**
 * Whether whole reference bins are missing at the left and the right end of `count` bins from `start`, although the window has bases of them:
 * insertions pushed these out of the stretch that the haplotype bins answer for (`firstBase` and `bases` on).
 */
export function pushedOut(
  runs: readonly HaplotypeRun[],
  stretch: { readonly firstBase: number; readonly bases: number },
  start: number,
  count: number,
  binBp: number,
): { readonly left: boolean; readonly right: boolean } {
  const there = new Uint8Array(count)
  for (const run of runs) {
    if (run.inserted) continue
    const [from, to] = [
      Math.max(run.at, stretch.firstBase),
      Math.min(run.at + run.length, stretch.firstBase + stretch.bases),
    ]
    const mark = (first: number, end: number, flag: number) => {
      const last = Math.min(count - 1, Math.floor((run.reference + end - 1 - run.at - start) / binBp))
      for (let b = Math.max(0, Math.floor((run.reference + first - run.at - start) / binBp)); b <= last; b++)
        there[b]! |= flag
    }
    mark(run.at, run.at + run.length, 1)
    if (to > from) mark(from, to, 2)
  }
  const own = runs.filter(r => !r.inserted)
  const [first, last] = [own[0], own.at(-1)]
  // Without a crop the window itself ends before them.
  const beyond = (b: number) =>
    start + (b + 1) * binBp <= (first?.reference ?? 0) || start + b * binBp >= (last ? last.reference + last.length : 0)
  const missing = [...there.keys()].filter(b => there[b] === 1 || (there[b] === 0 && beyond(b)))
  return { left: missing.some(b => b < count / 2), right: missing.some(b => b >= count / 2) }
}
