import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { lineText, type RiskCohort, type RiskModelName, SIMULATED_LABEL } from '../../src-shared/genome/risk.ts'
import type { CohortComparison } from '../../src-shared/genome/riskComparison.ts'
import { isJudged, type JudgedRow } from '../../src-shared/genome/riskRows.ts'
import type { ExportedFile } from '../../src-shared/ipc/contract.ts'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { CohortRocs, CohortRun, CohortSubject, OpenedCohort, RiskEvents, SimulatedTruth } from '../../src-shared/ipc/riskMethods.ts' // biome-ignore format: one line
import type { JobSnapshot, WorkContext } from '../../src-shared/job.ts'
import type { JobOutlook } from '../../src-shared/lab/plan.ts'
import { compareRisks, type ScoredCohort } from '../analyses/compareRisks.ts'
import { sigmoid } from '../domain/liability/liability.ts'
import { rocCurve } from '../domain/statistics/riskMetrics.ts'
import { writeFileAtomic } from '../storage/atomic.ts'
import { makeFolders } from '../storage/folders.ts'
import { cohortFigures } from '../workers/pileupClient.ts'
import type { Downloads } from './downloads.ts'
import type { FileRegistry } from './files.ts'
import type { Jobs } from './jobs.ts'
import { outlookOf, type PlanJob } from './planner/jobPlanning.ts'
import type { JobRates } from './planner/jobRates.ts'
import { pacedJob } from './planner/pacedJob.ts'
import { changedSince, entryNow, readJournal } from './risk/cohortJournal.ts'
import { sheetToFillIn } from './risk/folderSheet.ts'
import { createKeptSheets } from './risk/keptSheets.ts'
import type { KeptRiskModel, OpenRiskModels } from './risk/openRiskModels.ts'
import { readForModelInThread } from './risk/readForModel.ts'
import { cohortTsv, type FiguresOf, scoreCohort, summary } from './risk/scoreCohort.ts'

export interface RiskCohortsParts {
  readonly files: FileRegistry
  readonly jobs: Jobs
  readonly downloads: Downloads
  readonly open: OpenRiskModels
  /** Journals and results, by what they depend on. */
  readonly folder: string
  /** For CRAM. */
  readonly referencePath: () => Promise<string | undefined>
  readonly tell: (change: RiskEvents['risk.changed']) => void
  readonly plan: PlanJob
  readonly rates: JobRates
  readonly now: () => number
  readonly version: string
}

export interface RiskCohorts {
  open(fileId: string): Promise<OpenedCohort>
  /** Of the people who are not scored yet; of all of them with `again`. */
  outlook(subject: CohortSubject, again: boolean, context: WorkContext): Promise<JobOutlook>
  start(subject: CohortSubject, again: boolean, context: WorkContext): Promise<JobSnapshot>
  get(subject: CohortSubject, context: WorkContext): Promise<CohortRun>
  compare(subject: CohortSubject, otherModelFileId: string, context: WorkContext): Promise<CohortComparison>
  export(subject: CohortSubject, format: 'tsv' | 'json', context: WorkContext): Promise<ExportedFile>
  /** A sample sheet of the same people, to fill in with labels. */
  sheetToFillIn(fileId: string): Promise<ExportedFile>
  /** The path of a sample's file. @throws WorkbenchError `not-found` */
  samplePath(fileId: string, sample: string): Promise<string>
}

/** What is written beside the journal of a run that came to its end. */
interface Finished {
  readonly finishedAt: number
  /** Rows that it took over. */
  readonly resumed: number
}

const figuresInThread: FiguresOf = (people, threshold, context) => cohortFigures({ people, threshold }, context)
const TELL_EVERY_MS = 1000
const KEPT_RESULTS = 40

/**
 * Cohorts of sample sheets. Each row is written to a journal as it is scored, with the state of its file, under a name made of the sheet's path and the model's
 * weights: a run that was cancelled or killed goes on where it stopped, a finished one is there at the next start, and files that changed since are known.
 */
