import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { onnxModel } from '../../../test-support/onnx-model.ts'
import { openOnnxTensors } from './onnx.ts'

const nothingBeside = () => Promise.reject(new WorkbenchError('not-found', 'no file', 'none'))
const w = Float32Array.of(1, -2.5, 3, 4, 5, 6)
const bytes = onnxModel({
  inputs: { x: [1, 2] },
  outputs: { y: [1, 3] },
  nodes: [{ op: 'MatMul', in: ['x', 'w'], out: ['y'] }],
  floats: { w: { shape: [2, 3], data: w } },
  int64: { k: [7, -8] },
})

describe('weights of an ONNX file', () => {
  it('are its initialisers, raw or in typed fields', async () => {
    const source = openOnnxTensors(bytes, 'x.onnx', nothingBeside)
    expect(await source.read('w')).toEqual({ dtype: 'float32', shape: [2, 3], data: w })
    expect(await source.read('k')).toEqual({ dtype: 'int64', shape: [2], data: BigInt64Array.of(7n, -8n) })
  })

  it('may lie in a file beside it, of exactly the size of the shape', async () => {
    const external = onnxModel({
      inputs: { x: [1, 2] },
      outputs: { y: [1, 3] },
      nodes: [{ op: 'MatMul', in: ['x', 'w'], out: ['y'] }],
      floats: { w: { shape: [2, 3], data: w, file: 'w.bin' } },
    })
    const asked: unknown[] = []
    const source = openOnnxTensors(external, 'x.onnx', async (file, offset, length) => {
      asked.push([file, offset, length])
      return new Uint8Array(w.buffer)
    })
    expect((await source.read('w')).data).toEqual(w)
    expect(asked).toEqual([['w.bin', 0, 24]])
  })

  // Truth: protobuf's wire format; field 7 of a model is its graph, 1 and 5 of a graph its nodes and weights, 13 of a weight its places.
  it('millions of empty messages are passed over or refused, not made', () => {
    const varint = (n: number): number[] => (n > 127 ? [(n & 127) | 128, ...varint(n >>> 7)] : [n])
    const message = (field: number, body: Uint8Array) => new Uint8Array([...[(field << 3) | 2, ...varint(body.length)], ...body]) // biome-ignore format: one line
    const flood = (field: number) => Uint8Array.from({ length: 600_000 }, (_, i) => (i % 2 ? 0 : (field << 3) | 2))
    const openGraph = (graph: Uint8Array) => openOnnxTensors(message(7, graph), 'x.onnx', nothingBeside)
    expect(openGraph(flood(1)).entries.size).toBe(0)
    expect(() => openGraph(flood(5))).toThrow(/more than 200000 tensors/)
    expect(() => openGraph(message(5, flood(13)))).toThrow(/more axes or properties/)
  })

  it('damage is a coded error or tensors of the stated size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, value) => {
        const bad = bytes.slice()
        bad[at] = value
        try {
          const source = openOnnxTensors(bad, 'x', nothingBeside)
          for (const name of source.entries.keys()) await source.read(name)
        } catch (error) {
          expect(error).toBeInstanceOf(WorkbenchError)
          expect((error as WorkbenchError).code).not.toBe('internal')
        }
      }),
      { numRuns: 500 },
    )
  })
})
