import { useQueries, useQuery } from '@tanstack/react-query'
import { create } from 'zustand'
import type { Args, Result } from '../../src-shared/ipc/contract.ts'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { LabRecipe, LabResultLine } from '../../src-shared/ipc/labMethods.ts'
import type { CalibrationFacts, JobEstimate } from '../../src-shared/lab/plan.ts'
import type { ExperimentName, LabResult } from '../../src-shared/lab/result.ts'
import { attempt, call, onEvent, queries, saveDownload } from './services.ts'
import { useWorkbench } from './workbench.ts'

/** The lab: whether it is on the screen, and which results. Lists and results are kept by TanStack Query and asked for again as they fill. */
interface Lab {
  readonly open: boolean
  /** The result whose page is shown; null: the overview. */
  readonly resultId: string | null
  /** Instead of either: how near the planner was. */
  readonly accuracy: boolean
  /** Results beside it on the same page. */
  readonly compared: readonly string[]
  /** Ticked in the list of results. */
  readonly checked: ReadonlySet<string>
  /** The panel that makes a model smaller is open. */
  readonly compressing: boolean
  /** The job that calibrates. */
  readonly calibrationJob: string | null
}

export const useLab = create<Lab>()(() => ({
  open: false,
  resultId: null,
  accuracy: false,
  compared: [],
  checked: new Set(),
  compressing: false,
  calibrationJob: null,
}))

export const showLab = (): void => {
  useLab.setState({ open: true })
  // Another window or the command line may have added to it.
  refreshLists()
}
export const leaveLab = (): void => useLab.setState({ open: false })
export const labShown = (): boolean => useLab.getState().open
export const showOverview = (): void => useLab.setState({ resultId: null, accuracy: false, compared: [] })
export const showAccuracy = (): void => useLab.setState({ open: true, resultId: null, accuracy: true, compared: [] })
/** Whether a page is on the screen instead of the overview. */
export const onPage = (s: Pick<Lab, 'resultId' | 'accuracy'>): boolean => s.resultId !== null || s.accuracy
export const showResult = (resultId: string, compared: readonly string[] = []): void =>
  useLab.setState({ open: true, resultId, accuracy: false, compared })

// What the user turns to in the project comes to the front; what the program adjusts by itself does not.
useWorkbench.subscribe((state, before) => {
  if (!labShown()) return
  const [view, old] = [state.history.present.view, before.history.present.view]
  const stepped = state.history.future !== before.history.future
  const turned = view.selection !== old.selection || view.locus !== old.locus
  if ((stepped && turned) || (state.plotsOpen && (!before.plotsOpen || state.plotsTab !== before.plotsTab))) leaveLab()
})

const RESULTS = ['lab-results']
const RECIPES = ['lab-recipes']
const PLANNER = ['planner']
const resultKey = (resultId: string) => ['lab-result', resultId]
const again = (queryKey: readonly string[]) => void queries.invalidateQueries({ queryKey })
const refreshLists = () => {
  again(RESULTS)
  again(RECIPES)
  again(PLANNER)
}

/** Durations that took too long to plan for one answer come with one of the next. */
const ASK_AGAIN_MS = 3000
const jobRuns = () => useWorkbench.getState().jobs.some(j => j.state === 'running')

export const useLabRecipes = (enabled = true) =>
  useQuery<readonly LabRecipe[], WireError>({
    queryKey: RECIPES,
    enabled,
    refetchInterval: ({ state }) =>
      // Planning takes processor time that a measurement wants.
      !jobRuns() && state.data?.some(r => r.plannedPoints !== null) ? ASK_AGAIN_MS : false,
    queryFn: ({ signal }) => call('lab.recipes', {}, signal),
  })

export const useLabResults = () =>
  useQuery<readonly LabResultLine[], WireError>({
    queryKey: RESULTS,
    queryFn: ({ signal }) => call('lab.results', {}, signal),
  })

/** Whole results, in the order of their ids. */
export function useLabResultsOf(ids: readonly string[]) {
  return useQueries({
    queries: ids.map(resultId => ({
      queryKey: resultKey(resultId),
      queryFn: ({ signal }: { readonly signal: AbortSignal }): Promise<LabResult> =>
        call('lab.result', { resultId }, signal),
    })),
  })
}

/** At most so often while points arrive. */
const REFRESH_MS = 700
const timers = new Map<string, ReturnType<typeof setTimeout>>()

onEvent('lab.changed', ({ resultId, state }) => {
  const refresh = () => {
    timers.delete(resultId)
    again(resultKey(resultId))
    again(RESULTS)
  }
  if (state !== 'running') {
    clearTimeout(timers.get(resultId))
    timers.set(resultId, setTimeout(refresh, 60))
  } else if (!timers.has(resultId)) timers.set(resultId, setTimeout(refresh, REFRESH_MS))
})

