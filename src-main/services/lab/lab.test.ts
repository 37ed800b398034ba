import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { asWorkbenchError, cancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { quietContext } from '../../../src-shared/job.ts'
import type { LabResult } from '../../../src-shared/lab/result.ts'
import { modelRegistry } from '../../models/registry.ts'
import { createDownloads } from '../downloads.ts'
import { createJobs } from '../jobs.ts'
import { createLabServices } from '../labServices.ts'
import { readResult } from './checkResult.ts'
import type { Experiment } from './experiment.ts'
import { resultTable } from './exportResult.ts'
import { createLab, type Lab } from './lab.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-lab-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

let dataDir = ''
let count = 0
beforeEach(() => {
  dataDir = join(work, `data-${count++}`)
})

const RECIPE = { format: 'diploscope-recipe', formatVersion: 1, task: 'lab', id: 'lab-test', name: 'Test', summary: 'Two points.', experiment: 'length' } // biome-ignore format: one line
const recipesDir = join(work, 'recipes')
const writeRecipe = (more: object = {}, name = 'lab-test.json') => {
  const path = join(work, name)
  writeFileSync(path, JSON.stringify({ ...RECIPE, ...more }))
  return path
}

const experiment = (visit: Experiment['visit']): Experiment => ({
  name: 'length',
  visits: 2,
  pointLimitSeconds: 10,
  notes: ['Reduced.'],
  points: [{ factors: { model: 'a', lengthBp: 1024 }, estimateSeconds: 2 }, { factors: { model: 'b', lengthBp: 1024 }, estimateSeconds: 3 }], // biome-ignore format: one line
  visit,
})
const open = (visit: Experiment['visit'], more: Partial<Parameters<typeof createLab>[0]> = {}): Lab =>
  createLab({
    dataDir,
    recipesDir,
    dataFolders: [],
    registry: modelRegistry([]),
    threads: 2,
    version: '1.2.3',
    now: () => Date.UTC(2026, 10, 22),
    readers: { length: async () => async () => experiment(visit) },
    ...more,
  })
const fixed: Experiment['visit'] = async ({ factors }) => ({
  seconds: [factors['model'] === 'a' ? 1 : 3, 2],
  peakBytes: [5e6],
})

const ran = async (lab: Lab): Promise<LabResult> => {
  const run = await lab.begin(await lab.readRecipe(writeRecipe()))
  try {
    return await run.go(quietContext(), () => {})
  } finally {
    await run.close()
  }
}

describe('results of the lab', () => {
  it('are kept whole: read again, listed, exported, removed', async () => {
    const lab = open(fixed)
    const result = await ran(lab)
    expect(result).toMatchObject({ state: 'done', total: 2, finishedAt: '2026-11-22T00:00:00.000Z', notes: ['Reduced.'], machine: { threads: 2, versions: { diploscope: '1.2.3' } } }) // biome-ignore format: one thought
    expect(result.points.map(p => p.measures['seconds'])).toEqual([
      { n: 4, median: 1.5, lower: 1, upper: 2 },
      { n: 4, median: 2.5, lower: 2, upper: 3 },
    ])
    const again = open(fixed)
    expect(await again.result(result.id)).toEqual(result)
    expect((await again.results()).map(r => [r.result.id, r.origin.imported])).toEqual([[result.id, false]])
    await again.remove(result.id)
    expect(await again.results()).toEqual([])
    await expect(again.result(result.id)).rejects.toMatchObject({ code: 'not-found' })
    await expect(again.result('../../etc')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('go on after a kill with a torn journal and an old result.json, to the same figures', async () => {
    const whole = await ran(open(fixed))
    let visits = 0
    const lab = open(async (point, context) => {
      if (++visits === 4) throw cancelled()
      return fixed(point, context)
    })
    const stop = new AbortController()
    const run = await lab.begin(await lab.readRecipe(writeRecipe()))
    const stopping = run.go({ signal: stop.signal, report() {} }, result => {
      if (result.points.length === 2 && visits === 3) stop.abort()
    })
    await expect(stopping).rejects.toMatchObject({ code: 'cancelled' })
    await run.close()
    const folder = join(dataDir, 'lab', run.resultId)
    // As kill -9 in the middle of a line leaves it; result.json as it was at the beginning.
    appendFileSync(join(folder, 'journal.jsonl'), '{"point":"1024-b')
    const early = { ...(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as LabResult), state: 'running', points: [] } // biome-ignore format: one thought
    writeFileSync(join(folder, 'result.json'), JSON.stringify(early))
    const next = open(fixed)
    expect((await next.result(run.resultId)).state).toBe('partial')
    const recipe = await next.readRecipe(writeRecipe())
    expect(await next.unfinished(recipe)).toBe(run.resultId)
    const resumed = await next.resume(run.resultId)
    // Nobody else may measure it meanwhile, nor remove it.
    await expect(next.resume(run.resultId)).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/being measured now/) }) // biome-ignore format: one thought
    await expect(next.remove(run.resultId)).rejects.toMatchObject({ code: 'bad-input' })
    const result = await resumed.go(quietContext(), () => {})
    await resumed.close()
    expect(result.points).toEqual(whole.points)
    expect(await next.unfinished(recipe)).toBeUndefined()
    await expect(next.resume(run.resultId)).rejects.toMatchObject({ message: expect.stringMatching(/is done/) })
  })

  it('a reason of several lines is kept as one, and can be read again', async () => {
    const lab = open(async () =>
      Promise.reject(new WorkbenchError('bad-model', `first\nsecond ${'x'.repeat(9000)}`, 'mend it')),
    )
    const { id, points } = await ran(lab)
    expect(points[0]!.reason).toMatch(/^bad-model: first second x+$/)
    expect((await open(fixed).result(id)).points).toEqual(points)
  })

  it('keep what is made again only while they are measured, and the rest until they are done', async () => {
    const folders: string[] = []
    const stop = new AbortController()
    let visits = 0
    const lab = open(async (point, context) => {
      folders.push(context.sharedFolder, context.remadeFolder)
      for (const folder of folders.slice(-2)) writeFileSync(join(folder, 'bytes'), 'x')
      if (++visits === 2) stop.abort()
      return fixed(point, context)
    })
    const run = await lab.begin(await lab.readRecipe(writeRecipe()))
    await expect(run.go({ signal: stop.signal, report() {} }, () => {})).rejects.toMatchObject({ code: 'cancelled' })
    await run.close()
    const [shared, remade] = folders as [string, string]
    expect([existsSync(join(shared, 'bytes')), existsSync(remade)]).toEqual([true, false])
    const resumed = await lab.resume(run.resultId)
    expect((await resumed.go(quietContext(), () => {})).state).toBe('done')
    await resumed.close()
    expect(existsSync(shared)).toBe(false)
  })

  it('are read again when their file is another, not otherwise', async () => {
    const lab = open(fixed)
    const { id } = await ran(lab)
    const [first] = await lab.results()
    expect((await lab.results())[0]!.result).toBe(first!.result)
    const path = join(dataDir, 'lab', id, 'result.json')
    writeFileSync(path, JSON.stringify({ ...first!.result, notes: ['Changed by another program.'] }))
    expect((await lab.results())[0]!.result.notes).toEqual(['Changed by another program.'])
  })

  it('go on only with the same recipe, threads and versions', async () => {
    const lab = open(async () => Promise.reject(cancelled()))
    const run = await lab.begin(await lab.readRecipe(writeRecipe()))
    const stop = new AbortController()
    stop.abort()
    await run.go({ signal: stop.signal, report() {} }, () => {}).catch(() => undefined)
    await run.close()
    const refused = (message: RegExp) => ({ code: 'bad-input', message: expect.stringMatching(message) })
    await expect(open(fixed, { threads: 1 }).resume(run.resultId)).rejects.toMatchObject(refused(/begun with threads '2', and here it is '1'/)) // biome-ignore format: one thought
    await expect(open(fixed, { version: '2' }).resume(run.resultId)).rejects.toMatchObject(refused(/version of diploscope '1.2.3'/)) // biome-ignore format: one thought
    writeRecipe({ name: 'Another' })
    await expect(open(fixed).resume(run.resultId)).rejects.toMatchObject(refused(/recipe 'lab-test' has changed/))
  })

  it('of another machine are added once, and cannot be gone on with', async () => {
    const lab = open(fixed)
    const foreign = {
      ...(await ran(lab)),
      state: 'running',
      machine: { ...(await ran(lab)).machine, processor: 'Other' },
    }
    const text = JSON.stringify(foreign)
    const added = await lab.import('other.json', text)
    expect(await lab.import('again.json', text)).toEqual(added)
    expect(added).toMatchObject({ state: 'partial', machine: { processor: 'Other' }, points: foreign.points })
    expect((await lab.results()).filter(r => r.origin.imported)).toHaveLength(1)
    await expect(lab.resume(added.id)).rejects.toMatchObject({
      message: expect.stringMatching(/was loaded from a file/),
    })
  })
})

describe('a result from outside', () => {
  const good = async () => JSON.parse(JSON.stringify(await ran(open(fixed)))) as Record<string, never> & LabResult
  const fault = (json: unknown) => {
    try {
      readResult(typeof json === 'string' ? json : JSON.stringify(json), 'x.json')
    } catch (error) {
      return asWorkbenchError(error)
    }
    return undefined
  }

  it.each([
    ['format', 'other', /result\.format/],
    ['id', '../../x', /result\.id/],
    ['experiment', 'cpu', /result\.experiment/],
    ['state', 'over', /result\.state/],
    ['total', 1, /result\.total/],
    ['startedAt', 'yesterday', /result\.startedAt/],
    ['notes', [5], /result\.notes/],
    ['extra', 1, /result\.extra/],
    ['machine.cores', -1, /machine\.cores/],
    ['machine.versions', { node: 20 }, /machine\.versions/],
    ['recipe.sha256', 'abc', /recipe\.sha256/],
    ['points', 'none', /result\.points/],
    ['points.0.id', 'a/b', /points\[0\]\.id/],
    ['points.1.id', '$points.0.id', /points\[1\]\.id/],
    ['points.1.factors', { constructor: 1 }, /points\[1\]\.factors/],
    ['points.1.factors', { model: [1] }, /points\[1\]\.factors/],
    ['points.0.state', 'failed', /points\[0\]\.reason/],
    ['points.0.measures.seconds', { n: 1, median: 1, lower: 2, upper: 3 }, /measures\.seconds\.lower/],
    ['points.0.measures.seconds.n', 0, /measures\.seconds\.n/],
    ['points.0.predicted', { seconds: -1, peakBytes: 1 }, /predicted\.seconds/],
    ['points.0.foreignLoad', 2, /foreignLoad/],
    ['recipe.name', 'Test\u001b[2J', /recipe\.name/],
    ['recipe.id', 'lab\u009btest', /recipe\.id/],
    ['notes', ['one\nline'], /result\.notes/],
    ['machine.processor', 'CPU\u0007', /machine\.processor/],
    ['machine.versions', { node: '20\u007f' }, /machine\.versions/],
    ['points.1.factors', { model: 'a\rb' }, /points\[1\]\.factors/],
  ])('that is wrong in %s is refused by that name', async (path, value, named) => {
    const json = await good()
    expect(fault(json)).toBeUndefined()
    const at = (keys: readonly string[]) => keys.reduce<never>((o, k) => o[k] as never, json as never)
    const keys = path.split('.')
    const given = typeof value === 'string' && value.startsWith('$') ? at(value.slice(1).split('.')) : value
    ;(at(keys.slice(0, -1)) as Record<string, unknown>)[keys.at(-1)!] = given
    expect(fault(json)).toMatchObject({ code: 'bad-input', message: expect.stringMatching(named) })
  })

  it('has no control character in what is said of it, and may have line ends in the text of its recipe', async () => {
    const json = await good()
    const point = { ...json.points[0]!, state: 'failed', measures: {} }
    expect(fault({ ...json, points: [{ ...point, reason: 'a fault' }] })).toBeUndefined()
    expect(fault({ ...json, points: [{ ...point, reason: 'a \u001b[31mfault' }] })).toMatchObject({ message: expect.stringMatching(/points\[0\]\.reason/) }) // biome-ignore format: one line
    expect(json.recipe.text).toContain('{')
    expect(fault({ ...json, recipe: { ...json.recipe, text: '{\n\t"id": 1\n}\n' } })).toBeUndefined()
    // Nor has the refusal.
    const told = fault({ ...json, experiment: 'a\u009b31m\u001b' })?.message ?? '\u001b'
    expect([...told].every(c => c >= ' ' && !(c >= '\u007f' && c <= '\u009f'))).toBe(true)
  })

  it('of another version, no JSON, or a flood is refused', async () => {
    expect(fault({ ...(await good()), formatVersion: 2 })).toMatchObject({ code: 'unsupported' })
    expect(fault('{"format":')).toMatchObject({ code: 'bad-input' })
    expect(fault(`[${'[],'.repeat(600_000)}[]]`)).toMatchObject({ code: 'bad-input', message: expect.stringMatching(/more than 500000 values/) }) // biome-ignore format: one thought
    expect(fault('['.repeat(1000))).toMatchObject({ code: 'bad-input', message: expect.stringMatching(/nested/) })
  })

  it('of any other shape gives a coded error, never a fault', () => {
    fc.assert(
      fc.property(fc.jsonValue(), json => {
        expect(['bad-input', 'unsupported']).toContain(fault(json)?.code)
      }),
      { numRuns: 200 },
    )
  })
})

it('the table has a row a point, units in its names, and says where it was measured', async () => {
  const result = await ran(open(fixed))
  const odd = { ...result, points: [...result.points, { ...result.points[0]!, id: 'x', state: 'does-not-fit' as const, reason: 'too\tmuch\nmemory', measures: {} }] } // biome-ignore format: one thought
  const lines = resultTable(odd).trimEnd().split('\n')
  const head = lines.filter(l => l.startsWith('# '))
  expect(head.join('\n')).toMatch(/machine: .+, 2 threads, .+ GB/)
  expect(head.join('\n')).toMatch(/versions: diploscope 1\.2\.3, onnxruntime-node \d/)
  const [names, ...rows] = lines.slice(head.length).map(l => l.split('\t'))
  expect(names).toEqual(['point', 'model', 'lengthBp', 'state', 'reason', 'seconds [s]', 'seconds lower [s]', 'seconds upper [s]', 'seconds n', 'peakBytes [bytes]', 'peakBytes lower [bytes]', 'peakBytes upper [bytes]', 'peakBytes n', 'predicted seconds [s]', 'predicted peakBytes [bytes]', 'foreignLoad [share]']) // biome-ignore format: one list
  expect(rows.map(r => r.length)).toEqual([names!.length, names!.length, names!.length])
  expect(rows[1]!.slice(1, 13)).toEqual(['b', '1024', 'done', '', '2.5', '2', '3', '4', '5000000', '5000000', '5000000', '2']) // biome-ignore format: one row
  expect(rows[2]!.slice(3, 6)).toEqual(['does-not-fit', 'too much memory', ''])
})

describe('the lab of a window', () => {
  it('runs a recipe as one job, tells of each point, and goes on with what was stopped', async () => {
    const folder = join(dataDir, 'recipes')
    const fs = await import('node:fs/promises')
    await fs.mkdir(folder, { recursive: true })
    await fs.writeFile(join(folder, 'lab-test.json'), JSON.stringify(RECIPE))
    await fs.writeFile(join(folder, 'lab-z.json'), JSON.stringify({ ...RECIPE, id: 'lab-z', experiment: 'effect' }))
    let go: () => void = () => {}
    const gate = new Promise<void>(done => { go = done }) // biome-ignore format: one line
    const lab = open(async (p, c) => gate.then(() => fixed(p, c)), { recipesDir: folder })
    const events: { point: unknown; state: string }[] = []
    const jobs = await createJobs({ path: join(dataDir, 'jobs.json'), now: Date.now, tell() {}, fault() {} })
    const services = createLabServices({ lab, jobs, downloads: createDownloads(Date.now), emit: (_, e) => events.push(e as never) }) // biome-ignore format: one thought
    expect(await services.recipes()).toEqual([
      { id: 'lab-test', experiment: 'length', name: 'Test', summary: 'Two points.', points: 2, estimatedSeconds: 10, plannedPoints: null, unavailable: null }, // biome-ignore format: one line
      expect.objectContaining({ id: 'lab-z', points: 0, unavailable: expect.stringMatching(/cannot run the experiment 'effect'/) }), // biome-ignore format: one line
    ])
    const [first, second] = await Promise.all([services.run('lab-test'), services.run('lab-test')])
    expect(second.job.id).toBe(first.job.id)
    expect(await services.results()).toMatchObject([{ id: first.resultId, jobId: first.job.id, imported: false }])
    go()
    expect(await jobs.ended(first.job.id)).toMatchObject({ state: 'done', kind: 'lab', resultId: first.resultId })
    expect(events.filter(e => e.point !== null)).toHaveLength(4)
    expect(events.at(-1)).toMatchObject({ resultId: first.resultId, state: 'done', done: 2, total: 2 })
    expect(await services.results()).toMatchObject([{ jobId: null, state: 'done', done: 2 }])
    const file = await services.export(first.resultId, 'tsv')
    expect(file.name).toBe(`${first.resultId}.tsv`)
    await expect(services.run('nothing')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('keeps what a cancelled job measured, and removes a result that runs', async () => {
    const lab = open((_, { signal }) => new Promise((_r, reject) => signal.addEventListener('abort', () => reject(cancelled())))) // biome-ignore format: one thought
    await import('node:fs/promises').then(fs => fs.mkdir(recipesDir, { recursive: true }))
    writeFileSync(join(recipesDir, 'lab-test.json'), JSON.stringify(RECIPE))
    const jobs = await createJobs({ path: join(work, `jobs-${count}.json`), now: Date.now, tell() {}, fault() {} })
    const services = createLabServices({ lab, jobs, downloads: createDownloads(Date.now), emit() {} })
    const { job, resultId } = await services.run('lab-test')
    jobs.cancel(job.id)
    expect((await jobs.ended(job.id)).state).toBe('cancelled')
    expect(await services.result(resultId)).toMatchObject({ state: 'partial', points: [] })
    const again = await services.resume(resultId)
    expect(again.resultId).toBe(resultId)
    await services.remove(resultId)
    expect(await services.results()).toEqual([])
    expect((await jobs.ended(again.job.id)).state).toBe('cancelled')
  })
})
