import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asWorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { restoreReplaced } from './folderSwap.ts'
import { readModelJson } from './modelFolder.ts'

export interface ListedModel {
  readonly folder: string
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly parameters: number
  readonly tracks: number
  readonly licence: string
  /** Why it cannot be used; the other fields are then empty. */
  readonly problem?: string
}

/** The model folders right below the given folders, by name. A root that is not there holds none (`strict`: is `not-found`); a broken folder is listed with its problem. */
export async function listModels(
  roots: readonly string[],
  { strict = false }: { readonly strict?: boolean } = {},
): Promise<readonly ListedModel[]> {
  const found: ListedModel[] = []
  for (const root of roots) {
    await restoreReplaced(root)
    const entries = await readdir(root, { withFileTypes: true }).catch(error => {
      if (!strict && (error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw asWorkbenchError(error)
    })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (!entry.isDirectory() || entry.name.startsWith('.')) continue
      const folder = join(root, entry.name)
      try {
        const m = await readModelJson(folder)
        found.push({ folder, id: m.id, name: m.name, kind: m.kind, parameters: m.weights.parameters, tracks: m.tracks.length, licence: m.licence }) // biome-ignore format: one row
      } catch (error) {
        const e = asWorkbenchError(error)
        if (e.code === 'not-found') continue // any other folder
        found.push({
          folder,
          id: '',
          name: entry.name,
          kind: '',
          parameters: 0,
          tracks: 0,
          licence: '',
          problem: e.message,
        })
      }
    }
  }
  return found
}
