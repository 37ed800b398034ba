import { drawPattern, PATTERN_NAME } from '../src-main/models/layers/blockPattern.ts'
import type { ConfiguredModel } from '../src-main/models/registry.ts'

export const SMALL_TOKENS = { vocabulary: 9, maxTokens: 8, width: 4, layers: 2, heads: 2, feedForward: 6, tokenHead: 'tied', classes: 3, pooler: true } // biome-ignore format: one table
const trunk = { length: 64, stemFilters: 3, towerFilters: [4, 4], layers: 2, heads: 2, targetBins: 4, outputs: { human: 3, mouse: 2 } } // biome-ignore format: one table

/** A small network of every kind; a kind without an example fails the test. */
export const SMALL_ARCHITECTURES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  transformer: SMALL_TOKENS,
  lrt: { ...SMALL_TOKENS, rank: 2 },
  linformer: { ...SMALL_TOKENS, projection: 3 },
  bigbird: { ...SMALL_TOKENS, block: 2, randomBlocks: 1 },
  'encoder-decoder': { vocabulary: 9, maxTokens: 8, targetVocabulary: 5, maxTargetTokens: 4, width: 4, encoderLayers: 1, decoderLayers: 1, heads: 2, feedForward: 6, rank: 2 }, // biome-ignore format: one table
  enformer: { ...trunk, keySize: 2, valueSize: 2, positionFeatures: 6 },
  's-enformer': { ...trunk, block: 2, randomBlocks: 1 },
  baskerville: {
    length: 64,
    activation: 'gelu',
    trunk: [
      { block: 'conv', order: 'conv-norm-activation', filters: 3, kernel: 3, bias: true, norm: 'none', activation: 'linear', pool: 2 }, // biome-ignore format: one block a line
      { block: 'tower', order: 'norm-activation-conv', filters: [4, 6], kernel: 5, bias: true, norm: 'batch', activation: 'gelu', pool: 2, keep: 'before-pool' }, // biome-ignore format: one block a line
      { block: 'transformer', repeat: 1, heads: 2, keySize: 3, positionFeatures: 4 },
      { block: 'unet', kernel: 3, norm: 'batch', activation: 'gelu', dense: true },
      { block: 'crop', positions: 2 },
    ],
    outputs: { human: 3, mouse: 2 },
    heads: { human: { activation: 'softplus' }, mouse: { activation: 'softplus' } },
  },
  basset: { length: 64, filters: [3, 4], kernels: [5, 3], pools: [3, 4], dense: [5], outputs: { human: 3, mouse: 2 } },
  logistic: { features: 'allele-counts', length: 2 },
}

/** The stored pattern of a network that has one. */
export function drawnPattern(model: ConfiguredModel): ReadonlyMap<string, Int32Array> {
  const spec = model.parameters.find(p => p.name === PATTERN_NAME)
  if (!spec) return new Map()
  const [layers, heads, rows, randomBlocks] = spec.shape as readonly [number, number, number, number]
  return new Map([[PATTERN_NAME, drawPattern({ layers, heads, blocks: rows + 2, randomBlocks }, 'uniform', 3)]])
}
