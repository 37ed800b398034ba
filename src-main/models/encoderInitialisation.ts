import { hashOf, type Random, seededRandom } from '../../src-shared/random.ts'
import { elementCount, type Tensor } from '../../src-shared/tensor.ts'
import type { ParameterSpec } from './registry.ts'

/**
 * Weights from which a token encoder is trained: embeddings normal with deviation 0.02 (BERT), length projections of Linformer uniform within
 * ±1/√k, linear maps uniform within ±√(6 / (in + out)) (Glorot and Bengio 2010), norms 1 and 0, biases 0. Each tensor has a generator of its
 * own, from the seed and its name.
 */
export function initialEncoderWeights(specs: readonly ParameterSpec[], seed: number): ReadonlyMap<string, Tensor> {
  return new Map(specs.map(s => [s.name, { dtype: s.dtype, shape: s.shape, data: valuesOf(s, seed) }]))
}

function valuesOf({ name, shape }: ParameterSpec, seed: number): Float32Array {
  const out = new Float32Array(elementCount(shape))
  if (shape.length === 1) return /norm\d?\.weight$/.test(name) ? out.fill(1) : out
  const random = seededRandom(hashOf(seed, ...Array.from(name, c => c.charCodeAt(0))))
  if (name.startsWith('embeddings.')) {
    for (let i = 0; i < out.length; i++) out[i] = 0.02 * irwinHall(random)
    return out
  }
  const bound = /\.[EF]$/.test(name) ? 1 / Math.sqrt(shape[0]!) : Math.sqrt(6 / (shape[0]! + shape[1]!))
  for (let i = 0; i < out.length; i++) out[i] = bound * (2 * random() - 1)
  return out
}

/** Standard normal by the sum of twelve uniforms: no logarithm, so every platform draws the same bits. */
function irwinHall(random: Random): number {
  let sum = -6
  for (let i = 0; i < 12; i++) sum += random()
  return sum
}
