import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { cancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { type Progress, quietContext } from '../../../src-shared/job.ts'
import { modelRegistry } from '../../models/registry.ts'
import type { Experiment, PointContext, PointPlan, Visit } from './experiment.ts'
import { foreignShare } from './foreignLoad.ts'
import { type Prediction, type RunDeps, runVisits } from './run.ts'
import {
  laterLosses,
  pointId,
  pointsById,
  poolVisits,
  quartilesOf,
  describe as say,
  type VisitRecord,
} from './visits.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-lab-run-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

/** A clock that stands still unless a visit moves it. */
const fakeClock = () => {
  let at = 1_000_000
  return { now: () => at, pass: (seconds: number) => { at += 1000 * seconds } } // biome-ignore format: one thought
}

interface Fake {
  readonly names: readonly string[]
  readonly visits?: number
  visit?(name: string, nth: number, context: PointContext): Promise<Visit> | Visit
  readonly more?: Partial<Experiment>
  readonly plan?: Partial<PointPlan>
}

/** Points `a`, `b` …; each visit takes as many seconds as its name's letter and gives a value of its own. */
function fake({ names, visits = 3, visit, more, plan }: Fake) {
  const clock = fakeClock()
  const order: string[] = []
  const seen = new Map<string, number>()
  const experiment: Experiment = {
    name: 'length',
    visits,
    pointLimitSeconds: 100,
    notes: [],
    points: names.map(model => ({ factors: { model }, ...plan })),
    async visit(point, context) {
      const name = String(point.factors['model'])
      const nth = (seen.get(name) ?? 0) + 1
      seen.set(name, nth)
      order.push(name)
      clock.pass(name.charCodeAt(0) - 96)
      return visit ? await visit(name, nth, context) : { seconds: [nth, name.charCodeAt(0)], peakBytes: [1000 * nth] }
    },
    ...more,
  }
  const deps: RunDeps = {
    registry: modelRegistry([]),
    threads: 1,
    now: clock.now,
    available: () => 10e9,
    reserve: 1e9,
    processor: () => ({ busy: 0, total: 0 }),
    fault() {},
  }
  return { experiment, deps, order, seen, clock, points: pointsById(experiment.points) }
}

const folders = async (id: string) => {
  const made = { folder: join(work, id), sharedFolder: join(work, 'shared'), remadeFolder: join(work, 'remade') }
  for (const path of Object.values(made)) mkdirSync(path, { recursive: true })
  return made
}

/** Runs until the end, or until `stopAfter` visits are kept; gives what was kept. */
async function run(
  f: ReturnType<typeof fake>,
  known: readonly VisitRecord[] = [],
  stopAfter = Number.POSITIVE_INFINITY,
  context = quietContext(),
) {
  const kept: VisitRecord[] = [...known]
  const ended = await runVisits(
    {
      experiment: f.experiment,
      known,
      folders,
      async record(visit) {
        kept.push(visit)
        if (kept.length >= stopAfter) throw cancelled()
      },
    },
    f.deps,
    context,
  ).catch((error: WorkbenchError) => error.code)
  return { kept, ended }
}

describe('the visits of an experiment', () => {
  it('go in turns over all points, so that a busy time falls on all alike', async () => {
    const f = fake({ names: ['a', 'b', 'c'] })
    expect((await run(f)).ended).toBe('done')
    expect(f.order.join('')).toBe('abcabcabc')
  })

  it('killed after any visit and gone on with, give the same pooled points as a run that was not', async () => {
    const whole = fake({ names: ['a', 'b', 'c'], visits: 2 })
    const truth = poolVisits(whole.points, (await run(whole)).kept)
    expect(truth.map(p => p.measures['seconds']!.n)).toEqual([4, 4, 4])
    for (let cut = 1; cut <= 6; cut++) {
      const first = fake({ names: ['a', 'b', 'c'], visits: 2 })
      const { kept } = await run(first, [], cut)
      expect(kept).toHaveLength(cut)
      // Another process: nothing but the journal is left. The fake's own count of visits goes on.
      const second = fake({ names: ['a', 'b', 'c'], visits: 2 })
      for (const [name, n] of first.seen) second.seen.set(name, n)
      const journal = JSON.parse(JSON.stringify(kept)) as VisitRecord[]
      const { kept: all, ended } = await run(second, journal)
      expect(ended).toBe('done')
      expect(all).toHaveLength(6)
      expect(poolVisits(second.points, all)).toEqual(truth)
    }
  })

  it('lose the visit under way, and no other, when they are cancelled', async () => {
    const stop = new AbortController()
    const f = fake({
      names: ['a', 'b'],
      visit: (name, _, { signal }) => {
        if (name !== 'b') return { seconds: [1] }
        setTimeout(() => stop.abort(), 5)
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(cancelled())))
      },
    })
    const { kept, ended } = await run(f, [], Number.POSITIVE_INFINITY, { signal: stop.signal, report() {} })
    expect(ended).toBe('cancelled')
    expect(kept.map(v => [v.visit, v.state])).toEqual([[1, 'done']])
  })

  it('end as partial when the time of the whole is over, and go on with a new one', async () => {
    const f = fake({ names: ['a', 'b', 'c'], visits: 2, more: { totalLimitSeconds: 5 } })
    const first = await run(f)
    expect(first.ended).toBe('partial')
    expect(f.order.join('')).toBe('abc') // 1 + 2 + 3 seconds: over after the third
    const second = await run(f, first.kept)
    expect(f.order.join('')).toBe('abcabc')
    expect(second.ended).toBe('done')
  })

  it('tell how far they are in seconds of their plan, corrected by what was seen', async () => {
    const told: Progress[] = []
    const f = fake({ names: ['a', 'b'], visits: 2, plan: { estimateSeconds: 3 } })
    await run(f, [], Number.POSITIVE_INFINITY, { signal: new AbortController().signal, report: p => told.push(p) })
    expect(told[0]).toEqual({ phase: 'measuring', done: 0, total: 12 })
    // After the first visit of a (1 s where 3 were planned): 1 of a, twice 1 of b.
    expect(told.find(p => p.done === 1)).toEqual({ phase: 'measuring', done: 1, total: 4 })
    expect(told.at(-1)).toEqual({ phase: 'measuring', done: 6, total: 6 })
  })
})

