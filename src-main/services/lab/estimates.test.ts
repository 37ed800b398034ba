import { expect, it } from 'vitest'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { RecipeEstimates } from './estimates.ts'
import type { FromPlan, PlanRecipes, PointCost } from './recipePlan.ts'

interface MadeUp {
  readonly points: readonly (PointCost | null)[]
  readonly visits?: number
}

/** A planner of made-up recipes, and how many points it planned. */
function planner(recipes: Readonly<Record<string, MadeUp>>, each: () => void = () => {}) {
  const counted = { points: 0 }
  const plan: PlanRecipes = async (requests, points, tell, signal) => {
    for (const { key, from } of requests) {
      const recipe = recipes[key]
      const error = { code: 'not-found' as const, message: 'no data', remedy: 'bring them' }
      const message: FromPlan = recipe ? { key, kind: 'read', read: { points: recipe.points.length, visits: recipe.visits ?? 2, pointLimitSeconds: 100 } } : { key, kind: 'unavailable', error } // biome-ignore format: one line
      tell(message)
      if (!points || !recipe) continue
      for (const cost of recipe.points.slice(from)) {
        if (signal.aborted) return
        counted.points++
        tell({ key, kind: 'point', cost })
        each()
        await new Promise(done => setTimeout(done, 5))
      }
    }
  }
  return { plan, counted }
}
const asked = (...keys: string[]) => keys.map(k => ({ sha256: k, path: `${k}.json` }))
const costs = (...seconds: number[]): PointCost[] => seconds.map((s, i) => ({ seconds: s, peakBytes: 1 + i }))
const noFault = (error: unknown) => {
  throw error
}

// Truth: sums by hand.
it('sums the plans of all points, each at most its limit, over all visits; none where a point tells nothing', async () => {
  const { plan, counted } = planner({
    graphs: { points: costs(500, 10, 10) },
    own: { points: [{ seconds: 7, peakBytes: 0 }], visits: 3 },
    none: { points: [...costs(5), null, ...costs(5)] },
  })
  const estimates = new RecipeEstimates(plan, () => false, noFault)
  const list = asked('graphs', 'own', 'none', 'absent')
  await Promise.all([estimates.ask(list), estimates.ask(list)])
  await estimates.ask(list)
  expect(['graphs', 'own', 'none', 'absent'].map(k => estimates.of(k))).toEqual([2 * (100 + 10 + 10), 21, null, null])
  expect(estimates.read('absent')).toMatchObject({ code: 'not-found', message: 'no data' })
  expect(estimates.read('graphs')).toEqual({ points: 3, visits: 2, pointLimitSeconds: 100 })
  expect(['graphs', 'own'].map(k => estimates.cost(k))).toEqual([{ seconds: 240, peakBytes: 3 }, undefined])
  const before = counted.points
  await estimates.ask(list)
  expect(counted.points).toBe(before)
  estimates.took('graphs', 33)
  expect(estimates.of('graphs')).toBe(33)
})

it('rests while something is measured, and goes on with the next point', async () => {
  let measuring = true
  const { plan, counted } = planner({ graphs: { points: costs(1, 1, 1) } })
  const estimates = new RecipeEstimates(plan, () => measuring, noFault)
  await estimates.ask(asked('graphs'))
  expect([counted.points, estimates.of('graphs')]).toEqual([0, null])
  expect(estimates.read('graphs')).toMatchObject({ points: 3 })
  expect(estimates.plannedOf('graphs')).toBe(0)
  measuring = false
  await estimates.ask(asked('graphs'))
  expect([counted.points, estimates.of('graphs'), estimates.plannedOf('graphs')]).toEqual([3, 6, null])
})

it('has no estimate where planning fails, says so as a fault, and still lists the recipe', async () => {
  const { plan } = planner({ graphs: { points: costs(1) } })
  const faults: unknown[] = []
  const failing: PlanRecipes = async (requests, points, tell, signal) => {
    if (points) throw new WorkbenchError('disconnected', 'the thread ended', 'ask again')
    return plan(requests, points, tell, signal)
  }
  const estimates = new RecipeEstimates(
    failing,
    () => false,
    error => faults.push(error),
  )
  await estimates.ask(asked('graphs'))
  expect([estimates.of('graphs'), estimates.plannedOf('graphs'), faults.length]).toEqual([null, null, 1])
  expect(estimates.read('graphs')).toMatchObject({ points: 1 })
})

// Truth: the second planner's sums by hand; a point of the first would show in them.
it('plans anew what was planned by other rates, also in the middle, and keeps what runs took', async () => {
  let forget: (() => void) | undefined
  let rate = 1
  const plan: PlanRecipes = async (requests, points, tell, signal) => {
    for (const { key, from } of requests) {
      tell({ key, kind: 'read', read: { points: 3, visits: 1, pointLimitSeconds: 100 } })
      for (let i = from; points && i < 3; i++) {
        if (i === 1) forget?.()
        tell({ key, kind: 'point', cost: { seconds: rate, peakBytes: 1 } })
      }
      if (signal.aborted) return
    }
  }
  const estimates = new RecipeEstimates(plan, () => false, noFault)
  await estimates.ask(asked('a', 'b'))
  estimates.took('b', 33)
  rate = 2
  estimates.forget()
  expect([estimates.of('a'), estimates.plannedOf('a')]).toEqual([null, 0])
  forget = () => {
    forget = undefined
    rate = 5
    estimates.forget()
  }
  await estimates.ask(asked('a', 'b'), quietContext())
  expect(['a', 'b'].map(k => estimates.of(k))).toEqual([15, 33])
})

it('waits for the plan of every point when it is asked to, and tells how far it is; not beyond a cancel', async () => {
  let go = () => {}
  const started = new Promise<void>(done => {
    go = done
  })
  const { plan } = planner({ graphs: { points: costs(1, 2, 3) }, none: { points: [null] } })
  const slow: PlanRecipes = async (requests, points, tell, signal) => {
    if (points) await started
    return plan(requests, points, tell, signal)
  }
  const estimates = new RecipeEstimates(slow, () => false, noFault)
  const controller = new AbortController()
  const cancelling = estimates.ask(asked('graphs', 'none', 'absent'), { signal: controller.signal, report: () => controller.abort() }) // biome-ignore format: one line
  await expect(cancelling).rejects.toMatchObject({ code: 'cancelled' })
  const reports: unknown[] = []
  const report = (told: unknown) => {
    reports.push(told)
    go()
  }
  const signal = new AbortController().signal
  await estimates.ask(asked('graphs', 'none', 'absent'), { signal, report })
  expect(reports[0]).toEqual({ phase: 'planning points', done: 0, total: 4 })
  expect(['graphs', 'none'].map(k => estimates.of(k))).toEqual([12, null])
})
