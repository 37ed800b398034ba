import type { Tensor } from '../../graph/graph.ts'
import { linear } from '../../graph/ops.ts'
import { type WeightSpec, type Weights, weight } from './weights.ts'

/**
 * A linear map in -> out with bias: one matrix, or a LED unit (low-rank encoder-decoder; Winata et al. 2020): `down`
 * [rank, in] then `up` [out, rank], nothing between them and one bias, on the second factor.
 */
export function projectionSpecs(name: string, inner: number, out: number, rank?: number): readonly WeightSpec[] {
  return rank === undefined
    ? [weight(`${name}.weight`, out, inner), weight(`${name}.bias`, out)]
    : [
        weight(`${name}.down.weight`, rank, inner),
        weight(`${name}.up.weight`, out, rank),
        weight(`${name}.up.bias`, out),
      ]
}

/** x [..., in] -> [..., out], dense or LED as the weights say. */
export function project(weights: Weights, name: string, x: Tensor): Tensor {
  if (weights.has(`${name}.weight`)) return linear(x, weights.get(`${name}.weight`), weights.get(`${name}.bias`))
  const inner = linear(x, weights.get(`${name}.down.weight`))
  return linear(inner, weights.get(`${name}.up.weight`), weights.get(`${name}.up.bias`))
}
