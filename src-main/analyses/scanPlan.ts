import { type Interval, intersection } from '../../src-shared/genome/interval.ts'
import { formatLocus } from '../../src-shared/genome/locus.ts'
import type { ScanRequest } from '../../src-shared/genome/scan.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { baseCode } from './oneHot.ts'
import type { WindowGeometry } from './predict.ts'

/** Kept bins that are scored: all, those that touch an interval, the middle ones, or a range of them. */
export type ScoredOutput =
  | ScanRequest['output']
  | { readonly kind: 'centre'; readonly count: number }
  | { readonly kind: 'bins'; readonly first: number; readonly count: number }

export interface ScanPlan {
  /** What the model reads; it may hang over the ends of the contig. */
  readonly window: Interval
  /** What it answers for. */
  readonly answered: Interval
  /** Kept bins that are scored. */
  readonly bins: { readonly first: number; readonly count: number }
  /** The mutated positions within the window. */
  readonly region: { readonly start: number; readonly end: number }
}

/** The window whose middle is the middle of an interval; for one base of an even window, the base right of the middle. */
export function centredWindow(at: Interval, { windowBp }: Pick<WindowGeometry, 'windowBp'>): Interval {
  const start = Math.floor((at.start + at.end - windowBp) / 2)
  return { contig: at.contig, start, end: start + windowBp }
}

/**
 * Where a scan of an interval looks and what it scores. One window, centred on the interval.
 * @throws WorkbenchError `region` when the interval is longer than the window, or no bin touches the part that is to be scored
 */
export function planScan(interval: Interval, geometry: WindowGeometry, output: ScoredOutput): ScanPlan {
  const { windowBp, binBp, bins: kept, cropBins } = geometry
  const n = (x: number) => x.toLocaleString('en-US')
  if (interval.end - interval.start > windowBp)
    throw new WorkbenchError('region', `${formatLocus(interval)} is longer than the model's window of ${n(windowBp)} bp`, 'scan it in parts') // biome-ignore format: one thought
  const window = centredWindow(interval, geometry)
  const start = window.start + cropBins * binBp
  const answered = { contig: interval.contig, start, end: start + kept * binBp }
  const region = { start: interval.start - window.start, end: interval.end - window.start }
  return { window, answered, bins: scoredBins(output, answered, kept, binBp), region }
}

function scoredBins(output: ScoredOutput, answered: Interval, kept: number, binBp: number): ScanPlan['bins'] {
  const n = (x: number) => x.toLocaleString('en-US')
  switch (output.kind) {
    case 'all':
      return { first: 0, count: kept }
    case 'centre':
    case 'bins': {
      const first = output.kind === 'bins' ? output.first : Math.floor((kept - output.count) / 2)
      if (output.count < 1 || first < 0 || first + output.count > kept)
        throw new WorkbenchError('region', `${output.kind === 'bins' ? `bins ${first} to ${first + output.count - 1}` : `${n(output.count)} bins`} are not among the ${n(kept)} of the model`, `bins count from 0 to ${kept - 1}`) // biome-ignore format: one thought
      return { first, count: output.count }
    }
    case 'interval': {
      const shared = intersection(output.interval, answered)
      if (!shared)
        throw new WorkbenchError('region', `${formatLocus(output.interval)} is outside of what the model answers for from here, ${shownInterval(answered)}`, 'score another part, or scan nearer to it') // biome-ignore format: one thought
      const first = Math.floor((shared.start - answered.start) / binBp)
      return { first, count: Math.ceil((shared.end - answered.start) / binBp) - first }
    }
  }
}

/** A window as shown; it may begin before the contig does. */
export const shownInterval = (i: Interval): string =>
  i.start >= 0
    ? formatLocus(i)
    : `${i.contig}:${(i.start + 1).toLocaleString('en-US')}..${i.end.toLocaleString('en-US')}`

/** One base put in the place of another: 0-based in the window, and the cell it fills: 4 · position in the region + base. */
export interface PlannedMutation {
  readonly position: number
  readonly base: number
  readonly cell: number
}

/**
 * The three alternatives of each scanned position, by position, then A, C, G, T. The base that is there is not run: its effect is 0 by
 * definition. A position with an unknown base (N), or that the background does not have, has none. `bases` are those of the scanned
 * positions, `places` where they are in the window (-1: nowhere).
 */
export function mutationsOf(bases: string, places: ArrayLike<number>): PlannedMutation[] {
  const planned: PlannedMutation[] = []
  for (let i = 0; i < bases.length; i++) {
    const own = baseCode(bases.charCodeAt(i))
    if (own < 0 || places[i]! < 0) continue
    for (let base = 0; base < 4; base++)
      if (base !== own) planned.push({ position: places[i]!, base, cell: 4 * i + base })
  }
  return planned
}

/**
 * What is left, the positions nearest to the focus first (the left of two equally near), in the order A, C, G, T each. Mutants of one
 * aligned `stretch` of the window stay together: the stretch nearest to the focus first.
 */
export function nearestFirst(left: readonly PlannedMutation[], focus: number, stretch = 1): PlannedMutation[] {
  const distance = (m: PlannedMutation) => Math.abs(m.position - focus)
  const of = (m: PlannedMutation) => Math.floor(m.position / stretch)
  const home = Math.floor(focus / stretch)
  /** From the focus to the nearest end of the stretch. */
  const away = (s: number) => (s === home ? -1 : s < home ? focus - ((s + 1) * stretch - 1) : s * stretch - focus)
  return [...left].sort((a, b) => {
    const [s, t] = [of(a), of(b)]
    if (s !== t) return away(s) - away(t) || s - t
    return distance(a) - distance(b) || a.position - b.position || a.base - b.base
  })
}
