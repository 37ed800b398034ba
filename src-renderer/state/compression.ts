import { useQuery } from '@tanstack/react-query'
import { create } from 'zustand'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { Progress } from '../../src-shared/job.ts'
import type {
  CompressionChoice,
  CompressionMethod,
  CompressionReport,
  LayerChoice,
  LayerPart,
  ModelSpectra,
} from '../../src-shared/lab/compression.ts'
import { labShown, leaveLab, useLab } from './lab.ts'
import { attempt, call, onEvent, queries, saveDownload, takeOut } from './services.ts'
import { useWorkbench } from './workbench.ts'

/** What is chosen to make a model smaller; it outlives the panel. */
interface Compression {
  readonly modelFileId: string | undefined
  readonly method: CompressionMethod
  /** Of every layer without a choice of its own. */
  readonly keptEnergy: number
  /** Layers outside of it stay as they are. */
  readonly part: LayerPart
  /** By the layer's name. */
  readonly layers: Readonly<Record<string, LayerChoice>>
  /** The job that makes one now, or did last. */
  readonly jobId: string | null
  /** The compression whose report is shown. */
  readonly shown: string | null
  /** How far the singular values of the chosen model are. */
  readonly progress: Progress | null
}

export const useCompression = create<Compression>()(() => ({
  modelFileId: undefined,
  method: 'svd',
  keptEnergy: 0.95,
  part: 'all',
  layers: {},
  jobId: null,
  shown: null,
  progress: null,
}))

const set = useCompression.setState

export const chooseModel = (modelFileId: string): void => set({ modelFileId, layers: {} })
export const chooseMethod = (method: CompressionMethod): void => set({ method })
export const choosePart = (part: LayerPart): void => set({ part })
export const chooseEnergy = (keptEnergy: number): void => set({ keptEnergy })
export const showCompression = (shown: string): void => set({ shown })

/** A layer's own choice; undefined: as all others. */
export const chooseLayer = (name: string, choice: LayerChoice | undefined): void =>
  set(({ layers }) => {
    const { [name]: _, ...others } = layers
    return { layers: choice ? { ...others, [name]: choice } : others }
  })

const LIST = ['compressions']

export const useSpectra = (file: OpenedFile | undefined) =>
  useQuery<ModelSpectra, WireError>({
    queryKey: ['compression-spectra', file?.id, file?.facts],
    enabled: file !== undefined,
    queryFn: async ({ signal }) => {
      try {
        return await call('compression.spectra', { modelFileId: file!.id }, signal, progress => set({ progress }))
      } finally {
        set({ progress: null })
      }
    },
  })

export const useCompressions = () =>
  useQuery<readonly CompressionReport[], WireError>({
    queryKey: LIST,
    queryFn: ({ signal }) => call('compression.list', {}, signal),
  })

/** Makes and measures the smaller model; when it is there it is opened beside the others. */
export function startCompression(modelFileId: string, choice: CompressionChoice): void {
  attempt(async () => {
    const job = await call('compression.start', { modelFileId, choice })
    useWorkbench.getState().jobStarted(job)
    set({ jobId: job.id })
  })
}

onEvent('job.changed', job => {
  if (job.id !== useCompression.getState().jobId || job.state !== 'done' || job.resultId === undefined) return
  const compressionId = job.resultId
  set({ shown: compressionId })
  void queries.invalidateQueries({ queryKey: LIST })
  attempt(async () => {
    const stay = labShown()
    await bring(compressionId)
    // A file that is opened comes to the front; who waits here for the figures goes on reading them.
    if (stay) useLab.setState({ open: true })
  })
})

async function bring(compressionId: string): Promise<OpenedFile> {
  const file = await call('compression.open', { compressionId })
  useWorkbench.getState().opened([file])
  return file
}

/** Opens the smaller model in the project and turns to it. */
export function openCompression(compressionId: string): void {
  attempt(async () => {
    const file = await bring(compressionId)
    useWorkbench.getState().select({ kind: 'file', fileId: file.id })
    leaveLab()
  })
}

/** Deletes a smaller model; where the project has it open it is taken out of it. */
export function removeCompression(compressionId: string): void {
  attempt(async () => {
    const open = useWorkbench.getState().files.find(f => f.folder.includes(compressionId))
    // First what may be refused: a model that stays keeps its place in the project.
    await call('compression.remove', { compressionId })
    set(s => ({ shown: s.shown === compressionId ? null : s.shown }))
    const listed = queries.invalidateQueries({ queryKey: LIST })
    const stay = labShown()
    if (open) await takeOut(open)
    // What is selected then comes to the front; who is in the lab stays there.
    if (stay) useLab.setState({ open: true })
    await listed
  })
}

export function exportCompression(compressionId: string, format: 'json' | 'tsv'): void {
  attempt(async () => saveDownload(await call('compression.export', { compressionId, format })))
}

/** The smaller model as an ONNX file, for other programs. */
export function downloadCompressed(compressionId: string): void {
  attempt(async () => {
    const stay = labShown()
    const { id } = await bring(compressionId)
    if (stay) useLab.setState({ open: true })
    saveDownload(await call('models.export', { fileId: id, format: 'onnx' }))
  })
}
