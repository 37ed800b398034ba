import type { WireError } from '../ipc/errors.ts'
import type { Build } from './assemblies.ts'
import { bareContigName } from './contigs.ts'
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
  | 'samples' // a sample sheet
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
export type FileRole = 'sample' | 'reference' | 'genes' | 'signal' | 'variants' | 'model' | 'cohort' | 'project'

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

/** How the contigs of a track fit an assembly. */
export interface ContigFit {
  /** `fits`: all its contigs are there under some usual alias; `partly`: some; `foreign`: none, or a length differs. */
  readonly state: 'fits' | 'partly' | 'foreign'
  readonly shared: number
  readonly missing: readonly string[]
  /** Contigs found on both sides whose lengths differ: the sign of another build. */
  readonly conflicts: readonly { readonly name: string; readonly length: number; readonly assemblyLength: number }[]
}

/**
 * Compares a file's contigs with an assembly's, by alias and length (a length of 0 is unknown and agrees with any).
 * One differing length makes the fit `foreign`: values would be shown at wrong places.
 */
export function contigFit(file: readonly Contig[], assembly: readonly Contig[]): ContigFit {
  const exact = new Map(assembly.map(c => [c.name, c]))
  const bare = new Map(assembly.toReversed().map(c => [bareContigName(c.name), c]))
  const missing: string[] = []
  const conflicts: { name: string; length: number; assemblyLength: number }[] = []
  let shared = 0
  for (const contig of file) {
    const found = exact.get(contig.name) ?? bare.get(bareContigName(contig.name))
    if (!found) missing.push(contig.name)
    else if (contig.length > 0 && found.length > 0 && contig.length !== found.length)
      conflicts.push({ name: contig.name, length: contig.length, assemblyLength: found.length })
    else shared++
  }
  const state = conflicts.length > 0 || (shared === 0 && file.length > 0) ? 'foreign' : missing.length > 0 ? 'partly' : 'fits' // biome-ignore format: one choice
  return { state, shared, missing, conflicts }
}
