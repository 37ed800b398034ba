import { describe, expect, it } from 'vitest'
import { Graph, liveNodes, type Tensor } from './graph.ts'
import { neededSpans, type Span } from './locality.ts'
import { operations } from './operations.ts'
import { abs } from './ops/abs.ts'
import {
  add,
  argmax,
  averagePool1d,
  batchNormInference,
  batchNormTraining,
  cast,
  concat,
  conv1d,
  crop,
  cumulativeSum,
  deinterleave,
  div,
  dropout,
  embedding,
  equal,
  erf,
  exp,
  expand,
  gelu,
  greater,
  greaterOrEqual,
  interleave,
  layerNorm,
  less,
  lessOrEqual,
  linear,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  logSoftmax,
  matmul,
  maximum,
  maxPool1d,
  minimum,
  mul,
  neg,
  oneHot,
  pad,
  pickRows,
  pow,
  reduceMax,
  reduceMean,
  reduceSum,
  relativeShift,
  relu,
  repeat,
  reshape,
  sigmoid,
  sign,
  slice,
  softmax,
  softmaxPool,
  softplus,
  sqrt,
  stopGradient,
  sub,
  sumRows,
  takeAlong,
  tanh,
  transpose,
  unfold,
  where,
} from './ops.ts'
import { applyPart, type PartInput } from './part.ts'
import { evaluate } from './reference.ts'
import { type Random, seededRandom } from './testing/random.ts'
import { sizeOf, stridesOf } from './types.ts'

type Build = (x: Tensor, graph: Graph) => Tensor

const LENGTH = 24
const p = (graph: Graph, name: string, shape: readonly number[]) => graph.parameter(`${name} ${shape}`, shape)
const stats = (graph: Graph, n: number) => ({
  scale: p(graph, 'scale', [n]),
  offset: p(graph, 'offset', [n]),
  mean: p(graph, 'mean', [n]),
  variance: p(graph, 'variance', [n]),
})
const conv = (x: Tensor, graph: Graph, out: number, kernel: number, options = {}) =>
  conv1d(x, p(graph, 'w', [out, x.shape[1]!, kernel]), { bias: p(graph, 'b', [out]), ...options })
/** Small whole numbers from 0 to 2. */
const ids = (x: Tensor) => cast(minimum(maximum(add(x, 1), 0), 2), 'int64')
const rows = (x: Tensor) => transpose(x, [0, 2, 1])

