import { createHash } from 'node:crypto'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Factors, LabPoint, PointState, Quartiles } from '../../../src-shared/lab/result.ts'
import type { PointPlan, Visit } from './experiment.ts'

/** What one visit of a point gave: a line of the journal. */
export interface VisitRecord {
  readonly point: string
  /** From 1. */
  readonly visit: number
  readonly state: PointState
  readonly reason: string | null
  readonly measures: Visit
  readonly predicted: LabPoint['predicted']
  readonly foreignLoad: number
  /** Of the clock, for the whole visit: start of the process, warm-up, repetitions. */
  readonly seconds: number
}

const READABLE = 60

/** Made of the factors, whatever their order: readable, and safe as the name of a folder on every system. */
export function pointId(factors: Factors): string {
  const entries = Object.entries(factors).sort(([a], [b]) => (a < b ? -1 : 1))
  const hash = createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 10)
  const words = entries.map(([, value]) => value).join('-').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') // biome-ignore format: one chain
  return `${words.slice(0, READABLE)}-${hash}`.replace(/^-+/, '').replace(/-{2,}/g, '-')
}

/** @throws WorkbenchError `bad-input` for two points of the same factors */
export function pointsById(points: readonly PointPlan[]): ReadonlyMap<string, PointPlan> {
  const known = new Map<string, PointPlan>()
  for (const point of points) {
    const id = pointId(point.factors)
    if (known.has(id)) throw new WorkbenchError('bad-input', `the recipe has the point ${describe(point.factors)} twice`, 'remove one of the two') // biome-ignore format: one thought
    known.set(id, point)
  }
  return known
}

/** `model enformer, lengthBp 131072`. */
export const describe = (factors: Factors): string =>
  Object.entries(factors)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

/**
 * Median and quartiles by linear interpolation between order statistics (Hyndman and Fan's type 7, the default of R and NumPy).
 * With one value all three are equal.
 */
export function quartilesOf(values: readonly number[]): Quartiles {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => {
    const place = share * (sorted.length - 1)
    const below = sorted[Math.floor(place)]!
    const above = sorted[Math.ceil(place)]!
    return below + (above - below) * (place - Math.floor(place))
  }
  return { n: sorted.length, median: at(0.5), lower: at(0.25), upper: at(0.75) }
}

/**
 * The points that have been visited, in the order of the recipe, their measures pooled over visits. A later visit that found too little
 * memory or time does not undo an earlier one that was measured; a fault does make the point `failed`.
 */
export function poolVisits(order: ReadonlyMap<string, PointPlan>, visits: readonly VisitRecord[]): LabPoint[] {
  return [...order].flatMap(([id, { factors }]) => {
    const own = visits.filter(v => v.point === id)
    if (own.length === 0) return []
    const done = own.filter(v => v.state === 'done')
    const measures: Record<string, number[]> = {}
    for (const { measures: some } of done)
      for (const [name, values] of Object.entries(some)) measures[name] = [...(measures[name] ?? []), ...values]
    const ended = own.find(v => v.state === 'failed') ?? (done[0] || own[0]!)
    return {
      id,
      factors,
      state: ended.state,
      reason: ended.reason,
      measures: Object.fromEntries(Object.entries(measures).map(([name, values]) => [name, quartilesOf(values)])),
      predicted: own.find(v => v.predicted)?.predicted ?? null,
      foreignLoad: Math.max(...own.map(v => v.foreignLoad)),
    }
  })
}

/** One sentence a point that was measured and then, in a later visit, had too little memory or time. */
export const laterLosses = (order: ReadonlyMap<string, PointPlan>, visits: readonly VisitRecord[]): string[] =>
  visits
    .filter(v => v.visit > 1 && (v.state === 'does-not-fit' || v.state === 'too-slow'))
    .map(v => `${describe(order.get(v.point)?.factors ?? {})}: visit ${v.visit} was lost (${v.reason}); its figures are of the visits before.`) // biome-ignore format: one thought
