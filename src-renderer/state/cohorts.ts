import { useQueries, useQuery } from '@tanstack/react-query'
import { create } from 'zustand'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { CohortComparison } from '../../src-shared/genome/riskComparison.ts'
import type { Result } from '../../src-shared/ipc/contract.ts'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { CohortRun, CohortSubject, OpenedCohort } from '../../src-shared/ipc/riskMethods.ts'
import { askScore, type RiskModelEntry } from './risk.ts'
import { selectSample } from './selection.ts'
import { attempt, call, onEvent, queries, saveDownload, version } from './services.ts'
import { useWorkbench } from './workbench.ts'

/** Cohorts: the sample sheet that is looked at, and how. Rows and figures are kept by TanStack Query and asked for again as they fill. */

export type CohortFigure = 'roc' | 'calibration' | 'scores' | 'confusion' | 'compare'
export type CompareView = 'curves' | 'scatter' | 'calls'

export interface CohortFilter {
  /** A part of the name or genotype. */
  readonly text: string
  readonly label: 'all' | 'cases' | 'controls' | 'unlabelled'
  readonly state: 'all' | 'scored' | 'no-call' | 'failed' | 'changed'
}

interface Cohorts {
  /** The sheet on the screen. */
  readonly fileId: string | null
  readonly figure: CohortFigure
  readonly filter: CohortFilter
  /** Samples that are ticked, by name. */
  readonly chosen: ReadonlySet<string>
  /** Probability from which a sample is called a case; null: the model's own. */
  readonly threshold: number | null
  /** The model that the one in use is compared with; null: the first other. */
  readonly compareWith: string | null
  readonly compareView: CompareView
  /** The last job of a sheet and a model that this window began, by `fileId:modelFileId`. */
  readonly jobs: Readonly<Record<string, string>>
}

export const ALL: CohortFilter = { text: '', label: 'all', state: 'all' }

export const useCohorts = create<Cohorts>()(() => ({
  fileId: null,
  figure: 'roc',
  filter: ALL,
  chosen: new Set(),
  threshold: null,
  compareWith: null,
  compareView: 'curves',
  jobs: {},
}))

/** Shows a sheet; another one begins without filter and choice. */
export function showCohort(fileId: string): void {
  if (useCohorts.getState().fileId !== fileId)
    useCohorts.setState({ fileId, filter: ALL, chosen: new Set(), threshold: null })
}

/** The sheet on the screen, else the first that is open. */
export function useShownCohort(): OpenedFile | undefined {
  const fileId = useCohorts(s => s.fileId)
  const sheets = useWorkbench(s => s.files).filter(f => f.role === 'cohort' && !f.problem)
  return sheets.find(f => f.id === fileId) ?? sheets[0]
}

export const useOpenedCohort = (file: OpenedFile | undefined) =>
  useQuery<OpenedCohort, WireError>({
    queryKey: ['cohort-sheet', ...version(file)],
    enabled: file !== undefined && !file.problem,
    queryFn: ({ signal }) => call('risk.cohortOpen', { fileId: file?.id ?? '' }, signal),
  })

const runKey = (subject: CohortSubject) => ['cohort-run', subject.fileId, subject.modelFileId]
const runQuery = (file: OpenedFile | undefined, modelFileId: string | undefined) => {
  const subject = { fileId: file?.id ?? '', modelFileId: modelFileId ?? '' }
  return {
    queryKey: [...runKey(subject), ...version(file)],
    enabled: file !== undefined && !file.problem && modelFileId !== undefined,
    queryFn: ({ signal }: { readonly signal: AbortSignal }) => call('risk.cohort', subject, signal),
    // Files change without a word: looked at again whenever the cohort, or the window, is looked at.
    staleTime: 0,
    refetchOnMount: 'always' as const,
    refetchOnWindowFocus: true,
  }
}

export const useCohortRun = (file: OpenedFile | undefined, modelFileId: string | undefined) =>
  useQuery<CohortRun, WireError>(runQuery(file, modelFileId))

