import type { Scale } from '../../src-shared/genome/prediction.ts'
import { roundUp, SCALE_TEXT } from '../charts/scales.ts'
import { Failure } from './failure.ts'
import { type DrawContext, type IgvBrowser, igv, type TrackConfig } from './igvInternals.ts'
import { largestIn, type PredictedSeries, type PredictedSource, type PredictedStretch } from './predictedData.ts'
import { drawPanel, paintPanelAxis } from './predictedDrawing.ts'
import { ScaleGroups } from './scaleGroups.ts'

export interface PredictedDisplay {
  readonly scale: Scale
  readonly group: string | null
  readonly layout: 'overlaid' | 'beside' | 'residual'
  /** Both strands mirrored, or a difference: zero lies in the middle. */
  readonly signed: boolean
  readonly unit: string
}

/** What igv.js keeps for a viewport: the stretch, whose data grow. */
export class PredictedFeatures {
  readonly stretch: PredictedStretch
  constructor(stretch: PredictedStretch) {
    this.stretch = stretch
  }
  /** Largest size of any series in view: what the axis must hold. */
  getMax(start: number, end: number): number {
    const { data } = this.stretch
    return data instanceof Failure ? 0 : largestIn(data, start, end)
  }
}

/** Bins that one answer may hold; three screens are asked for at once. */
const MAX_BINS = 12_000

/** The track's name lies over its top left: data begin below it, since the highest peak is what is looked for. */
export const LABEL_PX = 22

export const PREDICTED_TYPE = 'diploscope-predicted'

interface Rescaled {
  rescaled(top: number): void
}
const groups = new ScaleGroups<Rescaled>()

export function registerPredictedTrack(): void {
  class PredictedTrackView extends igv.TrackBase implements Rescaled {
    readonly resolutionAware = true
    readonly autoscale = true
    readonly supportsWholeGenome = false
    readonly visibilityWindow: number
    readonly source: PredictedSource
    readonly display: PredictedDisplay
    readonly browserOf: IgvBrowser
    dataRange = { min: 0, max: 1 }
    #stretch: PredictedStretch | undefined
    #gone = false
    /** Asked for last: an answer that comes late is not shown. */
    #asked = 0

    constructor(config: TrackConfig, browser: IgvBrowser) {
      super(config, browser)
      this.browserOf = browser
      this.source = config['_source'] as PredictedSource
      this.display = config['_display'] as PredictedDisplay
      this.visibilityWindow = config['visibilityWindow'] as number
    }

    doAutoscale(found: readonly { readonly value?: number }[]) {
      return this.#range(found.reduce((top, f) => Math.max(top, f.value ?? 0), 0))
    }

    #range(own: number) {
      const { group } = this.display
      const top = group === null ? own : groups.report(group, this, own)
      return { min: this.display.signed ? -roundUp(top) : 0, max: roundUp(top) }
    }

    /** Another track of the group reached higher, or no longer does. */
    rescaled(top: number): void {
      this.dataRange = { min: this.display.signed ? -roundUp(top) : 0, max: roundUp(top) }
      this.trackView?.repaintViews()
    }

    async getFeatures(chr: string, start: number, end: number, bpPerPixel: number) {
      if (end <= start) return []
      const asked = ++this.#asked
      // Two a pixel: a peak of one bin keeps its height on fine screens too.
      const bins = Math.min(MAX_BINS, Math.ceil((2 * (end - start)) / Math.max(1, bpPerPixel)))
      const stretch = await this.source.open({ contig: chr, start, end }, bins)
      if (this.#gone || asked !== this.#asked) {
        stretch.stop()
        return new PredictedFeatures(stretch)
      }
      this.#stretch?.stop()
      this.#stretch = stretch
      stretch.onChange = () => this.#changed()
      return new PredictedFeatures(stretch)
    }

    /** More of the stretch was computed: drawn in place, without asking igv.js to load again. */
    #changed() {
      const frame = this.browserOf.referenceFrameList[0]
      if (this.#gone || !this.#stretch || !frame) return
      this.dataRange = this.#range(new PredictedFeatures(this.#stretch).getMax(frame.start, frame.end))
      this.trackView?.repaintViews()
    }

    draw({ context, pixelWidth, pixelHeight, bpStart, bpPerPixel, features }: DrawContext) {
      if (!(features instanceof PredictedFeatures)) return
      const { data } = features.stretch
      if (data instanceof Failure) return data.draw(context, pixelWidth, pixelHeight)
      const place = { bpStart, bpPerPixel, width: pixelWidth }
      for (const p of this.#panels(pixelHeight, data.series))
        drawPanel(context, { ...place, top: p.top, height: p.height }, data, p.series, this.#axis())
    }

    #axis() {
      const { scale, signed } = this.display
      return { scale, signed, top: this.dataRange.max }
    }

    /** One panel, or experiment above prediction at one scale. */
    #panels(height: number, series: readonly PredictedSeries[]) {
      const observed = series.filter(s => s.kind === 'observed')
      const predicted = series.filter(s => s.kind === 'predicted')
      if (this.display.layout !== 'beside' || observed.length === 0)
        return [{ top: LABEL_PX, height: height - LABEL_PX, series: [...observed, ...predicted] }]
      const half = Math.floor((height - LABEL_PX) / 2)
      return [
        { top: LABEL_PX, height: half - 2, series: observed },
        { top: LABEL_PX + half + 2, height: height - LABEL_PX - half - 2, series: predicted },
      ]
    }

    paintAxis(context: CanvasRenderingContext2D, width: number, height: number) {
      context.clearRect(0, 0, width, height)
      context.fillStyle = 'white'
      context.fillRect(0, 0, width, height)
      const data = this.#stretch?.data
      if (data instanceof Failure) return
      const text = [this.display.unit, SCALE_TEXT[this.display.scale]].filter(Boolean).join(' · ')
      for (const p of this.#panels(height, data?.series ?? []))
        paintPanelAxis(context, { width, top: p.top, height: p.height }, this.#axis(), text)
    }

    popupData() {
      return []
    }

    dispose() {
      this.#gone = true
      this.#stretch?.stop()
      if (this.display?.group) groups.leave(this.display.group, this)
    }
  }
  igv.registerTrackClass(PREDICTED_TYPE, PredictedTrackView)
}
