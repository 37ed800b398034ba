import type { EffectScore } from '../../../src-shared/genome/scan.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { float32 } from '../../../src-shared/tensor.ts'
import { windowGeometry } from '../../analyses/predict.ts'
import type { Compute } from '../../compute/client.ts'
import type { LoadOptions, ProviderReport } from '../../compute/engine.ts'
import { gradient } from '../../graph/gradient.ts'
import { Graph, type Tensor } from '../../graph/graph.ts'
import { emitOnnx } from '../../graph/onnx.ts'
import { add, concat, log, matmul, mul, reduceSum, reshape } from '../../graph/ops.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { channelsByHead, selectedColumns, selectNetwork } from '../predict/selectedNetwork.ts'

/** Of what the gradient is taken. Each is the score of which a mutant's is the difference, so that ∂y/∂x gives its first order. */
export interface GradientOf {
  /** Weight of each channel: 1 for one track, 1/n each for a group mean. */
  readonly channels: ReadonlyMap<number, number>
  readonly bins: { readonly first: number; readonly count: number }
  /** Mean over the bins in place of their sum (`sad`, `sar`). */
  readonly mean?: boolean
}

/** A network and its derivative by the sequence. */
export interface GradientNetwork {
  readonly provider: ProviderReport
  /** ∂y/∂x, [window, 4], of a one-hot sequence [window, 4]: one pass forward and one back. */
  run(sequence: Float32Array, of: GradientOf, signal: AbortSignal): Promise<Float32Array>
  close(): Promise<void>
}

export interface GradientRequest {
  readonly folder: string
  readonly json: ModelJson
  readonly channels: readonly number[]
  readonly score: EffectScore
  readonly load: LoadOptions
}

/** Why a model or a score has no first-order preview; undefined when it has one. */
export function noGradient(kind: string, score: EffectScore): string | undefined {
  if (kind === 'onnx') return 'an imported ONNX graph has no gradient'
  if (score === 'absmax')
    return "score 'absmax' has no first-order estimate: which bin is the largest is not known before"
  return undefined
}

/**
 * Opens the derivative of some tracks of a network by its input. y is Σ over bins of the tracks (sad), Σ of log2(1 + track) (sar), or
 * log2(1 + Σ of the tracks) (logfold); bins and tracks are weights that each run is given.
 * @throws WorkbenchError `unsupported` where there is no gradient; `out-of-memory` when it is run
 */
export async function openGradientNetwork(
  request: GradientRequest,
  compute: Compute,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<GradientNetwork> {
  const { folder, json, score } = request
  const missing = noGradient(json.kind, score)
  if (missing) throw new WorkbenchError('unsupported', missing, 'use method exact or naive')
  const { windowBp, bins } = windowGeometry(json)
  const wanted = channelsByHead(json, request.channels)
  const selected = await selectNetwork(folder, json, wanted, registry, context)
  const graph = new Graph()
  const outputs = selected.build(graph, 1)
  const { heads, columns } = selectedColumns(json, wanted, head => outputs[head]!.shape.at(-1))
  const tracks = heads.length === 1 ? outputs[heads[0]!]! : concat(heads.map(head => outputs[head]!), 2) // biome-ignore format: one thought
  const sequence = graph.leaves('input').find(t => t.node.leaf?.name === 'sequence')
  if (!sequence) throw new WorkbenchError('bad-model', `kind '${json.kind}' reads no sequence`, 'use a model of DNA')
  const columnWeights = graph.input('columns', [columns.size, 1])
  const binWeights = graph.input('bins', [bins])
  const y = scored(reshape(matmul(reshape(tracks, [bins, columns.size]), columnWeights), [bins]), binWeights, score)
  const [derivative] = gradient(y, [sequence])
  const onnx = emitOnnx({ gradient: derivative! }, { values: selected.values })
  const session = await compute.load({ bytes: onnx.bytes, links: selected.links }, { workload: 'fixed', ...request.load }, context.signal) // biome-ignore format: one thought
  return {
    get provider() {
      return session.provider
    },
    async run(bases, of, signal) {
      const weights = new Float32Array(columns.size)
      for (const [channel, weight] of of.channels) weights[columns.get(channel)!] = weight
      const rows = new Float32Array(bins)
      rows.fill(of.mean && score !== 'logfold' ? 1 / of.bins.count : 1, of.bins.first, of.bins.first + of.bins.count)
      const results = await session.run(
        {
          sequence: float32(bases, [1, windowBp, 4]),
          columns: float32(weights, [columns.size, 1]),
          bins: float32(rows, [bins]),
        },
        { signal, outputs: ['gradient'] },
      )
      return results['gradient']!.data as Float32Array
    },
    close: () => session.close(),
  }
}

/** y of one track [bins] with weights of the bins. */
function scored(track: Tensor, bins: Tensor, score: EffectScore): Tensor {
  const log2 = (x: Tensor) => mul(log(add(x, 1)), 1 / Math.LN2)
  switch (score) {
    case 'sar':
      return reduceSum(mul(bins, log2(track)), 0)
    case 'logfold':
      return log2(reduceSum(mul(bins, track), 0))
    default:
      return reduceSum(mul(bins, track), 0)
  }
}
