import type { Interval } from './genome/interval.ts'
import type { Scale } from './genome/prediction.ts'
import type { OpenedFile } from './openedFile.ts'

export interface Bookmark {
  readonly id: string
  readonly name: string
  readonly interval: Interval
}

/** How one opened file is shown in the browser panel. Order in the project is order on the screen. */
export interface TrackSetting {
  readonly fileId: string
  /** A sample has reads, coverage and diplotype; a model as many predicted tracks as were chosen; other files have one. */
  readonly part: 'reads' | 'coverage' | 'diplotype' | 'genes' | 'signal' | 'variants' | 'predicted'
  readonly visible: boolean
  readonly heightPx?: number
  /** Of part `predicted`, and only there. */
  readonly predicted?: PredictedSetting
}

/** Whose sequence a predicted track shows: `between` is haplotype 2 minus haplotype 1, the others minus the reference. */
export type PredictedShows =
  | 'reference'
  | 'haplotype1'
  | 'haplotype2'
  | 'haplotypes'
  | 'difference1'
  | 'difference2'
  | 'between'

/** Channels of a model as one track, alone or with the experimental signal that they are to be compared with. */
export interface PredictedSetting {
  /** Unique in the project. */
  readonly trackId: string
  readonly name: string
  /** One channel, or a strand pair: the forward strand first, drawn upwards; the other downwards. */
  readonly channels: readonly number[]
  /** bigWig files by channel; null: none. */
  readonly signals: readonly (string | null)[]
  /** Prediction over experiment, below it, or prediction minus experiment. */
  readonly layout: 'overlaid' | 'beside' | 'residual'
  readonly scale: Scale
  /** Tracks with the same word share their y-scale; null: its own. */
  readonly group: string | null
  /** In the units of the model's training targets, or with their transform undone. */
  readonly units: 'model' | 'signal'
  /** What the bigWigs hold: coverage as it was measured, or targets with the training transform already applied. */
  readonly observed: 'raw' | 'transformed'
  /** Of the model's track table, for axis labels: the unit, and the transform in words ('' for none). */
  readonly unit: string
  readonly transform: string
  readonly shows: PredictedShows
  /** The phased VCF or sample whose haplotypes are shown; null while the reference is. */
  readonly person: { readonly fileId: string; readonly sample: string } | null
}

/** What the window shows: everything that undo and redo go over. */
export interface ViewState {
  readonly locus: Interval | null
  /** The file whose sequence and contigs the browser uses; null: contig names and lengths of the first sample. */
  readonly referenceFileId: string | null
  readonly selection:
    | { readonly kind: 'none' }
    | { readonly kind: 'sample'; readonly fileId: string }
    | { readonly kind: 'position'; readonly contig: string; readonly position: number; readonly fileId: string | null }
    | { readonly kind: 'file'; readonly fileId: string }
    | { readonly kind: 'track'; readonly fileId: string; readonly trackId: string }
}

/** A project file (`*.diploscope.json`). Files are kept by path on the server side; the page knows them by id. */
export interface ProjectDocument {
  readonly version: 1
  readonly name: string
  readonly demo: boolean
  readonly view: ViewState
  readonly tracks: readonly TrackSetting[]
  readonly bookmarks: readonly Bookmark[]
}

export interface ProjectState {
  readonly document: ProjectDocument
  readonly files: readonly OpenedFile[]
  readonly savedAt: number
}
