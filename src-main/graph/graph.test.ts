import fc from 'fast-check'
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { gradient } from './gradient.ts'
import { Graph, type Tensor } from './graph.ts'
import { emitOnnx } from './onnx.ts'
import { operations } from './operations.ts'
import {
  add,
  concat,
  conv1d,
  embedding,
  exp,
  layerNorm,
  linear,
  matmul,
  maxPool1d,
  mul,
  pad,
  reduceMean,
  reduceSum,
  relativeShift,
  reshape,
  slice,
  softmax,
  stopGradient,
  sub,
  tanh,
  transpose,
} from './ops.ts'
import { checkOperation, runOnce } from './testing/check.ts'

const graph = () => new Graph()

describe('Graph', () => {
  it('finds equal applications again, and does not emit what no output needs', () => {
    const g = graph()
    const x = g.input('x', [2, 3])
    expect(exp(x)).toBe(exp(x))
    expect(add(x, 1)).toBe(add(x, 1))
    const before = emitOnnx({ y: exp(x) }).bytes.length
    tanh(exp(x))
    expect(emitOnnx({ y: exp(x) }).bytes.length).toBe(before)
  })
  it('keeps attributes apart that JSON would write alike', () => {
    const x = graph().input('x', [2])
    const infinite = pad(x, 0, 1, 0, Number.POSITIVE_INFINITY)
    expect(pad(x, 0, 1, 0, Number.NEGATIVE_INFINITY)).not.toBe(infinite)
    expect(pad(x, 0, 1, 0, -0)).not.toBe(pad(x, 0, 1, 0, 0))
    expect(pad(x, 0, 1, 0, Number.POSITIVE_INFINITY)).toBe(infinite)
  })
  it('gives the same tensor for the same name, and refuses another shape', () => {
    const g = graph()
    expect(g.parameter('w', [2])).toBe(g.parameter('w', [2]))
    expect(() => g.parameter('w', [3])).toThrow(
      "'w' is already the parameter float32 [2], not the parameter float32 [3]",
    )
    expect(() => g.input('empty', [0])).toThrow('not a shape')
  })
  it('emits the same bytes for the same definition', () => {
    const build = () => {
      const g = graph()
      const x = g.input('x', [2, 3])
      const y = reduceMean(tanh(linear(x, g.parameter('w', [4, 3]))))
      return emitOnnx({ y, d: gradient(y, [x])[0]! }).bytes
    }
    expect(build()).toEqual(build())
  })
  it('every operation in the table answers to its own name', () => {
    for (const [name, operation] of Object.entries(operations)) expect(operation.name).toBe(name)
    expect(Object.keys(operations).length).toBeGreaterThan(45)
  })
})

// Truth: the sentence itself. Each names the operation, what it expects and what it got.
describe('shapes that do not match', () => {
  const g = graph()
  const t = (...shape: number[]) => g.input(`t${shape}`, shape)
  const cases: [string, () => Tensor, string][] = [
    ['add', () => add(t(2, 3), t(4)), 'add: expected shapes that broadcast, got float32 [2, 3] and float32 [4]'],
    ['matmul', () => matmul(t(2, 3), t(4, 5)), 'matmul: expected'],
    ['linear', () => linear(t(2, 3), t(5, 4), t(5)), 'gemm: expected'],
    ['conv1d', () => conv1d(t(1, 3, 8), t(4, 2, 5)), 'conv1d: expected'],
    [
      'a short sequence',
      () => conv1d(t(1, 3, 2), t(4, 3, 5), { padding: 'valid' }),
      'conv1d: length must be at least 5 with padding, got 2',
    ],
    ['maxPool1d', () => maxPool1d(t(1, 3, 7), 2), 'maxPool1d: size must be a divisor of the length 7, got 2'],
    ['reshape', () => reshape(t(2, 3), [4]), 'reshape: expected a tensor of 4 elements'],
    ['slice', () => slice(t(2, 3), 1, 2, 5), 'slice: range must be'],
    ['axis', () => reduceSum(t(2, 3), 2), 'reduceSum: axis must be in -2..1, got 2'],
    ['concat', () => concat([t(2, 3), t(3, 3)], 1), 'concat: expected'],
    ['layerNorm', () => layerNorm(t(2, 3), t(2), t(2)), 'layerNorm: expected'],
    ['embedding', () => embedding(t(5, 2), t(3)), 'gather: expected a tensor and an integer tensor'],
    ['relativeShift', () => relativeShift(t(4, 3)), 'relativeShift: expected [..., R, R + T - 1]'],
    ['transpose', () => transpose(t(2, 3), [0, 0]), 'transpose: order must be a permutation'],
    ['another graph', () => add(t(2), graph().input('x', [2])), 'add: a tensor of another graph'],
    ['gradient', () => gradient(t(2, 3), [])[0]!, 'gradient: expected a float scalar loss, got float32 [2, 3]'],
  ]
  for (const [name, build, message] of cases)
    it(name, () => {
      expect(build).toThrow(message)
      expect(build).toThrow(WorkbenchError)
    })
})