/** x is [batch, 3, 24], the sequence on axis 2. */
const cases: Readonly<Record<string, Build>> = {
  elementwise: x => abs(neg(sub(add(mul(x, 3), exp(div(tanh(x), 2))), sign(x)))),
  'more elementwise': x => add(add(erf(x), softplus(x)), add(sqrt(log(add(pow(x, 2), 2))), relu(sigmoid(x)))),
  gelu: x => add(add(gelu(x, 'erf'), gelu(x, 'tanh')), gelu(x, 'sigmoid')),
  comparisons: x =>
    where(
      logicalOr(logicalAnd(greater(x, 0), logicalNot(less(x, 0.5))), logicalOr(equal(x, 0), lessOrEqual(x, -0.5))),
      x,
      cast(greaterOrEqual(x, 0.2), x.dtype),
    ),
  extrema: x => maximum(minimum(x, 0.3), -0.3),
  'a table with positions of its own': (x, graph) => add(x, p(graph, 'table', [3, LENGTH])),
  'a table on joined rows': (x, graph) => add(reshape(rows(x), [-1, 3]), p(graph, 'rows', [LENGTH, 3])),
  'conv same': (x, graph) => conv(x, graph, 2, 5),
  'conv even, dilated': (x, graph) => conv(x, graph, 2, 4, { dilation: 2 }),
  'conv valid': (x, graph) => conv(x, graph, 2, 4, { padding: 'valid' }),
  'conv padded on one side': (x, graph) => conv(x, graph, 2, 4, { padding: [3, 0] }),
  'conv padded beyond its reach': (x, graph) => conv(x, graph, 2, 3, { padding: [2, 5] }),
  'conv without bias, grouped': (x, graph) => conv1d(x, p(graph, 'w', [3, 1, 3]), { groups: 3 }),
  pad: x => pad(x, 2, 3, 2, 0.25),
  'pad of another axis': x => pad(x, 1, 1, 2),
  crop: x => crop(x, 2, 5, 2),
  'slice with a step': x => slice(x, 2, 1, 22, 3),
  'slice of another axis': x => slice(x, 1, 1, 3),
  concat: (x, graph) => concat([crop(x, 2, 3), mul(x, 2), p(graph, 'end', [1, 3, 4])], 2),
  'concat with one position': x => concat([slice(x, 2, 4, 5), x, slice(x, 2, 7, 8)], 2),
  'concat of another axis': x => concat([x, mul(x, 2)], 1),
  'concat with a constant': (x, graph) => concat([x, p(graph, 'more', [1, 2, LENGTH])], 1),
  'max pool': x => maxPool1d(x, 3),
  'average pool': x => averagePool1d(x, 4),
  'softmax pool': (x, graph) => softmaxPool(x, p(graph, 'pool', [3, 3])),
  deinterleave: x => {
    const [a, b, c] = deinterleave(x, 3) as readonly [Tensor, Tensor, Tensor]
    return add(mul(a, b), c)
  },
  interleave: x => interleave([x, mul(x, 2), relu(x)]),
  repeat: x => repeat(x, 2, 3),
  'repeat on axis 1': x => repeat(rows(x), 1, 2),
  'batch norm of stored statistics': (x, graph) => batchNormInference(x, stats(graph, 3), { epsilon: 0.01 }),
  'layer norm': (x, graph) => layerNorm(rows(x), p(graph, 's', [3]), p(graph, 'o', [3])),
  linear: (x, graph) => linear(rows(x), p(graph, 'w', [5, 3]), p(graph, 'b', [5])),
  'linear without bias': (x, graph) => linear(rows(x), p(graph, 'w', [5, 3])),
  'matmul by a matrix on the left': (x, graph) => matmul(p(graph, 'm', [1, 4, 3]), x),
  'matmul, transposed': (x, graph) => matmul(x, p(graph, 'm', [1, 4, 3]), { transposeA: true, transposeB: true }),
  'matmul of heads': (x, graph) => matmul(reshape(rows(x), [1, -1, 1, 3]), p(graph, 'k', [1, 1, 3, 4])),
  'softmax of channels': x => add(softmax(rows(x)), logSoftmax(rows(x))),
  reductions: x => add(add(reduceSum(x, 1), reduceMean(x, 1)), reduceMax(x, 1)),
  'reduction that keeps axes': x => sub(x, reduceMean(x, 1, { keepAxes: true })),
  'reshape and expand': x => expand(reshape(x, [1, 3, 1, LENGTH]), [1, 3, 2, LENGTH]),
  'argmax of channels': x => argmax(x, 1),
  'ids and tables': (x, graph) => embedding(p(graph, 'table', [3, 2]), ids(reduceSum(x, 1))),
  'one-hot': x => oneHot(ids(reduceSum(x, 1)), 3),
  'take along': x => takeAlong(rows(x), ids(reduceSum(x, 1))),
  'cumulative sum over channels': x => cumulativeSum(x, 1),
  'rows of channels': x => sumRows(pickRows(x, [2, 0, 1, 0]), [0, 1, 1, 0], 2),
  unfold: x => unfold(x, 3, 2),
  'stop gradient': x => stopGradient(x),
  'relative shift': (x, graph) => {
    const queries = reshape(rows(x), [1, 1, LENGTH, 3])
    return relativeShift(matmul(queries, p(graph, 'distances', [1, 1, 2 * LENGTH - 1, 3]), { transposeB: true }))
  },
  'relative shift to more keys': (x, graph) => {
    const queries = reshape(rows(x), [1, 1, LENGTH, 3])
    return relativeShift(matmul(queries, p(graph, 'distances', [1, 1, LENGTH + 30, 3]), { transposeB: true }))
  },
  'a small network': (x, graph) => {
    let y = conv(x, graph, 4, 7)
    for (let i = 0; i < 2; i++) {
      const a = conv(gelu(batchNormInference(y, stats(graph, 4), { epsilon: 0.1 }), 'sigmoid'), graph, 4, 5)
      y = softmaxPool(add(a, conv(relu(a), graph, 4, 1)), p(graph, `pool ${i}`, [4, 4]))
    }
    const tokens = linear(layerNorm(rows(y), p(graph, 's', [4]), p(graph, 'o', [4])), p(graph, 'd', [4, 4]))
    return conv(add(repeat(rows(tokens), 2, 2), maxPool1d(x, 2).shape[1] === 4 ? y : repeat(y, 2, 2)), graph, 2, 3)
  },
}

