import { describe, expect, it } from 'vitest'
import { enformerDefinition, enformerSpecs } from './enformer.ts'
import { encoderLayerSpecs } from './layers/encoderLayer.ts'
import { parameterCount, type WeightSpec } from './layers/weights.ts'
import { linformerDefinition } from './linformer.ts'
import { lrtDefinition } from './lrt.ts'
import { sEnformerDefinition, sEnformerSpecs } from './sEnformer.ts'
import { tokenEncoderSpecs } from './tokenEncoder.ts'
import { transformerDefinition } from './transformer.ts'

/** The BERT skeleton that reproduces Table 3.1 of the Greenformers thesis (MNIST as tokens, [CLS] first). */
const mnist = {
  vocabulary: 30522,
  maxTokens: 785,
  tokenTypes: 2,
  width: 256,
  layers: 4,
  heads: 8,
  feedForward: 1024,
  normEpsilon: 1e-12,
  pooler: true,
  classes: 10,
}
const under = (specs: readonly WeightSpec[], prefix: string) =>
  parameterCount(specs.filter(spec => spec.name.startsWith(prefix)))

// Truth: published counts, and the formulas of the layers worked out by hand.
describe('parameter counts, from shapes alone', () => {
  it('transformer of Table 3.1: 11,243,018', () => {
    const specs = tokenEncoderSpecs(transformerDefinition.parseConfig(mnist))
    expect(parameterCount(specs)).toBe(11_243_018)
    expect(under(specs, 'embeddings.token')).toBe(30522 * 256)
    expect(under(specs, 'embeddings.position')).toBe(785 * 256)
    expect(under(specs, 'embeddings.type')).toBe(512)
    expect(under(specs, 'embeddings.norm')).toBe(512)
    expect(under(specs, 'layers.0.')).toBe(789_760)
    expect(under(specs, 'pooler')).toBe(65_792)
    expect(under(specs, 'classifier')).toBe(2_570)
  })
  it('low-rank transformer of Table 3.1, rank 64: 9,276,938', () => {
    const specs = tokenEncoderSpecs(lrtDefinition.parseConfig({ ...mnist, rank: 64 }))
    expect(parameterCount(specs)).toBe(9_276_938)
    expect(under(specs, 'layers.3.')).toBe(298_240)
  })
  it('Linformer of Table 3.1, 64 projected rows: 11,644,938', () => {
    const config = { ...mnist, projection: 64 }
    expect(parameterCount(tokenEncoderSpecs(linformerDefinition.parseConfig(config)))).toBe(11_644_938)
  })
  it.each([
    ['none', 4 * 2],
    ['headwise', 4 * 2],
    ['key-value', 4],
    ['layerwise', 1],
  ])('Linformer sharing %s adds %i matrices', (sharing, matrices) => {
    const config = linformerDefinition.parseConfig({ ...mnist, projection: 64, sharing })
    expect(parameterCount(tokenEncoderSpecs(config))).toBe(11_243_018 + matrices * 64 * 785)
  })
  it('two layers of width 768: 14,175,744; with LED units of rank 64: 1,789,440', () => {
    const layer = {
      width: 768,
      heads: 12,
      feedForward: 3072,
      norm: 'post',
      activation: 'relu',
      normEpsilon: 1e-5,
      dropout: 0,
    } as const
    expect(2 * parameterCount(encoderLayerSpecs('x', layer))).toBe(14_175_744)
    expect(2 * parameterCount(encoderLayerSpecs('x', { ...layer, rank: 64 }))).toBe(1_789_440)
  })
  it('the diplotype Linformer holds 25,165,824 numbers in its projections', () => {
    const config = { ...mnist, maxTokens: 4096, width: 768, layers: 12, heads: 12, feedForward: 3072, projection: 256 }
    const specs = tokenEncoderSpecs(linformerDefinition.parseConfig(config))
    expect(parameterCount(specs.filter(spec => /\.[EF]$/.test(spec.name)))).toBe(25_165_824)
  })
})

const published = {
  length: 196_608,
  stemFilters: 768,
  towerFilters: [768, 896, 1024, 1152, 1280, 1536],
  layers: 11,
  heads: 8,
  targetBins: 896,
  outputs: { human: 5313, mouse: 1643 },
}

// Truth: the published state dict's sizes by part.
describe('Enformer', () => {
  const specs = enformerSpecs(
    enformerDefinition.parseConfig({ ...published, keySize: 64, valueSize: 192, positionFeatures: 192 }),
  )
  it('has 251,221,292 parameters', () => {
    expect(parameterCount(specs)).toBe(251_221_292)
    expect(under(specs, 'stem.')).toBe(1_228_800)
    expect(under(specs, 'conv_tower.')).toBe(49_649_152)
    expect(under(specs, 'transformer.')).toBe(174_242_816)
    expect(under(specs, 'transformer.0.0.')).toBe(6_395_392)
    expect(under(specs, 'transformer.0.1.')).toBe(9_444_864)
    expect(under(specs, 'final_pointwise.')).toBe(4_724_736)
    expect(under(specs, '_heads.human.')).toBe(16_326_849)
    expect(under(specs, '_heads.mouse.')).toBe(5_048_939)
  })
  it('has 29,696 running statistics, and 273 tensors in all', () => {
    const buffers = specs.filter(spec => spec.buffer)
    expect(buffers.reduce((sum, spec) => sum + spec.shape[0]!, 0)).toBe(29_696)
    // 287 names of the state dict less 14 batch counters.
    expect(specs.length).toBe(287 - 14)
  })
  it('has 284,782,380 parameters with block-sparse attention', () => {
    expect(parameterCount(sEnformerSpecs(sEnformerDefinition.parseConfig(published)))).toBe(284_782_380)
  })
})
