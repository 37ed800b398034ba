import { describe, expect, it } from 'vitest'
import { drawn, judgingGraph, relativeGap, valuesOf } from '../../../test-support/small-network.ts'
import { gradient } from '../../graph/gradient.ts'
import type { Tensor } from '../../graph/graph.ts'
import { add, linear, matmul, mul, reduceSum, relativeShift, reshape, softmax, transpose } from '../../graph/ops.ts'
import { joinHeads, splitHeads } from './attention.ts'
import { drawPattern, fixedBlocks, layerPattern, type RandomBlocks } from './blockPattern.ts'
import { positionFeatures } from './positionFeatures.ts'
import { positionTable, relativeAttention, relativeAttentionSpecs } from './relativeAttention.ts'
import { relativeBlockSparseAttention } from './relativeBlockSparse.ts'
import { Weights } from './weights.ts'

const config = {
  width: 6,
  heads: 2,
  keySize: 3,
  valueSize: 2,
  positionFeatures: 6,
  attentionDropout: 0,
  positionDropout: 0,
}
const NAME = 'attention'

function compared(blocks: number, block: number, random: RandomBlocks, twin: (weights: Weights, x: Tensor) => Tensor) {
  const graph = judgingGraph()
  const weights = new Weights(graph, relativeAttentionSpecs(NAME, config))
  const x = graph.input('x', [2, blocks * block, config.width])
  const [ours, other] = [relativeBlockSparseAttention(weights, NAME, x, { ...config, block, random }), twin(weights, x)]
  const numbers = drawn(graph)
  const direction = graph.constant(Array.from({ length: 2 * blocks * block * config.width }, (_, i) => Math.sin(i)), ours.shape) // biome-ignore format: one thought
  const leaves = [x, ...graph.leaves('parameter')]
  const of = (y: Tensor) => [y, ...gradient(reduceSum(mul(y, direction)), leaves)]
  const [a, b] = [of(ours), of(other)]
  return a.map((tensor, i) => relativeGap(valuesOf(tensor, numbers), valuesOf(b[i]!, numbers)))
}

/** The dense attention with a mask, written out. */
function masked(weights: Weights, x: Tensor, blocks: number, block: number, random: RandomBlocks): Tensor {
  const { heads, keySize } = config
  const tokens = blocks * block
  const map = (part: string) => splitHeads(linear(x, weights.get(`${NAME}.to_${part}.weight`)), heads)
  const q = mul(map('q'), 1 / Math.sqrt(keySize))
  const table = positionTable(x.graph, positionFeatures, tokens, config.positionFeatures)
  const r = transpose(reshape(linear(table, weights.get(`${NAME}.to_rel_k.weight`)), [1, 2 * tokens - 1, heads, keySize]), [0, 2, 1, 3]) // biome-ignore format: one thought
  const content = matmul(add(q, weights.get(`${NAME}.rel_content_bias`)), map('k'), { transposeB: true })
  const position = relativeShift(matmul(add(q, weights.get(`${NAME}.rel_pos_bias`)), r, { transposeB: true }))
  const bias: number[] = []
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < tokens; i++)
      for (let j = 0; j < tokens; j++) {
        const [query, key] = [Math.floor(i / block), Math.floor(j / block)]
        const edge = query === 0 || query === blocks - 1
        const listed = edge || fixedBlocks(query, blocks).includes(key) || random[head]![query - 1]!.includes(key)
        bias.push(listed ? 0 : -1e9)
      }
  const logits = add(add(content, position), x.graph.constant(bias, [1, heads, tokens, tokens]))
  const joined = joinHeads(matmul(softmax(logits), map('v')))
  return linear(joined, weights.get(`${NAME}.to_out.weight`), weights.get(`${NAME}.to_out.bias`))
}

describe('relativeBlockSparseAttention', () => {
  // Truth: Enformer's dense attention, which is judged against the published network.
  it.each([
    [4, 2],
    [6, 3],
    [2, 2],
    [5, 1],
  ] as const)('%i blocks of %i that are all read equal full attention, with gradients', (blocks, block) => {
    // What the fixed blocks leave out is listed.
    const random = Array.from({ length: 2 }, () =>
      Array.from({ length: Math.max(0, blocks - 2) }, (_, row) =>
        Array.from({ length: blocks }, (_, b) => b).filter(b => !fixedBlocks(row + 1, blocks).includes(b)),
      ),
    )
    const gaps = compared(blocks, block, random, (weights, x) => relativeAttention(weights, NAME, x, config))
    for (const gap of gaps) expect(gap).toBeLessThan(1e-11)
  })
  // Truth: the dense formula with minus infinity where the pattern lists nothing.
  it('a drawn pattern equals dense attention with its mask, with gradients', () => {
    const shape = { layers: 1, heads: 2, blocks: 9, randomBlocks: 2 }
    const random = layerPattern(drawPattern(shape, 'uniform', 5), shape, 0)
    const gaps = compared(9, 2, random, (weights, x) => masked(weights, x, 9, 2, random))
    for (const gap of gaps) expect(gap).toBeLessThan(1e-11)
  })
  it('an empty slot reads nothing', () => {
    const random = [
      [[3], [-1], [-1], [2]],
      [[-1], [4], [1], [-1]],
    ]
    const gaps = compared(6, 2, random, (weights, x) => masked(weights, x, 6, 2, random))
    for (const gap of gaps) expect(gap).toBeLessThan(1e-11)
  })
})
