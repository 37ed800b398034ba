import { findContig } from '../../src-shared/genome/contigs.ts'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { ViewState } from '../../src-shared/project.ts'

/**
 * What the inspector explains. Everything that lets a user point at something (a click in any track, the keyboard's position
 * cursor, a row of a table) ends in one of these functions; panels read the selection and nothing else.
 */
export type Selection = ViewState['selection']

export const nothing: Selection = { kind: 'none' }
export const selectSample = (fileId: string): Selection => ({ kind: 'sample', fileId })
export const selectFile = (file: OpenedFile): Selection =>
  file.role === 'sample' && !file.problem ? selectSample(file.id) : { kind: 'file', fileId: file.id }

export const selectTrack = (fileId: string, trackId: string): Selection => ({ kind: 'track', fileId, trackId })

/** A base, 0-based. `fileId` is the sample in whose track it was pointed at; null when it was none (reference, genes, ruler). */
export const selectPosition = (contig: string, position: number, fileId: string | null): Selection => ({
  kind: 'position',
  contig,
  position,
  fileId,
})

/** The sample whose reads explain a position: the one pointed at, else the one shown last, else the first with that contig. */
export function sampleOfPosition(
  selection: Extract<Selection, { kind: 'position' }>,
  files: readonly OpenedFile[],
): OpenedFile | undefined {
  const samples = files.filter(f => f.role === 'sample' && !f.problem)
  return (
    samples.find(f => f.id === selection.fileId) ??
    samples.find(f => findContig(selection.contig, f.facts.contigs) !== undefined) ??
    samples[0]
  )
}

/** The file a selection speaks of; undefined when there is none or it was closed. */
export function fileOfSelection(selection: Selection, files: readonly OpenedFile[]): OpenedFile | undefined {
  if (selection.kind === 'none') return undefined
  if (selection.kind === 'position') return sampleOfPosition(selection, files)
  return files.find(f => f.id === selection.fileId)
}

export const sameSelection = (a: Selection, b: Selection): boolean => JSON.stringify(a) === JSON.stringify(b)
