import { join } from 'node:path'
import type { ShippedModel } from '../../../src-shared/genome/model.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { listModels } from './listModels.ts'
import { madeUpOf } from './modelFacts.ts'
import { readModelJson } from './modelFolder.ts'

export interface ShippedModels {
  /** Those that can be used, by name. */
  list(): Promise<readonly ShippedModel[]>
  /** The folder of one. @throws WorkbenchError `not-found` */
  folder(id: string): Promise<string>
}

/** The models that lie in the program's own folder. */
export function createShippedModels(root: string | undefined): ShippedModels {
  const usable = async () => (root === undefined ? [] : (await listModels([root])).filter(m => m.problem === undefined))
  return {
    async list() {
      const models: ShippedModel[] = []
      for (const { folder, id, name } of await usable()) {
        const madeUp = madeUpOf(await readModelJson(folder))
        models.push({ id, name, labels: [...(madeUp ? [madeUp] : []), 'research use only'] })
      }
      return models
    },
    async folder(id) {
      const found = (await usable()).find(m => m.id === id)
      if (!found || root === undefined)
        throw new WorkbenchError('not-found', `no model '${id.slice(0, 60)}' comes with the program`, 'choose one of the list') // biome-ignore format: one thought
      return join(found.folder)
    },
  }
}