describe('limits of a point', () => {
  const planned = (prediction: Partial<Prediction>, more: Partial<Experiment> = {}) => {
    const f = fake({ names: ['a'], visits: 2, more })
    const points = f.experiment.points.map(p => ({ ...p, graph: () => ({}) as never }))
    const whole: Prediction = { seconds: 1, totalSeconds: 3, peakBytes: 1e9, basis: 'calibrated', ...prediction }
    return { ...f, experiment: { ...f.experiment, points }, deps: { ...f.deps, predict: async () => whole } }
  }
  const first = async (f: ReturnType<typeof fake>) => (await run(f)).kept

  it('a plan over what is free less the reserve does not fit: it never runs, and is not visited again', async () => {
    const f = planned({ peakBytes: 9.1e9 })
    const kept = await first(f)
    expect(kept).toHaveLength(1)
    expect(kept[0]).toMatchObject({ state: 'does-not-fit', reason: 'the plan needs 9.10 GB, and 9.00 GB may be taken', measures: {}, predicted: { seconds: 1, peakBytes: 9.1e9 } }) // biome-ignore format: one thought
    expect(f.order).toEqual([])
  })

  it('a plan over the time of a visit is too slow, where its rates were measured here', async () => {
    expect((await first(planned({ totalSeconds: 101 })))[0]).toMatchObject({ state: 'too-slow', reason: 'the plan takes 101 s, and a visit may take 100 s' }) // biome-ignore format: one thought
    const typical = await first(planned({ totalSeconds: 101, basis: 'typical' }))
    expect(typical.map(v => [v.state, v.predicted])).toEqual([['done', null], ['done', null]]) // biome-ignore format: one thought
  })

  it('the clock ends a visit that its plan did not foresee', async () => {
    const f = fake({
      names: ['a'],
      more: { pointLimitSeconds: 0.02 },
      visit: (_, __, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(cancelled()))), // biome-ignore format: one thought
    })
    expect(await first(f)).toMatchObject([{ state: 'too-slow', reason: 'stopped after 0.02 s, the limit of a visit' }])
  })

  it('too little memory inside the run is a result; another fault is told with its code; the run goes on', async () => {
    const f = fake({
      names: ['a', 'b', 'c'],
      visits: 1,
      visit: name => {
        if (name === 'a') throw new WorkbenchError('out-of-memory', 'this run needs about 20 GB', 'less')
        if (name === 'b') throw new TypeError('x is not a function')
        return { seconds: [1] }
      },
    })
    expect((await first(f)).map(v => [v.state, v.reason])).toEqual([
      ['does-not-fit', 'this run needs about 20 GB'],
      ['failed', 'internal: x is not a function'],
      ['done', null],
    ])
  })

  it.each([[{ seconds: [] }], [{ seconds: [1, Number.NaN] }]])('a visit that gives %j has failed', async measures => {
    expect((await first(fake({ names: ['a'], visits: 1, visit: () => measures })))[0]).toMatchObject({ state: 'failed', reason: expect.stringMatching(/^not-finite: the measure 'seconds'/) }) // biome-ignore format: one thought
  })

  it('a fault of the planner leaves the point without a prediction', async () => {
    const f = planned({})
    const faults: unknown[] = []
    const deps: RunDeps = { ...f.deps, fault: e => faults.push(e), predict: async () => Promise.reject(new Error('no rates')) } // biome-ignore format: one thought
    expect((await run({ ...f, deps })).kept.map(v => v.state)).toEqual(['done', 'done'])
    expect(faults).toHaveLength(1)
  })

  const starved = 'out-of-memory: the machine had only 0.1 GB left'
  const record = (point: string, visit: number, more: Partial<VisitRecord>): VisitRecord => ({ point, visit, state: 'done', reason: null, measures: { seconds: [visit] }, predicted: null, foreignLoad: 0, seconds: 1, ...more }) // biome-ignore format: one record

  it('memory that others took is a lost visit: the point is visited again, now and when the run goes on', async () => {
    const f = fake({ names: ['a', 'b'], visits: 2 })
    const [a, b] = [...f.points.keys()] as [string, string]
    const lost = { state: 'failed' as const, reason: starved, measures: {} }
    // Lost at the second visit: measured all the same, and it is said.
    const later = [record(a, 1, {}), record(b, 1, {}), record(a, 2, lost), record(b, 2, {})]
    expect(poolVisits(f.points, later).map(p => [p.state, p.measures['seconds']!.n])).toEqual([['done', 1], ['done', 2]]) // biome-ignore format: one line
    expect(laterLosses(f.points, later)).toEqual([`model a: visit 2 was lost (${starved}); its figures are of the other visits.`]) // biome-ignore format: one line
    // Lost at every visit: failed, until the run goes on.
    const never = [record(a, 1, lost), record(b, 1, {}), record(a, 2, lost), record(b, 2, {})]
    expect(poolVisits(f.points, never).map(p => p.state)).toEqual(['failed', 'done'])
    const { kept, ended } = await run(f, never)
    expect([f.order.join(''), ended]).toEqual(['aa', 'done'])
    expect(poolVisits(f.points, kept).map(p => [p.state, p.measures['seconds']!.n])).toEqual([['done', 4], ['done', 2]]) // biome-ignore format: one line
    expect(laterLosses(f.points, kept)).toEqual([])
  })

  it('a run in which others had the memory at every visit is partial, and each visit was tried', async () => {
    let free = 10e9
    const f = fake({
      names: ['a'],
      visits: 2,
      async visit(_, __, context) {
        await (await context.compute()).stats({ start: true })
        free = 0.1e9
        await new Promise(done => context.signal.addEventListener('abort', done))
        free = 10e9
        throw cancelled()
      },
    })
    const { kept, ended } = await run({ ...f, deps: { ...f.deps, available: () => free } })
    expect(ended).toBe('partial')
    expect(kept).toMatchObject([{ visit: 1, state: 'failed' }, { visit: 2, state: 'failed' }]) // biome-ignore format: one line
    expect(kept.every(v => v.reason?.startsWith('out-of-memory'))).toBe(true)
  })

  it('visits that failed are made again when the run goes on', async () => {
    const f = fake({ names: ['a'], visits: 2 })
    const known = [record([...f.points.keys()][0]!, 1, { state: 'failed', reason: 'internal: a fault', measures: {} })]
    const { kept, ended } = await run(f, known)
    expect([kept.map(v => v.state), ended]).toEqual([['failed', 'done', 'done'], 'done'])
    expect(poolVisits(f.points, kept)).toMatchObject([{ state: 'done', measures: { seconds: { n: 4 } } }])
  })

  it('a measure that is taken once for a point belongs to its first visit that is kept', async () => {
    const firsts: boolean[] = []
    const f = fake({ names: ['a'], visits: 3, visit: (_, nth, { first }) => {
      firsts.push(first)
      return { seconds: [nth] }
    } }) // biome-ignore format: one call
    const { kept } = await run(f, [], 2)
    await run(f, kept)
    expect(firsts).toEqual([true, false, false])
  })

  it('a visit that is lost later leaves the measured ones, and says so; a fault makes the point failed', () => {
    const points = pointsById([{ factors: { model: 'a' } }])
    const id = [...points.keys()][0]!
    const base = { point: id, measures: {}, predicted: null, foreignLoad: 0.5, seconds: 1, reason: 'why' }
    const done: VisitRecord = { ...base, visit: 1, state: 'done', reason: null, measures: { seconds: [2] }, foreignLoad: 0.1 } // biome-ignore format: one thought
    const lost: VisitRecord = { ...base, visit: 2, state: 'does-not-fit' }
    expect(poolVisits(points, [done, lost])).toMatchObject([{ state: 'done', reason: null, foreignLoad: 0.5, measures: { seconds: { n: 1, median: 2 } } }]) // biome-ignore format: one thought
    expect(laterLosses(points, [done, lost])).toEqual(['model a: visit 2 was lost (why); its figures are of the other visits.']) // biome-ignore format: one thought
    expect(poolVisits(points, [done, { ...lost, state: 'failed' }])).toMatchObject([{ state: 'failed', reason: 'why', measures: { seconds: { n: 1 } } }]) // biome-ignore format: one thought
  })
})

