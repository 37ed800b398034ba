import type { MutationProfile } from '../../src-shared/genome/scan.ts'
import { roundUp, shortNumber } from '../charts/scales.ts'
import { AXIS } from './colours.ts'
import { type DrawContext, type IgvBrowser, igv, type TrackConfig } from './igvInternals.ts'
import { isOnContig } from './onContig.ts'

/** What a track without a file draws now; listeners hear when it is another. */
export interface Held<T> {
  now(): T | null
  onChange(told: () => void): () => void
}

export const EFFECT_TYPE = 'diploscope-effect'

/** More signal, less signal: Okabe and Ito's vermilion and blue, as in the heatmap. */
export const MORE = 'rgb(213,94,0)'
export const LESS = 'rgb(0,114,178)'

/** igv.js's label lies over the top left of a track. */
const LABEL_PX = 20

/** Axis of a track about zero. */
export function paintSignedAxis(context: CanvasRenderingContext2D, width: number, height: number, top: number) {
  context.clearRect(0, 0, width, height)
  context.fillStyle = 'white'
  context.fillRect(0, 0, width, height)
  context.fillStyle = AXIS
  context.font = '10px sans-serif'
  context.textAlign = 'right'
  const middle = LABEL_PX + (height - LABEL_PX) / 2
  context.fillText(`+${shortNumber(top)}`, width - 9, LABEL_PX + 8)
  context.fillText('0', width - 9, middle + 3)
  context.fillText(`-${shortNumber(top)}`, width - 9, height - 2)
  for (const y of [LABEL_PX, middle, height - 1]) context.fillRect(width - 6, y, 6, 1)
  context.fillRect(width - 1, LABEL_PX, 1, height - LABEL_PX)
}

/** Where zero lies and how many px a unit is. */
export const signedScale = (height: number, top: number) => ({
  zero: LABEL_PX + (height - LABEL_PX) / 2,
  unit: (height - LABEL_PX) / 2 / top,
})

/** Alternative minus reference along the window, for the mutation that is pointed at. */
export function registerEffectTrack(): void {
  class EffectTrack extends igv.TrackBase {
    readonly source: Held<MutationProfile>
    readonly stop: () => void

    constructor(config: TrackConfig, browser: IgvBrowser) {
      super(config, browser)
      this.source = config['_source'] as Held<MutationProfile>
      this.stop = this.source.onChange(() => this.trackView?.repaintViews())
    }

    async getFeatures(contig: string) {
      return [contig]
    }

    top() {
      const profile = this.source.now()
      let top = 0
      if (profile)
        for (let i = 0; i < profile.reference.length; i++)
          top = Math.max(top, Math.abs(profile.alternative[i]! - profile.reference[i]!))
      return roundUp(top)
    }

    draw({ context, pixelWidth, pixelHeight, bpStart, bpPerPixel, features }: DrawContext) {
      const profile = this.source.now()
      if (!profile || !isOnContig(features, profile.contig)) return
      const { zero, unit } = signedScale(pixelHeight, this.top())
      for (let i = 0; i < profile.reference.length; i++) {
        const x = (profile.start + i * profile.binBp - bpStart) / bpPerPixel
        const width = Math.max(1, profile.binBp / bpPerPixel)
        if (x + width < 0 || x > pixelWidth) continue
        const by = (profile.alternative[i]! - profile.reference[i]!) * unit
        context.fillStyle = by > 0 ? MORE : LESS
        context.fillRect(x, by > 0 ? zero - by : zero, width, Math.abs(by))
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
  igv.registerTrackClass(EFFECT_TYPE, EffectTrack)
}
