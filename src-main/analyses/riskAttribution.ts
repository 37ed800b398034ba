import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { gradient } from '../graph/gradient.ts'
import { Graph, type Tensor } from '../graph/graph.ts'
import { mul, reduceSum, slice, sub } from '../graph/ops.ts'
import { linformerDefinition } from '../models/linformer.ts'
import { lrtDefinition } from '../models/lrt.ts'
import { encodeTokens } from '../models/tokenEncoder.ts'
import { transformerDefinition } from '../models/transformer.ts'

const DEFINITIONS = [transformerDefinition, lrtDefinition, linformerDefinition]

/**
 * Gradient times embedding of a token classifier: ids int32 [batch, length] -> `attribution` [batch, length], how much each token's embedding
 * (position included) pushes the second class's logit above the first's, to first order (Shrikumar et al. 2016); and `logit` [batch].
 * @throws WorkbenchError `unsupported` for a kind of network that is no token encoder, `bad-model` for one without two classes
 */
export function attributionGraph(
  kind: string,
  architecture: unknown,
  batch: number,
  length: number,
  graph = new Graph(),
): { readonly attribution: Tensor; readonly logit: Tensor } {
  const definition = DEFINITIONS.find(d => d.kind === kind)
  if (!definition) throw new WorkbenchError('unsupported', `attribution of a ${kind}`, `use one of ${DEFINITIONS.map(d => d.kind).join(', ')}`) // biome-ignore format: one line
  const config = definition.parseConfig(architecture)
  if (config.classes !== 2) throw new WorkbenchError('bad-model', `a classifier of ${config.classes} classes`, 'use one of two classes') // biome-ignore format: one line
  const { embeddings, outputs } = encodeTokens(graph, config, graph.input('ids', [batch, length], 'int32'))
  const logits = outputs['classLogits']!
  const logit = sub(slice(logits, 1, 1, 2), slice(logits, 1, 0, 1))
  const [byEmbedding] = gradient(reduceSum(logit), [embeddings])
  return { attribution: reduceSum(mul(byEmbedding!, embeddings), 2), logit }
}

/** Values of tokens spread evenly over the characters that each stands for. */
export function spreadOverBases(
  values: ArrayLike<number>,
  spans: readonly { readonly from: number; readonly to: number }[],
  bases: number,
): Float64Array {
  const out = new Float64Array(bases)
  spans.forEach(({ from, to }, i) => {
    for (let at = from; at < to; at++) out[at] = values[i]! / (to - from)
  })
  return out
}

/** 1 for the largest absolute value, ties sharing the better rank. */
export function ranksByMagnitude(values: ArrayLike<number>): number[] {
  const sorted = Array.from(values, Math.abs).sort((a, b) => b - a)
  return Array.from(values, v => 1 + sorted.findIndex(s => s <= Math.abs(v)))
}