const hull = (spans: readonly Span[]): Span | undefined =>
  spans.length === 0
    ? undefined
    : { axis: spans[0]!.axis, start: Math.min(...spans.map(s => s.start)), end: Math.max(...spans.map(s => s.end)) }

/** Node by node, every tensor in exactly the span that is needed. */
function partOf(output: Tensor, x: Tensor, at: { axis: number; start: number; end: number }, batch: number) {
  const needed = neededSpans(output, x, at, 2)
  const target = new Graph({ float: 'float64' })
  const held = new Map<Tensor, PartInput>()
  for (const node of liveNodes([output])) {
    if (node.leaf) {
      const tensor = node.outputs[0]!
      const span = tensor === x ? needed.get(x) : undefined
      if (tensor !== x)
        held.set(tensor, { tensor: node.leaf.data ? target.constant(node.leaf.data, tensor.shape, tensor.dtype) : p(target, node.leaf.name, tensor.shape) }) // biome-ignore format: one line
      else if (span) held.set(x, { tensor: target.input('x', [batch, x.shape[1]!, span.end - span.start]), span })
      continue
    }
    const reached = node.inputs.some(input => held.get(input)?.span ?? input === x)
    const span = hull(node.outputs.flatMap(tensor => needed.get(tensor) ?? []))
    if (reached && !span) continue
    const outputs = applyPart(
      target,
      node,
      node.inputs.map(input => held.get(input)),
      span,
      { batch },
    )
    node.outputs.forEach((tensor, i) => {
      held.set(tensor, { tensor: outputs[i]!, ...(span ? { span } : {}) })
    })
  }
  return { part: held.get(output)!.tensor, span: needed.get(x) }
}

const draw = (random: Random, count: number) => Float64Array.from({ length: count }, () => random() * 4 - 2)

/** Positions start … end - 1 of an axis. */
function cut(values: ArrayLike<number>, shape: readonly number[], axis: number, start: number, end: number): number[] {
  const stride = stridesOf(shape)[axis]!
  return Array.from(values).filter((_, i) => {
    const at = Math.floor(i / stride) % shape[axis]!
    return at >= start && at < end
  })
}

/** Values of parameters by name. */
function parametersOf(output: Tensor, random: Random): Map<string, ArrayLike<number>> {
  const feeds = new Map<string, ArrayLike<number>>()
  for (const node of liveNodes([output]))
    if (node.leaf?.kind === 'parameter') {
      const positive = node.leaf.name.startsWith('variance')
      feeds.set(
        node.leaf.name,
        draw(random, sizeOf(node.outputs[0]!.shape)).map(v => (positive ? Math.abs(v) + 0.1 : v)),
      )
    }
  // A part names a parameter by its name and shape once more.
  for (const [name, values] of [...feeds]) {
    const node = liveNodes([output]).find(n => n.leaf?.name === name)!
    feeds.set(`${name} ${node.outputs[0]!.shape}`, values)
  }
  return feeds
}

