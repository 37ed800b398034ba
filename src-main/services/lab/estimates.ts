import { asWorkbenchError, throwIfCancelled, type WireError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { JobCost } from '../../../src-shared/lab/plan.ts'
import type { FromPlan, PlanRecipes, PointCost, ReadRecipe } from './recipePlan.ts'
import type { LabRecipeFile } from './recipes.ts'

/** How long a list of recipes waits for estimates: as long as nobody notices. The others are there at the next one, which the window asks for. */
const WAIT_MS = 200
/** How often it is seen that something is measured, which planning would slow down. */
const LOOK_MS = 250

interface Plan {
  readonly path: string
  read: ReadRecipe | WireError | undefined
  readonly points: PointCost[]
  /** A point that nothing tells of: there will be no sum. */
  untold: boolean
  /** What a run took here tells more than its plan. */
  took: number | undefined
}

const readable = (read: Plan['read']): read is ReadRecipe => read !== undefined && 'points' in read

/** Points whose plan is still to come. */
const unplanned = ({ read, points, untold, took }: Plan): number =>
  readable(read) && took === undefined && !untold ? Math.max(0, read.points - points.length) : 0

/** What recipes hold and how long they take as a whole, planned in the background, never while something is measured. */
export class RecipeEstimates {
  readonly #plans = new Map<string, Plan>()
  #working: Promise<void> | undefined
  /** Of what is being planned now. */
  #planning = new AbortController()
  /** Lists follow one another: what one reads, the next has. */
  #reading: Promise<void> = Promise.resolve()

  constructor(
    private readonly plan: PlanRecipes,
    private readonly measuring: () => boolean,
    private readonly fault: (error: unknown) => void,
  ) {}

  /**
   * Reads what is new of these recipes, then waits a while for their estimates; with `wait` until each has its estimate, or none can be told.
   * @throws WorkbenchError `cancelled`; what is being planned goes on as long as the program does
   */
  async ask(recipes: readonly Pick<LabRecipeFile, 'sha256' | 'path'>[], wait?: WorkContext): Promise<void> {
    for (const { sha256, path } of recipes) {
      const known = this.#plans.get(sha256)
      // What was missing may be there now.
      if (known && (known.read === undefined || readable(known.read))) continue
      this.#plans.set(sha256, { path, read: undefined, points: [], untold: false, took: undefined })
    }
    this.#reading = this.#reading.then(() => this.#run(([, p]) => p.read === undefined, false, new AbortController().signal)) // biome-ignore format: one line
    await this.#reading
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
    if (wait) return this.#whole(recipes, wait)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(done => {
      timer = setTimeout(done, WAIT_MS)
    })
    await Promise.race([this.#working, late])
    clearTimeout(timer)
  }

  async #whole(recipes: readonly Pick<LabRecipeFile, 'sha256'>[], { signal, report }: WorkContext): Promise<void> {
    const plans = recipes.flatMap(r => this.#plans.get(r.sha256) ?? [])
    const total = plans.reduce((sum, p) => sum + unplanned({ ...p, points: [] }), 0)
    for (;;) {
      const left = plans.reduce((sum, p) => sum + unplanned(p), 0)
      if (left === 0) return
      throwIfCancelled(signal)
      report({ phase: 'planning points', done: total - left, total })
      // This timer keeps the program alive: the thread that plans does not.
      await new Promise(done => setTimeout(done, LOOK_MS))
    }
  }

  /** What a recipe holds, or why it cannot run here. @throws when it was not asked for */
  read(key: string): ReadRecipe | WireError {
    return this.#plans.get(key)!.read!
  }

  /** Seconds of the whole run; null where they cannot be told, or not yet. */
  of(key: string): number | null {
    const plan = this.#plans.get(key)
    if (plan?.took !== undefined) return plan.took
    if (!plan || !readable(plan.read) || plan.points.length < plan.read.points) return null
    const { visits, pointLimitSeconds } = plan.read
    return visits * plan.points.reduce((sum, p) => sum + Math.min(p.seconds, pointLimitSeconds), 0)
  }

  /** How many points are planned so far, while an estimate is being worked out. */
  plannedOf(key: string): number | null {
    const plan = this.#plans.get(key)
    const working = plan && readable(plan.read) && !plan.untold && this.of(key) === null
    return working ? plan.points.length : null
  }

  /** What a job of the whole run will cost, where every point has a plan; its memory is that of the largest point. */
  cost(key: string): JobCost | undefined {
    const seconds = this.of(key)
    const peakBytes = Math.max(0, ...(this.#plans.get(key)?.points.map(p => p.peakBytes) ?? []))
    return seconds === null || peakBytes === 0 ? undefined : { seconds, peakBytes }
  }

  took(key: string, seconds: number): void {
    const plan = this.#plans.get(key)
    if (plan) plan.took = seconds
  }

  /** The rates are others now: everything is planned anew, at the next question. What a run took stays true. */
  forget(): void {
    this.#planning.abort()
    for (const plan of this.#plans.values()) {
      plan.points.length = 0
      plan.untold = false
    }
  }

  async #work(): Promise<void> {
    const left = ([, plan]: [string, Plan]) => unplanned(plan) > 0
    while ([...this.#plans].some(left)) {
      const controller = new AbortController()
      this.#planning = controller
      const look = setInterval(() => {
        if (this.measuring()) controller.abort()
      }, LOOK_MS).unref()
      try {
        if (!this.measuring()) await this.#run(left, true, controller.signal)
      } finally {
        clearInterval(look)
      }
      await new Promise<void>(done => setTimeout(done, LOOK_MS).unref())
    }
  }

  /** What fails here is a missing estimate, no more: it is told as a fault. */
  async #run(which: (entry: [string, Plan]) => boolean, points: boolean, signal: AbortSignal): Promise<void> {
    const requests = [...this.#plans].filter(which).map(([key, { path, points: known, read }]) => ({ key, path, from: known.length, ...(readable(read) ? { points: read.points } : {}) })) // biome-ignore format: one line
    if (requests.length === 0) return
    try {
      // What comes late, by rates that were given up, is no point of the plan.
      await this.plan(requests, points, message => signal.aborted || this.#note(message), signal)
    } catch (error) {
      const e = asWorkbenchError(error)
      if (e.code === 'cancelled') return
      this.fault(error)
      for (const { key } of requests) {
        const plan = this.#plans.get(key)!
        plan.untold = true
        plan.read ??= { code: e.code, message: e.message, remedy: e.remedy }
      }
    }
  }

  #note(message: FromPlan): void {
    const plan = this.#plans.get(message.key)
    if (!plan) return
    if (message.kind === 'read') plan.read = message.read
    else if (message.kind === 'unavailable') plan.read = message.error
    else if (message.cost) plan.points.push(message.cost)
    else plan.untold = true
  }
}
