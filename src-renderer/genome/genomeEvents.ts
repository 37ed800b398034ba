import type { Interval } from '../../src-shared/genome/interval.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import type { WorkbenchError } from '../../src-shared/ipc/errors.ts'

/** What the browser is given and what it tells. */

export interface GenomeSpec {
  /** Another id: another genome. */
  readonly id: string
  readonly name: string
  readonly contigs: readonly Contig[]
  readonly hasSequence: boolean
}

export interface GenomeEvents {
  /** The view moved. It shows `locus` now; what was asked for may have been another width. */
  moved(locus: Interval, cause: MoveCause): void
  clicked(contig: string, position: number, trackKey: string | null): void
  /** What a variant or feature track knows of the thing that was clicked. */
  explained(contig: string, position: number, track: string, rows: readonly (readonly [string, string])[]): void
  failed(error: WorkbenchError, fileId: string | null): void
  sequence(contig: string, start: number, end: number): Promise<string>
}

/** By the user's hand; because the panel became wider or narrower; or because `asked` was asked for. */
export type MoveCause =
  | { readonly by: 'user' }
  | { readonly by: 'resize' }
  | { readonly by: 'program'; readonly asked: Interval }

/** Where the tracks' column lies in the panel, in pixels from its left edge, and what it shows. */
export interface Frame {
  readonly left: number
  readonly width: number
  readonly contig: string
  readonly start: number
  readonly bpPerPixel: number
  /** The same as whole bases. */
  readonly shown: Interval
}
