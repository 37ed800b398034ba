import { WorkbenchError } from './errors.ts'
import { type Frame, isFrame } from './wire.ts'

const ARRAY_TYPES = {
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
} as const
type ArrayType = keyof typeof ARRAY_TYPES
type NumericArray = InstanceType<(typeof ARRAY_TYPES)[ArrayType]>

/** Largest frame on a wire, either way. A page asks for what it shows, so more than this is a fault, not a need. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024

const pad8 = (n: number) => (n + 7) & ~7
const malformed = (what: string) =>
  new WorkbenchError('bad-input', `a frame is malformed: ${what}`, 'reload the window')

/**
 * One frame as bytes: u32 little-endian header length, header JSON padded to 8, then each typed array padded to 8.
 * An array appears in the header as a marked tuple [mark, index, type, length], a number that is not finite as [mark, its name].
 * @throws WorkbenchError `internal` for 64-bit integer arrays, DataViews and frames over the limit.
 */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const arrays: NumericArray[] = []
  // The holder's own value, not the one given: Node's Buffer has a toJSON that makes a list of numbers of it first.
  const header = JSON.stringify(frame, function (this: Record<string, unknown>, key, given: unknown) {
    const value = this[key]
    // JSON would make null of these: an answer that looks right and is not.
    if (typeof value === 'number' && !Number.isFinite(value)) return [ARRAY_MARK, String(value)]
    if (!ArrayBuffer.isView(value)) return given
    const type = (value.constructor.name === 'Buffer' ? 'Uint8Array' : value.constructor.name) as ArrayType
    if (!(type in ARRAY_TYPES)) throw new WorkbenchError('internal', `a ${type} cannot be sent`, 'convert it first')
    const array = value as NumericArray
    arrays.push(array)
    return [ARRAY_MARK, arrays.length - 1, type, array.length]
  })
  const head = new TextEncoder().encode(header)
  const total = arrays.reduce((n, a) => n + pad8(a.byteLength), pad8(4 + head.length))
  if (total > MAX_FRAME_BYTES) {
    const mb = Math.ceil(total / 2 ** 20)
    throw new WorkbenchError(
      'out-of-memory',
      `an answer of ${mb} MB is over the limit of 64 MB`,
      'ask for a smaller region',
    )
  }
  const out = new Uint8Array(total)
  new DataView(out.buffer).setUint32(0, head.length, true)
  out.set(head, 4)
  let at = pad8(4 + head.length)
  for (const a of arrays) {
    out.set(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), at)
    at += pad8(a.byteLength)
  }
  return out
}

/** Marks an array's place in the header; a private-use character that no text of ours begins with. */
const ARRAY_MARK = '\uE000array'

/**
 * The frame in `bytes`; typed arrays are views on them, without a copy. Every length is checked against the bytes first.
 * @throws WorkbenchError `bad-input`
 */
export function decodeFrame(bytes: ArrayBuffer): Frame {
  if (bytes.byteLength < 8 || bytes.byteLength > MAX_FRAME_BYTES) throw malformed(`${bytes.byteLength} bytes`)
  const size = new DataView(bytes).getUint32(0, true)
  if (4 + size > bytes.byteLength) throw malformed('header longer than the frame')
  let at = pad8(4 + size)
  let parsed: unknown
  try {
    parsed = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(bytes, 4, size)),
      (_key, value) => {
        if (!Array.isArray(value) || value[0] !== ARRAY_MARK) return value
        if (value.length === 2) return nonFinite(value[1])
        const [, , type, length] = value as [string, number, ArrayType, number]
        if (!Object.hasOwn(ARRAY_TYPES, type)) throw malformed(`array type ${String(type)}`)
        const Type = ARRAY_TYPES[type]
        if (!Number.isInteger(length) || length < 0 || at + length * Type.BYTES_PER_ELEMENT > bytes.byteLength)
          throw malformed(`array of ${length}`)
        const view = new Type(bytes, at, length)
        at += pad8(view.byteLength)
        return view
      },
    )
  } catch (error) {
    throw error instanceof WorkbenchError ? error : malformed('header is not JSON')
  }
  if (!isFrame(parsed)) throw malformed('unknown kind')
  return parsed
}

function nonFinite(text: unknown): number {
  if (text === 'NaN') return Number.NaN
  if (text === 'Infinity') return Number.POSITIVE_INFINITY
  if (text === '-Infinity') return Number.NEGATIVE_INFINITY
  throw malformed('a number that is none')
}
