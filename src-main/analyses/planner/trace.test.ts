import { describe, expect, it } from 'vitest'
import { planModel } from '../../compute/modelPlan.ts'
import { gradient } from '../../graph/gradient.ts'
import { Graph, type Tensor } from '../../graph/graph.ts'
import { emitOnnx } from '../../graph/onnx.ts'
import {
  add,
  conv1d,
  dropout,
  exp,
  gelu,
  layerNorm,
  linear,
  matmul,
  mul,
  reduceSum,
  relu,
  softmax,
  tanh,
  transpose,
} from '../../graph/ops.ts'
import { seedInput } from '../../graph/optimizer/trainingStep.ts'
import { lifetimes, liveBytes } from './lifetimes.ts'
import { productOf } from './products.ts'
import { runtimeKernels } from './runtimeKernels.ts'
import { traceGraph } from './trace.ts'

const counts = (ops: readonly string[]) => Object.fromEntries([...new Set(ops)].sort().map(o => [o, ops.filter(x => x === o).length])) // biome-ignore format: one line

describe('the trace of a graph', () => {
  // Truth: the ONNX writer, which names the kernels that the runtime is given.
  it('has the kernels that the ONNX file has', () => {
    const graph = new Graph()
    const x = graph.input('x', [2, 8, 16])
    const w = graph.parameter('w', [32, 16])
    const scale = graph.parameter('s', [32])
    const hidden = dropout(gelu(linear(x, w), 'erf'), 0.1, seedInput(graph))
    const y = layerNorm(hidden, scale, scale)
    const written = planModel(emitOnnx({ y }).bytes).steps.map(s => s.op)
    expect(counts(traceGraph([y], 'fed').kernels.map(k => k.op))).toEqual(counts(written))
  })

  it('leaves out what weights of the file alone make', () => {
    const graph = new Graph()
    const w = graph.parameter('w', [4, 4])
    const y = matmul(graph.input('x', [3, 4]), mul(transpose(w, [1, 0]), 2))
    expect(traceGraph([y], 'file').kernels.map(k => k.op)).toEqual(['MatMul'])
    expect(traceGraph([y], 'fed').kernels.map(k => k.op)).toEqual(['Transpose', 'Mul', 'MatMul'])
  })

  // Truth: closed forms of multiply-adds.
  it('counts products and convolutions', () => {
    const graph = new Graph()
    const q = graph.input('q', [2, 4, 8, 16])
    const k = graph.input('k', [2, 4, 10, 16])
    const scores = matmul(q, k, { transposeB: true })
    const x = graph.input('x', [3, 4, 100])
    const stem = conv1d(x, graph.parameter('w', [6, 4, 5]))
    const flat = linear(graph.input('z', [2, 7, 9]), graph.parameter('v', [11, 9]))
    const kernels = runtimeKernels(traceGraph([scores, stem, flat], 'file'))
    const adds = new Map(
      kernels.flatMap(kernel => (productOf(kernel) ? [[kernel.op, productOf(kernel)!] as const] : [])),
    )
    expect(adds.get('MatMul')).toMatchObject({ kind: 'batched', terms: [1, 2 * 4 * 8 * 16 * 10, 1024, 1280, 640] })
    expect(adds.get('Conv')).toMatchObject({ kind: 'stem', terms: [1, 3 * 6 * 100 * 4 * 5, 6000, 120, 1800] })
    expect(adds.get('Gemm')).toMatchObject({ kind: 'packed', terms: [1, 2 * 7 * 9 * 11, 126, 99, 154] })
  })
})

describe('the kernels that run', () => {
  // Truth: profiles of onnxruntime-node 1.30.
  it.each([
    ['erf', 'Gelu'],
    ['sigmoid', 'QuickGelu'],
    ['tanh', 'FastGelu'],
  ] as const)('the %s form of GELU is one kernel', (form, op) => {
    const y = gelu(new Graph().input('x', [8, 8]), form)
    expect(runtimeKernels(traceGraph([y], 'file')).map(k => k.op)).toEqual([op])
  })

  it('a factor and a turned operand belong to a product, an activation to a convolution', () => {
    const graph = new Graph()
    const scores = mul(matmul(graph.input('q', [2, 8, 4]), graph.input('k', [2, 8, 4]), { transposeB: true }), 0.5)
    expect(runtimeKernels(traceGraph([scores], 'file')).map(k => k.op)).toEqual(['MatMul'])
    const stem = relu(conv1d(graph.input('x', [1, 4, 32]), graph.parameter('w', [8, 4, 3])))
    expect(runtimeKernels(traceGraph([stem], 'file')).map(k => k.op)).toEqual(['Conv'])
  })
})

describe('lifetimes', () => {
  // Truth: by hand. One kilobyte each; a softmax writes over what nobody reads later.
  it('gives memory to each tensor as long as it is read', () => {
    const graph = new Graph()
    const x = graph.input('x', [16, 16])
    const a = transpose(x, [1, 0])
    const b = softmax(a)
    const c = transpose(b, [1, 0])
    const live = (outputs: readonly (typeof x)[]) => {
      const trace = traceGraph(outputs, 'file')
      return liveBytes(lifetimes(runtimeKernels(trace), trace.outputs))
    }
    expect(live([b])).toBe(2 * 1024) // an output has memory of its own
    expect(live([c])).toBe(2 * 1024) // b lies where a was
    expect(live([add(c, a)])).toBe(3 * 1024) // a, b and c; then a, c and the output
  })

  // Truth: what onnxruntime-node 1.30 takes from malloc without an arena for chains of four such kernels: two blocks, or one.
  it('writes over what is read where the runtime does', () => {
    const blocks = (chain: (x: Tensor) => Tensor) => {
      const graph = new Graph()
      let y = transpose(graph.input('x', [16, 16]), [1, 0])
      for (let i = 0; i < 4; i++) y = chain(y)
      const out = reduceSum(y, 0)
      const trace = traceGraph([out], 'file')
      const events = lifetimes(runtimeKernels(trace), trace.outputs)
      return events.filter(e => e.bytes === 1024).length
    }
    expect(blocks(softmax)).toBe(1)
    expect(blocks(tanh)).toBe(1)
    expect(blocks(exp)).toBe(2)
    expect(blocks(x => mul(x, x))).toBe(2)
  })

  // Truth: profiles of onnxruntime-node 1.30: the sigmoid of a GELU is read again by its gradient, so that there is no fused kernel.
  it('keeps for a gradient what it shares with the forward pass', () => {
    const graph = new Graph()
    const x = graph.parameter('x', [16, 16])
    const [slope] = gradient(reduceSum(gelu(x, 'sigmoid')), [x])
    const ops = runtimeKernels(traceGraph([gelu(x, 'sigmoid'), slope!], 'fed')).map(k => k.op)
    expect(ops.filter(op => op === 'Sigmoid')).toHaveLength(1)
    expect(ops).not.toContain('QuickGelu')
  })

  // Truth: what is taken is given back, once.
  it('gives back what it takes', () => {
    const graph = new Graph()
    const x = graph.input('x', [4, 64])
    const y = softmax(gelu(linear(x, graph.parameter('w', [64, 64])), 'erf'))
    const trace = traceGraph([y], 'fed')
    const events = lifetimes(runtimeKernels(trace), trace.outputs)
    const taken = events.filter(e => e.bytes > 0).map(e => e.buffer)
    const given = events.filter(e => e.bytes === 0).map(e => e.buffer)
    expect(given.toSorted()).toEqual(taken.toSorted())
    expect(new Set(taken).size).toBe(taken.length)
  })
})
