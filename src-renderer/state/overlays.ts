import { create } from 'zustand'
import type { MutationProfile } from '../../src-shared/genome/scan.ts'
import { toWire, type WireError } from '../../src-shared/ipc/errors.ts'
import type { AttributionBins } from '../../src-shared/ipc/scanMethods.ts'
import { useScans } from './scans.ts'
import { call } from './services.ts'
import { useWorkbench } from './workbench.ts'

/** Tracks that belong to no file: what a mutation does along its window, and what each base contributes. They are not saved. */

/** A score of each base of a stretch, drawn as letters. */
export interface BaseScores {
  readonly contig: string
  /** 0-based, of the first value. */
  readonly start: number
  readonly values: ArrayLike<number>
  /** Upper case, as long as `values`. */
  readonly bases: string
  readonly peaks: readonly { readonly start: number; readonly end: number }[]
}

export interface ShownEffect {
  readonly modelFileId: string
  readonly track: string
  readonly profile: MutationProfile
}

export interface ShownAttribution {
  readonly modelFileId: string
  readonly channels: readonly number[]
  readonly found: AttributionBins
  readonly scores: BaseScores
  /** What it took, from the question to the answer. */
  readonly seconds: number
}

interface Overlays {
  /** Of the mutation pointed at. */
  readonly effect: ShownEffect | null
  /** Minus the mean effect of the replacements of each base of the scan on the screen. */
  readonly summary: { readonly modelFileId: string; readonly track: string; readonly scores: BaseScores } | null
  readonly attribution: ShownAttribution | null
  readonly attributing: boolean
  readonly error: WireError | null
}

export const useOverlays = create<Overlays>()(() => ({
  effect: null,
  summary: null,
  attribution: null,
  attributing: false,
  error: null,
}))

/** Gradient x input of the view for the tracks of the scan form, as a track of the browser. */
export async function attributeView(): Promise<void> {
  const { history, files } = useWorkbench.getState()
  const { locus, referenceFileId } = history.present.view
  const { form } = useScans.getState()
  const models = files.filter(f => f.role === 'model' && !f.problem)
  const model = models.find(m => m.id === form.modelFileId) ?? models[0]
  if (!locus || !model || !referenceFileId) return
  const channels = form.modelFileId === model.id && form.channels.length > 0 ? form.channels : [0]
  const startedAt = performance.now()
  useOverlays.setState({ attributing: true, error: null })
  useScans.setState({ inspecting: true })
  try {
    const [found, { sequence }] = await Promise.all([
      call('attribution.bins', {
        modelFileId: model.id,
        referenceFileId,
        interval: locus,
        channels,
        background: { kind: 'reference' },
      }),
      call('reference.sequence', { fileId: referenceFileId, interval: locus }),
    ])
    const scores = {
      contig: found.contig,
      start: found.start,
      values: found.values,
      bases: sequence.toUpperCase(),
      peaks: found.peaks,
    }
    const seconds = (performance.now() - startedAt) / 1000
    useOverlays.setState({ attribution: { modelFileId: model.id, channels, found, scores, seconds } })
  } catch (error) {
    useOverlays.setState({ error: toWire(error) })
  } finally {
    useOverlays.setState({ attributing: false })
  }
}

// What belongs to a scan or a file goes with it.
useScans.subscribe((state, before) => {
  if (state.shown === null && before.shown !== null) useOverlays.setState({ effect: null, summary: null })
})
useWorkbench.subscribe((state, before) => {
  if (state.files === before.files) return
  const open = new Set(state.files.map(f => f.id))
  const { effect, summary, attribution } = useOverlays.getState()
  const kept = <T extends { readonly modelFileId: string }>(o: T | null) => (o && open.has(o.modelFileId) ? o : null)
  useOverlays.setState({ effect: kept(effect), summary: kept(summary), attribution: kept(attribution) })
})
