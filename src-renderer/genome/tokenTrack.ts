import type { RiskEvidence } from '../../src-shared/genome/risk.ts'
import type { RiskTokens } from '../../src-shared/ipc/riskMethods.ts'
import { roundUp } from '../charts/scales.ts'
import { AXIS, BASE_COLOUR, HETEROZYGOUS } from './colours.ts'
import { type Held, LESS, MORE, paintSignedAxis, signedScale } from './effectTrack.ts'
import { type DrawContext, type IgvBrowser, igv, type TrackConfig } from './igvInternals.ts'
import { isOnContig } from './onContig.ts'

export const TOKEN_TYPE = 'diploscope-tokens'
export const EVIDENCE_TYPE = 'diploscope-evidence'

const ROW_PX = 18
/** igv.js's label lies over the top left of a track. */
const TOP_PX = 22
/** Pixels a base needs before its letter can be read. */
const LETTERS_FROM_PX = 7
const TOKEN_FILL = ['rgb(205,219,224)', 'rgb(226,233,236)'] as const
const DIFFERS_FILL = 'rgb(246,224,238)'

/** Below this width a stretch could not be seen in a wide view. */
const LEAST_PX = 2

/** A region as a network reads it: one box a token, those that hold a letter other than the reference's set apart by colour and a bar. */
export function registerTokenTracks(): void {
  class TokenTrack extends igv.TrackBase {
    readonly source: Held<RiskTokens>
    readonly stop: () => void

    constructor(config: TrackConfig, browser: IgvBrowser) {
      super(config, browser)
      this.source = config['_source'] as Held<RiskTokens>
      this.stop = this.source.onChange(() => this.trackView?.repaintViews())
    }

    async getFeatures(contig: string) {
      return [contig]
    }

    draw({ context, pixelWidth, bpStart, bpPerPixel, features }: DrawContext) {
      const tokens = this.source.now()
      if (!tokens || !isOnContig(features, tokens.region.contig)) return
      const { starts, ends, pieces, differs } = tokens
      const base = 1 / bpPerPixel
      context.textAlign = 'center'
      context.font = '11px monospace'
      for (let i = 0; i < starts.length; i++) {
        const x = (starts[i]! - bpStart) / bpPerPixel
        const wide = (ends[i]! - starts[i]!) / bpPerPixel
        if (x + wide < 0 || x > pixelWidth) continue
        const other = differs[i] === 1
        context.fillStyle = other ? DIFFERS_FILL : TOKEN_FILL[(i % 2) as 0 | 1]
        context.fillRect(x, TOP_PX, Math.max(1, wide - (wide > 4 ? 1 : 0)), ROW_PX)
        if (other) {
          context.fillStyle = HETEROZYGOUS
          context.fillRect(x, TOP_PX + ROW_PX, Math.max(LEAST_PX, wide - 1), 3)
        }
        if (base < LETTERS_FROM_PX) continue
        for (let b = 0; b < ends[i]! - starts[i]!; b++) {
          const letter = shownLetter(pieces[i]?.[b])
          context.fillStyle = BASE_COLOUR[letter] ?? HETEROZYGOUS
          context.fillText(letter, x + (b + 0.5) * base, TOP_PX + 13)
        }
      }
    }

    popupData() {
      return []
    }

    dispose() {
      this.stop()
    }
  }

  class EvidenceTrack extends igv.TrackBase {
    readonly source: Held<readonly RiskEvidence[]>
    readonly stop: () => void

    constructor(config: TrackConfig, browser: IgvBrowser) {
      super(config, browser)
      this.source = config['_source'] as Held<readonly RiskEvidence[]>
      this.stop = this.source.onChange(() => this.trackView?.repaintViews())
    }

    async getFeatures(contig: string) {
      return [contig]
    }

    top() {
      return roundUp(Math.max(0, ...(this.source.now() ?? []).map(e => Math.abs(e.logitChange))))
    }

    draw({ context, pixelWidth, pixelHeight, bpStart, bpPerPixel, features }: DrawContext) {
      const { zero, unit } = signedScale(pixelHeight, this.top())
      for (const e of this.source.now() ?? []) {
        if (!isOnContig(features, e.interval.contig)) continue
        const x = (e.interval.start - bpStart) / bpPerPixel
        const wide = Math.max(LEAST_PX, (e.interval.end - e.interval.start) / bpPerPixel)
        if (x + wide < 0 || x > pixelWidth) continue
        const by = e.logitChange * unit
        context.fillStyle = by > 0 ? MORE : LESS
        context.fillRect(x, by > 0 ? zero - by : zero, wide, Math.max(1, Math.abs(by)))
      }
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
  igv.registerTrackClass(TOKEN_TYPE, TokenTrack)
  igv.registerTrackClass(EVIDENCE_TYPE, EvidenceTrack)
}

/** Codes of two alleles are no letters of a font: they are shown as a star. */
const shownLetter = (piece: string | undefined): string =>
  piece !== undefined && 'ACGTN'.includes(piece) ? piece : '*'
