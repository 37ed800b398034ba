import type { Progress } from '../../../src-shared/job.ts'
import { endsPoint, type VisitRecord } from './visits.ts'

/** One phase over the whole run: how fast it goes is judged from its beginning. */
const PHASE = 'measuring'

/**
 * Tells how far a run is, in seconds of its plan: what a visit of a point took is expected of its next visits; of points that were not
 * visited yet, the plan, corrected by how long others took beside theirs; where there is no plan, the mean of what was seen.
 */
export class ProgressClock {
  readonly #now: () => number
  readonly #visits: number
  readonly #planned: Map<string, number | undefined>
  readonly #took = new Map<string, number[]>()
  /** Visits that were lost, and are not made again in this run. */
  readonly #lost = new Map<string, number>()
  readonly #ended = new Set<string>()
  readonly #report: (p: Progress) => void
  #spent = 0
  #current: { readonly id: string; readonly at: number } | undefined

  constructor(options: {
    readonly now: () => number
    readonly visits: number
    /** Seconds of a visit by the plan, where there is one. */
    readonly points: ReadonlyMap<string, number | undefined>
    readonly known: readonly VisitRecord[]
    readonly report: (p: Progress) => void
  }) {
    this.#now = options.now
    this.#visits = options.visits
    this.#planned = new Map(options.points)
    this.#report = options.report
    for (const v of options.known) this.#add(v)
  }

  begin(id: string, plannedSeconds: number | undefined): void {
    if (plannedSeconds !== undefined) this.#planned.set(id, plannedSeconds)
    this.#current = { id, at: this.#now() }
    this.#tell(0)
  }

  /** Progress of the visit itself, in whatever it counts. */
  within(p: Progress): void {
    this.#tell(p.total > 0 ? p.done / p.total : 0)
  }

  end(visit: VisitRecord): void {
    this.#current = undefined
    this.#add(visit)
    this.#tell(0)
  }

  /** Seconds that are left, the visit under way included whole; undefined while nothing tells. */
  get secondsLeft(): number | undefined {
    let left = 0
    for (const id of this.#planned.keys()) {
      if (this.#ended.has(id)) continue
      const each = this.#expected(id)
      if (each === undefined) return undefined
      left += each * (this.#visits - (this.#took.get(id)?.length ?? 0) - (this.#lost.get(id) ?? 0))
    }
    return left
  }

  /** Of one visit of a point. */
  #expected(id: string): number | undefined {
    const own = this.#took.get(id)
    if (own) return sum(own) / own.length
    const plan = this.#planned.get(id)
    if (plan === undefined) {
      const all = [...this.#took.values()].flat()
      return all.length ? sum(all) / all.length : undefined
    }
    const seen = [...this.#took].filter(([other]) => this.#planned.get(other) !== undefined)
    const took = sum(seen.map(([, seconds]) => sum(seconds)))
    const said = sum(seen.map(([other, seconds]) => seconds.length * this.#planned.get(other)!))
    return plan * (took > 0 && said > 0 ? took / said : 1)
  }

  #add(visit: VisitRecord): void {
    this.#spent += visit.seconds
    if (endsPoint(visit)) this.#ended.add(visit.point)
    else if (visit.state !== 'done') this.#lost.set(visit.point, (this.#lost.get(visit.point) ?? 0) + 1)
    else this.#took.set(visit.point, [...(this.#took.get(visit.point) ?? []), visit.seconds])
  }

  #tell(share: number): void {
    const left = this.secondsLeft
    const running = this.#current ? (this.#now() - this.#current.at) / 1000 : 0
    if (left === undefined) {
      this.#report({ phase: PHASE, done: this.#spent + running, total: 0 })
      return
    }
    // A visit that takes longer than was expected does not run into those after it.
    const expected = this.#current ? (this.#expected(this.#current.id) ?? 0) : 0
    const within = share > 0 ? share * expected : Math.min(running, expected)
    this.#report({ phase: PHASE, done: this.#spent + within, total: this.#spent + left })
  }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