export function createRiskCohorts(parts: RiskCohortsParts): RiskCohorts {
  const { files, jobs, downloads, open, folder, tell, now } = parts
  const running = new Map<string, string>()
  const sheets = createKeptSheets()

  const sheetOf = async (fileId: string) => {
    const entry = await files.use(fileId)
    if (entry.role !== 'cohort') throw new WorkbenchError('wrong-type', `'${basename(entry.path)}' is no sample sheet`, 'open a table with the columns sample, bam and, where known, label') // biome-ignore format: one line
    return { path: entry.path, sheet: await sheets.read(entry.path) }
  }
  const keyOf = (path: string, kept: KeptRiskModel) => createHash('sha256').update(JSON.stringify([path, kept.key])).digest('hex').slice(0, 32) // biome-ignore format: one line
  const journalAt = (key: string) => join(folder, `${key}.journal`)
  const resultAt = (key: string) => join(folder, `${key}.json`)
  const activeJob = (key: string): string | null => {
    const id = running.get(key)
    const job = id === undefined ? undefined : jobs.list().find(j => j.id === id)
    return job && job.endedAt === undefined ? job.id : null
  }
  const finishedOf = async (key: string): Promise<Finished | undefined> => {
    const text = await readFile(resultAt(key), 'utf8').catch(() => undefined)
    return text === undefined ? undefined : (JSON.parse(text) as Finished)
  }

  const get = async (subject: CohortSubject, context: WorkContext): Promise<CohortRun> => {
    const { path, sheet } = await sheetOf(subject.fileId)
    return open.with(subject.modelFileId, context, async kept => {
      const key = keyOf(path, kept)
      const jobId = activeJob(key)
      const entries = await readJournal(journalAt(key))
      const now = sheet.rows.flatMap(r => entryNow(entries.get(r.sample), r) ?? [])
      const failures = [...sheet.problems, ...now.flatMap(e => e.failure ?? [])].sort((a, b) => a.line - b.line)
      const finished = now.length === sheet.rows.length ? await finishedOf(key) : undefined
      const done = jobId === null && finished !== undefined && now.length > 0
      const cohort = now.length > 0 ? await summary(now.flatMap(e => e.row ?? []), failures, done ? finished.resumed : 0, sheet, kept.model, context, figuresInThread) : null // biome-ignore format: one line
      return {
        state: jobId !== null ? 'running' : done ? 'done' : now.length > 0 ? 'partial' : 'ready',
        total: sheet.rows.length,
        jobId,
        cohort,
        rocs: cohort ? rocsOf(cohort) : {},
        threshold: kept.model.facts.threshold,
        finishedAt: done ? finished.finishedAt : null,
        changed: jobId === null ? await changedSince(entries, sheet.rows) : [],
      }
    })
  }

  /** People whom a run would score. */
  const left = (total: number, run: CohortRun | undefined): number =>
    total - (run?.cohort?.rows.filter(r => !run.changed.includes(r.sample)).length ?? 0)
  /** Reading a person's file takes as long as the model's region; the network next to nothing. */
  const kindOf = (kept: KeptRiskModel) => `people scored by ${kept.model.json.id}`

  return {
    outlook: (subject, again, context) =>
      outlookOf(async () => {
        const { sheet } = await sheetOf(subject.fileId)
        const { kind, json } = await open.with(subject.modelFileId, context, async kept => ({ kind: kindOf(kept), json: kept.model.json })) // biome-ignore format: one line
        const planned = await parts.plan({ json, work: 'inference' })
        const people = left(sheet.rows.length, again ? undefined : await get(subject, context))
        const network = await planned.cost(people)
        const seconds = await parts.rates.seconds(kind, people)
        const peakBytes = network?.peakBytes ?? null
        if (seconds !== undefined) return { cost: { seconds, peakBytes, basis: 'earlier' }, note: peopleText(people) }
        return { peakBytes, note: `${peopleText(people)} How fast their files are read is not measured on this machine yet: the time is told once the first people are scored.` } // biome-ignore format: one line
      }),
    async open(fileId) {
      const { path, sheet } = await sheetOf(fileId)
      const covariates = Object.keys(sheet.rows[0]?.covariates ?? {})
      const from = (await stat(path)).isDirectory() ? ('folder' as const) : ('sheet' as const)
      return { fileId, from, sheet, covariates, truth: await truthBeside(path) }
    },
    get,
    async start(subject, again, context) {
      const { path, sheet } = await sheetOf(subject.fileId)
      if (sheet.rows.length === 0) throw new WorkbenchError('bad-input', `no row of '${basename(path)}' can be scored; the first: ${sheet.problems[0] ? `${lineText(sheet.problems[0])}${sheet.problems[0].message}` : 'none'}`, 'mend the rows that are named') // biome-ignore format: one line
      const key = await open.with(subject.modelFileId, context, async kept => keyOf(path, kept))
      const already = activeJob(key)
      if (already) return jobs.get(already)
      await makeFolders(folder, 0o700)
      const run = again ? undefined : await get(subject, context)
      const settled = run?.state === 'done' && run.changed.length === 0 && run.cohort?.failures.length === sheet.problems.length // biome-ignore format: one line
      if (settled) throw new WorkbenchError('bad-input', `the ${sheet.rows.length} samples of '${basename(path)}' are scored already`, "choose 'Score again' to begin anew") // biome-ignore format: one line
      const { kind, json } = await open.with(subject.modelFileId, context, async kept => ({ kind: kindOf(kept), json: kept.model.json })) // biome-ignore format: one line
      const planned = await parts.plan({ json, work: 'inference' })
      const people = left(sheet.rows.length, run)
      // Another window may have started it while this call waited for disk and model; from here on nothing waits.
      const late = activeJob(key)
      if (late) return jobs.get(late)
      // Waited for only where a time is known, so that a planner that fails must find a handler here.
      const network = planned.cost(people).catch(() => undefined)
      const paced = pacedJob({ rates: parts.rates, kind, units: people, peakBytes: network.then(c => c?.peakBytes ?? null), now }) // biome-ignore format: one line
      const job = jobs.start({
        kind: 'risk-cohort',
        title: `Scores of ${basename(path)}`,
        resumable: true,
        estimate: paced.estimate,
        peakBytes: planned.peakBytes,
        async run(outer) {
          const job = paced.watch(outer)
          let complete = false
          let toldAt = Number.NEGATIVE_INFINITY
          let done = 0
          const told = (state: CohortRun['state']) => tell({ ...subject, state, done })
          try {
            if (again) await Promise.all([rm(resultAt(key), { force: true }), rm(journalAt(key), { force: true })])
            const referencePath = await parts.referencePath()
            const cohort = await open.with(subject.modelFileId, job, kept =>
              scoreCohort(
                {
                  sheet,
                  referencePath,
                  journal: journalAt(key),
                  read: readForModelInThread,
                  figures: figuresInThread,
                },
                kept.model,
                {
                  signal: job.signal,
                  report(progress) {
                    done = progress.done
                    job.report(progress)
                    if (now() - toldAt < TELL_EVERY_MS) return
                    toldAt = now()
                    told('running')
                  },
                },
              ),
            )
            await writeFileAtomic(
              resultAt(key),
              JSON.stringify({ resumed: cohort.resumed, finishedAt: now() } satisfies Finished),
            )
            await tidy(folder, key => activeJob(key) !== null)
            complete = true
            return subject.fileId
          } finally {
            await paced.end(complete)
            running.delete(key)
            told(done >= sheet.rows.length ? 'done' : 'partial')
          }
        },
      })
      running.set(key, job.id)
      return job
    },
    async compare(subject, otherModelFileId, context) {
      if (otherModelFileId === subject.modelFileId) throw new WorkbenchError('bad-input', 'a model and itself are to be compared', 'choose another risk model') // biome-ignore format: one line
      const { path, sheet } = await sheetOf(subject.fileId)
      const scored = async (modelFileId: string): Promise<ScoredCohort> => {
        const run = await get({ ...subject, modelFileId }, context)
        return open.with(modelFileId, context, async kept => {
          const { model } = kept
          const { name } = model.json
          if (!run.cohort) throw new WorkbenchError('not-found', `'${name}' has scored nobody of this sheet yet`, 'score the cohort with it first') // biome-ignore format: one line
          const label = model.facts.trainedOnSimulated ? SIMULATED_LABEL : null
          // While it runs nobody else asks for changes: its scores that are not made anew yet may be of older files.
          const changed = run.jobId === null ? run.changed : await changedSince(await readJournal(journalAt(keyOf(path, kept))), sheet.rows) // biome-ignore format: one line
          return { name, label, threshold: run.threshold, trainedKnown: model.trainedPeople?.unknown.length === 0, rows: run.cohort.rows, changed } // biome-ignore format: one line
        })
      }
      return compareRisks(await scored(subject.modelFileId), await scored(otherModelFileId))
    },
    async export(subject, format, context) {
      const { path } = await sheetOf(subject.fileId)
      const run = await get(subject, context)
      if (!run.cohort) throw new WorkbenchError('not-found', `nothing of '${basename(path)}' is scored with this model yet`, 'score the cohort first') // biome-ignore format: one line
      const { cohort, state, total, threshold } = run
      const unfinished =
        state === 'done' ? [] : [`unfinished: ${cohort.rows.length + cohort.failures.length} of ${total} samples`]
      const changed = run.changed.length === 0 ? [] : [`changed since scored: ${run.changed.join(', ')}`]
      const made = new Date(now()).toISOString()
      const truth = await truthBeside(path)
      const text =
        format === 'json'
          ? `${JSON.stringify({ program: `diploscope ${parts.version}`, made, sheet: basename(path), unfinished: state !== 'done', changed: run.changed, threshold, simulatedTruth: truth, ...cohort }, null, 2)}\n`
          : `${[`diploscope ${parts.version}, made ${made}, from ${basename(path)}`, ...unfinished, ...changed].map(l => `## ${l}\n`).join('')}${cohortTsv(cohort)}`
      const stem = basename(path).replace(/\.(tsv|txt|csv)$/i, '')
      return downloads.add({
        name: `${stem}.risk.${format}`,
        contentType: format === 'json' ? 'application/json' : 'text/tab-separated-values',
        bytes: new TextEncoder().encode(text),
      })
    },
    async sheetToFillIn(fileId) {
      const { path, sheet } = await sheetOf(fileId)
      const bytes = new TextEncoder().encode(sheetToFillIn(sheet, basename(path)))
      const name = `${basename(path).replace(/\.(tsv|txt|csv)$/i, '')}.samples.tsv`
      return downloads.add({ name, contentType: 'text/tab-separated-values', bytes })
    },
    async samplePath(fileId, sample) {
      const { path, sheet } = await sheetOf(fileId)
      const row = sheet.rows.find(r => r.sample === sample)
      if (!row) throw new WorkbenchError('not-found', `'${basename(path)}' has no usable row of sample '${sample.slice(0, 60)}'`, 'look at the rows that are named') // biome-ignore format: one line
      return row.path
    },
  }
}

