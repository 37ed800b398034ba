import type { Tensor } from '../../graph/graph.ts'
import { gelu, relu } from '../../graph/ops.ts'
import { project, projectionSpecs } from './projection.ts'
import { dropped, type TrainingMode } from './training.ts'
import type { WeightSpec, Weights } from './weights.ts'

/** gelu is the exact form (erf); the two approximations differ from it and from each other, so they have their own names. */
export const ACTIVATIONS = ['gelu', 'gelu-tanh', 'gelu-sigmoid', 'relu'] as const
export type Activation = (typeof ACTIVATIONS)[number]

export function activate(x: Tensor, activation: Activation): Tensor {
  switch (activation) {
    case 'gelu':
      return gelu(x, 'erf')
    case 'gelu-tanh':
      return gelu(x, 'tanh')
    case 'gelu-sigmoid':
      return gelu(x, 'sigmoid')
    case 'relu':
      return relu(x)
  }
}

export const feedForwardSpecs = (name: string, width: number, inner: number, rank?: number): readonly WeightSpec[] => [
  ...projectionSpecs(`${name}.w1`, width, inner, rank),
  ...projectionSpecs(`${name}.w2`, inner, width, rank),
]

/** w2(activation(w1(x))), on each position alone. */
export function feedForward(
  weights: Weights,
  name: string,
  x: Tensor,
  options: { readonly activation: Activation; readonly dropout: number; readonly training?: TrainingMode | undefined },
): Tensor {
  const inner = activate(project(weights, `${name}.w1`, x), options.activation)
  return project(weights, `${name}.w2`, dropped(options.training, inner, options.dropout))
}
