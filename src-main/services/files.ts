import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { FileFacts, FileKind, FileRole, OpenedFile } from '../../src-shared/genome/files.ts'
import { asWorkbenchError, toWire, type WireError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { changedError, ensureSame, type Fingerprint, fingerprintAt, fingerprintOf, sameFile } from './fingerprint.ts'
import { newId } from './ids.ts'
import type { ShadowIndexes } from './shadowIndex.ts'

export type Probe = (path: string) => Promise<FileFacts>

/** What the server keeps of an opened file; the page sees `OpenedFile`. */
export interface FileEntry {
  readonly id: string
  /** Absolute, symbolic links resolved. */
  readonly path: string
  /** Where it is read by readers that look for the index beside it: `path`, or a link to it beside an index of ours. */
  readonly readPath: string
  readonly facts: FileFacts
  readonly role: FileRole
  readonly fingerprint: Fingerprint | undefined
  readonly indexPath: string | undefined
  readonly indexFingerprint: Fingerprint | undefined
  /** The `.gzi` of a bgzip FASTA. */
  readonly blockIndexPath: string | undefined
  readonly problem: WireError | undefined
}

export type DataPart = 'file' | 'index' | 'block-index'

/** A file as a saved project remembers it. */
export interface RememberedFile {
  readonly path: string
  readonly role: FileRole
  readonly kind: FileKind
  readonly sizeBytes: number
  readonly modifiedAt: number
}

export interface FileRegistry {
  /** Looks at a file and registers it; one that is open already is looked at again under its id. Throws what the look throws. */
  open(path: string): Promise<OpenedFile>
  /** As open, but a file that cannot be opened is registered with its problem instead. */
  restore(remembered: RememberedFile): Promise<OpenedFile>
  /** Puts files in this order, others behind them: files that are restored together are ready in any order. */
  arrange(ids: readonly string[]): void
  close(id: string): void
  closeAll(): void
  /** Looks again. A file that cannot be read any more keeps its place, with the problem. @throws `not-found` (id) */
  refresh(id: string): Promise<OpenedFile>
  list(): readonly OpenedFile[]
  entries(): readonly FileEntry[]
  get(id: string): OpenedFile
  /** The entry for reading: throws `not-found` (id), `changed` (file or index is another one now), or its `gone` problem. */
  use(id: string): Promise<FileEntry>
  /** The path and fingerprint of what `/data/<id>` serves. */
  data(id: string, part: DataPart): Promise<{ path: string; fingerprint: Fingerprint; entry: FileEntry }>
  /** Tells of a difference that a reader met, so that the file's card shows it. */
  noteProblem(id: string, error: unknown): void
}

const ROLE: Readonly<Record<FileKind, FileRole>> = {
  bam: 'sample',
  cram: 'sample',
  sam: 'sample',
  vcf: 'variants',
  bigwig: 'signal',
  bigbed: 'genes',
  bedgraph: 'signal',
  fasta: 'reference',
  '2bit': 'reference',
  genes: 'genes',
  samples: 'cohort',
  project: 'project',
  model: 'model',
  onnx: 'model',
}

/** Codes of problems that only another look at the file (`refresh`) can end. */
const GONE: readonly string[] = ['changed', 'not-found', 'permission']

/** The open files, by id. `changed` is called when something about one changed; `listChanged` when one came or went. */
export function createFileRegistry(options: {
  readonly probe: Probe
  /** Indexes of files that lie where nothing may be written. */
  readonly shadows?: ShadowIndexes
  readonly changed: (file: OpenedFile) => void
  readonly listChanged: () => void
}): FileRegistry {
  const { probe, changed, listChanged } = options
  const entries = new Map<string, FileEntry>()

  const find = (id: string): FileEntry => {
    const entry = entries.get(id)
    if (!entry) throw new WorkbenchError('not-found', 'this file is not open any more', 'open it again')
    return entry
  }

  /** What a file is, with an index of ours where it has none that is right. */
  const factsOf = async (path: string): Promise<readonly [FileFacts, string]> => {
    const facts = await probe(path)
    if (facts.index === 'ok' || facts.index === 'not-needed') return [facts, path]
    const shadow = await options.shadows?.find(path)
    const again = shadow ? await probe(shadow) : undefined
    if (!shadow || again?.index !== 'ok') return [facts, path]
    const remark = "Its index is kept in the program's own folder: nothing may be written beside the file."
    return [{ ...again, remarks: [...again.remarks, remark] }, shadow]
  }

  const look = async (path: string, id: string): Promise<FileEntry> => {
    const before = fingerprintOf(await statFile(path))
    const [facts, readPath] = await factsOf(path)
    // Told from bytes that may have changed meanwhile: then what is kept would not describe the file.
    const after = fingerprintOf(await statFile(path))
    if (!sameFile(before, after)) throw changedError(path, 'changed')
    const indexPath = facts.indexName ? join(dirname(readPath), facts.indexName) : undefined
    const gzi = facts.kind === 'fasta' && facts.compression === 'bgzip' ? `${readPath}.gzi` : undefined
    return {
      id,
      path,
      readPath,
      facts,
      role: ROLE[facts.kind],
      fingerprint: before,
      indexPath,
      indexFingerprint: indexPath ? await fingerprintAt(indexPath) : undefined,
      blockIndexPath: gzi && (await fingerprintAt(gzi)) ? gzi : undefined,
      problem: indexProblem(path, facts),
    }
  }

  const setProblem = (entry: FileEntry, error: unknown): WorkbenchError => {
    const e = asWorkbenchError(error)
    const problem = withoutStack(e)
    if (entries.get(entry.id) === entry && entry.problem?.message !== problem.message) {
      const next = { ...entry, problem }
      entries.set(entry.id, next)
      changed(describe(next))
    }
    return e
  }

  const checkSame = async (entry: FileEntry): Promise<FileEntry> => {
    if (entry.problem && GONE.includes(entry.problem.code))
      throw new WorkbenchError(entry.problem.code, entry.problem.message, entry.problem.remedy)
    try {
      if (entry.fingerprint) await ensureSame(entry.path, entry.fingerprint)
      if (entry.indexPath && entry.indexFingerprint) await ensureSame(entry.indexPath, entry.indexFingerprint)
    } catch (error) {
      throw setProblem(entry, error)
    }
    return entry
  }

  const byPath = (path: string) => [...entries.values()].find(e => e.path === path)

  return {
    async open(path) {
      let real: string
      try {
        real = await realpath(path)
      } catch (error) {
        throw asWorkbenchError(error)
      }
      const known = byPath(real)
      const entry = await look(real, known?.id ?? newId())
      entries.set(entry.id, entry)
      if (known) changed(describe(entry))
      else listChanged()
      return describe(entry)
    },
    async restore(remembered) {
      const path = await realpath(remembered.path).catch(() => remembered.path)
      const known = byPath(path)
      if (known) return describe(known)
      const id = newId()
      let entry: FileEntry
      try {
        entry = await look(path, id)
      } catch (error) {
        entry = absent(id, path, remembered, withoutStack(asWorkbenchError(error)))
      }
      entries.set(id, entry)
      return describe(entry)
    },
    arrange(ids) {
      const place = new Map(ids.map((id, i) => [id, i]))
      const sorted = [...entries].sort(([a], [b]) => (place.get(a) ?? ids.length) - (place.get(b) ?? ids.length))
      entries.clear()
      for (const [id, entry] of sorted) entries.set(id, entry)
    },
    close(id) {
      find(id)
      entries.delete(id)
      listChanged()
    },
    closeAll() {
      entries.clear()
      listChanged()
    },
    async refresh(id) {
      const old = find(id)
      let entry: FileEntry
      try {
        entry = await look(old.path, id)
      } catch (error) {
        entry = { ...old, problem: withoutStack(asWorkbenchError(error)) }
      }
      if (!entries.has(id)) throw new WorkbenchError('not-found', 'this file is not open any more', 'open it again')
      entries.set(id, entry)
      changed(describe(entry))
      return describe(entry)
    },
    list: () => [...entries.values()].map(describe),
    entries: () => [...entries.values()],
    get: id => describe(find(id)),
    use: async id => checkSame(find(id)),
    async data(id, part) {
      const entry = find(id)
      const [path, fingerprint] = await (async () => {
        switch (part) {
          case 'file':
            return [entry.path, entry.fingerprint] as const
          case 'index':
            return [entry.indexPath, entry.indexFingerprint] as const
          case 'block-index':
            return [entry.blockIndexPath, entry.blockIndexPath ? await fingerprintAt(entry.blockIndexPath) : undefined] as const // biome-ignore format: one case a line
        }
      })()
      if (!path) throw new WorkbenchError('not-found', `'${basename(entry.path)}' has no such part`, 'reload the file')
      if (!fingerprint) throw setProblem(entry, changedError(path, 'has vanished'))
      await checkSame(entry)
      return { path, fingerprint, entry }
    },
    noteProblem(id, error) {
      const entry = entries.get(id)
      if (entry) setProblem(entry, error)
    },
  }
}

async function statFile(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    throw asWorkbenchError(error)
  }
}