describe('arithmetic', () => {
  // Truth: numpy.quantile([1, 2, 3, 4], [.25, .5, .75]) and of [5, 1, 3].
  it('of quartiles is that of NumPy', () => {
    expect(quartilesOf([4, 1, 3, 2])).toEqual({ n: 4, median: 2.5, lower: 1.75, upper: 3.25 })
    expect(quartilesOf([5, 1, 3])).toEqual({ n: 3, median: 3, lower: 2, upper: 4 })
    expect(quartilesOf([7])).toEqual({ n: 1, median: 7, lower: 7, upper: 7 })
  })

  // Truth: 2 cores for 10 s are 20 s; 14 busy, of which 9 are ours, leave 5 of others: a quarter.
  it('of others’ load is what was busy less what is ours, of all there was', () => {
    const before = { busy: 100, total: 1000 }
    expect(foreignShare(before, { busy: 114, total: 1020 }, 9)).toBe(0.25)
    expect(foreignShare(before, { busy: 114, total: 1020 }, 15)).toBe(0) // clocks that disagree by a tick
    expect(foreignShare(before, before, 0)).toBe(0)
    expect(foreignShare(before, { busy: 130, total: 1020 }, 0)).toBe(1)
  })

  it('ids of points do not depend on the order of factors, differ with every value, and are names of folders', () => {
    const id = pointId({ model: 'S-Enformer (sparse)', lengthBp: 196_608 })
    expect(pointId({ lengthBp: 196_608, model: 'S-Enformer (sparse)' })).toBe(id)
    expect(id).toMatch(/^196608-s-enformer-sparse-[0-9a-f]{10}$/)
    expect(pointId({ model: 'S-Enformer (sparse)', lengthBp: '196608' })).not.toBe(id)
    expect(pointId({ model: '../..', x: 'ü'.repeat(200) })).toMatch(/^[a-z0-9-]{10,80}$/)
    expect(say({ model: 'a', rank: 4 })).toBe('model a, rank 4')
    expect(() => pointsById([{ factors: { a: 1 } }, { factors: { a: 1 } }])).toThrow(/point a 1 twice/)
  })
})
