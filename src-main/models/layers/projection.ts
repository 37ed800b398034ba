import type { Tensor } from '../../graph/graph.ts'
import { conv1d, linear, reshape } from '../../graph/ops.ts'
import { mapWeight, type WeightSpec, type Weights, weight } from './weights.ts'

/**
 * A linear map in -> out with bias: one matrix, or a LED unit (low-rank encoder-decoder; Winata et al. 2020): `down`
 * [rank, in] then `up` [out, rank], nothing between them and one bias, on the second factor.
 */
export function projectionSpecs(name: string, inner: number, out: number, rank?: number): readonly WeightSpec[] {
  return rank === undefined
    ? [mapWeight(`${name}.weight`, out, inner), weight(`${name}.bias`, out)]
    : [
        weight(`${name}.down.weight`, rank, inner),
        weight(`${name}.up.weight`, out, rank),
        weight(`${name}.up.bias`, out),
      ]
}

/** x [..., in] -> [..., out], dense or two factors as the weights say, with its bias where it has one. */
export const project = (weights: Weights, name: string, x: Tensor): Tensor =>
  mapped(weights, name, x, biasOf(weights, name))

/** The same without the map's own bias. A convolution of kernel 1 is a linear map of each position. */
export function mapped(weights: Weights, name: string, x: Tensor, bias?: Tensor): Tensor {
  if (weights.has(`${name}.weight`)) return linear(x, matrix(weights.get(`${name}.weight`)), bias)
  const inner = linear(x, matrix(weights.get(`${name}.down.weight`)))
  return linear(inner, matrix(weights.get(`${name}.up.weight`)), bias)
}

export function biasOf(weights: Weights, name: string): Tensor | undefined {
  const found = [`${name}.bias`, `${name}.up.bias`].find(bias => weights.has(bias))
  return found === undefined ? undefined : weights.get(found)
}

/**
 * x [batch, in, length] -> [batch, out, length]: a convolution, or one to `rank` channels and then a linear map of each position. A matrix
 * [out, in] is a convolution of kernel 1.
 */
export function convolved(
  weights: Weights,
  name: string,
  x: Tensor,
  options: { readonly dilation?: number } = {},
): Tensor {
  const bias = biasOf(weights, name)
  const withBias = bias ? { bias } : {}
  if (weights.has(`${name}.weight`))
    return conv1d(x, kernel(weights.get(`${name}.weight`)), { ...options, ...withBias })
  const inner = conv1d(x, kernel(weights.get(`${name}.down.weight`)), options)
  return conv1d(inner, kernel(weights.get(`${name}.up.weight`)), withBias)
}

const matrix = (w: Tensor): Tensor => (w.shape.length === 2 ? w : reshape(w, w.shape.slice(0, 2)))
const kernel = (w: Tensor): Tensor => (w.shape.length === 3 ? w : reshape(w, [...w.shape, 1]))
