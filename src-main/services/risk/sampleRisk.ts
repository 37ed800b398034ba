import { asWorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { RiskTokens, SampleRisk } from '../../../src-shared/ipc/riskMethods.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { KeptRiskModel } from './openRiskModels.ts'
import { readForModelInThread } from './readForModel.ts'
import { scoreSample } from './scoreSample.ts'

export interface SampleFile {
  readonly path: string
  readonly indexPath: string | undefined
  readonly referencePath: string | undefined
}

/** Every token that differs is listed: they are as many as a region has variants. */
const EVIDENCE = 1000

/** A score and the people among whom it has its place. @throws WorkbenchError as scoring does */
export async function sampleRisk(file: SampleFile, kept: KeptRiskModel, context: WorkContext): Promise<SampleRisk> {
  const { facts } = kept.model
  const score = await scoreSample({ ...file, evidence: EVIDENCE, read: readForModelInThread }, kept.model, context)
  return { score, distribution: facts.distribution, calibration: facts.calibration, threshold: facts.threshold }
}

/** The region as the model reads it, token by token. @throws WorkbenchError as reading does */
export async function sampleTokens(file: SampleFile, kept: KeptRiskModel, context: WorkContext): Promise<RiskTokens> {
  const { model } = kept
  const { read, cleaned, ids } = await readForModelInThread(file, model, context)
  const { text } = cleaned
  const { reference } = model.facts
  const spans = model.spans(text).filter(s => s.to > s.from)
  const fits = ids.length <= model.maxTokens
  return {
    region: read.region,
    starts: Int32Array.from(spans, s => read.region.start + s.from),
    ends: Int32Array.from(spans, s => read.region.start + s.to),
    pieces: spans.map(s => text.slice(s.from, s.to)),
    differs: Uint8Array.from(spans, s => (text.slice(s.from, s.to) === reference.slice(s.from, s.to) ? 0 : 1)),
    unknown: model.unknownTokens(ids),
    limit: model.maxTokens,
    // A logistic model has no tokens to take a gradient of.
    gradient: fits && model.view.kind === 'tokens' ? await gradientOf(kept, text, context) : null,
    reference,
  }
}

async function gradientOf(kept: KeptRiskModel, text: string, context: WorkContext): Promise<Float32Array | null> {
  try {
    const attributor = await kept.attributor(context)
    const { gradient } = await attributor.attribute(text, context.signal)
    return gradient && Float32Array.from(gradient)
  } catch (error) {
    if (asWorkbenchError(error).code === 'unsupported') return null // a kind of network without a derivative here
    throw error
  }
}
