import type { Handlers } from '../../src-shared/ipc/contract.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ModelMethods } from '../../src-shared/ipc/modelMethods.ts'
import type { OpenedFile } from '../../src-shared/openedFile.ts'
import { windowGeometry } from '../analyses/predict.ts'
import type { FileRegistry } from './files.ts'
import type { ModelServices } from './modelServices.ts'
import { modelFacts } from './models/modelFacts.ts'
import { observedBins } from './predict/observed.ts'

export interface ModelHandlerParts {
  readonly files: FileRegistry
  readonly models: ModelServices
  readonly open: (path: string) => Promise<OpenedFile>
}

export type ModelHandlers = Pick<Handlers, keyof ModelMethods>

/** The contract's methods about models and predicted tracks: routing only. */
export function createModelHandlers({ files, models: services, open }: ModelHandlerParts): ModelHandlers {
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
    async 'predict.observed'({ modelFileId, channel, signalFileId, ...asked }, context) {
      const { json } = await models.use(modelFileId)
      const track = json.tracks[channel]
      if (!track) throw new WorkbenchError('not-found', `track ${channel} is not among those of '${json.id}'`, 'choose one of its tracks') // biome-ignore format: one thought
      const { binBp: modelBinBp } = windowGeometry(json)
      return observedBins(await files.use(signalFileId), track, { ...asked, modelBinBp }, context)
    },
    'predict.region': (args, context) => predictions.region(args, context),
    'predict.compare': later,
    'predict.compareRegions': later,
    'predict.export': later,
    'predict.cache': () => store.state(),
    'predict.clearCache': () => store.clear(),
  }
}
