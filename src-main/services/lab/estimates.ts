import type { JobCost } from '../../../src-shared/lab/plan.ts'
import type { Experiment } from './experiment.ts'
import { predictPoint, type RunDeps } from './run.ts'

/** How long a list of recipes waits for estimates; the others are there at the next one. */
const WAIT_MS = 1500
/** Between points in the background, in multiples of what the last one took: building a large graph holds up the window's calls. */
const REST = 2
const PAUSED_MS = 1000

interface Plan {
  readonly key: string
  readonly experiment: Experiment
  readonly seconds: number[]
  peakBytes: number
}

/** How long whole recipes take, estimated point by point: small recipes first, in the background, never while something is measured. */
export class RecipeEstimates {
  readonly #totals = new Map<string, number | null>()
  readonly #peaks = new Map<string, number>()
  #waiting: Plan[] = []
  #working: Promise<void> | undefined
  #deadline = 0

  constructor(
    private readonly deps: Pick<RunDeps, 'predict' | 'fault'>,
    private readonly measuring: () => boolean,
  ) {}

  /** Asks for an estimate unless it is there or asked for. */
  ask(key: string, experiment: Experiment): void {
    if (this.#totals.has(key) || this.#waiting.some(w => w.key === key)) return
    const own = experiment.points.map(p => p.estimateSeconds)
    if (own.every(s => s !== undefined)) {
      this.#totals.set(key, wholeOf(own, experiment))
      return
    }
    this.#waiting.push({ key, experiment, seconds: [], peakBytes: 0 })
    this.#waiting.sort((a, b) => a.experiment.points.length - b.experiment.points.length)
  }

  /** Seconds of the whole run; null where they cannot be told, or not yet. */
  of(key: string): number | null {
    return this.#totals.get(key) ?? null
  }

  /** What a job of the whole run will cost, where every point has a plan; its memory is that of the largest point. */
  cost(key: string): JobCost | undefined {
    const [seconds, peakBytes] = [this.of(key), this.#peaks.get(key)]
    return seconds === null || peakBytes === undefined ? undefined : { seconds, peakBytes }
  }

  /** What a run took here tells more than its plan. */
  took(key: string, seconds: number): void {
    this.#totals.set(key, seconds)
    this.#waiting = this.#waiting.filter(w => w.key !== key)
  }

  /** Goes on with what was asked for; resolves when it is done, or after a while. */
  async wait(): Promise<void> {
    this.#deadline = performance.now() + WAIT_MS
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(done => {
      timer = setTimeout(done, WAIT_MS)
    })
    await Promise.race([this.#working, late])
    clearTimeout(timer)
  }

  async #work(): Promise<void> {
    for (let plan = this.#waiting[0]; plan; plan = this.#waiting[0]) {
      if (this.measuring()) {
        await rest(PAUSED_MS)
        continue
      }
      const started = performance.now()
      await this.#point(plan)
      const now = performance.now()
      if (now > this.#deadline) await rest(REST * (now - started))
      else await new Promise(next => setImmediate(next))
    }
  }

  /** One point of a plan; the plan is over with its last point, or with one that cannot be told. */
  async #point(plan: Plan): Promise<void> {
    const { key, experiment, seconds } = plan
    const { points } = experiment
    const point = points[seconds.length]
    const quiet = new AbortController().signal
    const planned = point && (await predictPoint(point, this.deps, quiet))
    const told = point?.estimateSeconds ?? planned?.totalSeconds
    plan.peakBytes = Math.max(plan.peakBytes, planned?.peakBytes ?? 0)
    if (told !== undefined) seconds.push(told)
    if (told !== undefined && seconds.length < points.length) return
    this.#waiting = this.#waiting.filter(w => w.key !== key)
    if (!this.#totals.has(key))
      this.#totals.set(key, seconds.length < points.length ? null : wholeOf(seconds, experiment))
    if (plan.peakBytes > 0) this.#peaks.set(key, plan.peakBytes)
  }
}

/** Every visit of every point, none longer than it may be. */
const wholeOf = (seconds: readonly number[], { visits, pointLimitSeconds }: Experiment): number =>
  visits * seconds.reduce((sum, s) => sum + Math.min(s, pointLimitSeconds), 0)

/** Does not keep the program alive. */
const rest = (ms: number) => new Promise<void>(done => setTimeout(done, ms).unref())
