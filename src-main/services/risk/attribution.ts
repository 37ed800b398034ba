import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { attributionGraph, spreadOverBases } from '../../analyses/riskAttribution.ts'
import { SPECIALS } from '../../domain/cohort/peopleTokenizer.ts'
import { emitOnnx } from '../../graph/onnx.ts'
import { openModelFolder } from '../models/modelFolder.ts'
import { int32, padded } from './network.ts'
import { readForModel } from './readForModel.ts'
import type { RiskDeps, RiskModel } from './riskModel.ts'
import { noCallOf, type ScoreRequest } from './scoreSample.ts'

/** What each base of a region does to the logit of a case. */
export interface BaseAttribution {
  /** Change of the logit when the token over the base is replaced by the reference, spread over the bases that differ; 0 where none does. */
  readonly occlusion: Float64Array
  /** Gradient times embedding of the sample's tokens minus that of the reference's, spread evenly over each token's bases; null without tokens. */
  readonly gradient: Float64Array | null
}

export interface Attributor {
  attribute(cleaned: string, signal: AbortSignal): Promise<BaseAttribution>
  close(): Promise<void>
}

/** Opens the derivative of a risk model beside the model itself. @throws WorkbenchError `unsupported` for a kind without one */
export async function openAttribution(model: RiskModel, deps: RiskDeps, context: WorkContext): Promise<Attributor> {
  if (model.view.kind === 'snps') return siteAttribution(model)
  const graph = attributionGraph(model.json.kind, model.json.architecture, 1, model.maxTokens)
  const folder = await openModelFolder(model.folder)
  const values = new Map<string, Float32Array>()
  try {
    for (const name of folder.weights.entries.keys()) values.set(name, (await folder.weights.read(name)).data as Float32Array) // biome-ignore format: one line
  } finally {
    await folder.close()
  }
  const { bytes } = emitOnnx({ attribution: graph.attribution }, { values })
  const session = await deps.compute.load({ bytes }, { workload: 'fixed', device: deps.device ?? 'cpu' }, context.signal) // biome-ignore format: one line
  const { reference } = model.facts
  const gradientOf = async (text: string, signal: AbortSignal) => {
    const ids = int32(padded([model.encoder.ids(text)], model.maxTokens, SPECIALS.pad), [1, model.maxTokens])
    const out = (await session.run({ ids }, { signal }))['attribution']!.data as Float32Array
    return spreadOverBases(out, model.spans(text), reference.length)
  }
  let ofReference: Float64Array | undefined
  return {
    async attribute(cleaned, signal) {
      ofReference ??= await gradientOf(reference, signal)
      const own = await gradientOf(cleaned, signal)
      return { occlusion: await occlusionOf(model, cleaned, signal), gradient: own.map((g, i) => g - ofReference![i]!) }
    },
    close: () => session.close(),
  }
}

/**
 * Of a logistic model: the change of the logit when a site alone becomes the reference. Exact for fitted coefficients, which add up; the ten
 * published odds ratios are of genotypes, so that the changes of the two sites do not add up. There is nothing to take a gradient of.
 */
const siteAttribution = (model: RiskModel): Attributor => ({
  attribute: async (cleaned, signal) => ({ occlusion: await occlusionOf(model, cleaned, signal), gradient: null }),
  async close() {},
})

async function occlusionOf(model: RiskModel, cleaned: string, signal: AbortSignal): Promise<Float64Array> {
  const { reference } = model.facts
  const out = new Float64Array(reference.length)
  const spans = model.spans(cleaned).filter(s => cleaned.slice(s.from, s.to) !== reference.slice(s.from, s.to))
  if (spans.length === 0) return out
  const texts = spans.map(s => cleaned.slice(0, s.from) + reference.slice(s.from, s.to) + cleaned.slice(s.to))
  const [own, ...changed] = await model.logits([cleaned, ...texts].map(t => model.encoder.ids(t)), signal) // biome-ignore format: one line
  spans.forEach(({ from, to }, i) => {
    const differing = Array.from({ length: to - from }, (_, k) => from + k).filter(p => cleaned[p] !== reference[p])
    for (const p of differing) out[p] = (own! - changed[i]!) / differing.length
  })
  return out
}

/**
 * The locus of one sample as a table, one line a base: position (1-based), character as the model reads it, number of its token, occlusion and
 * gradient times embedding (a point where the model has no tokens).
 * @throws WorkbenchError `bad-input` for a sample that the model gives no score, with the reason
 */
export async function attributionTsv(
  request: Omit<ScoreRequest, 'evidence'>,
  model: RiskModel,
  attributor: Attributor,
  limits: readonly string[],
  context: WorkContext,
): Promise<string> {
  const { read, foreign, cleaned, ids } = await readForModel(request, model, context)
  const noCall = noCallOf(read, model, foreign, ids.length)
  if (noCall) throw new WorkbenchError('bad-input', `'${request.path}' has no score, ${noCall.code}: ${noCall.message}`, 'use a sample that fits the model') // biome-ignore format: one line
  const { occlusion, gradient } = await attributor.attribute(cleaned.text, context.signal)
  const lines = [...limits.map(l => `## ${l}`), 'contig\tpos\tcharacter\ttoken\tocclusion\tgradient']
  const number = (x: number) => String(Number(x.toPrecision(6)))
  model
    .spans(cleaned.text)
    .filter(s => s.to > s.from)
    .forEach(({ from, to }, token) => {
      for (let i = from; i < to; i++)
        lines.push([read.region.contig, read.region.start + i + 1, cleaned.text[i], token + 1, number(occlusion[i]!), gradient ? number(gradient[i]!) : '.'].join('\t')) // biome-ignore format: one line
    })
  return `${lines.join('\n')}\n`
}
