import type { Handlers } from '../../src-shared/ipc/contract.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ModelMethods } from '../../src-shared/ipc/modelMethods.ts'
import type { OpenedFile } from '../../src-shared/openedFile.ts'
import { windowGeometry } from '../analyses/predict.ts'
import type { Downloads } from './downloads.ts'
import type { FileRegistry } from './files.ts'
import type { Jobs } from './jobs.ts'
import type { ModelServices } from './modelServices.ts'
import { downloadOnnx } from './models/modelDownload.ts'
import { modelFacts } from './models/modelFacts.ts'
import { tryModel } from './models/modelTrial.ts'
import { observedBins } from './predict/observed.ts'
import { createPredictionExport } from './predictionExport.ts'
import { createTrackComparisons } from './trackComparison.ts'

export interface ModelHandlerParts {
  readonly files: FileRegistry
  readonly models: ModelServices
  readonly jobs: Jobs
  readonly downloads: Downloads
  readonly version: string
  readonly now: () => number
  readonly open: (path: string) => Promise<OpenedFile>
}

export type ModelHandlers = Pick<Handlers, keyof ModelMethods>

/** The contract's methods about models and predicted tracks: routing only. */
export function createModelHandlers(parts: ModelHandlerParts): ModelHandlers {
  const { files, downloads, version, now, open } = parts
  const { models, shipped, predictions, store, registry, networks } = parts.models
  const comparisons = createTrackComparisons({ files, models, predictions })
  const exportPrediction = createPredictionExport({
    files,
    models,
    predictions,
    jobs: parts.jobs,
    downloads,
    version,
    now,
  })
  return {
    'models.shipped': () => shipped.list(),
    'models.openShipped': async ({ id }) => open(await shipped.folder(id)),
    async 'models.facts'({ fileId }) {
      const { json, card, weightsBytes, table } = await models.use(fileId)
      if (json.input.type === 'dna') networks.warm() // whoever looks at it will soon want to see its tracks
      return modelFacts(json, { fileId, card, weightsBytes, table })
    },
    async 'models.tracks'({ fileId, query, assay, offset, limit }) {
      return (await models.use(fileId)).table.page(query, assay, offset, limit)
    },
    'models.check': async ({ fileId }, context) =>
      tryModel(await models.use(fileId), { registry, networks, now }, context),
    'models.export': async ({ fileId }, context) =>
      downloadOnnx(await models.use(fileId), registry, downloads, context),
    'predict.bins': (args, context) => predictions.bins(args, context),
    async 'predict.observed'({ modelFileId, channel, signalFileId, ...asked }, context) {
      const { json } = await models.use(modelFileId)
      const track = json.tracks[channel]
      if (!track) throw new WorkbenchError('not-found', `track ${channel} is not among those of '${json.id}'`, 'choose one of its tracks') // biome-ignore format: one thought
      const { binBp: modelBinBp } = windowGeometry(json)
      return observedBins(await files.use(signalFileId), track, { ...asked, modelBinBp }, context)
    },
    'predict.region': (args, context) => predictions.region(args, context),
    'predict.compare': (args, context) => comparisons.compare(args, context),
    'predict.compareRegions': (args, context) => comparisons.regions(args, context),
    'predict.export': (args, context) => exportPrediction(args, context),
    'predict.cache': () => store.state(),
    'predict.clearCache': () => store.clear(),
  }
}
