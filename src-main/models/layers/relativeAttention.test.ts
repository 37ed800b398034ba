import { describe, expect, it } from 'vitest'
import { drawn, judgingGraph, relativeGap, valuesOf } from '../../../test-support/small-network.ts'
import { gradient } from '../../graph/gradient.ts'
import { mul, reduceSum } from '../../graph/ops.ts'
import { logGamma, positionFeatures } from './positionFeatures.ts'
import {
  ENFORMER,
  queryRows,
  type RelativeAttentionConfig,
  relativeAttention,
  relativeAttentionSpecs,
} from './relativeAttention.ts'
import { Weights } from './weights.ts'

const config: RelativeAttentionConfig = {
  width: 6,
  heads: 2,
  keySize: 3,
  valueSize: 2,
  positionFeatures: 12,
  attentionDropout: 0,
  positionDropout: 0,
}

function built(tokens: number, rows = tokens, batch = 1) {
  const graph = judgingGraph()
  const x = graph.input('x', [batch, tokens, config.width])
  const weights = new Weights(graph, relativeAttentionSpecs('a', config))
  return { graph, x, y: relativeAttention(weights, 'a', x, config, undefined, { ...ENFORMER, rows }) }
}

describe('relative attention', () => {
  // Truth: the published formula, written as loops over queries and keys.
  it('is softmax((q + u)·k + (q + w)·r of the distance)·v', () => {
    const tokens = 5
    const { graph, y } = built(tokens)
    const numbers = drawn(graph)
    const of = (name: string) => numbers.get(name)!
    const table = positionFeatures(tokens, config.positionFeatures)
    const row = (matrix: string, out: number, input: ArrayLike<number>, from: number, width: number) => {
      let sum = 0
      for (let i = 0; i < width; i++) sum += of(`a.${matrix}.weight`)[out * width + i]! * input[from + i]!
      return sum
    }
    const expected: number[] = []
    for (let i = 0; i < tokens; i++) {
      const joined: number[] = []
      for (let head = 0; head < 2; head++) {
        const logits = Array.from({ length: tokens }, (_, j) => {
          let sum = 0
          for (let c = 0; c < 3; c++) {
            const channel = head * 3 + c
            const q = row('to_q', channel, of('x'), i * 6, 6) / Math.sqrt(3)
            const k = row('to_k', channel, of('x'), j * 6, 6)
            const r = row('to_rel_k', channel, table, (j - i + tokens - 1) * 12, 12)
            sum += (q + of('a.rel_content_bias')[channel]!) * k + (q + of('a.rel_pos_bias')[channel]!) * r
          }
          return sum
        })
        const powers = logits.map(Math.exp)
        const total = powers.reduce((a, b) => a + b)
        for (let c = 0; c < 2; c++)
          joined.push(powers.reduce((sum, p, j) => sum + (p / total) * row('to_v', head * 2 + c, of('x'), j * 6, 6), 0))
      }
      for (let out = 0; out < 6; out++) expected.push(row('to_out', out, joined, 0, 4) + of('a.to_out.bias')[out]!)
    }
    expect(relativeGap(valuesOf(y, numbers), expected)).toBeLessThan(1e-12)
  })

  // Truth: a mirrored sequence with every odd feature turned round is the same thing seen from the other side.
  it('mirrors when its odd features change sign', () => {
    const tokens = 6
    const { graph, y } = built(tokens)
    const numbers = drawn(graph)
    const reversed = (values: ArrayLike<number>) =>
      Array.from({ length: tokens * 6 }, (_, i) => values[(tokens - 1 - Math.floor(i / 6)) * 6 + (i % 6)]!)
    const turned = numbers.get('a.to_rel_k.weight')!.map((v, i) => (i % 12 < 6 ? v : -v))
    const mirrored = valuesOf(
      y,
      new Map(numbers).set('x', reversed(numbers.get('x')!)).set('a.to_rel_k.weight', turned),
    )
    expect(relativeGap(mirrored, reversed(valuesOf(y, numbers)))).toBeLessThan(1e-12)
  })

  // Truth: all queries at once.
  it.each([1, 2, 3, 5, 6])('is the same with %i queries at a time, gradients too', rows => {
    const [tokens, batch] = [7, 2]
    const results = [tokens, rows].map(count => {
      const { graph, x, y } = built(tokens, count, batch)
      const numbers = drawn(graph)
      const leaves = [x, ...graph.leaves('parameter')]
      const gradients = gradient(reduceSum(mul(y, y)), leaves)
      return [y, ...gradients].map(tensor => valuesOf(tensor, numbers))
    })
    results[1]!.forEach((values, i) => {
      expect(relativeGap(values, results[0]![i]!)).toBeLessThan(1e-12)
    })
  })

  // Truth: the bound itself, by hand.
  it('scores fewer queries at a time as their scores grow', () => {
    expect(queryRows(100, 8)).toBe(100)
    expect(queryRows(1536, 8)).toBe(256)
    expect(queryRows(8192, 8)).toBe(256)
    expect(queryRows(65_536, 8)).toBe(64)
    expect(queryRows(2 ** 26, 8)).toBe(1)
  })

  it('lets a single token see itself alone', () => {
    const { graph, y } = built(1)
    expect(valuesOf(y, drawn(graph)).every(Number.isFinite)).toBe(true)
  })
})

// Truth: closed forms of each basis.
describe('features of relative position', () => {
  const [tokens, features] = [64, 24]
  const table = positionFeatures(tokens, features)
  const at = (d: number, feature: number) => table[(d + tokens - 1) * features + feature]!

  it('halves exponentials at their half-lives, 2^3 to the length', () => {
    expect(at(8, 0)).toBeCloseTo(0.5, 14)
    expect(at(-16, 1)).toBeCloseTo(0.5, 14)
    expect(at(32, 2)).toBeCloseTo(0.5, 14)
    expect(at(63, 3)).toBeCloseTo(2 ** (-63 / 64), 14)
  })
  it('masks within 2^k - 1', () => {
    for (let k = 1; k <= 4; k++)
      for (let d = -(tokens - 1); d < tokens; d++) expect(at(d, 3 + k)).toBe(Math.abs(d) < 2 ** k - 1 ? 1 : 0)
  })
  it('peaks gammas at their modes with the value 1', () => {
    for (let k = 1; k <= 4; k++) {
      // Mode of a gamma density: (shape - 1) / rate, shape 4k², rate k·4·basis / length.
      const mode = (4 * k * k - 1) / ((k * 4 * 4) / tokens)
      const values = Array.from({ length: tokens }, (_, d) => at(d, 7 + k))
      expect(Math.max(...values)).toBe(1)
      expect(Math.abs(values.indexOf(1) - Math.min(mode, tokens - 1))).toBeLessThanOrEqual(1)
    }
  })
  it('is even in its first half and odd in its second', () => {
    for (let d = 0; d < tokens; d++)
      for (let f = 0; f < 12; f++) {
        expect(at(-d, f)).toBe(at(d, f))
        expect(at(d, 12 + f)).toBe(d === 0 ? 0 : at(d, f))
        expect(at(-d, 12 + f)).toBe(d === 0 ? 0 : -at(d, f))
      }
  })
  it('knows the logarithm of the gamma function', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 13)
    let factorial = 0
    for (let n = 1; n < 60; n++) {
      expect(Math.abs(logGamma(n) - factorial)).toBeLessThan(1e-13 * Math.max(1, factorial))
      factorial += Math.log(n)
    }
  })
})
