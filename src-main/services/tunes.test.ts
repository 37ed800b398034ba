import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SIMULATED_LABEL } from '../../src-shared/genome/risk.ts'
import {
  TUNE_DEFAULTS,
  type TuneCurve,
  type TuneSettings,
  tuneFaults,
  tuneSteps,
} from '../../src-shared/genome/tune.ts'
import { type Client, createClient } from '../../src-shared/ipc/client.ts'
import type { EventName, Events } from '../../src-shared/ipc/contract.ts'
import { type PortLike, portWire } from '../../src-shared/ipc/portWire.ts'
import { type JobSnapshot, quietContext } from '../../src-shared/job.ts'
import { createCompute } from '../compute/client.ts'
import { COHORT_DEFAULTS } from '../domain/cohort/cohort.ts'
import { stratifiedSplit } from '../domain/cohort/splits.ts'
import type { ModelJson } from '../models/folder/modelJson.ts'
import { MODELS } from '../models/kinds.ts'
import { modelRegistry } from '../models/registry.ts'
import { trainClassifier } from './risk/classify.ts'
import { simulateCohort } from './risk/simulateCohort.ts'
import { createServices, type Services } from './services.ts'
import { readRecipe } from './training/recipe.ts'

// The services with a small simulated cohort and a network of a few thousand numbers; truths are named with each test.
const root = resolve(import.meta.dirname, '../..')
const reference = join(root, 'assets/demo/synthetic-chr19.fa.gz')
const work = mkdtempSync(join(tmpdir(), 'diploscope-tunes-'))
const dataDir = join(work, 'data')
const trained = (tuneId: string, file = '') => join(dataDir, 'trained', tuneId, file)
const FLANK = 50
const PEOPLE = 40
let services: Services
let page: Client
let sheetId = ''
let referenceId = ''
/** Every look at the clock is 2 s after the last: every change is told. */
let clock = Date.parse('2026-01-01T00:00:00Z')

