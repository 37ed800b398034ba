import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import type { FolderEntry, FolderListing } from '../../src-shared/ipc/contract.ts'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { newId } from './ids.ts'

export interface Browse {
  list(folderId: string | undefined): Promise<FolderListing>
  /**
   * The path behind an id that this server gave out in this session, symbolic links resolved.
   * @throws `not-found`, and `permission` when a link leads out of the folders that may be browsed
   */
  resolve(entryId: string): Promise<string>
  /** Gives out an id for a path from a dialog, a drop or an upload, wherever it lies. */
  register(path: string): string
}

/** A folder with more entries than this is shown with the first ones: nobody scrolls further. */
const MAX_ENTRIES = 5_000

const OPENABLE =
  /\.(bam|cram|sam|vcf|vcf\.gz|bcf|bw|bigwig|bb|bigbed|bedgraph|bg|bedgraph\.gz|fa|fasta|fna|fa\.gz|fasta\.gz|fna\.gz|2bit|gtf|gff|gff3|gtf\.gz|gff\.gz|gff3\.gz|bed|bed\.gz|tsv|diploscope\.json|onnx)$|^model\.json$/i

/** The folder of a model or of a cohort can be opened as it is, as well as gone into. */
const isOpenableFolder = async (folder: string): Promise<boolean> => {
  const isFile = async (name: string) => (await stat(join(folder, name)).catch(() => undefined))?.isFile() ?? false
  return (await isFile('model.json')) || (await isFile('samples.tsv'))
}

/**
 * Folders of this machine for the page's own file dialog. The page knows entries only by ids of this session, and what lies outside of
 * `roots` (symbolic links resolved) is refused.
 */
export function createBrowse(options: { readonly start: string; readonly roots: readonly string[] }): Browse {
  const paths = new Map<string, string>()
  const ids = new Map<string, string>()
  /** Ids of paths that the user named outside of the page. */
  const trusted = new Set<string>()

  const idOf = (path: string): string => {
    const known = ids.get(path)
    if (known) return known
    const id = newId()
    paths.set(id, path)
    ids.set(path, id)
    return id
  }
  const path = (id: string): string => {
    const found = paths.get(id)
    if (!found) throw new WorkbenchError('not-found', 'this entry is not known any more', 'open the folder again')
    return found
  }
  const realRoots = Promise.all(
    [...new Set([options.start, ...options.roots])].map(r => realpath(r).catch(() => undefined)),
  ).then(list => [...new Set(list.filter(r => r !== undefined))])

  const isBelow = (folder: string, root: string) => {
    const r = relative(root, folder)
    return r === '' || (!r.startsWith('..') && !isAbsolute(r))
  }

  const ensureInside = async (real: string) => {
    const roots = await realRoots
    if (roots.some(r => isBelow(real, r))) return
    throw new WorkbenchError('permission', `'${real}' is outside of the folders that may be browsed`, `start the program with --root '${dirname(real)}'`) // biome-ignore format: one sentence
  }

  return {
    register(path) {
      const id = idOf(path)
      trusted.add(id)
      return id
    },
    async resolve(id) {
      const asked = path(id)
      let real: string
      try {
        real = await realpath(asked)
      } catch (error) {
        throw asWorkbenchError(error)
      }
      if (!trusted.has(id)) await ensureInside(real)
      return real
    },
    async list(folderId) {
      const roots = await realRoots
      const asked = folderId === undefined ? (roots[0] ?? options.start) : path(folderId)
      let folder: string
      let names: string[]
      try {
        folder = await realpath(asked)
        await ensureInside(folder)
        names = await readdir(folder)
      } catch (error) {
        throw asWorkbenchError(error)
      }
      const visible = names.filter(n => !n.startsWith('.')).slice(0, MAX_ENTRIES)
      const entries = await Promise.all(
        visible.map(async (name): Promise<FolderEntry | undefined> => {
          const full = join(folder, name)
          // A link that leads nowhere, a pipe or a device is nothing to open.
          const s = await stat(full).catch(() => undefined)
          if (!s || !(s.isFile() || s.isDirectory())) return undefined
          const isFolder = s.isDirectory()
          return {
            id: idOf(full),
            name,
            kind: isFolder ? 'folder' : 'file',
            sizeBytes: isFolder ? 0 : s.size,
            modifiedAt: s.mtimeMs,
            openable: isFolder ? await isOpenableFolder(full) : OPENABLE.test(name),
          }
        }),
      )
      const parent = dirname(folder)
      return {
        folderId: idOf(folder),
        path: folder,
        ...(parent !== folder && roots.some(r => isBelow(parent, r)) ? { parentId: idOf(parent) } : {}),
        entries: entries
          .filter(e => e !== undefined)
          .sort((a, b) => (a.kind === b.kind ? a.name.localeCompare(b.name) : a.kind === 'folder' ? -1 : 1)),
        roots: roots.map(r => ({ folderId: idOf(r), name: basename(r) || r })),
        omitted: names.filter(n => !n.startsWith('.')).length - visible.length,
      }
    },
  }
}
