import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { TYPICAL_RATES } from '../../analyses/planner/typicalRates.ts'
import { rememberedPlans } from './planMemory.ts'
import type { FromPlan, PlanRecipes, PointCost } from './recipePlan.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-plans-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

const COSTS: readonly (PointCost | null)[] = [1, 2, 3, 4].map(seconds => ({ seconds, peakBytes: 10 * seconds }))
const noFault = (error: unknown) => {
  throw error
}

/** A planner of one recipe that stops after `most` points, and which points it was asked for. */
function planner(most: number, costs = COSTS) {
  const planned: number[] = []
  const plan: PlanRecipes = async (requests, points, tell) => {
    for (const { key, from } of requests) {
      tell({ key, kind: 'read', read: { points: costs.length, visits: 1, pointLimitSeconds: 100 } })
      for (const [i, cost] of costs.entries()) {
        if (!points || i < from || planned.length === most) continue
        planned.push(i)
        tell({ key, kind: 'point', cost })
      }
    }
  }
  return { plan, planned }
}

async function ask(
  plan: PlanRecipes,
  dataDir: string,
  program = 'one',
  rates = TYPICAL_RATES,
  from = 0,
  points?: number,
) {
  const told: FromPlan[] = []
  const remembered = rememberedPlans({ dataDir, planner: async () => program, rates: async () => rates, fault: noFault }, plan) // biome-ignore format: one line
  await remembered(
    [{ key: 'r', path: 'r.json', from, ...(points === undefined ? {} : { points }) }],
    true,
    m => told.push(m),
    new AbortController().signal,
  )
  return told.flatMap(m => (m.kind === 'point' ? [m.cost] : []))
}

// Truth: the planner that is asked, and how often it is.
it('plans a point once, also over starts; what was stopped goes on', async () => {
  const dataDir = join(work, 'starts')
  const first = planner(3)
  expect(await ask(first.plan, dataDir)).toEqual(COSTS.slice(0, 3))
  const second = planner(9)
  expect(await ask(second.plan, dataDir)).toEqual(COSTS)
  expect(second.planned).toEqual([3])
  const third = planner(9)
  expect(await ask(third.plan, dataDir)).toEqual(COSTS)
  expect(await ask(third.plan, dataDir, 'one', TYPICAL_RATES, 2)).toEqual(COSTS.slice(2))
  expect(third.planned).toEqual([])
})

it('uses nothing of another program, of other rates, or of a file that is cut off', async () => {
  const dataDir = join(work, 'others')
  await ask(planner(9).plan, dataDir)
  const other = planner(9)
  await ask(other.plan, dataDir, 'two')
  expect(other.planned).toHaveLength(4)
  const faster = planner(9)
  await ask(faster.plan, dataDir, 'two', { ...TYPICAL_RATES, run: 1 })
  expect(faster.planned).toHaveLength(4)
  const folder = join(dataDir, 'planner', 'recipes')
  expect(readdirSync(folder)).toEqual(['r.json'])
  writeFileSync(join(folder, 'r.json'), '{"format":')
  const again = planner(9)
  expect(await ask(again.plan, dataDir, 'two')).toEqual(COSTS)
  expect(again.planned).toHaveLength(4)
})

it('keeps that nothing tells of a point', async () => {
  const dataDir = join(work, 'untold')
  expect(await ask(planner(9, [COSTS[0]!, null]).plan, dataDir)).toEqual([COSTS[0], null])
  const again = planner(9, [COSTS[0]!, null])
  expect(await ask(again.plan, dataDir)).toEqual([COSTS[0], null])
  expect(again.planned).toEqual([])
})

it('does not use the plan of as many points as the recipe had when its files were others', async () => {
  const dataDir = join(work, 'files')
  await ask(planner(9, COSTS.slice(0, 2)).plan, dataDir)
  const more = planner(9)
  expect(await ask(more.plan, dataDir, 'one', TYPICAL_RATES, 0, 4)).toEqual(COSTS)
  expect(more.planned).toEqual([0, 1, 2, 3])
  const fewer = planner(9, COSTS.slice(0, 3))
  expect(await ask(fewer.plan, dataDir, 'one', TYPICAL_RATES, 0, 3)).toEqual(COSTS.slice(0, 3))
  const same = planner(9)
  expect(await ask(same.plan, dataDir, 'one', TYPICAL_RATES, 0, 3)).toEqual(COSTS.slice(0, 3))
  expect(same.planned).toEqual([])
})

it('keeps what is planned so far, for a program that ends before all is', async () => {
  const dataDir = join(work, 'ended')
  const many = Array.from({ length: 40 }, (_, i) => ({ seconds: i, peakBytes: 1 }))
  const { plan } = planner(40, many)
  const endless: PlanRecipes = async (...asked) => {
    await plan(...asked)
    await new Promise(() => {})
  }
  void ask(endless, dataDir, 'one', TYPICAL_RATES, 0)
  const kept = () => (JSON.parse(readFileSync(join(dataDir, 'planner', 'recipes', 'r.json'), 'utf8')) as { readonly whole: boolean; points: unknown[] }) // biome-ignore format: one line
  await vi.waitFor(() => expect(kept()).toMatchObject({ whole: true, points: many }))
})
