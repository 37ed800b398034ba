import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { BaseScores } from '../state/overlays.ts'
import { type ShownRisk, useRisk } from '../state/risk.ts'
import { BASE_SCORE_TYPE } from './attributionTrack.ts'
import type { Held } from './effectTrack.ts'
import { EVIDENCE_TYPE, TOKEN_TYPE } from './tokenTrack.ts'
import { escapeHtml, type TrackSpec } from './trackConfigs.ts'

const held = <T>(pick: (s: ShownRisk) => T | null): Held<T> => ({
  now() {
    const { shown } = useRisk.getState()
    return shown && pick(shown)
  },
  onChange: told =>
    useRisk.subscribe((state, before) => {
      if (state.shown !== before.shown) told()
    }),
})

const scores = new WeakMap<ShownRisk, BaseScores>()
function gradientOf(shown: ShownRisk): BaseScores | null {
  const { gradient, region, reference } = shown.tokens
  if (!gradient) return null
  const made = scores.get(shown) ?? { contig: region.contig, start: region.start, values: gradient, bases: reference, peaks: [] } // biome-ignore format: one line
  scores.set(shown, made)
  return made
}

const tokens = held(s => s.tokens)
const evidence = held(s => s.risk.score.evidence)
const gradient = held(gradientOf)

/** Tracks of the scored sample: tokens, what hiding each does, and the gradient of the score. */
export function riskSpecs(shown: ShownRisk | null, files: readonly OpenedFile[]): readonly TrackSpec[] {
  if (!shown) return []
  const { modelFileId } = shown.subject
  const file = files.find(f => f.id === modelFileId)
  if (!file) return []
  const label = shown.risk.score.model.trainedOnSimulated ? ' · trained on simulated people' : ''
  const spec = (key: string, name: string, type: string, height: number, source: unknown): TrackSpec => {
    const title = `${name}: ${shown.sample}${label}`
    return {
      key: `${key}:${modelFileId}`,
      stamp: title,
      fileId: modelFileId,
      part: 'predicted',
      config: { id: `${key}:${modelFileId}`, type, name: escapeHtml(title), height, removable: false, _source: source },
    }
  }
  return [
    spec('risk-tokens', 'Tokens', TOKEN_TYPE, 46, tokens),
    spec('risk-evidence', 'Risk logit, token against reference', EVIDENCE_TYPE, 72, evidence),
    ...(shown.tokens.gradient
      ? [spec('risk-gradient', 'Risk logit, gradient × embedding', BASE_SCORE_TYPE, 72, gradient)]
      : []),
  ]
}
