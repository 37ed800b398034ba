import { LETTER_PATHS } from '../../src-shared/report/letterPaths.ts'
import { BASE_COLOUR as LETTER_COLOUR } from '../../src-shared/report/markup.ts'
import { roundUp } from '../charts/scales.ts'
import type { BaseScores } from '../state/overlays.ts'
import { AXIS } from './colours.ts'
import { type Held, paintSignedAxis, signedScale } from './effectTrack.ts'
import { type DrawContext, type IgvBrowser, igv, type TrackConfig } from './igvInternals.ts'
import { isOnContig } from './onContig.ts'

export const BASE_SCORE_TYPE = 'diploscope-base-scores'

/** Pixels a base needs before its letter can be read. */
const LETTERS_FROM_PX = 5

const outlines = new Map<string, Path2D>()
function outline(base: string): Path2D | undefined {
  const path = LETTER_PATHS[base as keyof typeof LETTER_PATHS]
  if (path === undefined) return undefined
  const made = outlines.get(base) ?? new Path2D(path)
  outlines.set(base, made)
  return made
}

/** A score of each base as letters, or as bars where letters do not fit; strong stretches are underlined. */
export function registerBaseScoreTrack(): void {
  class BaseScoreTrack extends igv.TrackBase {
    readonly source: Held<BaseScores>
    readonly stop: () => void

    constructor(config: TrackConfig, browser: IgvBrowser) {
      super(config, browser)
      this.source = config['_source'] as Held<BaseScores>
      this.stop = this.source.onChange(() => this.trackView?.repaintViews())
    }

    async getFeatures(contig: string) {
      return [contig]
    }

    top() {
      const scores = this.source.now()
      let top = 0
      if (scores) for (let i = 0; i < scores.values.length; i++) top = Math.max(top, Math.abs(scores.values[i]!) || 0)
      return roundUp(top)
    }

    draw({ context, pixelWidth, pixelHeight, bpStart, bpPerPixel, features }: DrawContext) {
      const scores = this.source.now()
      if (!scores || !isOnContig(features, scores.contig)) return
      const { zero, unit } = signedScale(pixelHeight, this.top())
      const wide = 1 / bpPerPixel
      for (let i = 0; i < scores.values.length; i++) {
        const x = (scores.start + i - bpStart) / bpPerPixel
        const value = scores.values[i]!
        if (x + wide < 0 || x > pixelWidth || !value) continue
        const base = scores.bases[i] ?? 'N'
        context.fillStyle = LETTER_COLOUR[base as keyof typeof LETTER_COLOUR] ?? LETTER_COLOUR.N
        const letter = wide >= LETTERS_FROM_PX ? outline(base) : undefined
        const high = value * unit
        if (letter) {
          // Below zero a letter stands on its head, as logos have it. igv.js's SVG recorder has no outlines: it gets bars.
          if (context instanceof CanvasRenderingContext2D) {
            context.save()
            context.translate(x + wide * 0.04, zero - high)
            context.scale(wide * 0.92, high)
            context.fill(letter, 'evenodd')
            context.restore()
            continue
          }
        }
        context.fillRect(x, high > 0 ? zero - high : zero, Math.max(wide, 0.8), Math.abs(high))
      }
      context.fillStyle = 'rgb(170,51,119)'
      for (const p of scores.peaks)
        context.fillRect((p.start - bpStart) / bpPerPixel, pixelHeight - 3, Math.max(2, (p.end - p.start) * wide), 3)
      context.fillStyle = AXIS
      context.fillRect(0, zero, pixelWidth, 0.5)
    }

    paintAxis(context: CanvasRenderingContext2D, width: number, height: number) {
      paintSignedAxis(context, width, height, this.top())
    }

    popupData() {
      return []
    }

    dispose() {
      this.stop()
    }
  }
  igv.registerTrackClass(BASE_SCORE_TYPE, BaseScoreTrack)
}