/** The page may copy a stack of a fault of ours; a file's ordinary problem needs none. */
function withoutStack(e: WorkbenchError): WireError {
  const { technical: _stack, ...rest } = toWire(e)
  return rest
}

function indexProblem(path: string, facts: FileFacts): WireError | undefined {
  const name = basename(path)
  const index = facts.indexName ?? 'its index'
  switch (facts.index) {
    case 'ok':
    case 'not-needed':
      return undefined
    case 'missing':
      return { code: 'no-index', message: `'${name}' has no index`, remedy: 'build the index' }
    case 'stale':
      return { code: 'bad-index', message: `'${index}' is older than '${name}'`, remedy: 'build the index again' }
    case 'foreign':
      return { code: 'bad-index', message: `'${index}' is not the index of '${name}'`, remedy: 'build the index again' }
    case 'unreadable':
      return { code: 'bad-index', message: `'${index}' cannot be read`, remedy: 'build the index again' }
  }
}

/** A remembered file that could not be opened: what was known of it, and why it is not there. */
function absent(id: string, path: string, r: RememberedFile, problem: WireError): FileEntry {
  return {
    id,
    path,
    readPath: path,
    role: r.role,
    facts: {
      kind: r.kind,
      compression: 'none',
      sizeBytes: r.sizeBytes,
      modifiedAt: r.modifiedAt,
      index: 'missing',
      contigs: [],
      contigCount: 0,
      build: 'unknown',
      samples: [],
      synthetic: false,
      remarks: [],
    },
    fingerprint: undefined,
    indexPath: undefined,
    indexFingerprint: undefined,
    blockIndexPath: undefined,
    problem,
  }
}

/** A file as the page knows it. */
export function describe(e: FileEntry): OpenedFile {
  return {
    id: e.id,
    name: basename(e.path),
    folder: dirname(e.path),
    role: e.role,
    facts: e.facts,
    dataUrl: `/data/${e.id}`,
    ...(e.indexPath ? { indexUrl: `/data/${e.id}.index` } : {}),
    ...(e.blockIndexPath ? { blockIndexUrl: `/data/${e.id}.gzi` } : {}),
    ...(e.problem ? { problem: e.problem } : {}),
  }
}
