import type { Handlers } from '../../src-shared/ipc/contract.ts'
import type { TuneMethods } from '../../src-shared/ipc/tuneMethods.ts'
import type { Planner } from './planner/planner.ts'
import { createTunes } from './risk/tunes.ts'
import type { RiskHandlerParts } from './riskHandlers.ts'

/** The contract's methods about fine-tuning: routing only. */
export function createTuneHandlers(
  parts: Pick<RiskHandlerParts, 'risk' | 'models' | 'files' | 'jobs' | 'downloads' | 'hub' | 'now' | 'openFile'> & {
    readonly planner: Planner
  },
): Pick<Handlers, keyof TuneMethods> {
  const { risk, models, files, jobs, downloads, hub, now, openFile } = parts
  const tunes = createTunes({
    files,
    models,
    jobs,
    downloads,
    folder: risk.trainedFolder,
    ownCompute: risk.ownCompute,
    planner: parts.planner,
    openFile,
    closeFile(fileId) {
      files.close(fileId)
      hub.emit('files.closed', { fileId })
    },
    tell: change => hub.emit('risk.tuneChanged', change),
    now,
  })
  return {
    'risk.tuneOptions': ({ fileId }) => tunes.options(fileId),
    'risk.tuneCost': ({ fileId, settings }, context) => tunes.cost(fileId, settings, context),
    'risk.tuneStart': ({ fileId, settings }) => tunes.start(fileId, settings),
    'risk.tuneResume': ({ tuneId }) => tunes.resume(tuneId),
    'risk.tunes': ({ fileId }) => tunes.list(fileId),
    'risk.tune': ({ tuneId }) => tunes.get(tuneId),
    'risk.tuneOpen': ({ tuneId }) => tunes.open(tuneId),
    'risk.tuneRemove': ({ tuneId }) => tunes.remove(tuneId),
    'risk.tuneExport': ({ tuneId, what }) => tunes.export(tuneId, what),
  }
}
