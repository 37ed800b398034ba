import { createHash } from 'node:crypto'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Factors, LabPoint, PointState, Quartiles } from '../../../src-shared/lab/result.ts'
import type { PointPlan, Visit } from './experiment.ts'
import { isPlain, plainText } from './plainText.ts'

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

/** Begins the reason of a visit that failed because others took the memory that was free when it began. */
export const OUT_OF_MEMORY = 'out-of-memory'

/** Others took the memory: nothing was found out about the point, and the next visit may succeed. */
export const lostToOthers = ({ state, reason }: Pick<VisitRecord, 'state' | 'reason'>): boolean =>
  state === 'failed' && reason !== null && reason.startsWith(OUT_OF_MEMORY)

/** Nothing more is to be learnt of the point by visiting it again now. */
export const endsPoint = (visit: Pick<VisitRecord, 'state' | 'reason'>): boolean =>
  visit.state !== 'done' && !lostToOthers(visit)

/** Without those that were made again: of the same visit of a point the last counts. */
export function standing(visits: readonly VisitRecord[]): VisitRecord[] {
  const last = new Map(visits.map(v => [`${v.point} ${v.visit}`, v]))
  return visits.filter(v => last.get(`${v.point} ${v.visit}`) === v)
}

const READABLE = 60
const MAX_FACTOR = 200

/** Made of the factors, whatever their order: readable, and safe as the name of a folder on every system. */
export function pointId(factors: Factors): string {
  const entries = Object.entries(factors).sort(([a], [b]) => (a < b ? -1 : 1))
  const hash = createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 10)
  const words = entries.map(([, value]) => value).join('-').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') // biome-ignore format: one chain
  return `${words.slice(0, READABLE)}-${hash}`.replace(/^-+/, '').replace(/-{2,}/g, '-')
}

/** @throws WorkbenchError `bad-input` for two points of the same factors, and for factors that no result may hold */
export function pointsById(points: readonly PointPlan[]): ReadonlyMap<string, PointPlan> {
  const known = new Map<string, PointPlan>()
  for (const point of points) {
    for (const [name, value] of Object.entries(point.factors))
      if (typeof value === 'string' && !(value.length <= MAX_FACTOR && isPlain(value))) throw new WorkbenchError('bad-input', `the recipe's ${name} is '${plainText(value).slice(0, 60)}', which is no line of at most ${MAX_FACTOR} characters`, 'mend it in the recipe') // biome-ignore format: one thought
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
 * The points that have been visited, in the order of the recipe, their measures pooled over visits. A visit that found too little memory
 * or time does not undo another one that was measured; a fault of its own does make the point `failed`.
 */
export function poolVisits(order: ReadonlyMap<string, PointPlan>, visits: readonly VisitRecord[]): LabPoint[] {
  const all = standing(visits)
  return [...order].flatMap(([id, { factors }]) => {
    const own = all.filter(v => v.point === id)
    if (own.length === 0) return []
    const done = own.filter(v => v.state === 'done')
    const measures: Record<string, number[]> = {}
    for (const { measures: some } of done)
      for (const [name, values] of Object.entries(some)) measures[name] = [...(measures[name] ?? []), ...values]
    const ended = own.find(v => v.state === 'failed' && !lostToOthers(v)) ?? done[0] ?? own[0]!
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

/** One sentence a visit that had too little memory or time, of a point that was measured in another one. */
export function laterLosses(order: ReadonlyMap<string, PointPlan>, visits: readonly VisitRecord[]): string[] {
  const all = standing(visits)
  const measured = new Set(all.filter(v => v.state === 'done').map(v => v.point))
  return all
    .filter(v => measured.has(v.point) && (v.state === 'does-not-fit' || v.state === 'too-slow' || lostToOthers(v)))
    .map(v => `${describe(order.get(v.point)?.factors ?? {})}: visit ${v.visit} was lost (${v.reason}); its figures are of the other visits.`) // biome-ignore format: one thought
}
