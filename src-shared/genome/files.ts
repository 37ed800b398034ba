import type { ErrorCode } from '../ipc/errors.ts'
import type { Build } from './assemblies.ts'
import { findContig } from './contigs.ts'
import type { Contig } from './locus.ts'

/** What a file is, told by its content, never by its name. */
export type FileKind =
  | 'bam'
  | 'cram'
  | 'vcf'
  | 'bigwig'
  | 'bigbed'
  | 'fasta'
  | '2bit'
  | 'genes' // gene models or intervals: GTF, GFF3, BED
  | 'project' // .diploscope
  | 'model' // a folder with model.json
  | 'onnx'
  | 'sam' // text alignments: recognised, not read
  | 'bcf' // recognised, not read

export type IndexState =
  | 'ok'
  | 'missing'
  | 'stale' // older than the file
  | 'foreign' // of another file: contig count or offsets do not fit
  | 'unreadable' // damaged, or not an index

export interface IndexFacts {
  /** Where it is, or would be. For a bgzip FASTA the .fai; its .gzi lies beside. */
  readonly path: string
  readonly state: IndexState
  /** Why the state is not 'ok', one line. */
  readonly detail?: string
  /** `diploscope index` can make it. */
  readonly buildable: boolean
}

/** Something that will keep the file, or a part of it, from being used. */
export interface FileProblem {
  readonly code: ErrorCode
  readonly message: string
  readonly remedy: string
}

/** What can be said about a file without reading through it. */
export interface FileFacts {
  readonly path: string
  /** Last part of the path. */
  readonly name: string
  readonly kind: FileKind
  /** In words, with version and packing: `CRAM 3.0`, `FASTA, bgzip`, `GTF, gzip`. */
  readonly format: string
  readonly compression: 'none' | 'gzip' | 'bgzip'
  /** bytes; of a model folder, of its files */
  readonly size: number
  /** ms since the epoch */
  readonly modifiedMs: number
  /** Absent where the kind has none. A plain VCF and gene models are read whole: none needed. */
  readonly index?: IndexFacts
  /** Of the header or the index; empty where the file names none. A length of 0 means that the file does not tell it. */
  readonly contigs: readonly Contig[]
  readonly build: Build | 'unknown'
  /** Read groups' samples of an alignment file, columns of a VCF. */
  readonly samples: readonly string[]
  /** `SO` of an alignment file's header. */
  readonly sortOrder?: string
  /** bigWig and bigBed: bp a value of each reduction, ascending; empty when there are none. */
  readonly zoomLevels?: readonly number[]
  readonly problems: readonly FileProblem[]
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
  const missing: string[] = []
  const conflicts: { name: string; length: number; assemblyLength: number }[] = []
  let shared = 0
  for (const contig of file) {
    const found = findContig(contig.name, assembly)
    if (!found) missing.push(contig.name)
    else if (contig.length > 0 && found.length > 0 && contig.length !== found.length)
      conflicts.push({ name: contig.name, length: contig.length, assemblyLength: found.length })
    else shared++
  }
  const state = conflicts.length > 0 || (shared === 0 && file.length > 0) ? 'foreign' : missing.length > 0 ? 'partly' : 'fits' // biome-ignore format: one choice
  return { state, shared, missing, conflicts }
}
