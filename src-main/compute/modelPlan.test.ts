import { describe, expect, it } from 'vitest'
import { elementCount } from '../../src-shared/tensor.ts'
import { onnxModel } from '../../test-support/onnx-model.ts'
import { Graph } from '../graph/graph.ts'
import { emitOnnx } from '../graph/onnx.ts'
import { transformer } from '../models/transformer.ts'
import { createCompute } from './client.ts'
import { estimateMemory, planModel } from './modelPlan.ts'

const MB = 1e6
/** x [n, 250] → MatMul → a → MatMul → b → Relu → c → Reshape → d → y; every matrix of n rows is n kB. */
const chain = onnxModel({
  inputs: { x: ['n', 250] },
  outputs: { y: ['n', 250] },
  values: { a: ['n', 250], b: ['n', 250], c: ['n', 250], d: ['n', 250] },
  nodes: [
    { op: 'MatMul', in: ['x', 'w'], out: ['a'] },
    { op: 'MatMul', in: ['a', 'w'], out: ['b'] },
    { op: 'Relu', in: ['b'], out: ['c'] },
    { op: 'Reshape', in: ['c', 's'], out: ['d'] },
    { op: 'MatMul', in: ['d', 'w'], out: ['y'] },
  ],
  floats: { w: { shape: [250, 250], data: new Float32Array(250 * 250) } }, // 0.25 MB
  int64: { s: [-1, 250] },
})

describe('memory of a run', () => {
  it('weights, inputs, the tensors alive at once and the copies of the outputs, counted by hand', () => {
    const plan = planModel(chain)
    expect(plan.weightBytes).toBe(250_000 + 16)
    const estimate = estimateMemory(plan, new Map([['x', [1000, 250]]]), ['y'])
    // 1 MB in, at most two matrices alive (a and b; Relu in place; d is a view of c), 1 MB copied out.
    expect(estimate).toEqual({ bytes: 250_016 + 1 * MB + 2 * MB + 1 * MB, complete: true })
    expect(estimateMemory(plan, new Map([['x', [3000, 250]]]), []).bytes).toBe(250_016 + 3 * MB + 6 * MB)
  })

  it('says when shapes are unknown, and takes such a tensor to be as large as what its node reads', () => {
    const plan = planModel(onnxModel({ inputs: { x: [2] }, outputs: { y: [2] }, nodes: [{ op: 'Exp', in: ['x'], out: ['a'] }, { op: 'Exp', in: ['a'], out: ['y'] }] })) // biome-ignore format: one line
    expect(estimateMemory(plan, new Map([['x', [2]]]), ['y'])).toEqual({ bytes: 24, complete: false })
  })

  it('a tensor that many steps read lives until the last of them', () => {
    const depth = 10
    const skip = onnxModel({
      inputs: { x: [250_000] },
      outputs: { y: [250_000] },
      values: Object.fromEntries([['k', [250_000]], ...Array.from({ length: depth }, (_, i) => [`v${i}`, [250_000]])]),
      nodes: [
        { op: 'Sin', in: ['x'], out: ['k'] },
        ...Array.from({ length: depth }, (_, i) => ({ op: 'Cos', in: [i === 0 ? 'k' : `v${i - 1}`], out: [`v${i}`] })),
        { op: 'Add', in: ['k', `v${depth - 1}`], out: ['y'] },
      ],
    })
    // k and two neighbours of the chain.
    expect(estimateMemory(planModel(skip), new Map([['x', [250_000]]]), []).bytes).toBe(1 * MB + 3 * MB)
  })
})

describe('the estimate against a real process', () => {
  it('is of the size that the process grows by, for an encoder whose attention dominates', async () => {
    const [batch, length] = [8, 512]
    const model = transformer.configure({
      vocabulary: 50,
      maxTokens: length,
      width: 64,
      layers: 2,
      heads: 8,
      feedForward: 128,
      tokenHead: 'separate',
    })
    const outputs = model.buildForward(new Graph(), { batch })
    const values = new Map(model.parameters.map(p => [p.name, new Float32Array(elementCount(p.shape)).fill(0.01)]))
    const { bytes } = emitOnnx(outputs, { values })
    const plan = planModel(bytes)
    const estimate =
      estimateMemory(plan, new Map([['ids', [batch, length]]]), Object.keys(outputs)).bytes - plan.weightBytes
    const compute = createCompute({ threads: 1 })
    try {
      const session = await compute.load(bytes)
      const before = (await compute.stats()).rssBytes // the peak so far was that of opening the model
      await session.run({ ids: { dtype: 'int32', shape: [batch, length], data: new Int32Array(batch * length) } })
      const grown = (await compute.stats()).peakRssBytes - before
      expect(grown).toBeGreaterThan(8 * 8 * length * length * 4) // the attention probabilities alone
      expect(estimate / grown).toBeGreaterThan(0.67)
      expect(estimate / grown).toBeLessThan(2) // the runtime writes softmax in place where it can; we do not count on it
    } finally {
      await compute.close()
    }
  })
})