onEvent('job.changed', job => {
  if (job.id !== useLab.getState().calibrationJob || job.state === 'running' || job.state === 'queued') return
  again(PLANNER)
  // Durations of recipes rest on the rates.
  again(RECIPES)
})

/** Runs a recipe and shows its page, which fills; one that runs already is shown. */
export function runRecipe(recipeId: string): void {
  attempt(async () => follow(await call('lab.run', { recipeId })))
}

export function resumeResult(resultId: string): void {
  attempt(async () => follow(await call('lab.resume', { resultId })))
}

async function follow({ job, resultId }: Result<'lab.run'>) {
  useWorkbench.getState().jobStarted(job)
  await queries.invalidateQueries({ queryKey: RESULTS })
  again(resultKey(resultId))
  const { resultId: shown, compared } = useLab.getState()
  showResult(resultId, shown === resultId ? compared : [])
}

export const cancelJob = (jobId: string): void => attempt(() => call('jobs.cancel', { jobId }))

export function exportResult(resultId: string, format: 'json' | 'tsv'): void {
  attempt(async () => saveDownload(await call('lab.export', { resultId, format })))
}

export function removeResult(resultId: string): void {
  attempt(async () => {
    await call('lab.remove', { resultId })
    useLab.setState(s => ({
      resultId: s.resultId === resultId ? null : s.resultId,
      compared: s.compared.filter(id => id !== resultId),
      checked: new Set([...s.checked].filter(id => id !== resultId)),
    }))
    queries.removeQueries({ queryKey: resultKey(resultId) })
    await queries.invalidateQueries({ queryKey: RESULTS })
  })
}

/** Adds result files; on the page of the same experiment they stand beside it at once. */
export function importResults(files: readonly File[]): void {
  for (const file of files)
    attempt(async () => {
      const line = await call('lab.import', { name: file.name, text: await file.text() })
      await queries.invalidateQueries({ queryKey: RESULTS })
      const { resultId, compared, checked } = useLab.getState()
      const lines = queries.getQueryData<readonly LabResultLine[]>(RESULTS) ?? []
      const beside = lines.find(l => l.id === resultId)?.experiment === line.experiment && line.id !== resultId
      useLab.setState({
        open: true,
        ...(beside ? { compared: [...new Set([...compared, line.id])] } : { checked: new Set([...checked, line.id]) }),
      })
      useWorkbench.getState().notify('success', `${file.name} was added to the results`)
    })
}

const SIGN = /"format"\s*:\s*"diploscope-lab"/
/** How much of a file is looked at to know it. */
const HEAD = 4096

/** Takes results of the lab out of dropped files; gives the others back. */
export async function takeResults(files: readonly File[]): Promise<readonly File[]> {
  const known = await Promise.all(
    files.map(async f => /\.json$/i.test(f.name) && SIGN.test(await f.slice(0, HEAD).text())),
  )
  importResults(files.filter((_, i) => known[i]))
  return files.filter((_, i) => !known[i])
}

export const tick = (resultId: string, on: boolean): void =>
  useLab.setState(s => {
    const checked = new Set(s.checked)
    if (on) checked.add(resultId)
    else checked.delete(resultId)
    return { checked }
  })

export const compareWith = (compared: readonly string[]): void => useLab.setState({ compared })

/** Results of the same experiment as a line's, without itself. */
export const comparable = (lines: readonly LabResultLine[], experiment: ExperimentName, resultId: string) =>
  lines.filter(l => l.experiment === experiment && l.id !== resultId)

export const useCalibration = () =>
  useQuery<CalibrationFacts | null, WireError>({
    queryKey: PLANNER,
    queryFn: ({ signal }) => call('planner.state', {}, signal),
  })

export function calibrate(): void {
  attempt(async () => {
    const job = await call('planner.calibrate', {})
    useLab.setState({ calibrationJob: job.id })
    useWorkbench.getState().jobStarted(job)
  })
}

export type EstimateArgs = Args<'planner.estimate'>

/** What a run would cost; asked again when the machine's rates are others. */
export const useEstimate = (args: EstimateArgs | null, measuredAt: number | undefined) =>
  useQuery<JobEstimate, WireError>({
    queryKey: ['planner-estimate', measuredAt ?? 0, args],
    enabled: args !== null,
    // What is free changes by the minute.
    staleTime: 10_000,
    queryFn: ({ signal }) => call('planner.estimate', args ?? { modelFileId: '', work: 'inference' }, signal),
  })
