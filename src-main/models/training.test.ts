import { describe, expect, it } from 'vitest'
import { drawn, judgingGraph, relativeGap, valuesOf } from '../../test-support/small-network.ts'
import { Graph } from '../graph/graph.ts'
import { emitOnnx } from '../graph/onnx.ts'
import { dropout } from '../graph/ops.ts'
import { enformerDefinition } from './enformer.ts'
import type { TrainingMode } from './layers/training.ts'
import { linformerDefinition } from './linformer.ts'
import { transformerDefinition } from './transformer.ts'

const tokens = { vocabulary: 9, maxTokens: 8, width: 4, layers: 2, heads: 2, feedForward: 6, dropout: 0.1, classes: 2 }

/** The rates at which a network drops, in the order of its graph. */
function ratesOf(build: (training: TrainingMode) => unknown): number[] {
  const rates: number[] = []
  build({
    dropout: (x, rate) => {
      rates.push(rate)
      return x
    },
  })
  return rates
}

// Truth: the published places and rates of dropout.
describe('dropout', () => {
  it.each([
    ['transformer', transformerDefinition, {}],
    ['linformer', linformerDefinition, { projection: 3 }],
  ])('%s: embeddings, then probabilities and both parts of each layer, then the head', (_, definition, more) => {
    const config = definition.parseConfig({ ...tokens, ...more })
    const rates = ratesOf(training => definition.buildForward(judgingGraph(), config, { batch: 1, training }))
    expect(rates).toEqual(new Array(1 + 2 * 3 + 1).fill(0.1))
  })
  it('Enformer: 0.01 on positions, 0.05 on probabilities, 0.4 three times a block, 0.05 before the heads', () => {
    const config = enformerDefinition.parseConfig({ length: 48, stemFilters: 3, towerFilters: [4, 4], layers: 2, heads: 2, targetBins: 4, outputs: { human: 2 }, keySize: 2, valueSize: 3, positionFeatures: 6 }) // biome-ignore format: one table
    const rates = ratesOf(training => enformerDefinition.buildForward(judgingGraph(), config, { batch: 1, training }))
    const block = [0.01, 0.05, 0.4, 0.4, 0.4]
    expect(rates).toEqual([...block, ...block, 0.05])
  })
  it('does nothing outside training, and what its seed says inside', () => {
    const config = transformerDefinition.parseConfig({ ...tokens, dropout: 0.4 })
    const run = (seed: number | undefined) => {
      const graph = judgingGraph()
      const training =
        seed === undefined ? {} : { training: { dropout: (x: Parameters<typeof dropout>[0], rate: number) => dropout(x, rate, graph.input('seed', [], 'int64')) } } // biome-ignore format: one object
      const { classLogits } = transformerDefinition.buildForward(graph, config, { batch: 1, ...training })
      const numbers = new Map<string, ArrayLike<number>>(drawn(graph)).set('ids', [1, 2, 3, 4, 5, 6, 7, 8])
      return valuesOf(classLogits!, numbers.set('seed', [seed ?? 0]))
    }
    expect(run(undefined)).toEqual(run(undefined))
    expect(run(7)).toEqual(run(7))
    expect(relativeGap(run(7), run(8))).toBeGreaterThan(1e-3)
    expect(relativeGap(run(7), run(undefined))).toBeGreaterThan(1e-3)
  })
})

describe('a network of the published size', () => {
  // Truth: the table of positions (2·1536 - 1 rows of 192 float32) is the only large constant, and is written once.
  it('is emitted in a few megabytes without its weights', () => {
    const config = enformerDefinition.parseConfig({ length: 196_608, stemFilters: 768, towerFilters: [768, 896, 1024, 1152, 1280, 1536], layers: 11, heads: 8, targetBins: 896, outputs: { human: 5313, mouse: 1643 }, keySize: 64, valueSize: 192, positionFeatures: 192 }) // biome-ignore format: one table
    const model = emitOnnx(enformerDefinition.buildForward(new Graph(), config, { batch: 1 }))
    const table = 4 * 3071 * 192
    expect(model.bytes.byteLength).toBeGreaterThan(table)
    expect(model.bytes.byteLength).toBeLessThan(table + 500_000)
    expect([...model.outputs].map(([name, { shape }]) => [name, shape])).toEqual([
      ['human', [1, 896, 5313]],
      ['mouse', [1, 896, 1643]],
    ])
  })
})
