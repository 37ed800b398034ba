import type { Handlers } from '../../src-shared/ipc/contract.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ModelMethods } from '../../src-shared/ipc/modelMethods.ts'
import type { OpenedFile } from '../../src-shared/openedFile.ts'
import type { FileRegistry } from './files.ts'
import { modelFacts } from './models/modelFacts.ts'
import { createOpenModels } from './models/openModels.ts'
import { createShippedModels } from './models/shippedModels.ts'

export interface ModelHandlerParts {
  readonly files: FileRegistry
  /** Where the models of the program lie. */
  readonly modelsDir: string | undefined
  readonly open: (path: string) => Promise<OpenedFile>
}

export type ModelHandlers = Pick<Handlers, keyof ModelMethods>

/** The contract's methods about models and predicted tracks: routing only. */
export function createModelHandlers(parts: ModelHandlerParts): ModelHandlers {
  const models = createOpenModels(parts.files)
  const shipped = createShippedModels(parts.modelsDir)
  const later = async (): Promise<never> => {
    throw new WorkbenchError('unsupported', 'this version cannot do this yet', 'use the command line')
  }
  return {
    'models.shipped': () => shipped.list(),
    'models.openShipped': async ({ id }) => parts.open(await shipped.folder(id)),
    async 'models.facts'({ fileId }) {
      const { json, card, weightsBytes, table } = await models.use(fileId)
      return modelFacts(json, { fileId, card, weightsBytes, table })
    },
    async 'models.tracks'({ fileId, query, assay, offset, limit }) {
      return (await models.use(fileId)).table.page(query, assay, offset, limit)
    },
    'models.check': later,
    'models.export': later,
    'predict.bins': later,
    'predict.region': later,
    'predict.compare': later,
    'predict.compareRegions': later,
    'predict.export': later,
    'predict.cache': later,
    'predict.clearCache': later,
  }
}
