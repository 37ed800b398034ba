import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { gradient } from './gradient.ts'
import { Graph, type Tensor } from './graph.ts'
import { crossEntropy } from './losses.ts'
import { emitOnnx } from './onnx.ts'
import * as ops from './ops.ts'
import { seedInput, trainingStep } from './optimizer/trainingStep.ts'

const python = '/usr/bin/python3'
const hasChecker = spawnSync(python, ['-c', 'import onnx.checker']).status === 0

/** Every operation of the language in one graph, forward and backward, with a whole training step. */
function everything(float: 'float32' | 'float64'): Record<string, Tensor> {
  const g = new Graph({ float })
  const seed = seedInput(g)
  const ids = g.input('ids', [1, 8], 'int64')
  const p = (name: string, ...shape: number[]) => g.parameter(name, shape)
  const norm = { scale: p('g', 4), offset: p('o', 4), mean: g.state('mean', [4]), variance: g.state('variance', [4]) }
  let x = ops.embedding(p('table', 6, 4), ids)
  x = ops.add(x, ops.layerNorm(ops.linear(x, p('w', 4, 4), p('b', 4)), p('ls', 4), p('lo', 4)))
  const scores = ops.add(ops.matmul(x, x, { transposeB: true }), ops.relativeShift(ops.linear(x, p('r', 15, 4))))
  x = ops.matmul(ops.softmax(scores), ops.dropout(x, 0.2, seed))
  for (const form of ['erf', 'tanh', 'sigmoid'] as const) x = ops.gelu(x, form)
  let c = ops.transpose(x, [0, 2, 1])
  c = ops.batchNormTraining(c, norm, { epsilon: 1e-3, decay: 0.9, unbiased: true })
  c = ops.conv1d(c, p('conv', 4, 4, 3), { bias: p('cb', 4) })
  c = ops.softmaxPool(ops.repeat(c, 2, 2), p('pool', 4, 4))
  c = ops.concat([ops.maxPool1d(c, 2), ops.averagePool1d(c, 2)], 2)
  c = ops.sumRows(ops.pickRows(c, [3, 0, 0, 1]), [1, 0, 3, 0], 4)
  c = ops.cumulativeSum(ops.abs(ops.minimum(ops.maximum(ops.softplus(c), 0.1), 4)), 2)
  c = ops.where(ops.greater(c, 2), ops.sqrt(c), ops.div(ops.pow(c, 2), ops.exp(ops.neg(ops.erf(c)))))
  c = ops.pad(ops.crop(ops.tanh(ops.sigmoid(ops.relu(ops.log(ops.add(c, 1))))), 2, 1, 1), 2, 1, 1)
  const logits = ops.sub(ops.transpose(c, [0, 2, 1]), ops.reduceMax(c))
  const loss = crossEntropy(logits, g.input('labels', [1, 8], 'int32'))
  const step = trainingStep({
    losses: [loss],
    parameters: g.leaves('parameter'),
    optimizer: { kind: 'adamw' },
    clipNorm: 1,
  })
  return {
    ...step.outputs,
    best: ops.argmax(logits, -1),
    marks: ops.oneHot(ids, 6),
    sign: ops.sign(logits),
    signs: ops.cast(ops.logicalNot(ops.equal(ids, 1)), 'int32'),
  }
}

