import { describe, expect, it } from 'vitest'
import { drawn, judgingGraph, valuesOf } from '../../test-support/small-network.ts'
import { encoderDecoderDefinition } from './encoderDecoder.ts'

const architecture = {
  vocabulary: 7,
  maxTokens: 4,
  targetVocabulary: 8,
  maxTargetTokens: 5,
  width: 4,
  encoderLayers: 1,
  decoderLayers: 2,
  heads: 2,
  feedForward: 6,
}
const [ids, targetIds] = [
  [1, 4, 2, 6],
  [1, 5, 3, 2, 7],
]

describe.each([
  ['dense, post-norm', {}],
  ['dense, pre-norm', { norm: 'pre' }],
  ['low-rank', { rank: 2 }],
])('encoder-decoder, %s', (_, more) => {
  const config = encoderDecoderDefinition.parseConfig({ ...architecture, ...more })
  const graph = judgingGraph()
  const logits = encoderDecoderDefinition.buildForward(graph, config, { batch: 1 })['logits']!
  const numbers = new Map(drawn(graph)).set('ids', ids).set('targetIds', targetIds)
  const plain = valuesOf(logits, numbers)
  const changedRows = (after: Float64Array) =>
    targetIds.map((_, row) => plain.slice(8 * row, 8 * row + 8).some((v, i) => v !== after[8 * row + i]))

  // Truth: what comes later must not change what is foretold: exactly, not nearly.
  it('does not see the future', () => {
    for (let position = 0; position < targetIds.length; position++) {
      const after = valuesOf(logits, new Map(numbers).set('targetIds', targetIds.with(position, 4)))
      expect(changedRows(after)).toEqual(targetIds.map((_, row) => row >= position))
    }
  })
  it('sees every token of the source', () => {
    for (let position = 0; position < ids.length; position++) {
      const after = valuesOf(logits, new Map(numbers).set('ids', ids.with(position, 5)))
      expect(changedRows(after)).toEqual(targetIds.map(() => true))
    }
  })
})

describe('padding', () => {
  // Truth: hidden tokens change nothing: a padded source equals the short one.
  it('of the source is not seen', () => {
    const config = encoderDecoderDefinition.parseConfig({ ...architecture, padToken: 0 })
    const logits = (source: readonly number[], numbers?: ReturnType<typeof drawn>) => {
      const graph = judgingGraph()
      const y = encoderDecoderDefinition.buildForward(graph, config, { batch: 1, length: source.length })['logits']!
      const all = numbers ?? drawn(graph)
      return { all, values: valuesOf(y, new Map(all).set('ids', [...source]).set('targetIds', targetIds)) }
    }
    const padded = logits([1, 4, 0, 0])
    const short = logits([1, 4], padded.all)
    padded.values.forEach((value, i) => {
      expect(Math.abs(value - short.values[i]!)).toBeLessThan(1e-12)
    })
  })
})
