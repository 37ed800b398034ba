import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BYTES_OF, type DType, elementCount, viewAs } from '../../src-shared/tensor.ts'
import { encodeFrame, type Frame, FrameReader, packTensors, unpackTensors } from './frames.ts'

const joined = (pieces: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(pieces))

describe('frames', () => {
  it('come out as they went in, however the bytes are cut', () => {
    const frame = fc.record({
      header: fc.jsonValue(),
      buffers: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
    })
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (frames, cuts) => {
          const bytes = joined(frames.flatMap(f => encodeFrame(f)))
          const got: Frame[] = []
          const reader = new FrameReader(f => got.push(f))
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = cuts[i % cuts.length] as number
            reader.push(bytes.subarray(at, at + size))
            at += size
          }
          expect(got.map(f => ({ header: f.header, buffers: f.buffers.map(b => [...b]) }))).toEqual(
            frames.map(f => ({ header: JSON.parse(JSON.stringify(f.header)), buffers: f.buffers.map(b => [...b]) })),
          )
        },
      ),
    )
  })

  it('tensors of every type keep their bits, also from views that start anywhere', () => {
    for (const dtype of Object.keys(BYTES_OF) as DType[]) {
      const shape = [2, 3]
      const count = elementCount(shape)
      const bytes = Uint8Array.from({ length: count * BYTES_OF[dtype] + 8 }, (_, i) => i)
      const data = viewAs(dtype, bytes.buffer, 8, count)
      const { metas, buffers } = packTensors({ t: { dtype, shape, data } })
      const shifted = new Uint8Array(buffers[0]!.length + 3)
      shifted.set(buffers[0]!, 3)
      expect(unpackTensors(metas, [shifted.subarray(3)])['t']).toEqual({ dtype, shape, data })
    }
  })

  it('refuse what is not a frame, and a tensor that is not its shape', () => {
    const reader = new FrameReader(() => {})
    expect(() => reader.push(new TextEncoder().encode('Error: something printed here'))).toThrow(/not a frame/)
    const lies = encodeFrame({ header: 1, buffers: [] })[0]!
    lies[7] = 0xff
    expect(() => new FrameReader(() => {}).push(lies)).toThrow(/header of/)
    expect(() => packTensors({ t: { dtype: 'float32', shape: [2], data: Float32Array.of(1) } })).toThrow(/1 elements/)
  })
})
