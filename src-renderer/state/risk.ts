import { useQuery } from '@tanstack/react-query'
import { create } from 'zustand'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { Result } from '../../src-shared/ipc/contract.ts'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { RiskSubject, RiskTokens, SampleRisk } from '../../src-shared/ipc/riskMethods.ts'
import { selectSample } from './selection.ts'
import { attempt, call, queries, version } from './services.ts'
import { useWorkbench } from './workbench.ts'

/** Risk scores of samples: which model, what was asked for, and what the browser shows of it. */

export const DEMO_RISK_MODEL = 'apoe-risk-demo'

/** What a scored sample puts into the browser. */
export interface ShownRisk {
  readonly sample: string
  readonly subject: RiskSubject
  readonly risk: SampleRisk
  readonly tokens: RiskTokens
}

interface Risk {
  /** Chosen by the user; null: the first that is open. */
  readonly modelFileId: string | null
  /** Pairs of sample and model that were asked for: nothing is scored unasked. */
  readonly asked: ReadonlySet<string>
  readonly shown: ShownRisk | null
}

export const useRisk = create<Risk>()(() => ({ modelFileId: null, asked: new Set(), shown: null }))

const pairOf = (s: RiskSubject) => `${s.fileId}:${s.modelFileId}`

export type RiskModelEntry = Result<'risk.models'>[number]

/** Risk models among the open files. */
export function useRiskModels() {
  const files = useWorkbench(s => s.files)
  const models = files.filter(f => f.role === 'model' && !f.problem)
  return useQuery<Result<'risk.models'>, WireError>({
    queryKey: ['risk-models', ...models.flatMap(version)],
    queryFn: ({ signal }) => call('risk.models', {}, signal),
  })
}

/** The model in use among those that are open. */
export const useRiskModel = (models: readonly RiskModelEntry[] | undefined): RiskModelEntry | undefined => {
  const chosen = useRisk(s => s.modelFileId)
  return models?.find(m => m.fileId === chosen) ?? models?.[0]
}

export const chooseRiskModel = (modelFileId: string): void => useRisk.setState({ modelFileId })

const riskQuery = (file: OpenedFile, model: OpenedFile | undefined) => {
  const subject = { fileId: file.id, modelFileId: model?.id ?? '' }
  return {
    queryKey: ['risk', ...version(file), ...version(model)],
    queryFn: ({ signal }: { readonly signal: AbortSignal }) => call('risk.score', subject, signal),
  }
}

/** The score of a sample once it was asked for. */
export function useSampleRisk(file: OpenedFile, modelFileId: string | undefined) {
  const model = useWorkbench(s => s.files.find(f => f.id === modelFileId))
  const asked = useRisk(s => modelFileId !== undefined && s.asked.has(pairOf({ fileId: file.id, modelFileId })))
  const query = useQuery<SampleRisk, WireError>({ ...riskQuery(file, model), enabled: asked && model !== undefined })
  return { asked, query, cancel: () => cancelScore(file, model) }
}

function cancelScore(file: OpenedFile, model: OpenedFile | undefined) {
  useRisk.setState(s => ({ asked: without(s.asked, pairOf({ fileId: file.id, modelFileId: model?.id ?? '' })) }))
  void queries.cancelQueries({ queryKey: riskQuery(file, model).queryKey })
}

const without = (set: ReadonlySet<string>, key: string) => new Set([...set].filter(k => k !== key))

export function askScore(subject: RiskSubject): void {
  useRisk.setState(s => ({ asked: new Set([...s.asked, pairOf(subject)]), modelFileId: subject.modelFileId }))
}

/** Tokens and attribution of a scored sample as tracks; once more takes them off. */
export function toggleTracks(subject: RiskSubject, sample: string, risk: SampleRisk): void {
  const { shown } = useRisk.getState()
  if (shown && pairOf(shown.subject) === pairOf(subject)) {
    useRisk.setState({ shown: null })
    return
  }
  attempt(async () => {
    const tokens = await call('risk.tokens', subject)
    useRisk.setState({ shown: { sample, subject, risk, tokens } })
    useWorkbench.getState().goTo(tokens.region)
  })
}

export const showsTracks = (shown: ShownRisk | null, subject: RiskSubject): boolean =>
  shown !== null && pairOf(shown.subject) === pairOf(subject)

/** Opens the model that comes with the program, and stays at what is looked at. */
export function openDemoRiskModel(): void {
  attempt(async () => {
    const { selection } = useWorkbench.getState().history.present.view
    const file = await call('models.openShipped', { id: DEMO_RISK_MODEL })
    useWorkbench.getState().opened([file])
    chooseRiskModel(file.id)
    useWorkbench.getState().select(selection)
  })
}

/** Scores the sample that is selected, or the first, with the model in use. */
export async function scoreSelected(): Promise<void> {
  const { files, history, select } = useWorkbench.getState()
  const { selection } = history.present.view
  const samples = files.filter(f => f.role === 'sample' && !f.problem)
  const own = selection.kind === 'sample' || selection.kind === 'position' ? selection.fileId : null
  const file = samples.find(f => f.id === own) ?? samples[0]
  if (!file) return
  select(selectSample(file.id))
  const models = await call('risk.models', {})
  const model = models.find(m => m.fileId === useRisk.getState().modelFileId) ?? models[0]
  if (model) askScore({ fileId: file.id, modelFileId: model.fileId })
  requestAnimationFrame(() => document.querySelector('[data-testid="risk"]')?.scrollIntoView({ block: 'start' }))
}

// What belongs to a file goes with it.
useWorkbench.subscribe((state, before) => {
  if (state.files === before.files) return
  const { shown } = useRisk.getState()
  const open = new Set(state.files.map(f => f.id))
  if (shown && !(open.has(shown.subject.fileId) && open.has(shown.subject.modelFileId))) useRisk.setState({ shown: null }) // biome-ignore format: one line
})
