import type { OpenedFile } from '../../src-shared/genome/files.ts'
import { useOverlays } from '../state/overlays.ts'
import { isSynthetic } from '../state/tracks.ts'
import { BASE_SCORE_TYPE } from './attributionTrack.ts'
import { EFFECT_TYPE, type Held } from './effectTrack.ts'
import { escapeHtml, type TrackSpec } from './trackConfigs.ts'

type Overlays = ReturnType<typeof useOverlays.getState>

/** A part of the store as a track reads it: the track stays while what it shows changes. */
const held = <T>(pick: (s: Overlays) => T | null): Held<T> => ({
  now: () => pick(useOverlays.getState()),
  onChange: told =>
    useOverlays.subscribe((state, before) => {
      if (pick(state) !== pick(before)) told()
    }),
})

const effect = held(s => s.effect?.profile ?? null)
const summary = held(s => s.summary?.scores ?? null)
const attribution = held(s => s.attribution?.scores ?? null)

const HEIGHT_PX = 84

/** Tracks of the scan on the screen and of an attribution; see `withOverlays` for their place. */
export function overlaySpecs(
  state: Pick<Overlays, 'effect' | 'summary' | 'attribution'>,
  files: readonly OpenedFile[],
): readonly TrackSpec[] {
  const spec = (key: string, modelFileId: string, name: string, type: string, source: unknown): TrackSpec => {
    const model = files.find(f => f.id === modelFileId)
    const label = `${name}${model && isSynthetic(model) ? ' · synthetic' : ''}`
    return {
      key: `${key}:${modelFileId}`,
      stamp: label,
      fileId: modelFileId,
      part: 'predicted',
      config: {
        id: `${key}:${modelFileId}`,
        type,
        name: escapeHtml(label),
        height: HEIGHT_PX,
        removable: false,
        _source: source,
      },
    }
  }
  return [
    ...(state.effect ? [spec('effect', state.effect.modelFileId, `Mutation effect: ${state.effect.track}`, EFFECT_TYPE, effect)] : []), // biome-ignore format: one track
    ...(state.summary ? [spec('summary', state.summary.modelFileId, `Scan, what each base adds: ${state.summary.track}`, BASE_SCORE_TYPE, summary)] : []), // biome-ignore format: one track
    ...(state.attribution ? [spec('attribution', state.attribution.modelFileId, 'Gradient × input (first order)', BASE_SCORE_TYPE, attribution)] : []), // biome-ignore format: one track
  ]
}

/** Above the samples, whose reads would push them off the screen; below genes, variants, signal and predictions. */
export function withOverlays(specs: readonly TrackSpec[], overlays: readonly TrackSpec[]): readonly TrackSpec[] {
  const first = specs.findIndex(s => s.part === 'coverage' || s.part === 'diplotype' || s.part === 'reads')
  const at = first < 0 ? specs.length : first
  return [...specs.slice(0, at), ...overlays, ...specs.slice(at)]
}
