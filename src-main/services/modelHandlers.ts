import type { Handlers } from '../../src-shared/ipc/contract.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ModelMethods } from '../../src-shared/ipc/modelMethods.ts'
import type { OpenedFile } from '../../src-shared/openedFile.ts'
import type { ModelServices } from './modelServices.ts'
import { modelFacts } from './models/modelFacts.ts'

export interface ModelHandlerParts {
  readonly models: ModelServices
  readonly open: (path: string) => Promise<OpenedFile>
}

export type ModelHandlers = Pick<Handlers, keyof ModelMethods>

/** The contract's methods about models and predicted tracks: routing only. */
export function createModelHandlers({ models: services, open }: ModelHandlerParts): ModelHandlers {
  const { models, shipped, predictions, store } = services
  const later = async (): Promise<never> => {
    throw new WorkbenchError('unsupported', 'this version cannot do this yet', 'use the command line')
  }
  return {
    'models.shipped': () => shipped.list(),
    'models.openShipped': async ({ id }) => open(await shipped.folder(id)),
    async 'models.facts'({ fileId }) {
      const { json, card, weightsBytes, table } = await models.use(fileId)
      return modelFacts(json, { fileId, card, weightsBytes, table })
    },
    async 'models.tracks'({ fileId, query, assay, offset, limit }) {
      return (await models.use(fileId)).table.page(query, assay, offset, limit)
    },
    'models.check': later,
    'models.export': later,
    'predict.bins': (args, context) => predictions.bins(args, context),
    'predict.region': (args, context) => predictions.region(args, context),
    'predict.compare': later,
    'predict.compareRegions': later,
    'predict.export': later,
    'predict.cache': () => store.state(),
    'predict.clearCache': () => store.clear(),
  }
}
