import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asWorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Rates } from '../../analyses/planner/rates.ts'
import { writeFileAtomic } from '../../storage/atomic.ts'
import { makeFolders } from '../../storage/folders.ts'
import type { PlanRecipes, PointCost, RecipeRequest } from './recipePlan.ts'

const FORMAT = { format: 'diploscope-recipe-plan', formatVersion: 1 } as const

/** Points between two writes of a plan that is being made. */
const KEPT_EACH = 16

/** Points of a recipe that were planned, in order; null for one of which nothing is told, and there it ends. */
interface Known {
  readonly points: (PointCost | null)[]
  whole: boolean
}

/**
 * Plans that are there at the next start: points of a recipe are kept by its text, by who plans (the version of the program and the code of
 * its thread) and by the rates. Anything else is planned anew. That nothing can be kept or read is no fault of a plan.
 */
export function rememberedPlans(
  options: {
    readonly dataDir: string
    /** Who plans: another one's plans are not used. */
    readonly planner: () => Promise<string>
    readonly rates: () => Promise<Rates>
    readonly fault: (error: unknown) => void
  },
  plan: PlanRecipes,
): PlanRecipes {
  const folder = join(options.dataDir, 'planner', 'recipes')
  const pathOf = (key: string) => join(folder, `${key}.json`)
  const keep = async (key: string, by: string, { points, whole }: Known): Promise<void> => {
    try {
      await makeFolders(folder)
      await writeFileAtomic(pathOf(key), `${JSON.stringify({ ...FORMAT, by, whole, points })}\n`)
    } catch (error) {
      options.fault(asWorkbenchError(error))
    }
  }
  return async (requests, points, tell, signal) => {
    if (!points) return plan(requests, points, tell, signal)
    const by = createHash('sha256').update(JSON.stringify([await options.planner(), await options.rates()])).digest('hex') // biome-ignore format: one chain
    const known = new Map<string, Known>()
    const rest: RecipeRequest[] = []
    for (const request of requests) {
      const { key, from } = request
      const kept = ofAll(await readKept(pathOf(key), by), request.points)
      if (kept.points.length < from) {
        rest.push(request) // what came before is not known: what comes is not kept
        continue
      }
      for (const cost of kept.points.slice(from)) tell({ key, kind: 'point', cost })
      known.set(key, kept)
      if (!kept.whole) rest.push({ ...request, from: kept.points.length })
    }
    if (rest.length === 0) return
    const totals = new Map<string, number>()
    const fresh = new Set<string>()
    // Writes follow one another, so that an older plan never lands on a newer one.
    let writing = Promise.resolve()
    const keepNow = (key: string, own: Known) => {
      const copy = { points: [...own.points], whole: own.whole }
      fresh.delete(key)
      writing = writing.then(() => keep(key, by, copy))
    }
    try {
      await plan(
        rest,
        points,
        message => {
          const own = known.get(message.key)
          if (message.kind === 'read') totals.set(message.key, message.read.points)
          if (message.kind === 'point' && own) {
            own.points.push(message.cost)
            own.whole = message.cost === null || own.points.length === totals.get(message.key)
            fresh.add(message.key)
            // A program may end before all is planned.
            if (own.whole || own.points.length % KEPT_EACH === 0) keepNow(message.key, own)
          }
          tell(message)
        },
        signal,
      )
    } finally {
      for (const key of [...fresh]) keepNow(key, known.get(key)!)
      await writing
    }
  }
}

/** None where they are not those of all `points`: a recipe's points may follow other files that it names. */
function ofAll(kept: Known, points: number | undefined): Known {
  if (points === undefined) return kept
  const { length } = kept.points
  const fits = length < points ? !kept.whole || kept.points.at(-1) === null : kept.whole && length === points
  return fits ? kept : none()
}

const none = (): Known => ({ points: [], whole: false })

/** Empty where there is none, another's, or one that is not whole. */
async function readKept(path: string, by: string): Promise<Known> {
  try {
    const json = JSON.parse(await readFile(path, 'utf8')) as Partial<Known & typeof FORMAT> & { readonly by?: unknown }
    const fits = json.format === FORMAT.format && json.formatVersion === FORMAT.formatVersion && json.by === by
    if (fits && Array.isArray(json.points) && json.points.every(isKnown)) return { points: json.points, whole: json.whole === true } // biome-ignore format: one line
  } catch {
    // none yet, or cut off: planned anew
  }
  return none()
}

const isNumber = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v) && v >= 0
const isKnown = (v: unknown): v is PointCost | null =>
  v === null || (typeof v === 'object' && isNumber((v as PointCost).seconds) && isNumber((v as PointCost).peakBytes))
