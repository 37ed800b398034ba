import type { FileRole, OpenedFile } from '../../src-shared/genome/files.ts'
import type { ProjectDocument, TrackSetting } from '../../src-shared/project.ts'

const PARTS: Readonly<Record<FileRole, readonly TrackSetting['part'][]>> = {
  sample: ['coverage', 'diplotype', 'reads'],
  genes: ['genes'],
  signal: ['signal'],
  variants: ['variants'],
  reference: [],
  model: [],
  cohort: [],
  project: [],
}

export const emptyDocument = (name: string, demo = false): ProjectDocument => ({
  version: 1,
  name,
  demo,
  view: { locus: null, referenceFileId: null, selection: { kind: 'none' } },
  tracks: [],
  bookmarks: [],
})

/** The document with tracks for files that have none yet, and with the first reference as its reference when it has none. */
export function withDefaultTracks(document: ProjectDocument, files: readonly OpenedFile[]): ProjectDocument {
  const shown = new Set(document.tracks.map(t => t.fileId))
  const added = files
    .filter(f => !shown.has(f.id))
    .flatMap(f => PARTS[f.role].map((part): TrackSetting => ({ fileId: f.id, part, visible: true })))
  const reference = document.view.referenceFileId ?? files.find(f => f.role === 'reference')?.id ?? null
  return {
    ...document,
    view: { ...document.view, referenceFileId: reference },
    tracks: [...document.tracks, ...added],
  }
}