// Truth: the slice of the whole, both by plain loops in float64.
describe('a part of a sequence equals the slice of the whole', () => {
  for (const [name, build] of Object.entries(cases))
    it(name, () => {
      const random = seededRandom(7)
      const graph = new Graph({ float: 'float64' })
      const x = graph.input('x', [1, 3, LENGTH])
      const output = build(x, graph)
      const feeds = parametersOf(output, random)
      const sequences = [draw(random, 3 * LENGTH), draw(random, 3 * LENGTH)]
      const axis = axisOf(output, x)
      const length = output.shape[axis]!
      const wholes = sequences.map(s => evaluate([output], new Map(feeds).set('x', s))[0]!.values)
      for (const { start, end } of spansOf(length, random))
        for (const batch of [1, 2]) {
          const { part, span } = partOf(output, x, { axis, start, end }, batch)
          const given = sequences.slice(0, batch).flatMap(s => (span ? cut(s, x.shape, 2, span.start, span.end) : []))
          const [values] = evaluate([part], new Map(feeds).set('x', given))
          const expected = wholes.slice(0, batch).flatMap(w => cut(w, output.shape, axis, start, end))
          // What reads constants alone is there once, whatever the batch.
          const once = Array.from(values!.values)
          const got = 2 * once.length === expected.length && !span ? [...once, ...once] : once
          const label = `${start}..${end} of ${length}, batch ${batch}`
          expect(got.length, label).toBe(expected.length)
          got.forEach((value, i) => {
            expect(Math.abs(value - expected[i]!), label).toBeLessThan(1e-12 * Math.max(1, Math.abs(expected[i]!)))
          })
        }
    })
})

/** Where the 24 positions went. */
function axisOf(output: Tensor, x: Tensor): number {
  let axis = 2
  let tensor = x
  for (const node of liveNodes([output])) {
    const input = node.inputs.indexOf(tensor)
    if (input < 0 || !node.operation) continue
    const landed = node.operation.locality(node, input, axis).axis
    if (landed === undefined) continue
    axis = landed
    tensor = node.outputs[0]!
    if (tensor === output) return axis
  }
  throw new Error('the sequence axis is lost')
}

/** Both ends, all of it, single positions, and parts inside. */
function spansOf(length: number, random: Random): { start: number; end: number }[] {
  const inside = Array.from({ length: 6 }, () => {
    const start = Math.floor(random() * length)
    return { start, end: start + 1 + Math.floor(random() * (length - start)) }
  })
  return [
    { start: 0, end: length },
    { start: 0, end: 1 },
    { start: length - 1, end: length },
    { start: 0, end: Math.ceil(length / 2) },
    { start: Math.floor(length / 2), end: length },
    ...inside,
  ]
}

describe('what cannot be a part', () => {
  const asked = (build: Build, batch = 1) => {
    const graph = new Graph({ float: 'float64' })
    const x = graph.input('x', [1, 3, LENGTH])
    const output = build(x, graph)
    return () => partOf(output, x, { axis: output.shape.length - 1, start: 2, end: 5 }, batch)
  }
  it('statistics of the batch and random masks are refused by name', () => {
    const norm = asked((x, graph) => {
      const states = { mean: graph.state('m', [3]), variance: graph.state('v', [3]) }
      return batchNormTraining(x, { ...stats(graph, 3), ...states }, { epsilon: 1, decay: 0.9, unbiased: false })
    })
    expect(norm).toThrow("operation 'batchNorm' cannot be applied to a part of a sequence")
    const drop = asked((x, graph) => dropout(x, 0.5, graph.input('seed', [], 'int64')))
    expect(drop).toThrow("operation 'dropoutMask'")
  })
  it('a sum over sequences side by side is refused', () => {
    expect(asked(x => reduceSum(x, 0), 2)).toThrow("operation 'reduceSum' cannot be applied to several sequences")
    expect(asked(x => transpose(x, [1, 0, 2]), 2)).toThrow("operation 'transpose' cannot be applied to several")
  })
  it('an input that holds too little is refused with its span', () => {
    const graph = new Graph({ float: 'float64' })
    const x = graph.input('x', [1, 3, LENGTH])
    const { node } = conv(x, graph, 2, 5)
    const target = new Graph({ float: 'float64' })
    const [w, b] = [p(target, 'w', [2, 3, 5]), p(target, 'b', [2])]
    const given = { tensor: target.input('x', [1, 3, 6]), span: { axis: 2, start: 4, end: 10 } }
    const at = (start: number, end: number) => () =>
      applyPart(target, node, [given, { tensor: w }, { tensor: b }], { axis: 2, start, end })
    expect(at(6, 8)).not.toThrow()
    expect(at(5, 8)).toThrow('reads positions 3..10, given 4..10')
  })
  it('every operation says so or has a rule', () => {
    const without = Object.values(operations).filter(operation => !operation.part)
    expect(without.map(operation => operation.name)).toEqual(['batchNorm', 'dropoutMask', 'scatterRows'])
  })
})
