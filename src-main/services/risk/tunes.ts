import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type TuneDetail, type TuneLine, type TuneOptions, type TuneSettings, type TuneState, tuneFaults, tuneSteps } from '../../../src-shared/genome/tune.ts' // biome-ignore format: one line
import type { ExportedFile } from '../../../src-shared/ipc/contract.ts'
import { asWorkbenchError, toWire, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { TuneEvents, TuneMethods } from '../../../src-shared/ipc/tuneMethods.ts'
import type { JobSnapshot, WorkContext } from '../../../src-shared/job.ts'
import type { JobCost } from '../../../src-shared/lab/plan.ts'
import type { OpenedFile } from '../../../src-shared/openedFile.ts'
import type { Compute } from '../../compute/client.ts'
import { CARD_FILE } from '../../models/folder/modelJson.ts'
import type { Downloads } from '../downloads.ts'
import type { FileRegistry } from '../files.ts'
import type { Jobs } from '../jobs.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import type { ModelServices } from '../modelServices.ts'
import type { Batched } from '../planner/largestBatch.ts'
import type { Planner } from '../planner/planner.ts'
import { readRecipe } from '../training/recipe.ts'
import { taskRunner } from '../training/tasks.ts'
import { aucsOf, meanOf, type RiskReport } from './report.ts'
import { readSampleSheet } from './sampleSheet.ts'
import { declaredSimulated, saysSimulated } from './sheetTruth.ts'
import { besideSteps, tuneCost } from './tuneCost.ts'
import { createTuneCurves } from './tuneCurves.ts'
import { createTuneFolders, RECIPE_FILE, type TuneFacts } from './tuneFolders.ts'
import { tuneRecipe } from './tuneRecipe.ts'
import { refusalOf, refuseWhatDoesNotFit } from './tuneRefusals.ts'
import { cautionsOf, resultOf } from './tuneResult.ts'
import { checkReference, locusReferences, startFolderOf, startOptions } from './tuneStarts.ts'

export interface TunesParts {
  readonly files: FileRegistry
  readonly models: ModelServices
  readonly jobs: Jobs
  readonly downloads: Downloads
  /** Each training in its folder. */
  readonly folder: string
  /** A compute process of its own: what is looked at meanwhile does not wait for steps, and a stop ends nobody else's work. */
  readonly ownCompute: () => Promise<Compute>
  readonly planner: Pick<Planner, 'estimate'>
  readonly openFile: (path: string) => Promise<OpenedFile>
  /** Closes an open file for every window. */
  readonly closeFile: (fileId: string) => void
  readonly tell: (change: TuneEvents['risk.tuneChanged']) => void
  readonly now: () => number
}

type Result<M extends keyof TuneMethods> = Promise<TuneMethods[M]['result']>

export interface Tunes {
  options(fileId: string): Promise<TuneOptions>
  cost(fileId: string, settings: TuneSettings, context: WorkContext): Result<'risk.tuneCost'>
  start(fileId: string, settings: TuneSettings): Result<'risk.tuneStart'>
  resume(tuneId: string): Result<'risk.tuneResume'>
  list(fileId: string): Promise<readonly TuneLine[]>
  get(tuneId: string): Promise<TuneDetail>
  open(tuneId: string): Promise<OpenedFile>
  remove(tuneId: string): Promise<null>
  export(tuneId: string, what: TuneMethods['risk.tuneExport']['args']['what']): Promise<ExportedFile>
}

const TELL_EVERY_MS = 1000
const NAMED_ROWS = 3

/** Fine-tuning on the people of open sample sheets: jobs of the task `classify`, each in a folder that holds what it takes to go on. */
export function createTunes(parts: TunesParts): Tunes {
  const { files, models, jobs, downloads, tell, now } = parts
  const folders = createTuneFolders(parts.folder)
  const curves = createTuneCurves()
  const running = new Map<string, string>()

  const sheetOf = async (fileId: string) => {
    const { role, path } = await files.use(fileId)
    if (role !== 'cohort') throw new WorkbenchError('wrong-type', `'${basename(path)}' is no sample sheet`, 'open a table with the columns sample, bam and label') // biome-ignore format: one line
    const sheet = await readSampleSheet(path)
    const count = (label: 0 | 1) => sheet.rows.filter(r => r.label === label).length
    const simulated = await saysSimulated(path, sheet.rows)
    const declared = await declaredSimulated(path, sheet.rows)
    return { path, sheet, cases: count(1), controls: count(0), simulated, declared }
  }

  const jobOf = (tuneId: string): JobSnapshot | undefined => {
    const job = jobs.list().find(j => j.id === running.get(tuneId))
    return job && job.endedAt === undefined ? job : undefined
  }

  const stateOf = async (facts: TuneFacts): Promise<TuneState> =>
    jobOf(facts.tuneId) ? 'running' : (await folders.finished(facts.tuneId)) ? 'done' : facts.error ? 'failed' : 'stopped' // biome-ignore format: one line

  const reportOf = async (tuneId: string): Promise<RiskReport | undefined> => {
    const text = await readFile(join(folders.path(tuneId), 'report.json'), 'utf8').catch(() => undefined)
    return text === undefined ? undefined : (JSON.parse(text) as RiskReport)
  }

  const lineOf = async (facts: TuneFacts): Promise<TuneLine> => {
    const { tuneId, settings, createdAt, simulated, cases, controls, error } = facts
    const state = await stateOf(facts)
    const report = state === 'done' ? await reportOf(tuneId) : undefined
    const real = await folders.realPath(tuneId)
    return {
      tuneId,
      name: settings.name,
      state,
      jobId: jobOf(tuneId)?.id ?? null,
      createdAt,
      simulated: simulated || report?.simulated === true,
      people: cases + controls,
      cases,
      auc: report ? meanOf(aucsOf(report, 'model')) : null,
      error: state === 'failed' && error ? `${error.message} - ${error.remedy}` : null,
      modelFileId: state === 'done' ? (files.entries().find(e => e.path === real)?.id ?? null) : null,
    }
  }

  /** `whole`: from the beginning, so that its cost can be told. */
  const run = (facts: TuneFacts, whole: boolean): JobSnapshot => {
    const { tuneId, settings } = facts
    const active = jobOf(tuneId)
    if (active) return active
    const folder = folders.path(tuneId)
    let estimated: (cost: JobCost | undefined) => void = () => {}
    let peakBytes: number | undefined
    const job = jobs.start({
      estimate: new Promise(done => {
        estimated = done
      }),
      peakBytes: async () => peakBytes,
      kind: 'risk-tune',
      title: `Fine-tuning: ${settings.name}`,
      resumable: true,
      async run(context) {
        let toldAt = Number.NEGATIVE_INFINITY
        let [split, step] = [0, 0]
        const told = (state: TuneState) => tell({ tuneId, state, split, step })
        let compute: Compute | undefined
        try {
          await folders.noteError(tuneId, null)
          told('running')
          compute = await parts.ownCompute()
          const classify = await taskRunner('classify')
          const recipe = await readRecipe(join(folder, RECIPE_FILE))
          const deps = {
            compute,
            registry: models.registry,
            note() {},
            async plan(graph: PlannedGraph, smaller?: Batched) {
              const cost = await parts.planner.estimate(graph, context.signal)
              await refuseWhatDoesNotFit(cost.peakBytes, parts.planner, smaller, context.signal)
              if (whole) estimated({ seconds: cost.totalSeconds + besideSteps(settings, facts, cost.seconds), peakBytes: cost.peakBytes }) // biome-ignore format: one line
            },
            onSplit(part: { readonly split: number }) {
              split = part.split
              step = 0
            },
            onStep(at: { readonly step: number }) {
              step = at.step
              if (now() - toldAt < TELL_EVERY_MS) return
              toldAt = now()
              told('running')
            },
          }
          await classify({ recipe, out: folder, resume: true, now: now() }, deps, withSplit(context, () => split, settings.splits)) // biome-ignore format: one line
          peakBytes = (await compute.stats()).peakRssBytes
          await parts.openFile(folder)
          return tuneId
        } catch (error) {
          const { technical: _stack, ...problem } = toWire(error)
          if (problem.code !== 'cancelled') await folders.noteError(tuneId, problem).catch(() => undefined)
          throw error
        } finally {
          estimated(undefined)
          running.delete(tuneId)
          await compute?.close()
          told(await stateOf(await folders.read(tuneId).catch(() => facts)))
        }
      },
    })
    running.set(tuneId, job.id)
    return job
  }

  const prepared = async (fileId: string, settings: TuneSettings) => {
    const [[field, fault] = []] = Object.entries(tuneFaults(settings))
    if (field !== undefined) throw new WorkbenchError('bad-input', `${field}: ${fault}`, 'mend that field')
    const sheet = await sheetOf(fileId)
    const refusal = refusalOf(sheet)
    if (refusal) {
      const rows = refusal.rows.slice(0, NAMED_ROWS).map(r => `line ${r.line}, ${r.message}`).join('; ') // biome-ignore format: one line
      throw new WorkbenchError('bad-input', rows ? `${refusal.message} (${rows}${refusal.rows.length > NAMED_ROWS ? '; …' : ''})` : refusal.message, refusal.remedy) // biome-ignore format: one line
    }
    const start = await startFolderOf(settings, { files, models })
    const reference = await files.use(settings.referenceFileId)
    if (reference.role !== 'reference') throw new WorkbenchError('no-reference', `'${basename(reference.path)}' is no reference sequence`, 'open a FASTA or 2bit that holds chromosome 19') // biome-ignore format: one line
    await checkReference(reference.readPath, settings.flankBp, start?.folder)
    return { sheet, start, referencePath: reference.readPath }
  }

  return {
    async options(fileId) {
      const sheet = await sheetOf(fileId)
      const { cases, controls, simulated } = sheet
      const [starts, references] = await Promise.all([startOptions({ files, models }), locusReferences({ files, models })]) // biome-ignore format: one line
      return { cases, controls, simulated, refusal: refusalOf(sheet), starts, references }
    },

    async cost(fileId, settings, context) {
      const { sheet, start } = await prepared(fileId, settings)
      return tuneCost(settings, { start, ...sheet }, { compute: parts.ownCompute, registry: models.registry, planner: parts.planner }, context) // biome-ignore format: one line
    },

    async start(fileId, settings) {
      const { sheet, start, referencePath } = await prepared(fileId, settings)
      const { path: sheetPath, cases, controls, simulated, declared } = sheet
      const sheetName = basename(sheetPath)
      const createdAt = now()
      const facts = await folders.create(settings.name, createdAt, start?.folder, tuneId => ({
        recipe: tuneRecipe(settings, { id: tuneId, sheetPath, sheetName, referencePath, simulated, declared, cases, controls, start, createdAt }), // biome-ignore format: one line
        facts: { tuneId, sheetPath, sheetName, createdAt, settings, startName: start?.json.name ?? 'fresh weights', simulated, cases, controls, error: null }, // biome-ignore format: one line
      }))
      return { job: run(facts, true), tuneId: facts.tuneId }
    },

    async resume(tuneId) {
      const facts = await folders.read(tuneId)
      if (await folders.finished(tuneId)) throw new WorkbenchError('bad-input', `the training '${facts.settings.name}' is done`, 'open its model, or start another') // biome-ignore format: one line
      return { job: run(facts, false), tuneId }
    },

    async list(fileId) {
      const { path } = await files.use(fileId)
      const own = (await folders.list()).filter(f => f.sheetPath === path)
      const lines = await Promise.all(own.map(lineOf))
      return lines.sort((a, b) => b.createdAt - a.createdAt || (a.tuneId < b.tuneId ? 1 : -1))
    },

    async get(tuneId) {
      const facts = await folders.read(tuneId)
      const { settings } = facts
      const line = await lineOf(facts)
      const report = line.state === 'done' ? await reportOf(tuneId) : undefined
      const stepsPerSplit = tuneSteps(settings, facts).perSplit
      const shape = {
        splits: settings.splits,
        stepsPerSplit,
        patience: settings.patience,
        stopBy: settings.stopBy ?? ('auc' as const),
      }
      return {
        ...line,
        sheetName: facts.sheetName,
        settings,
        startName: facts.startName,
        stepsPerSplit,
        curves: await curves.read(folders.path(tuneId), shape),
        result: line.state === 'done' ? await resultOf(folders.path(tuneId), report) : null,
        cautions: cautionsOf({ ...facts, simulated: line.simulated }, report),
      }
    },

    async open(tuneId) {
      const facts = await folders.read(tuneId)
      if (!(await folders.finished(tuneId))) throw new WorkbenchError('not-found', `the training '${facts.settings.name}' has no model yet`, 'let it end first') // biome-ignore format: one line
      return parts.openFile(folders.path(tuneId))
    },

    async remove(tuneId) {
      if (jobOf(tuneId)) throw new WorkbenchError('bad-input', `the training '${tuneId}' is running`, 'stop it first')
      const real = await folders.realPath(tuneId)
      const open = files.entries().find(e => e.path === real)
      if (open) parts.closeFile(open.id)
      await folders.remove(tuneId)
      curves.forget(folders.path(tuneId))
      return null
    },

    async export(tuneId, what) {
      const facts = await folders.read(tuneId)
      const { file, contentType } = EXPORTS[what]
      const text = await readFile(join(folders.path(tuneId), file), 'utf8').catch(error => {
        const e = asWorkbenchError(error)
        throw e.code === 'not-found' ? new WorkbenchError('not-found', `the training '${facts.settings.name}' has no ${file} yet`, 'let it end first') : e // biome-ignore format: one line
      })
      return downloads.add({ name: `${tuneId}.${file}`, contentType, bytes: new TextEncoder().encode(text) })
    },
  }
}

const EXPORTS = {
  card: { file: CARD_FILE, contentType: 'text/markdown' },
  recipe: { file: RECIPE_FILE, contentType: 'application/json' },
  report: { file: 'report.json', contentType: 'application/json' },
  log: { file: 'metrics.jsonl', contentType: 'application/x-ndjson' },
} as const

/** Which split is trained stands in the phase. */
const withSplit = (context: WorkContext, split: () => number, splits: number): WorkContext => ({
  signal: context.signal,
  report: p => context.report(p.phase === 'training' ? { ...p, phase: splits > 1 ? `training (split ${split()} of ${splits})` : p.phase } : p), // biome-ignore format: one line
})
