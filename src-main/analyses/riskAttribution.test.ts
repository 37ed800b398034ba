import { expect, it } from 'vitest'
import { drawn, judgingGraph, valuesOf } from '../../test-support/small-network.ts'
import { attributionGraph, ranksByMagnitude, spreadOverBases } from './riskAttribution.ts'

// Truth: finite differences. The embeddings are norm · weight + bias, so both times s are the embeddings times s, and the derivative of the
// logit by s at 1 is the sum of gradient times embedding over the tokens.
it.each(['linformer', 'transformer'])(
  'gradient times embedding of a %s sums to the derivative along the embeddings',
  kind => {
    const graph = judgingGraph()
    const architecture = { vocabulary: 12, maxTokens: 6, width: 8, layers: 2, heads: 2, feedForward: 12, dropout: 0, padToken: 4, classes: 2, ...(kind === 'linformer' ? { projection: 3 } : {}) } // biome-ignore format: one line
    const { attribution, logit } = attributionGraph(kind, architecture, 2, 6, graph)
    const numbers = drawn(graph)
    numbers.set('ids', [1, 7, 9, 5, 2, 4, 1, 6, 6, 11, 10, 2])
    const values = valuesOf(attribution, numbers)
    const at = (s: number) => {
      const scaled = new Map(numbers)
      for (const name of ['embeddings.norm.weight', 'embeddings.norm.bias']) scaled.set(name, numbers.get(name)!.map(x => s * x)) // biome-ignore format: one line
      return valuesOf(logit, scaled)
    }
    const [above, below] = [at(1 + 1e-5), at(1 - 1e-5)]
    for (const row of [0, 1]) {
      const sum = values.slice(6 * row, 6 * row + 6).reduce((a, b) => a + b, 0)
      expect(sum).toBeCloseTo((above[row]! - below[row]!) / 2e-5, 6)
    }
  },
)

// Truth: by hand.
it('spreads tokens over their bases and ranks by size', () => {
  expect([...spreadOverBases([9, 4, -3, 9], [{ from: 0, to: 0 }, { from: 0, to: 2 }, { from: 2, to: 5 }, { from: 5, to: 5 }], 5)]).toEqual([2, 2, -1, -1, -1]) // biome-ignore format: one line
  expect(ranksByMagnitude([0.1, -3, 3, 0])).toEqual([3, 1, 1, 4])
})

it('refuses networks that it cannot differentiate so', () => {
  expect(() => attributionGraph('enformer', {}, 1, 1)).toThrow(/enformer/)
  expect(() => attributionGraph('linformer', { vocabulary: 9, maxTokens: 4, width: 4, layers: 1, heads: 1, feedForward: 4, projection: 2, tokenHead: 'tied' }, 1, 4)).toThrow(/0 classes/) // biome-ignore format: one line
})