describe('gradient', () => {
  it('sums the gradients of a tensor that is used often, through residuals and shared weights', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 4] }, w: { shape: [4, 4] }, g: { shape: [4] }, b: { shape: [4] } },
      build: ({ x, w, g, b }) => {
        const once = add(x!, tanh(linear(layerNorm(x!, g!, b!), w!)))
        return add(once, mul(softmax(linear(once, w!, b!)), x!))
      },
    }))
  it('is zeros where the loss does not look, and stops where told', async () => {
    const g = new Graph({ float: 'float64' })
    const [x, y] = [g.input('x', [2]), g.input('y', [2])]
    const [dx, dy] = gradient(reduceSum(mul(x, stopGradient(x))), [x, y])
    const done = await runOnce(ort, { dx: dx!, dy: dy! }, new Map([['x', [3, 4]], ['y', [1, 1]]])) // biome-ignore format: one line
    expect([...done.get('dx')!]).toEqual([3, 4])
    expect([...done.get('dy')!]).toEqual([0, 0])
  })
  it('of a gradient: d²(x⁴)/dx² = 12x²', async () => {
    const g = new Graph({ float: 'float64' })
    const x = g.input('x', [3])
    const square = mul(x, x)
    const [first] = gradient(reduceSum(mul(square, square)), [x])
    const [second] = gradient(reduceSum(first!), [x])
    const done = await runOnce(ort, { second: second! }, new Map([['x', [1, -2, 0.5]]]))
    expect([...done.get('second')!]).toEqual([12, 48, 3])
  })
  it('builds no branch that leads to nothing asked for', () => {
    const g = graph()
    const [x, w] = [g.input('x', [2, 3]), g.parameter('w', [4, 3])]
    const loss = reduceMean(linear(x, w))
    const before = g.nodes.length
    gradient(loss, [w])
    const byWeight = g.nodes.length - before
    gradient(loss, [w, x])
    expect(g.nodes.length - before).toBeGreaterThan(byWeight)
  })
})

// Truth: plain loops and finite differences, on drawn shapes.
describe('drawn shapes', () => {
  const size = fc.integer({ min: 1, max: 5 })
  const run = (property: fc.IAsyncProperty<unknown>) =>
    fc.assert(property as fc.IAsyncProperty<[unknown]>, { numRuns: 12, seed: 20 })
  it('matmul with broadcast batches and flags', () =>
    run(
      fc.asyncProperty(
        size,
        size,
        size,
        size,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        async (b, m, k, n, ta, tb, shared) => {
          await checkOperation(ort, {
            inputs: {
              a: { shape: [b, ...(ta ? [k, m] : [m, k])] },
              b: { shape: [...(shared ? [] : [b]), ...(tb ? [n, k] : [k, n])] },
            },
            build: inputs => matmul(inputs['a']!, inputs['b']!, { transposeA: ta, transposeB: tb }),
          })
        },
      ),
    ))
  it('conv1d with any kernel, dilation and padding', () =>
    run(
      fc.asyncProperty(
        size,
        size,
        size,
        size,
        fc.integer({ min: 1, max: 3 }),
        size,
        size,
        async (batch, inner, out, kernel, dilation, left, right) => {
          await checkOperation(ort, {
            inputs: { x: { shape: [batch, inner, 1 + (kernel - 1) * dilation] }, w: { shape: [out, inner, kernel] } },
            build: ({ x, w }) => conv1d(x!, w!, { dilation, padding: [left, right] }),
          })
        },
      ),
    ))
  it('elementwise broadcasting', () =>
    run(
      fc.asyncProperty(
        fc.array(fc.tuple(size, fc.constantFrom('a', 'b', 'both')), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 2 }),
        async (axes, cut) => {
          const shapeOf = (who: string) =>
            axes.map(([length, holder]) => (holder === who || holder === 'both' ? length : 1))
          await checkOperation(ort, {
            inputs: { a: { shape: shapeOf('a') }, b: { shape: shapeOf('b').slice(Math.min(cut, axes.length - 1)) } },
            build: ({ a, b }) => sub(mul(a!, b!), b!),
          })
        },
      ),
    ))
  it('slices, pads and transposes', () =>
    run(
      fc.asyncProperty(size, size, fc.integer({ min: 1, max: 3 }), size, async (a, b, step, start) => {
        await checkOperation(ort, {
          inputs: { x: { shape: [a, b + start] } },
          build: ({ x }) => transpose(pad(slice(x!, 1, start - 1, b + start, step), 0, step, start), [1, 0]),
        })
      }),
    ))
})
