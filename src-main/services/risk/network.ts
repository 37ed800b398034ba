import { elementCount, float32, type Tensor, type Tensors } from '../../../src-shared/tensor.ts'
import type { Compute } from '../../compute/client.ts'
import type { Session } from '../../compute/engine.ts'
import { Graph, type Tensor as GraphTensor } from '../../graph/graph.ts'
import { crossEntropy } from '../../graph/losses/crossEntropy.ts'
import { emitOnnx } from '../../graph/onnx.ts'
import { dropout } from '../../graph/ops.ts'
import type { Optimizer, ParameterGroup } from '../../graph/optimizer/optimizer.ts'
import { seedInput, trainingStep } from '../../graph/optimizer/trainingStep.ts'
import type { ConfiguredModel } from '../../models/registry.ts'

/** A network's training step, ready to run. */
export interface StepGraph {
  readonly onnx: Uint8Array
  /** What one run computes: loss, new weights, new moments. */
  readonly outputs: readonly GraphTensor[]
  /** Moments, all zero. */
  readonly moments: Tensors
}

export interface StepOptions {
  readonly batch: number
  readonly length: number
  readonly optimizer: Optimizer
  readonly clipNorm: number
  readonly group?: (parameter: string) => ParameterGroup
}

/**
 * One step of a token network on ids [batch, length] and labels: `classes` reads `classLogits` and labels [batch]; `tokens` reads `logits`
 * and labels [batch, length], -100 where a token is not asked for.
 */
export function tokenStep(network: ConfiguredModel, kind: 'classes' | 'tokens', options: StepOptions): StepGraph {
  const graph = new Graph()
  const seed = seedInput(graph)
  const outputs = network.buildForward(graph, {
    batch: options.batch,
    length: options.length,
    training: { dropout: (x, rate) => dropout(x, rate, seed) },
  })
  const shape = kind === 'classes' ? [options.batch] : [options.batch, options.length]
  const loss = crossEntropy(outputs[kind === 'classes' ? 'classLogits' : 'logits']!, graph.input('labels', shape, 'int32')) // biome-ignore format: one line
  const step = trainingStep({
    losses: [loss],
    parameters: graph.leaves('parameter'),
    optimizer: options.optimizer,
    clipNorm: options.clipNorm,
    ...(options.group ? { group: options.group } : {}),
  })
  const moments: Record<string, Tensor> = {}
  for (const [name, type] of step.moments)
    moments[name] = float32(new Float32Array(elementCount(type.shape)), type.shape)
  return { onnx: emitOnnx(step.outputs).bytes, outputs: Object.values(step.outputs), moments }
}

/** ids [batch, length] -> one output, with the weights given at each run, so that a training's weights can be judged without writing them. */
export async function openForward(
  compute: Compute,
  network: ConfiguredModel,
  output: 'classLogits' | 'logits',
  batch: number,
  length: number,
): Promise<{ readonly session: Session; readonly output: string }> {
  const graph = new Graph()
  const outputs = network.buildForward(graph, { batch, length })
  const session = await compute.load({ bytes: emitOnnx({ [output]: outputs[output]! }).bytes }, { workload: 'fixed' })
  return { session, output }
}

export const int32 = (data: Int32Array, shape: readonly number[]): Tensor => ({ dtype: 'int32', shape, data })

/** Rows of ids, filled up with padding to a length. */
export function padded(rows: readonly ArrayLike<number>[], length: number, pad: number): Int32Array {
  const out = new Int32Array(rows.length * length).fill(pad)
  rows.forEach((row, i) => {
    for (let j = 0; j < row.length; j++) out[i * length + j] = row[j]!
  })
  return out
}

/** logit of the second class against the first for every row, batch by batch; a last batch is filled up with its first row. */
export async function caseLogits(
  forward: { readonly session: Session },
  weights: Tensors,
  rows: readonly ArrayLike<number>[],
  sizes: { readonly batch: number; readonly length: number; readonly pad: number },
  signal: AbortSignal,
): Promise<Float64Array> {
  const out = new Float64Array(rows.length)
  for (let at = 0; at < rows.length; at += sizes.batch) {
    const some = Array.from({ length: sizes.batch }, (_, i) => rows[Math.min(at + i, rows.length - 1)]!)
    const ids = int32(padded(some, sizes.length, sizes.pad), [sizes.batch, sizes.length])
    const answer = await forward.session.run({ ...weights, ids }, { signal })
    const logits = answer['classLogits']!.data as Float32Array
    for (let i = 0; i < sizes.batch && at + i < rows.length; i++) out[at + i] = logits[2 * i + 1]! - logits[2 * i]!
  }
  return out
}