async function start() {
  services = await createServices({
    dataDir,
    host: 'headless',
    dialogs: 'browse',
    version: '1.2.3',
    modelsDir: join(root, 'assets/models'),
    startFolder: work,
    roots: [],
    threads: 1,
    now: () => {
      clock += 2000
      return clock
    },
  })
  const { port1, port2 } = new MessageChannel()
  services.connect(portWire(port2 as unknown as PortLike))
  page = createClient(portWire(port1 as unknown as PortLike))
  const [sheet, fasta] = await services.openPaths([join(work, 'people/samples.tsv'), reference])
  sheetId = sheet!.id
  referenceId = fasta!.id
}
beforeAll(async () => {
  await simulateCohort({ spec: { ...COHORT_DEFAULTS, seed: 5, people: PEOPLE, depth: 12, regionFlankBp: FLANK, flankEffects: 2, effectFlankBp: FLANK }, reference, haplotypes: undefined, out: join(work, 'people'), build: 'GRCh38', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
  await start()
})
afterAll(async () => {
  await services.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

const settings = (more: Partial<TuneSettings> = {}): TuneSettings => ({
  ...TUNE_DEFAULTS,
  name: 'Small trial',
  start: { kind: 'fresh' },
  referenceFileId: referenceId,
  network: { width: 16, layers: 1, heads: 2, feedForward: 32, projection: 8 },
  vocabulary: 1500,
  flankBp: FLANK,
  splits: 2,
  epochs: 6,
  batch: 8,
  rate: 0.01,
  patience: 3,
  stopBy: 'loss',
  ...more,
})
const next = <E extends EventName>(event: E, wanted: (payload: Events[E]) => boolean) =>
  new Promise<Events[E]>(done => {
    const stop = page.on(event, payload => {
      if (!wanted(payload)) return
      stop()
      done(payload)
    })
  })
const ended = (job: JobSnapshot) => next('job.changed', j => j.id === job.id && j.endedAt !== undefined)
const bytesOf = (folder: string, files: readonly string[]) => files.map(f => `${f} ${createHash('sha256').update(readFileSync(join(folder, f))).digest('hex')}`) // biome-ignore format: one line
/** All but what holds the id and time of a training. */
const NUMBERS = ['weights.safetensors', 'tokenizer.model', 'metrics.jsonl', 'people.tsv']
const logOf = (tuneId: string) => readFileSync(trained(tuneId, 'metrics.jsonl'), 'utf8').trim().split('\n').map(l => JSON.parse(l) as Record<string, number>) // biome-ignore format: one line

let first = ''
describe('a training', () => {
  it('runs as a job, opens its model, and says what it is', async () => {
    const options = await page.call('risk.tuneOptions', { fileId: sheetId })
    expect(options).toMatchObject({ cases: 20, controls: 20, simulated: true, refusal: null, references: [{ fileId: referenceId }] }) // biome-ignore format: one line
    expect(options.starts).toMatchObject([{ start: { kind: 'shipped', modelId: 'apoe-risk-demo' }, what: 'risk', label: SIMULATED_LABEL, fixed: { flankBp: 3000, caller: 'robust' } }]) // biome-ignore format: one line
    const opened = next('files.opened', ({ files }) => files.some(f => f.role === 'model'))
    const { job, tuneId } = await page.call('risk.tuneStart', { fileId: sheetId, settings: settings() })
    first = tuneId
    const over = await ended(job)
    expect(over).toMatchObject({ state: 'done', resultId: tuneId })
    expect(over.estimate!.seconds).toBeGreaterThan(0)
    expect(over.cost!.peakBytes).toBeGreaterThan(1e7)
    const [model] = (await opened).files
    expect(model!.name).toBe(tuneId)
    const detail = await page.call('risk.tune', { tuneId })
    expect(detail).toMatchObject({ state: 'done', people: PEOPLE, cases: 20, simulated: true, modelFileId: model!.id, sheetName: 'samples.tsv', error: null }) // biome-ignore format: one line
    expect(detail.cautions[0]!.toLowerCase()).toContain(SIMULATED_LABEL)
    const result = detail.result!
    expect(result.card).toContain(SIMULATED_LABEL)
    expect(result.card).toContain('Fitted on the 40 simulated people (20 cases, 20 controls)')
    expect(result.splits).toHaveLength(2)
    for (const s of result.splits) {
      // Simulated people: the optimum is known from the files beside the sheet.
      expect(Object.keys(s.metrics)).toEqual(['model', 'two-snp', 'odds-ratio', 'optimum'])
      const { truePositives, falseNegatives, trueNegatives, falsePositives } = s.confusion!
      expect([truePositives + falseNegatives, trueNegatives + falsePositives]).toEqual([3, 3])
      expect((truePositives + trueNegatives) / 6).toBeCloseTo(s.metrics.model!.accuracy, 10)
    }
    expect(await page.call('risk.tunes', { fileId: sheetId })).toMatchObject([{ tuneId, state: 'done', modelFileId: model!.id }]) // biome-ignore format: one line
  })

  // Truth: metrics.jsonl, read here line by line.
  it('shows the curves that its log holds', async () => {
    const { curves } = await page.call('risk.tune', { tuneId: first })
    const lines = logOf(first)
    const naive = [1, 2].map((split): TuneCurve => {
      const own = lines.filter(l => l['split'] === split)
      const steps = own.filter(l => 'loss' in l)
      const judged = own.filter(l => 'validationAuc' in l)
      const losses = judged.map(l => l['validationLoss']!)
      const kept = losses.indexOf(Math.min(...losses))
      return {
        split,
        steps: Int32Array.from(steps, l => l['step']!),
        loss: Float64Array.from(steps, l => l['loss']!),
        validationSteps: Int32Array.from(judged, l => l['step']!),
        validationLoss: Float64Array.from(losses),
        validationAuc: Float64Array.from(judged, l => l['validationAuc']!),
        bestStep: judged[kept]!['step']!,
        stoppedEarly: losses.length - 1 - kept >= 3 && judged.at(-1)!['step']! < 18,
      }
    })
    expect(curves).toEqual(naive)
    expect(curves[0]!.loss.length).toBeGreaterThan(0)
    expect(Number.isFinite(curves[0]!.validationLoss[0])).toBe(true)
  })

  it('stopped twice and gone on with it gives the bytes of the other, and reads nobody again', async () => {
    const { job, tuneId } = await page.call('risk.tuneStart', { fileId: sheetId, settings: settings({ name: 'Stopped' }) }) // biome-ignore format: one line
    const stop = async (active: JobSnapshot, when: (c: Events['risk.tuneChanged']) => boolean) => {
      const over = ended(active)
      await next('risk.tuneChanged', c => c.tuneId === tuneId && when(c))
      await page.call('jobs.cancel', { jobId: active.id })
      expect((await over).state).toBe('cancelled')
      expect(await page.call('risk.tune', { tuneId })).toMatchObject({ state: 'stopped', jobId: null, result: null })
    }
    await stop(job, c => c.split === 1 && c.step >= 2)
    const [journal] = readFileSync(trained(tuneId, 'people.journal'), 'utf8').split('\n').slice(1)
    expect(journal).toContain('SIM-000001.bam')
    const { curves } = await page.call('risk.tune', { tuneId })
    expect(curves[0]!.steps[0]).toBe(1)
    const again = await page.call('risk.tuneResume', { tuneId })
    await stop(again.job, c => c.split === 2 && c.step >= 1)
    // As after a kill: other services, the same folder.
    await services.close()
    await start()
    expect(await page.call('risk.tunes', { fileId: sheetId })).toMatchObject([{ tuneId, state: 'stopped' }, { tuneId: first, state: 'done' }]) // biome-ignore format: one line
    const last = await page.call('risk.tuneResume', { tuneId })
    expect((await ended(last.job)).state).toBe('done')
    expect(bytesOf(trained(tuneId), NUMBERS)).toEqual(bytesOf(trained(first), NUMBERS))
    expect(existsSync(trained(tuneId, 'people.journal'))).toBe(false)
  })

  it('leaves a recipe from which the command of the same name makes the same bytes', async () => {
    const compute = createCompute({ threads: 1, cacheFolder: join(work, 'cache') })
    try {
      const recipe = await readRecipe(trained(first, 'recipe.json'))
      await trainClassifier({ recipe, out: join(work, 'again'), resume: false, now: 0 }, { compute, registry: modelRegistry(MODELS), note() {} }, quietContext()) // biome-ignore format: one line
    } finally {
      await compute.close()
    }
    const all = [...NUMBERS, 'model.json', 'CARD.md', 'REPORT.md', 'report.json']
    expect(bytesOf(join(work, 'again'), all)).toEqual(bytesOf(trained(first), all))
  })

  // Truth: the splits as they are drawn from seed and labels alone.
  it('splits its people into disjoint parts, of as many as it says', () => {
    const labels = Uint8Array.from({ length: PEOPLE }, (_, i) => Math.floor((i + 1) / 2) - Math.floor(i / 2))
    const steps = tuneSteps(settings(), { cases: 20, controls: 20 })
    for (let which = 0; which < 2; which++) {
      const { train, validation, test } = stratifiedSplit(labels, 1, which)
      const seen = new Set([...train, ...validation])
      expect([...test].filter(i => seen.has(i))).toEqual([])
      expect(new Set([...seen, ...test]).size).toBe(PEOPLE)
      expect([train.length, validation.length, test.length]).toEqual([steps.train, steps.validation, steps.test])
    }
    const parts = readFileSync(trained(first, 'people.tsv'), 'utf8').trim().split('\n').slice(3).map(l => l.split('\t')) // biome-ignore format: one line
    const count = (part: string) => parts.filter(([p]) => p === part).length
    expect([count('training'), count('validation'), count('test')]).toEqual([steps.train, steps.validation, steps.test])
    expect(new Set(parts.map(p => p[1])).size).toBe(PEOPLE)
    expect(logOf(first).filter(l => 'loss' in l && l['split'] === 1).length % steps.perEpoch).toBe(0)
  })

  it('is known again when its own cohort is scored with it: those who trained it are not held out', async () => {
    const model = await page.call('risk.tuneOpen', { tuneId: first })
    const subject = { fileId: sheetId, modelFileId: model.id }
    expect((await ended(await page.call('risk.cohortStart', { ...subject, again: false }))).state).toBe('done')
    const { cohort } = await page.call('risk.cohort', subject)
    const steps = tuneSteps(settings(), { cases: 20, controls: 20 })
    expect(cohort!.seen).toMatchObject({ training: steps.train, validation: steps.validation, test: steps.test, alike: 0 }) // biome-ignore format: one line
    expect(cohort!.metrics!.model!.n).toBe(PEOPLE)
    expect(cohort!.seen!.heldOut!.metrics.model!.n).toBe(steps.test)
    // The test people of split 1, judged by the training itself.
    const { result } = await page.call('risk.tune', { tuneId: first })
    expect(cohort!.seen!.heldOut!.metrics.model!.auc!.auc).toBeCloseTo(result!.splits[0]!.metrics.model!.auc!.auc, 10)
    expect(cohort!.limits.join()).toContain(`${steps.train + steps.validation} of these people trained the model`)
  })

  it('gives card, recipe, figures and log to files', async () => {
    for (const [what, file] of [
      ['card', 'CARD.md'],
      ['recipe', 'recipe.json'],
      ['report', 'report.json'],
      ['log', 'metrics.jsonl'],
    ] as const) {
      // biome-ignore format: one line
      const { downloadId, name } = await page.call('risk.tuneExport', { tuneId: first, what })
      expect(name).toBe(`${first}.${file}`)
      expect(Buffer.from((await services.content.download(downloadId, false)).bytes)).toEqual(readFileSync(trained(first, file))) // biome-ignore format: one line
    }
  })

  it('does not keep the letters of people beside a model, though it was ended before it could remove them', async () => {
    writeFileSync(trained(first, 'people.journal'), 'left by a kill')
    expect(await page.call('risk.tune', { tuneId: first })).toMatchObject({ state: 'done' })
    expect(existsSync(trained(first, 'people.journal'))).toBe(false)
  })

  it('is removed with its model, which is closed', async () => {
    const [last] = await page.call('risk.tunes', { fileId: sheetId })
    const closed = next('files.closed', c => c.fileId === last!.modelFileId)
    await page.call('risk.tuneRemove', { tuneId: last!.tuneId })
    await closed
    expect(existsSync(trained(last!.tuneId))).toBe(false)
    expect((await page.call('risk.tunes', { fileId: sheetId })).map(t => t.tuneId)).toEqual([first])
    await expect(page.call('risk.tune', { tuneId: last!.tuneId })).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('what is refused', () => {
  const sheet = () => readFileSync(join(work, 'people/samples.tsv'), 'utf8').trimEnd().split('\n')
  const opened = async (name: string, lines: readonly string[]) => {
    const path = join(work, 'people', name)
    writeFileSync(path, `${lines.join('\n')}\n`)
    return (await services.openPaths([path]))[0]!.id
  }
  const refused = async (name: string, lines: readonly string[]) => {
    const fileId = await opened(name, lines)
    const { refusal } = await page.call('risk.tuneOptions', { fileId })
    await expect(page.call('risk.tuneStart', { fileId, settings: settings() })).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining(refusal!.message) }) // biome-ignore format: one line
    return refusal!
  }
  const labelled = (line: string, label: string) => line.replace(/^(\S+\t\S+\t)\d/, `$1${label}`)

  it('names the rows of a sheet', async () => {
    const [head = '', ...rows] = sheet()
    expect(await refused('one.tsv', [head, ...rows.map(r => labelled(r, '1'))])).toMatchObject({ message: expect.stringContaining('one class only'), rows: [] }) // biome-ignore format: one line
    expect(await refused('few.tsv', [head, ...rows.slice(0, 18)])).toMatchObject({ message: expect.stringContaining('9 cases; at least 10 of each class') }) // biome-ignore format: one line
    expect(await refused('bare.tsv', [head, ...rows.map(r => labelled(r, '.'))])).toMatchObject({ message: "'bare.tsv' has no labels" }) // biome-ignore format: one line
    const faulty = await refused('faulty.tsv', [head, ...rows, 'X\tgone.bam\t1\t.\t0\t', labelled(rows[0]!, '1'), 'Y\tcohort.json\t\t.\t0\t']) // biome-ignore format: one line
    expect(faulty.message).toBe("3 rows of 'faulty.tsv' cannot be trained on")
    expect(faulty.rows.map(r => [r.line, r.message])).toEqual([
      [PEOPLE + 2, expect.stringContaining('gone.bam')],
      [PEOPLE + 3, expect.stringContaining('stands on line 2 already')],
      [PEOPLE + 4, 'no label'],
    ])
  })

  it('names the row of a file that cannot be trained on, keeps who was read, and goes on when it is mended', async () => {
    const [head = '', ...rows] = sheet()
    await simulateCohort({ spec: { ...COHORT_DEFAULTS, seed: 6, people: 1, depth: 12, regionFlankBp: FLANK }, reference, haplotypes: undefined, out: join(work, 'other'), build: 'GRCh37', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
    const fileId = await opened('mixed.tsv', [head, ...rows, 'M\t../other/bam/SIM-000001.bam\t1\te3/e3\t0\tsimulated'])
    const { job, tuneId } = await page.call('risk.tuneStart', { fileId, settings: settings({ epochs: 1, splits: 1 }) })
    const failed = await ended(job)
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'build', message: expect.stringMatching(/line 42 .*'M': it is GRCh37/) } }) // biome-ignore format: one line
    expect(await page.call('risk.tune', { tuneId })).toMatchObject({ state: 'failed', error: expect.stringContaining('line 42') }) // biome-ignore format: one line
    writeFileSync(join(work, 'people/mixed.tsv'), `${[head, ...rows].join('\n')}\n`)
    const again = await page.call('risk.tuneResume', { tuneId })
    expect((await ended(again.job)).state).toBe('done')
  })

  it('names the field that cannot be, in the window and behind it', async () => {
    expect(tuneFaults(settings())).toEqual({})
    expect(Object.keys(tuneFaults(settings({ name: ' ', splits: 0, rate: 2, network: { ...settings().network, heads: 3 } })))).toEqual(['splits', 'rate', 'heads', 'name']) // biome-ignore format: one line
    // A model that is begun with brings its own sizes.
    expect(tuneFaults(settings({ start: { kind: 'shipped', modelId: 'x' }, vocabulary: 0 }))).toEqual({})
    await expect(page.call('risk.tuneStart', { fileId: sheetId, settings: settings({ batch: 0 }) })).rejects.toMatchObject({ message: expect.stringContaining('settings.batch') }) // biome-ignore format: one line
    await expect(page.call('risk.tuneStart', { fileId: sheetId, settings: settings({ network: { ...settings().network, heads: 3 } }) })).rejects.toMatchObject({ message: expect.stringContaining('heads: 16 is not divisible by 3') }) // biome-ignore format: one line
    await expect(page.call('risk.tuneStart', { fileId: sheetId, settings: settings({ start: { kind: 'shipped', modelId: 'apoe-risk-demo' } }) })).rejects.toMatchObject({ message: expect.stringContaining('reads 3000 bp of flank') }) // biome-ignore format: one line
    await expect(page.call('risk.tuneStart', { fileId: sheetId, settings: settings({ referenceFileId: sheetId }) })).rejects.toMatchObject({ code: 'no-reference' }) // biome-ignore format: one line
  })

  it('begins with a model of other people, keeps its tokenizer and says so', async () => {
    await simulateCohort({ spec: { ...COHORT_DEFAULTS, seed: 8, people: 24, depth: 12, regionFlankBp: FLANK }, reference, haplotypes: undefined, out: join(work, 'others'), build: 'GRCh38', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
    // Nothing but the reads says that these people are simulated.
    const bare = readFileSync(join(work, 'others/samples.tsv'), 'utf8').replaceAll('\tsimulated', '\t').replaceAll('bam/', '../others/bam/') // biome-ignore format: one line
    const fileId = await opened('others.tsv', bare.trimEnd().split('\n'))
    rmSync(join(work, 'people/cohort.json'))
    const model = await page.call('risk.tuneOpen', { tuneId: first })
    const { starts, simulated } = await page.call('risk.tuneOptions', { fileId })
    expect(simulated).toBe(true)
    expect(starts.map(s => s.start)).toContainEqual({ kind: 'open', fileId: model.id })
    const { job, tuneId } = await page.call('risk.tuneStart', { fileId, settings: settings({ start: { kind: 'open', fileId: model.id }, epochs: 1, splits: 1 }) }) // biome-ignore format: one line
    expect(await ended(job)).toMatchObject({ state: 'done' })
    expect(readFileSync(trained(tuneId, 'tokenizer.model'))).toEqual(readFileSync(trained(first, 'tokenizer.model')))
    const panelOf = (id: string) => (JSON.parse(readFileSync(trained(id, 'model.json'), 'utf8')) as ModelJson).risk!.panel // biome-ignore format: one line
    expect(panelOf(first)).not.toEqual([])
    expect(panelOf(tuneId)).toEqual(panelOf(first))
    const { result, cautions } = await page.call('risk.tune', { tuneId })
    expect(result!.card).toContain('Its training began with the weights of Small trial')
    expect(cautions.join(' ').toLowerCase()).toContain(SIMULATED_LABEL)
    expect(cautions.join(' ')).toContain('Its training began with the weights of Small trial')
    // The start may go: what is needed of it lies with the training, and the recipe there says so.
    renameSync(trained(first), join(work, 'away'))
    const compute = createCompute({ threads: 1, cacheFolder: join(work, 'cache') })
    try {
      const recipe = await readRecipe(trained(tuneId, 'recipe.json'))
      expect(recipe.json['start']).toBe('start')
      await trainClassifier({ recipe, out: join(work, 'begun-again'), resume: false, now: 0 }, { compute, registry: modelRegistry(MODELS), note() {} }, quietContext()) // biome-ignore format: one line
    } finally {
      await compute.close()
      renameSync(join(work, 'away'), trained(first))
    }
    const all = [...NUMBERS, 'model.json', 'CARD.md']
    expect(bytesOf(join(work, 'begun-again'), all)).toEqual(bytesOf(trained(tuneId), all))
    for (const file of ['model.json', 'CARD.md', 'report.json']) expect(readFileSync(trained(tuneId, file), 'utf8')).not.toContain(work) // biome-ignore format: one line
  })

  it('does not begin with a model that these people trained', async () => {
    const model = await page.call('risk.tuneOpen', { tuneId: first })
    const { job } = await page.call('risk.tuneStart', { fileId: sheetId, settings: settings({ start: { kind: 'open', fileId: model.id } }) }) // biome-ignore format: one line
    expect(await ended(job)).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('of these people trained') } }) // biome-ignore format: one line
  })
})

// Truth: arithmetic; a step must take time, and its cost grows with the epochs.
it('says what settings would cost from a measured step', async () => {
  const cost = await page.call('risk.tuneCost', { fileId: sheetId, settings: settings() })
  expect(cost.secondsPerStep).toBeGreaterThan(0)
  expect(cost.seconds).toBeGreaterThan(cost.secondsPerStep * tuneSteps(settings(), { cases: 20, controls: 20 }).total)
  expect(cost.parameters).toBeGreaterThan(1000)
  expect(cost.peakBytes).toBeGreaterThan(4 * cost.parameters)
  expect(cost.basis).toContain('measured here')
})
