import { hashOf, type Random, seededRandom } from '../../src-shared/random.ts'
import { elementCount, type Tensor } from '../../src-shared/tensor.ts'
import { drawPattern, PATTERN_NAME, type PatternRule } from './layers/blockPattern.ts'
import type { ParameterSpec } from './registry.ts'

/** How a stored attention pattern is drawn. */
export interface PatternDraw {
  readonly rule: PatternRule
  readonly seed: number
}

/** Standard deviation of a normal distribution cut off at two standard deviations. */
const CUT = 0.87962566103423978

/**
 * Weights that a training starts from, as Enformer and its relatives are initialised (google-deepmind/deepmind-research and sonnet):
 * convolutions and linear maps from a normal distribution cut at 2σ with σ = 1/√fan-in before the cut; query, key, value and position
 * maps wider by √2/0.88; attention outputs 0; pools 2·I; norms 1 and 0; biases 0. A stored pattern is drawn by its rule. Each tensor has
 * a generator of its own, from the seed and its name, so that networks which share weights start from the same ones.
 */
export function initialTrunkWeights(
  specs: readonly ParameterSpec[],
  seed: number,
  pattern?: PatternDraw,
): ReadonlyMap<string, Tensor> {
  return new Map(
    specs.map(spec => [spec.name, { dtype: spec.dtype, shape: spec.shape, data: valuesOf(spec, seed, pattern) }]),
  )
}

function valuesOf(
  { name, shape, dtype }: ParameterSpec,
  seed: number,
  pattern: PatternDraw | undefined,
): Tensor['data'] {
  if (name === PATTERN_NAME) {
    const [layers, heads, rows, randomBlocks] = shape as readonly [number, number, number, number]
    return drawPattern(
      { layers, heads, blocks: rows + 2, randomBlocks },
      pattern?.rule ?? 'uniform',
      pattern?.seed ?? seed,
    )
  }
  const out = new Float32Array(elementCount(shape))
  if (dtype !== 'float32') return out
  if (name.endsWith('running_var')) return out.fill(1)
  if (name.endsWith('to_attn_logits.weight')) {
    const width = shape[0]!
    for (let i = 0; i < width; i++) out[i * width + i] = 2
    return out
  }
  const attention = /\.fn\.1\.(to_(q|k|v|rel_k)|q|k|v)\.weight$/.test(name)
  const bias = /rel_(content|pos)_bias$/.test(name)
  if (/\.fn\.1\.(to_out|o)\.(weight|bias)$/.test(name)) return out
  if (shape.length === 1) return name.endsWith('.weight') ? out.fill(1) : out
  // The attention's own biases, [1, heads, 1, key size], count as a map with as many inputs as heads.
  const fanIn = bias ? shape[1]! : elementCount(shape) / shape[0]!
  const deviation = attention || bias ? Math.sqrt(2 / fanIn) / CUT : 1 / Math.sqrt(fanIn)
  const next = seededRandom(hashOf(seed, ...Array.from(name, c => c.charCodeAt(0))))
  for (let i = 0; i < out.length; i++) out[i] = deviation * cutNormal(next)
  return out
}

/** Standard normal within ±2, by rejection of Box and Muller's pairs. */
function cutNormal(next: Random): number {
  for (;;) {
    const radius = Math.sqrt(-2 * Math.log(1 - next()))
    const x = radius * Math.cos(2 * Math.PI * next())
    if (Math.abs(x) <= 2) return x
  }
}