/** What the other open risk models have said of the same sheet, where they were asked. */
export function useOtherRuns(file: OpenedFile | undefined, others: readonly RiskModelEntry[]) {
  const answers = useQueries({ queries: others.map(m => runQuery(file, m.fileId)) })
  return others.flatMap((model, i) => {
    const run = answers[i]?.data
    return run?.cohort ? [{ model, run }] : []
  })
}

/** Two models side by side; asked for again as either fills. */
export function useComparison(
  file: OpenedFile,
  a: CohortRun | undefined,
  subject: CohortSubject,
  b: CohortRun | undefined,
  otherModelFileId: string,
) {
  const filled = (run: CohortRun | undefined) => [
    run?.finishedAt ?? null,
    run?.cohort?.rows.length ?? 0,
    run?.changed.join(),
  ]
  return useQuery<CohortComparison, WireError>({
    queryKey: ['cohort-compare', ...version(file), subject.modelFileId, otherModelFileId, ...filled(a), ...filled(b)],
    enabled: Boolean(a?.cohort && b?.cohort),
    queryFn: ({ signal }) => call('risk.cohortCompare', { ...subject, otherModelFileId }, signal),
  })
}

/** At most so often while a cohort fills. */
const REFRESH_MS = 1000
const timers = new Map<string, ReturnType<typeof setTimeout>>()

onEvent('risk.changed', ({ fileId, modelFileId, state }) => {
  const key = `${fileId}:${modelFileId}`
  const again = () => {
    timers.delete(key)
    void queries.invalidateQueries({ queryKey: runKey({ fileId, modelFileId }) })
  }
  if (state !== 'running') {
    clearTimeout(timers.get(key))
    // The job's own end is told after its last row.
    timers.set(key, setTimeout(again, 150))
  } else if (!timers.has(key)) timers.set(key, setTimeout(again, REFRESH_MS))
})

/** Asks again for a run whose job has ended without a word: one that was cancelled while it waited. */
export const refreshRun = (subject: CohortSubject): void =>
  void queries.invalidateQueries({ queryKey: runKey(subject) })

export function startCohort(subject: CohortSubject, again = false): void {
  attempt(async () => {
    const job = await call('risk.cohortStart', { ...subject, again })
    useWorkbench.getState().jobStarted(job)
    useCohorts.setState(s => ({ jobs: { ...s.jobs, [`${subject.fileId}:${subject.modelFileId}`]: job.id } }))
    useWorkbench.getState().showPlots('cohort')
    await queries.invalidateQueries({ queryKey: runKey(subject) })
  })
}

export function exportCohort(subject: CohortSubject, format: 'tsv' | 'json'): void {
  attempt(async () => saveDownload(await call('risk.cohortExport', { ...subject, format })))
}

/** A sample sheet of the same people, for labels. */
export function saveSheetToFillIn(fileId: string): void {
  attempt(async () => saveDownload(await call('risk.cohortSheet', { fileId })))
}

/** Opens samples of the sheet beside what is open, and looks at the last with the same model. */
export function openSamples(fileId: string, samples: readonly string[], modelFileId: string | undefined): void {
  attempt(async () => {
    let last: Result<'risk.cohortSample'> | undefined
    for (const sample of samples) {
      last = await call('risk.cohortSample', { fileId, sample })
      useWorkbench.getState().opened([last])
    }
    if (!last) return
    if (modelFileId !== undefined && !last.problem) askScore({ fileId: last.id, modelFileId })
    useWorkbench.getState().select(last.problem ? { kind: 'file', fileId: last.id } : selectSample(last.id))
  })
}

// A sheet that is selected is the one in the plots.
useWorkbench.subscribe((state, before) => {
  const { selection } = state.history.present.view
  if (selection === before.history.present.view.selection || selection.kind !== 'file') return
  if (state.files.find(f => f.id === selection.fileId)?.role === 'cohort') showCohort(selection.fileId)
})
