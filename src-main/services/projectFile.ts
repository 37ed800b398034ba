import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import type { FileKind, FileRole } from '../../src-shared/genome/files.ts'
import { type Check, id, integer, list, oneOf, record, text } from '../../src-shared/ipc/checks.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { projectDocument } from '../../src-shared/ipc/projectChecks.ts'
import type { PredictedSetting, ProjectDocument, TrackSetting, ViewState } from '../../src-shared/project.ts'
import type { FileEntry, RememberedFile } from './files.ts'

/** By this the program knows its own project files. */
export const PROJECT_FORMAT = 'diploscope-project'

/** A file of a project: under `id` in the document, at `path`, and at `relativePath` from the project file's folder. */
export interface ProjectFileEntry extends RememberedFile {
  readonly id: string
  readonly relativePath: string
}

/** What a `*.diploscope.json` holds. */
export interface ProjectFile {
  readonly document: ProjectDocument
  readonly files: readonly ProjectFileEntry[]
  /** Milliseconds since the epoch. */
  readonly savedAt: number
}

/** JSON text of a project whose file lies in `folder`; relative paths have `/` on every system. */
export function formatProject(
  document: ProjectDocument,
  entries: readonly FileEntry[],
  folder: string,
  savedAt: number,
): string {
  const files: ProjectFileEntry[] = entries.map(e => ({
    id: e.id,
    path: e.path,
    relativePath: relative(folder, e.path).split(sep).join('/'),
    role: e.role,
    kind: e.facts.kind,
    sizeBytes: e.facts.sizeBytes,
    modifiedAt: e.facts.modifiedAt,
  }))
  return `${JSON.stringify({ format: PROJECT_FORMAT, version: 1, savedAt, document, files }, null, 2)}\n`
}

const MAX_SAFE = Number.MAX_SAFE_INTEGER
const finite: Check<number> = (value, name) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new WorkbenchError('bad-input', `'${name}' is not a number`, 'export the project again')
}
const path: Check<string> = (value, name) => {
  const t = text(32_768)(value, name)
  if (t === '' || t.includes('\0'))
    throw new WorkbenchError('bad-input', `'${name}' is not a path`, 'export the project again')
  return t
}
const ROLES: readonly FileRole[] = ['sample', 'reference', 'genes', 'signal', 'variants', 'model', 'cohort', 'project']
const KINDS: readonly FileKind[] = [
  'bam', 'cram', 'sam', 'vcf', 'bigwig', 'bigbed', 'bedgraph', 'fasta', '2bit', 'genes', 'samples', 'project', 'model', 'onnx',
] // biome-ignore format: a list of words

const entry: Check<ProjectFileEntry> = (value, name) => {
  const r = record(value, name)
  return {
    id: id(r['id'], `${name}.id`),
    path: path(r['path'], `${name}.path`),
    relativePath: path(r['relativePath'], `${name}.relativePath`),
    role: oneOf(...ROLES)(r['role'], `${name}.role`),
    kind: oneOf(...KINDS)(r['kind'], `${name}.kind`),
    sizeBytes: integer(0, MAX_SAFE)(r['sizeBytes'], `${name}.sizeBytes`),
    modifiedAt: finite(r['modifiedAt'], `${name}.modifiedAt`),
  }
}

/** @throws WorkbenchError `corrupt` that names what is wrong */
export function parseProject(json: string, shownName: string): ProjectFile {
  const remedy = 'export the project again, or start a new one'
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new WorkbenchError('corrupt', `'${shownName}' is not JSON`, remedy)
  }
  try {
    const r = record(value, 'project')
    if (r['format'] !== PROJECT_FORMAT)
      throw new WorkbenchError('wrong-type', `'${shownName}' is not a project of this program`, 'open a *.diploscope.json') // biome-ignore format: one sentence
    if (r['version'] !== 1)
      throw new WorkbenchError('unsupported', `'${shownName}' has project version ${String(r['version']).slice(0, 20)}`, 'open it with a newer version of the program') // biome-ignore format: one sentence
    return {
      document: projectDocument(r['document'], 'document'),
      files: list(entry, 10_000)(r['files'], 'files'),
      savedAt: finite(r['savedAt'], 'savedAt'),
    }
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'bad-input') throw error
    throw new WorkbenchError('corrupt', `'${shownName}' is damaged: ${error.message}`, remedy)
  }
}

/** The places where a file of a project may lie, the likelier first: beside the project file as before, then where it was. */
export const candidatePaths = (file: ProjectFileEntry, projectFolder: string): readonly string[] => [
  ...new Set([
    ...(isAbsolute(file.relativePath) ? [] : [join(projectFolder, ...file.relativePath.split('/'))]),
    ...(isAbsolute(file.path) ? [file.path] : []),
  ]),
]

/** The document with its file ids exchanged; what speaks of an id that is not in the map is left out. */
export function withFileIds(document: ProjectDocument, ids: ReadonlyMap<string, string>): ProjectDocument {
  const { view } = document
  const tracks = document.tracks.flatMap((t): TrackSetting[] => {
    const fileId = ids.get(t.fileId)
    return fileId ? [{ ...t, fileId, ...(t.predicted ? { predicted: predictedWithIds(t.predicted, ids) } : {}) }] : []
  })
  return {
    ...document,
    tracks,
    view: {
      ...view,
      referenceFileId: (view.referenceFileId && ids.get(view.referenceFileId)) ?? null,
      selection: selectionWithIds(view.selection, ids),
    },
  }
}

/** Signal or a person that is not in the map is no longer shown; the prediction of the reference stays. */
function predictedWithIds(p: PredictedSetting, ids: ReadonlyMap<string, string>): PredictedSetting {
  const person = p.person && ids.get(p.person.fileId)
  return {
    ...p,
    signals: p.signals.map(s => (s && ids.get(s)) ?? null),
    ...(p.person && person
      ? { person: { ...p.person, fileId: person } }
      : { person: null, shows: 'reference' as const }),
  }
}

function selectionWithIds(s: ViewState['selection'], ids: ReadonlyMap<string, string>): ViewState['selection'] {
  switch (s.kind) {
    case 'none':
      return s
    case 'position':
      return { ...s, fileId: (s.fileId && ids.get(s.fileId)) ?? null }
    case 'sample':
    case 'file':
    case 'track': {
      const fileId = ids.get(s.fileId)
      return fileId ? { ...s, fileId } : { kind: 'none' }
    }
  }
}

/** The deepest folder that holds all of the paths: where a project file for them would naturally lie. */
export function commonFolder(paths: readonly string[], fallback: string): string {
  const [first, ...rest] = paths.map(p => dirname(p).split(sep))
  if (!first) return fallback
  let n = first.length
  for (const r of rest) {
    let same = 0
    while (same < n && same < r.length && r[same] === first[same]) same++
    n = same
  }
  return first.slice(0, n).join(sep) || sep
}
