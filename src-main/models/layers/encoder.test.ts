import { describe, expect, it } from 'vitest'
import {
  drawn,
  identity,
  judgingGraph,
  type Numbers,
  relativeGap,
  valuesOf,
} from '../../../test-support/small-network.ts'
import { gradient } from '../../graph/gradient.ts'
import type { Tensor } from '../../graph/graph.ts'
import { mul, reduceSum } from '../../graph/ops.ts'
import { linformerDefinition } from '../linformer.ts'
import { lrtDefinition } from '../lrt.ts'
import { encodeTokens, type TokenEncoderConfig } from '../tokenEncoder.ts'
import { transformerDefinition } from '../transformer.ts'
import { type EncoderLayerConfig, encoderLayer, encoderLayerSpecs } from './encoderLayer.ts'
import { ACTIVATIONS } from './feedForward.ts'
import { Weights } from './weights.ts'

const layer: EncoderLayerConfig = {
  width: 4,
  heads: 2,
  feedForward: 6,
  norm: 'post',
  activation: 'gelu',
  normEpsilon: 1e-5,
  dropout: 0.1,
}
const tokens = 5

function built(config: EncoderLayerConfig) {
  const graph = judgingGraph()
  const x = graph.input('x', [2, tokens, config.width])
  const y = encoderLayer(new Weights(graph, encoderLayerSpecs('l', config)), 'l', x, config)
  return { graph, x, y }
}

/** Factors whose product is the dense matrix exactly: one of them is the identity. */
function factorised(dense: Numbers, width: number): Numbers {
  const led: Numbers = new Map()
  for (const [name, values] of dense) {
    const matrix = /^(.*\.(?:[qkvo]|w1|w2))\.(weight|bias)$/.exec(name)
    if (!matrix) led.set(name, values)
    else if (matrix[2] === 'bias') led.set(`${matrix[1]}.up.bias`, values)
    else {
      const wide = name.includes('w2')
      led.set(`${matrix[1]}.down.weight`, wide ? values : identity(width))
      led.set(`${matrix[1]}.up.weight`, wide ? identity(width) : values)
    }
  }
  return led
}

describe('encoder layers', () => {
  // Truth: a product with the identity is the matrix itself.
  it.each(['post', 'pre'] as const)('LED units of full rank are the dense layer, %s-norm', norm => {
    const dense = built({ ...layer, norm })
    const numbers = drawn(dense.graph)
    const led = built({ ...layer, norm, rank: 4 })
    expect(relativeGap(valuesOf(led.y, factorised(numbers, 4)), valuesOf(dense.y, numbers))).toBeLessThan(1e-12)
  })

  // Truth: projecting the length by the identity changes nothing.
  it.each(['none', 'key-value', 'headwise', 'layerwise'] as const)(
    'Linformer with E = F = 1 is full attention, sharing %s',
    sharing => {
      const dense = built(layer)
      const numbers = drawn(dense.graph)
      const config = { ...layer, linformer: { projection: tokens, maxTokens: tokens, sharing } }
      const graph = judgingGraph()
      const specs = [
        ...encoderLayerSpecs('l', config),
        ...(sharing === 'layerwise'
          ? [{ name: 'attention.E', shape: [tokens, tokens], dtype: 'float32' as const }]
          : []),
      ]
      const y = encoderLayer(new Weights(graph, specs), 'l', graph.input('x', [2, tokens, 4]), config)
      for (const matrix of ['l.attention.E', 'l.attention.F', 'attention.E']) numbers.set(matrix, identity(tokens))
      expect(relativeGap(valuesOf(y, numbers), valuesOf(dense.y, numbers))).toBeLessThan(1e-12)
    },
  )

  // Truth: softmax and sums do not know the order of their terms.
  it('permutes its outputs as its inputs are permuted', () => {
    const { graph, y } = built(layer)
    const numbers = drawn(graph)
    const order = [3, 0, 4, 1, 2]
    const permuted = (values: ArrayLike<number>) =>
      Array.from({ length: 2 * tokens * 4 }, (_, i) => {
        const [row, within] = [Math.floor(i / (tokens * 4)), i % (tokens * 4)]
        return values[row * tokens * 4 + order[Math.floor(within / 4)]! * 4 + (within % 4)]!
      })
    const plain = valuesOf(y, numbers)
    const moved = valuesOf(y, new Map(numbers).set('x', permuted(numbers.get('x')!)))
    expect(relativeGap(moved, permuted(plain))).toBeLessThan(1e-12)
  })

  // Truth: central finite differences of the plain loops.
  it.each(ACTIVATIONS.flatMap(activation => (['post', 'pre'] as const).map(norm => ({ activation, norm }))))(
    'gradients, $norm-norm, $activation',
    ({ activation, norm }) => {
      finiteDifferences({ ...layer, activation, norm })
    },
  )
  it('gradients of LED units', () => finiteDifferences({ ...layer, rank: 2 }))
  it('gradients of Linformer attention', () =>
    finiteDifferences({ ...layer, linformer: { projection: 3, maxTokens: 7, sharing: 'none' } }))

  function finiteDifferences(config: EncoderLayerConfig) {
    const { graph, x, y } = built(config)
    const loss = reduceSum(
      mul(
        y,
        mul(
          y,
          graph.constant(
            Array.from({ length: 2 * tokens * 4 }, (_, i) => Math.sin(i)),
            y.shape,
          ),
        ),
      ),
    )
    const leaves = [x, ...graph.leaves('parameter')]
    const gradients = gradient(loss, leaves)
    const numbers = drawn(graph)
    for (const [i, leaf] of leaves.entries()) checkByDifferences(loss, leaf, gradients[i]!, numbers)
  }
})

