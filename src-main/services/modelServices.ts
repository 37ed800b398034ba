import { join } from 'node:path'
import type { PredictionChanged } from '../../src-shared/ipc/modelMethods.ts'
import type { Compute } from '../compute/client.ts'
import { MODELS } from '../models/kinds.ts'
import { type ModelRegistry, modelRegistry } from '../models/registry.ts'
import type { Engines } from './engines.ts'
import type { FileRegistry } from './files.ts'
import { type Backgrounds, createBackgrounds } from './haplotypes.ts'
import type { Jobs } from './jobs.ts'
import { createOpenModels, type OpenModels } from './models/openModels.ts'
import { createShippedModels, type ShippedModels } from './models/shippedModels.ts'
import { type PlanJob, unplanned } from './planner/jobPlanning.ts'
import { createNetworkPool, type NetworkPool } from './predict/networkPool.ts'
import { createPredictionStore, type PredictionStore } from './predict/predictionStore.ts'
import { createPredictions, type Predictions } from './predict/predictions.ts'
import { createSubjects } from './predict/subject.ts'

/** What everything about models shares: open models, open networks, backgrounds, and kept predictions. */
export interface ModelServices {
  readonly registry: ModelRegistry
  readonly compute: () => Promise<Compute>
  readonly models: OpenModels
  readonly shipped: ShippedModels
  readonly backgrounds: Backgrounds
  readonly networks: NetworkPool
  readonly store: PredictionStore
  readonly predictions: Predictions
  /** Refuses a job that will not fit, and tells what one that does will cost. */
  readonly plan: PlanJob
  close(): Promise<void>
}

export interface ModelServicesOptions {
  readonly files: FileRegistry
  readonly engines: Engines
  readonly jobs: Jobs
  readonly compute: () => Promise<Compute>
  readonly dataDir: string
  /** Where the models of the program lie. */
  readonly modelsDir: string | undefined
  readonly tell: (change: PredictionChanged) => void
  readonly now: () => number
  readonly fault: (error: unknown) => void
  readonly cacheLimitBytes?: number
  /** Default: nothing is planned. */
  readonly plan?: PlanJob
}

export function createModelServices(options: ModelServicesOptions): ModelServices {
  const { files, engines, jobs, compute, dataDir, modelsDir, tell, now, fault, plan = unplanned } = options
  const registry = modelRegistry(MODELS)
  const models = createOpenModels(files)
  const backgrounds = createBackgrounds({ files, engines })
  const networks = createNetworkPool({ compute, registry })
  const store = createPredictionStore({
    folder: join(dataDir, 'predictions'),
    fault,
    ...(options.cacheLimitBytes === undefined ? {} : { limitBytes: options.cacheLimitBytes }),
  })
  const subject = createSubjects({ files, engines, models, backgrounds })
  const predictions = createPredictions({ subject, networks, store, jobs, tell, now, plan })
  return {
    registry,
    compute,
    models,
    shipped: createShippedModels(modelsDir),
    backgrounds,
    networks,
    store,
    predictions,
    plan,
    async close() {
      predictions.close()
      await Promise.all([networks.close(), backgrounds.close(), store.flush()])
    },
  }
}
