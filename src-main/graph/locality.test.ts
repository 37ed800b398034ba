import { describe, expect, it } from 'vitest'
import { Graph, type Tensor } from './graph.ts'
import { neededSpans, reachedSpans } from './locality.ts'
import {
  add,
  concat,
  conv1d,
  crop,
  gelu,
  matmul,
  maxPool1d,
  pad,
  repeat,
  softmax,
  softmaxPool,
  transpose,
} from './ops.ts'
import { evaluate } from './reference.ts'
import { seededRandom } from './testing/random.ts'
import { sizeOf } from './types.ts'

/** Stem and tower of the published shapes, one channel wide. */
function trunk(graph: Graph, x: Tensor, kernels: readonly number[], pool: (x: Tensor, i: number) => Tensor): Tensor {
  return kernels.reduce((y, kernel, i) => {
    const weight = graph.parameter(`conv.${i}`, [1, y.shape[1]!, kernel])
    return pool(conv1d(i === 0 ? y : gelu(y, 'sigmoid'), weight), i)
  }, x)
}
const tower = [5, 5, 5, 5, 5, 5]
const softPool = (graph: Graph) => (x: Tensor, i: number) => softmaxPool(x, graph.parameter(`pool.${i}`, [1, 1]))

function tokensReached(kernels: readonly number[], length: number, position: number): [number, number] {
  const graph = new Graph()
  const x = graph.input('x', [1, 4, length])
  const y = trunk(graph, x, kernels, softPool(graph))
  const span = reachedSpans([y], x, { axis: 2, start: position, end: position + 1 }).get(y)!
  expect(span.axis).toBe(2)
  return [span.start, span.end - 1]
}

// Truth: receptive-field arithmetic of the published networks (Avsec et al. 2021; Linder et al. 2023), worked out by hand.
describe('locality of the Enformer trunk', () => {
  it('one token sees 646 base pairs', () => {
    const graph = new Graph()
    const x = graph.input('x', [1, 4, 128 * 32])
    const y = trunk(graph, x, [15, ...tower], softPool(graph))
    const span = neededSpans(y, x, { axis: 2, start: 10, end: 11 }).get(x)!
    expect([span.start, span.end]).toEqual([1280 - 259, 1408 + 259])
    expect(span.end - span.start).toBe(646)
  })
  it('an offset of 0..2 changes bins b-3..b+2, 125..127 b-2..b+3, all others b-2..b+2', () => {
    for (let offset = 0; offset < 128; offset++) {
      const expected = offset <= 2 ? [7, 12] : offset >= 125 ? [8, 13] : [8, 12]
      expect(tokensReached([15, ...tower], 128 * 32, 1280 + offset), `offset ${offset}`).toEqual(expected)
    }
  })
  it('is clipped at the ends of the sequence', () => {
    expect(tokensReached([15, ...tower], 128 * 32, 0)).toEqual([0, 2])
    expect(tokensReached([15, ...tower], 128 * 32, 128 * 32 - 1)).toEqual([29, 31])
  })
  it('convolution outputs to recompute are at most 15, 12, 11, 10, 10, 10, 10', () => {
    const most = new Array<number>(7).fill(0)
    for (let offset = 0; offset < 128; offset++) {
      const graph = new Graph()
      const x = graph.input('x', [1, 4, 128 * 32])
      const y = trunk(graph, x, [15, ...tower], softPool(graph))
      const spans = reachedSpans([y], x, { axis: 2, start: 1280 + offset, end: 1281 + offset })
      const convolutions = [...spans].filter(([tensor]) => tensor.node.inputs[1]?.node.leaf?.name.startsWith('conv'))
      convolutions.forEach(([, span], i) => {
        most[i] = Math.max(most[i]!, span.end - span.start)
      })
    }
    expect(most).toEqual([15, 12, 11, 10, 10, 10, 10])
  })
})

