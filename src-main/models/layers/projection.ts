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

// Matrices are asked for before the bias: the order in which a graph meets its parameters is that of the sum over all gradients (clipping), and
// another order trains other bytes.

/** x [..., in] -> [..., out], dense or two factors as the weights say, with its bias where it has one. */
export function project(weights: Weights, name: string, x: Tensor): Tensor {
  const { inner, last } = factors(weights, name)
  const bias = biasOf(weights, name)
  return linear(inner ? linear(x, matrix(inner)) : x, matrix(last), bias)
}

/** The same without the map's own bias. A convolution of kernel 1 is a linear map of each position. */
export function mapped(weights: Weights, name: string, x: Tensor): Tensor {
  const { inner, last } = factors(weights, name)
  return linear(inner ? linear(x, matrix(inner)) : x, matrix(last))
}

/** The map's matrix or kernels, after those of the narrow map before it where it is stored as two factors. */
function factors(weights: Weights, name: string): { readonly inner?: Tensor; readonly last: Tensor } {
  if (weights.has(`${name}.weight`)) return { last: weights.get(`${name}.weight`) }
  const inner = weights.get(`${name}.down.weight`)
  return { inner, last: weights.get(`${name}.up.weight`) }
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
  const { inner, last } = factors(weights, name)
  const bias = biasOf(weights, name)
  const withBias = bias ? { bias } : {}
  if (!inner) return conv1d(x, kernel(last), { ...options, ...withBias })
  return conv1d(conv1d(x, kernel(inner), options), kernel(last), withBias)
}

const matrix = (w: Tensor): Tensor => (w.shape.length === 2 ? w : reshape(w, w.shape.slice(0, 2)))
const kernel = (w: Tensor): Tensor => (w.shape.length === 3 ? w : reshape(w, [...w.shape, 1]))
