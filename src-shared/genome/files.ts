import type { WireError } from '../ipc/errors.ts'
import type { Build } from './assemblies.ts'
import type { Contig } from './locus.ts'

/** What a file is, told by its content, never by its name. */
export type FileKind =
  | 'bam'
  | 'cram'
  | 'sam'
  | 'vcf'
  | 'bigwig'
  | 'bigbed'
  | 'bedgraph'
  | 'fasta'
  | '2bit'
  | 'genes' // GTF, GFF3 or BED gene models
  | 'project'
  | 'model' // a model folder
  | 'onnx'

/** `foreign`: readable, but of another file; `stale`: older than the file it indexes; `not-needed`: the format has none. */
export type IndexState = 'ok' | 'missing' | 'stale' | 'foreign' | 'unreadable' | 'not-needed'

/** What a look at a file's head, index and size tells. Nothing here needs the whole file to be read. */
export interface FileFacts {
  readonly kind: FileKind
  /** bgzip or gzip around a text format. */
  readonly compression: 'none' | 'gzip' | 'bgzip'
  readonly sizeBytes: number
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number
  readonly index: IndexState
  /** File name of the index, without its folder. */
  readonly indexName?: string
  /** At most the first 5,000; `contigCount` is the whole number. */
  readonly contigs: readonly Contig[]
  readonly contigCount: number
  readonly build: Build | 'unknown'
  /** Read-group SM names of alignments, sample columns of a VCF. */
  readonly samples: readonly string[]
  readonly sortOrder?: string
  /** The file says of itself that it is synthetic (a header comment `@CO synthetic: …`, `##synthetic=`, `# synthetic`). */
  readonly synthetic: boolean
  /** Sentences for the user: what is unusual about the file. */
  readonly remarks: readonly string[]
}

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
