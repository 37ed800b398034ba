import type { Tensor } from '../../graph/graph.ts'
import { layerNorm } from '../../graph/ops.ts'
import { type WeightSpec, type Weights, weight } from './weights.ts'

/** Scale and offset of a normalisation over the last axis. */
export const normSpecs = (name: string, width: number): readonly WeightSpec[] => [
  weight(`${name}.weight`, width),
  weight(`${name}.bias`, width),
]

export const normalise = (weights: Weights, name: string, x: Tensor, epsilon: number): Tensor =>
  layerNorm(x, weights.get(`${name}.weight`), weights.get(`${name}.bias`), epsilon)