const peopleText = (n: number) => `${n.toLocaleString('en-US')} ${n === 1 ? 'person' : 'people'} to score.`

/** Curves of the same people as the figures: those with a label, a score and a called genotype. */
function rocsOf(cohort: RiskCohort): CohortRocs {
  if (!cohort.metrics) return {}
  const judged = cohort.rows.filter(isJudged)
  const labels = judged.map(r => r.label)
  const curve = (of: (r: JudgedRow) => number) => rocCurve(judged.map(of), labels)
  const rocs: Partial<Record<RiskModelName, ReturnType<typeof curve>>> = {
    'two-snp': curve(r => r.twoSnp),
    'odds-ratio': curve(r => sigmoid(r.logOddsRatio)),
  }
  return cohort.roc ? { model: cohort.roc, ...rocs } : rocs
}

const MAX_TRUTH_BYTES = 1024 * 1024

/** The truth that `simulate cohort` writes beside its sheet; null for any other cohort. */
async function truthBeside(sheetPath: string): Promise<SimulatedTruth | null> {
  const path = join(dirname(sheetPath), 'cohort.json')
  const size = (await stat(path).catch(() => undefined))?.size ?? 0
  if (size === 0 || size > MAX_TRUTH_BYTES) return null
  try {
    const t = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    const { optimalAuc, twoSnpOptimalAuc, simulated, depth } = t
    if (typeof optimalAuc !== 'number' || typeof twoSnpOptimalAuc !== 'number' || typeof simulated !== 'string') return null // biome-ignore format: one line
    const effects = Array.isArray(t['effects']) ? (t['effects'] as { id?: unknown }[]).map(e => String(e.id)) : []
    return { optimalAuc, twoSnpOptimalAuc, note: simulated, depth: typeof depth === 'number' ? depth : null, effects }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw asWorkbenchError(error)
  }
}

/** The sample sheet that is meant by a folder that `simulate cohort` wrote, or that is kept like one. Any other path is itself. */
export async function meantSheet(path: string): Promise<string> {
  const sheet = join(path, 'samples.tsv')
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory()
  return isFolder && (await stat(sheet).catch(() => undefined))?.isFile() ? sheet : path
}

/** The oldest results go first, each with its journal; not what is being scored, nor a journal without a result: that run may still go on. */
export async function tidy(folder: string, busy: (key: string) => boolean): Promise<void> {
  const names = (await readdir(folder)).filter(n => n.endsWith('.json') && !busy(n.replace(/\.json$/, '')))
  const aged = await Promise.all(names.map(async n => ({ n, at: (await stat(join(folder, n)).catch(() => undefined))?.mtimeMs ?? 0 }))) // biome-ignore format: one line
  for (const { n } of aged.sort((a, b) => b.at - a.at).slice(KEPT_RESULTS))
    for (const name of [n, n.replace(/json$/, 'journal')]) await rm(join(folder, name), { force: true })
}
