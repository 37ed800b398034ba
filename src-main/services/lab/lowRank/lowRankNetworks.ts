import { estimateMemory, planModel } from '../../../compute/modelPlan.ts'
import { gradient } from '../../../graph/gradient.ts'
import { Graph, type Tensor } from '../../../graph/graph.ts'
import { squaredError } from '../../../graph/losses.ts'
import { emitOnnx } from '../../../graph/onnx.ts'
import { dropout, slice } from '../../../graph/ops.ts'
import { norm, seedInput } from '../../../graph/optimizer/trainingStep.ts'
import { type EncoderLayerConfig, encoderLayer, encoderLayerSpecs } from '../../../models/layers/encoderLayer.ts'
import type { TrainingMode } from '../../../models/layers/training.ts'
import { parameterCount, type WeightSpec, Weights } from '../../../models/layers/weights.ts'

/** Sizes that all models of a run share. */
export interface EncoderSizes {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly feedForward: number
}

/** `rank` is r of the LED units, or k of Linformer's projections. */
export type LowRankModel =
  | { readonly name: 'transformer' }
  | { readonly name: 'lrt' | 'linformer'; readonly rank: number }

/** Of the training graph alone; the thesis states no rate, BERT has this one. */
const DROPOUT = 0.1

/** Post-norm encoder layers with ReLU; Linformer with E and F apart in each layer, shared by the heads. */
export function encoderConfig(model: LowRankModel, sizes: EncoderSizes, tokens: number): EncoderLayerConfig {
  return {
    width: sizes.width,
    heads: sizes.heads,
    feedForward: sizes.feedForward,
    norm: 'post',
    activation: 'relu',
    normEpsilon: 1e-5,
    dropout: DROPOUT,
    ...(model.name === 'lrt' ? { rank: model.rank } : {}),
    ...(model.name === 'linformer'
      ? { linformer: { projection: model.rank, sharing: 'none', maxTokens: tokens } }
      : {}),
  }
}

export const encoderSpecs = (model: LowRankModel, sizes: EncoderSizes, tokens: number): readonly WeightSpec[] => {
  const config = encoderConfig(model, sizes, tokens)
  return Array.from({ length: sizes.layers }, (_, i) => encoderLayerSpecs(`layers.${i}`, config)).flat()
}

export const encoderParameters = (model: LowRankModel, sizes: EncoderSizes, tokens: number): number =>
  parameterCount(encoderSpecs(model, sizes, tokens))

export interface EncoderRun {
  readonly graph: Graph
  readonly outputs: Readonly<Record<string, Tensor>>
}

function encoded(
  graph: Graph,
  model: LowRankModel,
  sizes: EncoderSizes,
  batch: number,
  tokens: number,
  training?: TrainingMode,
) {
  const config = encoderConfig(model, sizes, tokens)
  const weights = new Weights(graph, encoderSpecs(model, sizes, tokens))
  let x = graph.input('x', [batch, tokens, sizes.width])
  for (let i = 0; i < sizes.layers; i++) x = encoderLayer(weights, `layers.${i}`, x, config, { training })
  return x
}

/** The encoder on x [batch, tokens, width], without dropout; of its result only a corner is handed back. */
export function inferenceRun(model: LowRankModel, sizes: EncoderSizes, batch: number, tokens: number): EncoderRun {
  const graph = new Graph()
  return { graph, outputs: { corner: slice(encoded(graph, model, sizes, batch, tokens), 1, 0, 1) } }
}

/**
 * Forward with dropout and what the gradient needs kept, then the gradients of all weights of a squared error: forward and backward without
 * an update. Of the gradients only their joint norm is handed back, which needs all of them.
 */
export function trainingRun(model: LowRankModel, sizes: EncoderSizes, batch: number, tokens: number): EncoderRun {
  const graph = new Graph()
  const y = encoded(graph, model, sizes, batch, tokens, { dropout: (x, rate) => dropout(x, rate, seedInput(graph)) })
  const loss = squaredError(y, graph.input('target', y.shape))
  return { graph, outputs: { loss, gradientNorm: norm(gradient(loss, graph.leaves('parameter'))) } }
}

/** Bytes of a run, by the lifetimes of its tensors, weights and inputs included. */
export function plannedBytes({ graph, outputs }: EncoderRun): number {
  const leaves = [...graph.leaves('input'), ...graph.leaves('parameter')]
  const shapes = new Map(leaves.map(t => [t.node.leaf!.name, t.shape]))
  return estimateMemory(planModel(emitOnnx(outputs).bytes), shapes, Object.keys(outputs)).bytes
}

const known = new Map<string, number>()

/**
 * The largest batch whose training step of the standard transformer is planned to need at most `memoryBytes`, and at most so many tokens in
 * all; 0 where not one sequence fits. Remembered: every list of recipes asks again.
 */
export function largestBatch(sizes: EncoderSizes, tokens: number, memoryBytes: number, mostTokens: number): number {
  const key = JSON.stringify([sizes, tokens, memoryBytes, mostTokens])
  const batch = known.get(key) ?? fittingBatch(sizes, tokens, memoryBytes, Math.max(1, Math.floor(mostTokens / tokens)))
  known.set(key, batch)
  return batch
}

function fittingBatch(sizes: EncoderSizes, tokens: number, memoryBytes: number, most: number): number {
  const at = (batch: number) => ({
    batch,
    bytes: plannedBytes(trainingRun({ name: 'transformer' }, sizes, batch, tokens)),
  })
  let fits = at(1)
  if (fits.bytes > memoryBytes) return 0
  let not = fits
  while (not.bytes <= memoryBytes) {
    fits = not
    if (fits.batch === most) return most
    not = at(Math.min(most, 8 * fits.batch))
  }
  while (not.batch - fits.batch > 1) {
    // Where the line between the two passes the limit: the plan is a maximum of lines, which lies below it.
    const share = (memoryBytes - fits.bytes) / (not.bytes - fits.bytes)
    const next = fits.batch + Math.floor(share * (not.batch - fits.batch))
    const tried = at(Math.min(not.batch - 1, Math.max(fits.batch + 1, next)))
    if (tried.bytes <= memoryBytes) fits = tried
    else not = tried
  }
  return fits.batch
}
