import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame, MAX_FRAME_BYTES } from './frameCodec.ts'
import type { Frame } from './wire.ts'

const ARRAYS = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
] as const

/** A typed array of any kind over random bytes: NaN payloads included. */
const typedArray = fc
  .tuple(fc.constantFrom(...ARRAYS), fc.uint8Array({ maxLength: 64 }))
  .map(([Type, bytes]) => new Type(bytes.slice(0, bytes.length - (bytes.length % Type.BYTES_PER_ELEMENT)).buffer))

const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }),
    fc.double().map(n => (Object.is(n, -0) ? 0 : n)),
    fc.boolean(),
    fc.constant(null),
    typedArray,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter(k => k !== '__proto__' && k !== 'toJSON'),
      tie('value'),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
}))

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constant('call' as const), id: fc.integer(), method: fc.string(), args: value }),
  fc.record({ kind: fc.constant('result' as const), id: fc.integer(), value }),
  fc.record({ kind: fc.constant('event' as const), name: fc.string(), payload: value }),
  fc.record({ kind: fc.constant('cancel' as const), id: fc.integer() }),
)

const bytesOf = (a: ArrayBufferView) => [...new Uint8Array(a.buffer, a.byteOffset, a.byteLength)]
/** Typed arrays by kind and bytes: NaN equals itself so. */
const comparable = (v: unknown): unknown => {
  if (ArrayBuffer.isView(v)) return { type: v.constructor.name, bytes: bytesOf(v) }
  if (Array.isArray(v)) return v.map(comparable)
  if (typeof v === 'object' && v !== null)
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, comparable(x)]))
  return v
}

describe('frame codec', () => {
  it('gives back every frame: a round trip over random values and typed arrays', () => {
    fc.assert(
      fc.property(frame, f => {
        expect(comparable(decodeFrame(encodeFrame(f).buffer))).toEqual(comparable(f))
      }),
      { numRuns: 500 },
    )
  })

  it('keeps a view into a larger buffer to its own part, and a Buffer binary', () => {
    const whole = Float32Array.from([1, 2, 3, 4, 5])
    const decoded = decodeFrame(
      encodeFrame({ kind: 'result', id: 1, value: { part: whole.subarray(1, 3), buffer: Buffer.from([7, 8]) } }).buffer,
    )
    expect(decoded).toEqual({
      kind: 'result',
      id: 1,
      value: { part: Float32Array.from([2, 3]), buffer: Uint8Array.from([7, 8]) },
    })
  })

  it('refuses random bytes with a coded error, and never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        let code = 'decoded'
        try {
          decodeFrame(bytes.slice().buffer)
        } catch (error) {
          code = (error as { code: string }).code
        }
        expect(['decoded', 'bad-input']).toContain(code)
      }),
      { numRuns: 500 },
    )
  })

  it('refuses or decodes a frame with any byte changed or cut off', () => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.nat(255), fc.boolean(), (f, at, byte, cut) => {
        const bytes = encodeFrame(f)
        const i = at % bytes.length
        bytes[i] = byte
        const sent = cut ? bytes.slice(0, i) : bytes
        let code = 'decoded'
        try {
          decodeFrame(sent.buffer)
        } catch (error) {
          code = (error as { code: string }).code
        }
        expect(['decoded', 'bad-input']).toContain(code)
      }),
      { numRuns: 500 },
    )
  })

  it('does not send what has no binary form, nor more than the limit', () => {
    expect(() => encodeFrame({ kind: 'result', id: 1, value: new BigInt64Array(1) })).toThrow(
      expect.objectContaining({ code: 'internal' }),
    )
    const half = new Uint8Array(MAX_FRAME_BYTES / 2)
    expect(() => encodeFrame({ kind: 'result', id: 1, value: [half, half] })).toThrow(
      expect.objectContaining({ code: 'out-of-memory' }),
    )
  })

  it('refuses an array that claims more than the frame holds', () => {
    const bytes = encodeFrame({ kind: 'result', id: 1, value: new Uint8Array(8) })
    const text = new TextDecoder().decode(bytes).replace('"Uint8Array",8', '"Uint8Array",9')
    expect(() => decodeFrame(new TextEncoder().encode(text).buffer)).toThrow(
      expect.objectContaining({ code: 'bad-input' }),
    )
  })
})
