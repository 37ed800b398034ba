import type { Interval } from './genome/interval.ts'
import type { OpenedFile } from './openedFile.ts'

export interface Bookmark {
  readonly id: string
  readonly name: string
  readonly interval: Interval
}

/** How one opened file is shown in the browser panel. Order in the project is order on the screen. */
export interface TrackSetting {
  readonly fileId: string
  /** A sample has reads, coverage and diplotype; other files have one. */
  readonly part: 'reads' | 'coverage' | 'diplotype' | 'genes' | 'signal' | 'variants'
  readonly visible: boolean
  readonly heightPx?: number
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
