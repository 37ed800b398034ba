import { useQuery } from '@tanstack/react-query'
import { create } from 'zustand'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import { type TuneCost, type TuneDetail, type TuneLine, type TuneOptions, type TuneSettings, tuneDefaults } from '../../src-shared/genome/tune.ts' // biome-ignore format: one line
import type { Args } from '../../src-shared/ipc/contract.ts'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import { startCohort } from './cohorts.ts'
import { chooseRiskModel } from './risk.ts'
import { attempt, call, onEvent, queries, saveDownload, version } from './services.ts'
import { useWorkbench } from './workbench.ts'

/** Fine-tuning on the people of a sheet: what is set, and which training is looked at. What they say is kept by TanStack Query. */

export type TuneView = 'curves' | 'figures' | 'card'

interface Tunes {
  /** The sheet whose form is open. */
  readonly asking: string | null
  /** What was set, by sheet. */
  readonly forms: Readonly<Record<string, TuneSettings>>
  /** The training in the plots, by sheet. */
  readonly shown: Readonly<Record<string, string>>
  readonly view: TuneView
  /** The split whose curves are drawn; null: all. */
  readonly split: number | null
}

export const useTunes = create<Tunes>()(() => ({ asking: null, forms: {}, shown: {}, view: 'curves', split: null }))

export const askTune = (fileId: string | null): void => useTunes.setState({ asking: fileId })

export function showTune(fileId: string, tuneId: string, view?: TuneView): void {
  useTunes.setState(s => ({
    shown: { ...s.shown, [fileId]: tuneId },
    view: view ?? s.view,
    split: s.shown[fileId] === tuneId ? s.split : null,
  }))
  useWorkbench.getState().showPlots('training')
}

/** What is set for a sheet: what was changed, else what suits it. */
export function formOf(file: OpenedFile, options: TuneOptions, forms: Tunes['forms']): TuneSettings {
  const kept = forms[file.id]
  const referenceFileId = options.references.find(r => r.fileId === kept?.referenceFileId)?.fileId ?? options.references[0]?.fileId ?? '' // biome-ignore format: one line
  const stem = file.name.replace(/\.(tsv|txt|csv)$/i, '')
  const settings: TuneSettings = kept ?? { ...tuneDefaults(options), name: `Risk of ${stem}`.slice(0, 80), start: { kind: 'fresh' }, referenceFileId } // biome-ignore format: one line
  const { start } = settings
  // A model that was closed meanwhile cannot be begun with.
  const there = start.kind === 'fresh' || options.starts.some(s => JSON.stringify(s.start) === JSON.stringify(start))
  return { ...settings, referenceFileId, ...(there ? {} : { start: { kind: 'fresh' } }) }
}

export const setForm = (fileId: string, settings: TuneSettings): void =>
  useTunes.setState(s => ({ forms: { ...s.forms, [fileId]: settings } }))

export function useTuneOptions(file: OpenedFile, enabled: boolean) {
  const files = useWorkbench(s => s.files)
  const others = files.filter(f => (f.role === 'model' || f.role === 'reference') && !f.problem)
  return useQuery<TuneOptions, WireError>({
    queryKey: ['tune-options', ...version(file), ...others.flatMap(version)],
    enabled,
    queryFn: ({ signal }) => call('risk.tuneOptions', { fileId: file.id }, signal),
  })
}

export const useTuneCost = (file: OpenedFile, settings: TuneSettings, enabled: boolean) =>
  useQuery<TuneCost, WireError>({
    queryKey: ['tune-cost', ...version(file), JSON.stringify({ ...settings, name: '' })],
    enabled,
    queryFn: ({ signal }) => call('risk.tuneCost', { fileId: file.id, settings }, signal),
  })

export function useTuneList(file: OpenedFile | undefined) {
  const files = useWorkbench(s => s.files)
  return useQuery<readonly TuneLine[], WireError>({
    // Which of their models are open is part of the answer.
    queryKey: ['tunes', file?.id, files.map(f => f.id).join()],
    enabled: file !== undefined,
    queryFn: ({ signal }) => call('risk.tunes', { fileId: file?.id ?? '' }, signal),
    placeholderData: before => before,
  })
}

