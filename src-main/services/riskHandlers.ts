import { join } from 'node:path'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import { SIMULATED_LABEL } from '../../src-shared/genome/risk.ts'
import type { Handlers } from '../../src-shared/ipc/contract.ts'
import type { RiskMethods } from '../../src-shared/ipc/riskMethods.ts'
import type { Compute } from '../compute/client.ts'
import type { Downloads } from './downloads.ts'
import type { FileRegistry } from './files.ts'
import type { EventHub } from './hub.ts'
import type { Jobs } from './jobs.ts'
import type { ModelServices } from './modelServices.ts'
import type { JobRates } from './planner/jobRates.ts'
import { createOpenRiskModels, type OpenRiskModels } from './risk/openRiskModels.ts'
import { isRiskModel } from './risk/riskModel.ts'
import { type SampleFile, sampleRisk, sampleTokens } from './risk/sampleRisk.ts'
import { createRiskCohorts, type RiskCohorts } from './riskCohorts.ts'

/** Open risk models and the folder of cohorts, kept for the life of the services. */
export interface RiskServices {
  readonly open: OpenRiskModels
  readonly folder: string
  /** Of trainings that were started in the window. */
  readonly trainedFolder: string
  readonly ownCompute: () => Promise<Compute>
  close(): Promise<void>
}

export function createRiskServices(options: {
  readonly models: ModelServices
  readonly dataDir: string
  readonly ownCompute: () => Promise<Compute>
}): RiskServices {
  const { models, compute, registry } = options.models
  const open = createOpenRiskModels({ models, compute, registry })
  const { dataDir, ownCompute } = options
  return { open, folder: join(dataDir, 'cohorts'), trainedFolder: join(dataDir, 'trained'), ownCompute, close: () => open.close() } // biome-ignore format: one line
}

export interface RiskHandlerParts {
  readonly risk: RiskServices
  readonly models: ModelServices
  readonly files: FileRegistry
  readonly jobs: Jobs
  readonly downloads: Downloads
  readonly hub: EventHub
  readonly rates: JobRates
  readonly now: () => number
  readonly version: string
  /** Opens a file for every window. */
  readonly openFile: (path: string) => Promise<OpenedFile>
  /** A sample that can be read; runs work on it and notes a change on disk. */
  readonly reading: <T>(fileId: string, work: (sample: SampleFile) => Promise<T>) => Promise<T>
  readonly referencePath: () => Promise<string | undefined>
}

/** The contract's methods about risk models: routing only. */
export function createRiskHandlers(parts: RiskHandlerParts): {
  readonly handlers: Pick<Handlers, keyof RiskMethods>
  readonly cohorts: RiskCohorts
} {
  const { risk, models, files, jobs, downloads, hub, now, version, openFile, reading, referencePath } = parts
  const { open, folder } = risk
  const tell = (change: Parameters<typeof hub.emit<'risk.changed'>>[1]) => hub.emit('risk.changed', change)
  const cohorts = createRiskCohorts({ files, jobs, downloads, open, folder, referencePath, tell, plan: models.plan, rates: parts.rates, now, version }) // biome-ignore format: one line
  return {
    cohorts,
    handlers: {
      async 'risk.models'() {
        const entries = files.entries().filter(e => e.role === 'model' && !e.problem)
        const found = await Promise.all(entries.map(async e => ({ id: e.id, json: (await models.models.use(e.id).catch(() => undefined))?.json }))) // biome-ignore format: one line
        return found.flatMap(({ id, json }) => {
          if (!json?.risk || !isRiskModel(json)) return []
          return [{ fileId: id, name: json.name, label: json.risk.trainedOnSimulated ? SIMULATED_LABEL : null }]
        })
      },
      'risk.score': ({ fileId, modelFileId }, context) =>
        reading(fileId, s => open.with(modelFileId, context, kept => sampleRisk(s, kept, context))),
      'risk.tokens': ({ fileId, modelFileId }, context) =>
        reading(fileId, s => open.with(modelFileId, context, kept => sampleTokens(s, kept, context))),
      'risk.cohortOpen': ({ fileId }) => cohorts.open(fileId),
      'risk.cohortStart': ({ again, ...subject }, context) => cohorts.start(subject, again, context),
      'risk.cohort': (subject, context) => cohorts.get(subject, context),
      'risk.cohortCompare': ({ otherModelFileId, ...subject }, context) =>
        cohorts.compare(subject, otherModelFileId, context),
      'risk.cohortExport': ({ format, ...subject }, context) => cohorts.export(subject, format, context),
      'risk.cohortSheet': ({ fileId }) => cohorts.sheetToFillIn(fileId),
      'risk.cohortSample': async ({ fileId, sample }) => openFile(await cohorts.samplePath(fileId, sample)),
    },
  }
}