/** Along one fixed direction: the directional derivative tests every element of the gradient at once. */
function checkByDifferences(loss: Tensor, leaf: Tensor, byLeaf: Tensor, numbers: Numbers) {
  const name = leaf.node.leaf!.name
  const values = numbers.get(name)!
  const direction = values.map((_, i) => Math.cos(3 * i + 1))
  const at = (step: number) =>
    valuesOf(
      loss,
      new Map(numbers).set(
        name,
        values.map((v, i) => v + step * direction[i]!),
      ),
    )[0]!
  const h = 1e-5
  const numeric = (at(h) - at(-h)) / (2 * h)
  const exact = valuesOf(byLeaf, numbers).reduce((sum, g, i) => sum + g * direction[i]!, 0)
  expect(Math.abs(exact - numeric), `gradient by ${name}`).toBeLessThan(1e-6 * Math.max(1, Math.abs(numeric)))
}

const network = { vocabulary: 9, maxTokens: 6, width: 4, layers: 2, heads: 2, feedForward: 6, padToken: 0, dropout: 0 }

describe('padding and length', () => {
  const configs: readonly (readonly [string, TokenEncoderConfig])[] = [
    ['transformer', transformerDefinition.parseConfig({ ...network, tokenHead: 'tied' })],
    ['lrt', lrtDefinition.parseConfig({ ...network, tokenHead: 'separate', rank: 3 })],
    ['linformer', linformerDefinition.parseConfig({ ...network, tokenHead: 'tied', projection: 3 })],
  ]
  const logits = (config: TokenEncoderConfig, ids: readonly number[], numbers?: Numbers) => {
    const graph = judgingGraph()
    const y = encodeTokens(graph, config, graph.input('ids', [1, ids.length], 'int32')).outputs['logits']!
    const all = numbers ?? drawn(graph)
    return { all, values: valuesOf(y, new Map(all).set('ids', [...ids])) }
  }

  // Truth: the shorter sequence without padding. For Linformer: it uses the first columns of E and F.
  it.each(configs)('%s: padding at the end changes no real token', (_, config) => {
    const whole = logits(config, [3, 5, 8, 0, 0, 0])
    const short = logits(config, [3, 5, 8], whole.all)
    expect(relativeGap(whole.values.slice(0, 3 * 9), short.values)).toBeLessThan(1e-12)
  })
  it.each(configs)('%s: another token changes every real position', (_, config) => {
    const one = logits(config, [3, 5, 8, 2, 0, 0])
    const other = logits(config, [3, 5, 8, 7, 0, 0], one.all)
    for (let position = 0; position < 4; position++)
      expect(
        relativeGap(
          one.values.slice(9 * position, 9 * position + 9),
          other.values.slice(9 * position, 9 * position + 9),
        ),
      ).toBeGreaterThan(1e-6)
  })
  it.each(configs)('%s: a longer sequence is an error', (_, config) => {
    expect(() => logits(config, [1, 2, 3, 4, 5, 6, 7])).toThrow(/7 tokens/)
  })
})

describe('embeddings', () => {
  // Truth: the sum of three table rows, written out.
  it('are token + position + type, type 0 when none is given', () => {
    const config = transformerDefinition.parseConfig({ ...network, tokenTypes: 2, embeddingNorm: false })
    const ids = [4, 0, 7]
    const types = [0, 1, 1]
    for (const given of [types, undefined]) {
      const graph = judgingGraph()
      const options = given ? { types: graph.input('types', [1, 3], 'int32') } : {}
      const { embeddings } = encodeTokens(graph, config, graph.input('ids', [1, 3], 'int32'), options)
      const numbers = new Map(drawn(graph)).set('ids', ids).set('types', types)
      const row = (table: string, i: number) => numbers.get(`embeddings.${table}.weight`)!.slice(4 * i, 4 * i + 4)
      const expected = ids.flatMap((id, position) => {
        const [token, place, type] = [row('token', id), row('position', position), row('type', given?.[position] ?? 0)]
        return token.map((v, i) => v + place[i]! + type[i]!)
      })
      expect(relativeGap(valuesOf(embeddings, numbers), expected)).toBeLessThan(1e-14)
    }
  })
})
