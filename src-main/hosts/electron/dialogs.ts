import type { FileFilter } from 'electron'
import type { FileRole } from '../../../src-shared/openedFile.ts'

/** What a page may ask a dialog for. `any` offers everything that can be opened; `folder`: one of alignment files, or of a model. */
export const DIALOG_KINDS = [
  'any',
  'sample',
  'reference',
  'genes',
  'signal',
  'variants',
  'model',
  'cohort',
  'project',
  'folder',
] as const
export type DialogKind = (typeof DIALOG_KINDS)[number]

const EXTENSIONS: Readonly<Record<FileRole, { readonly name: string; readonly extensions: readonly string[] }>> = {
  sample: { name: 'Alignments', extensions: ['bam', 'cram'] },
  reference: { name: 'Reference sequence', extensions: ['2bit', 'fa', 'fasta', 'fna', 'gz', 'bgz'] },
  genes: { name: 'Gene annotation', extensions: ['gtf', 'gff', 'gff3', 'bed', 'gz'] },
  signal: { name: 'Signal', extensions: ['bw', 'bigwig', 'bigWig', 'bedgraph'] },
  variants: { name: 'Variants', extensions: ['vcf', 'gz', 'bgz'] },
  model: { name: 'Models', extensions: ['json', 'onnx'] },
  cohort: { name: 'Sample sheets', extensions: ['tsv', 'txt'] },
  project: { name: 'Diploscope projects', extensions: ['json'] },
}

/** Filters of the open dialog. "All files" is last: a file is told by its content, not by its name. */
export function dialogFilters(kind: DialogKind): FileFilter[] {
  const all: FileFilter = { name: 'All files', extensions: ['*'] }
  if (kind === 'any') {
    const every = [...new Set(Object.values(EXTENSIONS).flatMap(e => e.extensions))]
    return [{ name: 'All that can be opened', extensions: every }, ...Object.values(EXTENSIONS).map(copy), all]
  }
  return kind === 'folder' ? [all] : [copy(EXTENSIONS[kind]), all]
}

const copy = (e: { readonly name: string; readonly extensions: readonly string[] }): FileFilter => ({
  name: e.name,
  extensions: [...e.extensions],
})
