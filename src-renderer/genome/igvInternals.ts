import igvModule from 'igv'

/**
 * The parts of igv.js 3.8.10 that this program stands on, typed here because the package's own types lack most of them.
 * Its types are cast in this one place. What is not public there is marked; igvInternals.test.ts fails when it goes.
 */

export interface ReferenceFrame {
  chr: string
  /** 0-based, a fraction while panning. */
  start: number
  end: number
  bpPerPixel: number
}

export interface IgvChromosome {
  readonly name: string
  readonly bpLength: number
}

/** Internal: our sequences come from the services, so that a failed read is our error and never a request elsewhere. */
export interface IgvSequence {
  getSequence(chr: string, start: number, end: number): Promise<string | null>
}

export interface IgvGenome {
  readonly id: string
  sequence: IgvSequence
  getChromosome(name: string): IgvChromosome | undefined
  getChromosomeName(name: string): string
}

export interface IgvViewport {
  readonly viewportElement: HTMLElement
  readonly referenceFrame: ReferenceFrame
}

export interface IgvTrackView {
  readonly track: IgvTrack
  readonly viewports: readonly IgvViewport[]
}

export interface IgvTrack {
  readonly id?: string
  readonly type?: string
  name?: string
  order?: number
  height?: number
  /** Internal: `repaintViews` draws what is held again, without loading. */
  trackView?: IgvTrackView & { setTrackHeight(height: number, force?: boolean): void; repaintViews(): void }
  clearCachedFeatures(): void
  updateViews(): Promise<void> | void
}

export interface IgvBrowser {
  readonly genome: IgvGenome
  readonly referenceFrameList: readonly ReferenceFrame[]
  readonly trackViews: readonly IgvTrackView[]
  /** Internal. */
  readonly alert: { present(alert: unknown, callback?: unknown): void }
  loadGenome(config: Record<string, unknown>): Promise<IgvGenome>
  loadTrackList(configs: readonly Record<string, unknown>[]): Promise<readonly (IgvTrack | undefined)[]>
  removeTrack(track: IgvTrack): void
  /** Internal: puts tracks in the order of their `order`. */
  reorderTracks(): void
  /** Internal: moves without a search. */
  updateLoci(loci: readonly { chr: string; start: number; end: number }[]): Promise<boolean>
  updateViews(): Promise<void>
  visibilityChange(): Promise<void>
  zoomWithScaleFactor(factor: number): Promise<void>
  toSVG(): string
  on(event: string, handler: (...args: never[]) => unknown): void
}

/** What igv.js gives a track to draw on: a canvas context, or its own SVG recorder with the same calls. */
export interface DrawContext {
  readonly context: CanvasRenderingContext2D
  readonly pixelWidth: number
  readonly pixelHeight: number
  readonly pixelTop: number
  readonly bpStart: number
  readonly bpPerPixel: number
  readonly features: unknown
}

export interface TrackConfig {
  readonly id?: string
  readonly name?: string
  readonly [key: string]: unknown
}

/** Public: base class for tracks of one's own, registered under a type name. */
export interface TrackBaseClass {
  new (config: TrackConfig, browser: IgvBrowser): IgvTrack & { config: TrackConfig; height: number }
}

interface IgvModule {
  createBrowser(host: HTMLElement, config: Record<string, unknown>): Promise<IgvBrowser>
  registerTrackClass(type: string, trackClass: unknown): void
  readonly TrackBase: TrackBaseClass
  version(): string
}

export const igv = igvModule as unknown as IgvModule