describe('emitOnnx', () => {
  // Truth: the checker of onnx itself, with shape inference in strict mode.
  it.skipIf(!hasChecker)('writes files that the checker of python3-onnx accepts', () => {
    const folder = mkdtempSync(join(tmpdir(), 'diploscope-onnx-'))
    try {
      for (const float of ['float32', 'float64'] as const) {
        const path = join(folder, `${float}.onnx`)
        writeFileSync(path, emitOnnx(everything(float)).bytes)
        const program =
          'import onnx,sys; m=onnx.load(sys.argv[1]); onnx.checker.check_model(m); onnx.shape_inference.infer_shapes(m,check_type=True,strict_mode=True); print(m.opset_import[0].version, m.ir_version)'
        expect(execFileSync(python, ['-c', program, path], { encoding: 'utf8' }).trim()).toBe('17 8')
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
  it('loads in a bare ONNX Runtime, with the inputs and outputs it names', async () => {
    for (const float of ['float32', 'float64'] as const) {
      const model = emitOnnx(everything(float))
      const session = await ort.InferenceSession.create(model.bytes, { logSeverityLevel: 4 })
      expect([...session.inputNames].sort()).toEqual([...model.inputs.keys()].sort())
      expect([...session.outputNames]).toEqual([...model.outputs.keys()])
      await session.release()
    }
  })
  it('keeps weights inline, beside the model, or where they already lie: the same answer', async () => {
    const g = new Graph()
    const y = ops.linear(g.input('x', [1, 3]), g.parameter('w', [2, 3]), g.parameter('b', [2]))
    const values = new Map([['w', Float32Array.of(1, 2, 3, 4, 5, 6)], ['b', Float32Array.of(10, 20)]]) // biome-ignore format: one line
    const folder = mkdtempSync(join(tmpdir(), 'diploscope-onnx-'))
    try {
      const run = async (source: string | Uint8Array) => {
        const session = await (typeof source === 'string'
          ? ort.InferenceSession.create(source)
          : ort.InferenceSession.create(source))
        const result = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 1, 1), [1, 3]) })
        await session.release()
        return [...(result['y']!.data as Float32Array)]
      }
      expect(await run(emitOnnx({ y }, { values }).bytes)).toEqual([16, 35])
      const outside = emitOnnx({ y }, { values, inlineBytes: 0 })
      expect(outside.external?.bytes).toBe(32)
      writeFileSync(join(folder, 'a.onnx'), outside.bytes)
      writeFileSync(join(folder, outside.external!.location), Buffer.concat(outside.external!.parts))
      expect(await run(join(folder, 'a.onnx'))).toEqual([16, 35])
      const placed = new Map([['w', { location: 'weights.bin', offset: 0, length: 24 }], ['b', { location: 'weights.bin', offset: 24, length: 8 }]]) // biome-ignore format: one line
      writeFileSync(join(folder, 'b.onnx'), emitOnnx({ y }, { values: placed }).bytes)
      expect(await run(join(folder, 'b.onnx'))).toEqual([16, 35])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
  it('refuses weights that do not fit, and a name for two things', () => {
    const g = new Graph()
    const w = g.parameter('w', [2, 3])
    expect(() => emitOnnx({ y: ops.exp(w) }, { values: new Map([['w', new Float32Array(5)]]) })).toThrow(
      "'w': expected float32 [2, 3], got 5 values",
    )
    expect(() => emitOnnx({ y: ops.exp(w) }, { values: new Map([['w', new Float64Array(6)]]) })).toThrow(
      "'w': expected",
    )
    expect(() => emitOnnx({ w: ops.exp(w) })).toThrow("'w' is both an input and an output")
  })
  it('states the shapes between the nodes', () => {
    const x = new Graph().input('x', [2, 3])
    const y = ops.exp(ops.reduceSum(ops.tanh(x), 1))
    const { graph } = fromBinary(ModelProtoSchema, emitOnnx({ y }).bytes)
    const shapes = graph!.valueInfo.map(({ type }) => {
      if (type?.value.case !== 'tensorType') throw new Error('not a tensor')
      return type.value.value.shape!.dim.map(({ value }) => Number(value.value))
    })
    expect(shapes).toEqual([[2, 3], [2]])
  })
  it('gives a tensor several names, and a leaf as an output', async () => {
    const g = new Graph()
    const x = g.input('x', [2])
    const y = ops.exp(x)
    const model = emitOnnx({ a: y, b: y, same: x, d: gradient(ops.reduceSum(x), [x])[0]! })
    const session = await ort.InferenceSession.create(model.bytes)
    const done = await session.run({ x: new ort.Tensor('float32', Float32Array.of(0, 1), [2]) })
    expect([...(done['same']!.data as Float32Array)]).toEqual([0, 1])
    expect(done['a']!.data).toEqual(done['b']!.data)
    expect([...(done['d']!.data as Float32Array)]).toEqual([1, 1])
    await session.release()
  })
})
