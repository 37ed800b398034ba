import type { FileFacts } from './genome/files.ts'
import type { WireError } from './ipc/errors.ts'

/** What a file is for in a project. */
export type FileRole = 'sample' | 'reference' | 'genes' | 'signal' | 'variants' | 'model' | 'project'

/** A file that is open in the program, as the page knows it: by id. */
export interface OpenedFile {
  readonly id: string
  readonly name: string
  /** For display only. */
  readonly folder: string
  readonly role: FileRole
  readonly facts: FileFacts
  /** The file says of itself that it is synthetic: to be shown wherever it is. */
  readonly synthetic: boolean
  /** Where its bytes are served by range: `/data/<id>`, its index at `/data/<id>.index`. */
  readonly dataUrl: string
  readonly indexUrl?: string
  /** Present when the file cannot be used as it is: no index, changed on disk, gone. */
  readonly problem?: WireError
}

export interface RecentFile {
  readonly recentId: string
  readonly name: string
  readonly folder: string
  readonly openedAt: number
}
