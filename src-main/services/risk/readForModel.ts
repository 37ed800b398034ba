import type { Build } from '../../../src-shared/genome/assemblies.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { readAs } from '../../domain/cohort/modelReading.ts'
import { riskReading } from '../../workers/pileupClient.ts'
import { type RiskReading, rulesOf } from '../../workers/riskReadingRun.ts'
import type { RiskModel } from './riskModel.ts'
import { readSampleDiplotype } from './sampleDiplotype.ts'

export interface ReadingRequest {
  readonly path: string
  readonly indexPath?: string | undefined
  /** For CRAM. */
  readonly referencePath?: string | undefined
  readonly build?: Build | 'auto'
}

/** A sample's diplotype as a model reads it: in this thread or in another, the answer is the same. @throws WorkbenchError `build`, and what opening and reading throw */
export type ReadForModel = (request: ReadingRequest, model: RiskModel, context: WorkContext) => Promise<RiskReading>

/** In this thread: what a short command does. */
export const readForModel: ReadForModel = async (request, model, context) => {
  const { flankBp, caller } = model.facts
  const read = await readSampleDiplotype({ ...request, flankBp, calling: caller }, context)
  return { read, ...readAs(read.text, rulesOf(model.view), model.encoder) }
}

/** In the threads that count, for a program that must go on answering meanwhile: reading, calling and cutting take some 20 ms a sample. */
export const readForModelInThread: ReadForModel = (request, model, context) => {
  const { path, indexPath, referencePath, build = 'auto' } = request
  const { flankBp, caller } = model.facts
  const source = { path, ...(referencePath ? { reference: referencePath } : {}), ...(indexPath ? { index: indexPath } : {}) } // biome-ignore format: one line
  return riskReading({ ...source, request: { build, flankBp, calling: caller }, view: model.view }, context)
}
