import type { Tensor } from '../../graph/graph.ts'
import { batchNormInference, batchNormTraining, gelu } from '../../graph/ops.ts'
import { convolved } from './projection.ts'
import type { TrainingMode } from './training.ts'
import { buffer, mapWeight, type WeightSpec, type Weights, weight } from './weights.ts'

export const batchNormSpecs = (name: string, channels: number): readonly WeightSpec[] => [
  weight(`${name}.weight`, channels),
  weight(`${name}.bias`, channels),
  buffer(`${name}.running_mean`, channels),
  buffer(`${name}.running_var`, channels),
]

/** Share of the old running statistics that a training step keeps. */
const DECAY = 0.9

/**
 * Batch normalisation over every axis but that of the channels. With `batchNorm: 'batch'` it uses the batch's statistics and
 * renews the running ones (variance by n - 1, as PyTorch; TensorFlow divides by n); else the stored ones, which stay untouched.
 */
export function batchNorm(
  weights: Weights,
  name: string,
  x: Tensor,
  options: { readonly epsilon: number; readonly axis?: number; readonly training?: TrainingMode | undefined },
): Tensor {
  const tensors = {
    scale: weights.get(`${name}.weight`),
    offset: weights.get(`${name}.bias`),
    mean: weights.get(`${name}.running_mean`),
    variance: weights.get(`${name}.running_var`),
  }
  const { epsilon, axis = 1, training } = options
  return training?.batchNorm === 'batch'
    ? batchNormTraining(x, tensors, { epsilon, axis, decay: DECAY, unbiased: true })
    : batchNormInference(x, tensors, { epsilon, axis })
}

export const convSpecs = (name: string, inner: number, out: number, kernel: number): readonly WeightSpec[] => [
  mapWeight(`${name}.weight`, out, inner, kernel),
  weight(`${name}.bias`, out),
]

/** Weights of norm (`name.0`) and convolution (`name.2`). */
export const convBlockSpecs = (name: string, inner: number, out: number, kernel: number): readonly WeightSpec[] => [
  ...batchNormSpecs(`${name}.0`, inner),
  ...convSpecs(`${name}.2`, inner, out, kernel),
]

/** Enformer's block: convolution(GELU(norm(x))), zeros at both ends; GELU is x·sigmoid(1.702x). [batch, channels, length]. */
export function convBlock(
  weights: Weights,
  name: string,
  x: Tensor,
  options: { readonly epsilon: number; readonly training?: TrainingMode | undefined },
): Tensor {
  return convolved(weights, `${name}.2`, gelu(batchNorm(weights, `${name}.0`, x, options), 'sigmoid'))
}