export const useTune = (tuneId: string | null) =>
  useQuery<TuneDetail, WireError>({
    queryKey: ['tune', tuneId],
    enabled: tuneId !== null,
    queryFn: ({ signal }) => call('risk.tune', { tuneId: tuneId ?? '' }, signal),
    placeholderData: before => (before?.tuneId === tuneId ? before : undefined),
  })

const refresh = (tuneId: string) => {
  void queries.invalidateQueries({ queryKey: ['tune', tuneId] })
  void queries.invalidateQueries({ queryKey: ['tunes'] })
}
/** Trainings that say they run: each tells so about once a second, and that it ended after its model was opened. */
const underWay = new Set<string>()
onEvent('risk.tuneChanged', ({ tuneId, state, split }) => {
  if (state === 'running') underWay.add(tuneId)
  else underWay.delete(tuneId)
  const known = queries.getQueryData<TuneDetail>(['tune', tuneId])
  if (state === 'running' && known?.state === 'running' && known.curves.length === split)
    void queries.invalidateQueries({ queryKey: ['tune', tuneId] })
  // The job's own end is told after the training's.
  else setTimeout(() => refresh(tuneId), state === 'running' ? 0 : 150)
})

/** @throws WorkbenchError as the services refuse it */
export async function startTune(fileId: string, settings: TuneSettings): Promise<void> {
  const { job, tuneId } = await call('risk.tuneStart', { fileId, settings })
  useWorkbench.getState().jobStarted(job)
  askTune(null)
  showTune(fileId, tuneId, 'curves')
  refresh(tuneId)
}

export function resumeTune(fileId: string | undefined, tuneId: string): void {
  attempt(async () => {
    const { job } = await call('risk.tuneResume', { tuneId })
    useWorkbench.getState().jobStarted(job)
    if (fileId !== undefined) showTune(fileId, tuneId, 'curves')
    refresh(tuneId)
  })
}

export function removeTune(tuneId: string): void {
  attempt(async () => {
    await call('risk.tuneRemove', { tuneId })
    useTunes.setState(s => ({ shown: Object.fromEntries(Object.entries(s.shown).filter(([, id]) => id !== tuneId)) }))
    queries.removeQueries({ queryKey: ['tune', tuneId] })
    refresh(tuneId)
  })
}

/** The trained model in the inspector, opened when it is not. */
export function openTuned(tuneId: string): void {
  attempt(async () => {
    const file = await call('risk.tuneOpen', { tuneId })
    useWorkbench.getState().opened([file])
    useWorkbench.getState().select({ kind: 'file', fileId: file.id })
  })
}

/** Scores the sheet with what was trained on it. */
export function scoreWithTuned(fileId: string, tuneId: string): void {
  attempt(async () => {
    const model = await call('risk.tuneOpen', { tuneId })
    useWorkbench.getState().opened([model])
    useWorkbench.getState().select({ kind: 'file', fileId })
    chooseRiskModel(model.id)
    startCohort({ fileId, modelFileId: model.id })
  })
}

export function exportTune(tuneId: string, what: Args<'risk.tuneExport'>['what']): void {
  attempt(async () => saveDownload(await call('risk.tuneExport', { tuneId, what })))
}

// One that was cancelled while it waited has no other word.
onEvent('job.changed', job => {
  if (job.kind !== 'risk-tune' || job.endedAt === undefined) return
  setTimeout(() => {
    void queries.invalidateQueries({ queryKey: ['tune'] })
    void queries.invalidateQueries({ queryKey: ['tunes'] })
  }, 150)
})

// A model that a training opens at its end takes nobody away from what is looked at.
onEvent('files.opened', ({ files }) => {
  const { history, adjust, notify } = useWorkbench.getState()
  const [model] = files
  // Its folder has the training's name; the model of another one is opened by somebody who wants to see it.
  if (files.length !== 1 || model?.role !== 'model' || !/[\\/]trained$/.test(model.folder) || !underWay.has(model.name)) return // biome-ignore format: one line
  const { selection } = history.present.view
  queueMicrotask(() => {
    adjust(d => ({ ...d, view: { ...d.view, selection } }))
    notify('success', 'The trained model is open')
  })
})