describe('locality of the baskerville trunk', () => {
  const reach = (position: number): [number, number] => {
    const graph = new Graph()
    const x = graph.input('x', [1, 4, 128 * 32])
    const y = trunk(graph, x, [7, ...tower], z => maxPool1d(z, 2))
    const span = reachedSpans([y], x, { axis: 2, start: position, end: position + 1 }).get(y)!
    return [span.start, span.end - 1]
  }
  it('one token sees 638 base pairs', () => {
    const graph = new Graph()
    const x = graph.input('x', [1, 4, 128 * 32])
    const y = trunk(graph, x, [7, ...tower], z => maxPool1d(z, 2))
    const span = neededSpans(y, x, { axis: 2, start: 10, end: 11 }).get(x)!
    expect(span.end - span.start).toBe(638)
  })
  it('changes b-2..b+2 for 126 offsets, b-2..b+1 for 0 and b-1..b+2 for 127', () => {
    for (let offset = 0; offset < 128; offset++)
      expect(reach(1280 + offset)).toEqual(offset === 0 ? [8, 11] : offset === 127 ? [9, 12] : [8, 12])
  })
})

// Truth: the plain loops. A position changes if and only if it lies in the span (random weights, no cancellation).
describe('spans against changed numbers', () => {
  const networks: Record<string, (graph: Graph, x: Tensor) => Tensor> = {
    'dilated and even kernels': (g, x) =>
      conv1d(conv1d(x, g.parameter('a', [2, 2, 3]), { dilation: 2 }), g.parameter('b', [1, 2, 4])),
    'crop, pad and upsample': (g, x) =>
      conv1d(pad(repeat(crop(x, 2, 3, 5), 2, 2), 2, 1, 2), g.parameter('a', [1, 2, 3])),
    'U-shaped skip': (g, x) =>
      add(repeat(conv1d(maxPool1d(x, 2), g.parameter('a', [2, 2, 3])), 2, 2), conv1d(x, g.parameter('b', [2, 2, 1]))),
    'two crops joined': (_g, x) => concat([crop(x, 2, 8, 0), crop(x, 2, 0, 12)], 2),
    'permuted axes': (g, x) => transpose(conv1d(x, g.parameter('a', [2, 2, 3])), [0, 2, 1]),
  }
  for (const [name, network] of Object.entries(networks))
    it(name, () => {
      const length = 24
      const random = seededRandom(3)
      const graph = new Graph({ float: 'float64' })
      const x = graph.input('x', [1, 2, length])
      const y = network(graph, x)
      const feeds = new Map<string, number[]>([['x', Array.from({ length: 2 * length }, (_, i) => i * 0.1 + random())]])
      for (const p of graph.leaves('parameter'))
        feeds.set(
          p.node.leaf!.name,
          Array.from({ length: sizeOf(p.shape) }, () => random() + 0.1),
        )
      const [before] = evaluate([y], feeds)
      const axis = name === 'permuted axes' ? 1 : 2
      const after = y.shape.slice(axis + 1).reduce((a, b) => a * b, 1)
      for (let position = 0; position < length; position++) {
        const changed = feeds.get('x')!.map((v, i) => (i % length === position ? v + 5 : v))
        const [now] = evaluate([y], new Map(feeds).set('x', changed))
        const touched = new Set<number>()
        now!.values.forEach((v, i) => {
          if (v !== before!.values[i]) touched.add(Math.floor(i / after) % y.shape[axis]!)
        })
        const span = reachedSpans([y], x, { axis: 2, start: position, end: position + 1 }).get(y)
        const hull = touched.size === 0 ? undefined : [Math.min(...touched), Math.max(...touched) + 1]
        if (name === 'U-shaped skip') {
          for (const i of touched) expect(i >= span!.start && i < span!.end).toBe(true)
        } else expect(span && [span.start, span.end], `position ${position}`).toEqual(hull)
      }
    })
  it('attention reaches everything, and a residual keeps the axis', () => {
    const graph = new Graph()
    const x = graph.input('x', [1, 16, 3])
    const y = add(x, matmul(softmax(matmul(x, x, { transposeB: true })), x))
    const spans = reachedSpans([y], x, { axis: 1, start: 5, end: 6 })
    expect(spans.get(y)).toEqual({ axis: 1, start: 0, end: 16 })
  })
  it('refuses positions outside of the axis', () => {
    const x = new Graph().input('x', [1, 2, 8])
    expect(() => reachedSpans([x], x, { axis: 2, start: 7, end: 9 })).toThrow(
      'positions 7..9 do not lie in an axis of 8',
    )
  })
})
