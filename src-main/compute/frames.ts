import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import {
  bytesOfData,
  type DType,
  elementCount,
  type Tensor,
  type TensorData,
  type Tensors,
  tensorBytes,
  viewAs,
} from '../../src-shared/tensor.ts'

/**
 * One message between the compute client and its process: a small JSON header and whole buffers beside it.
 * On a pipe: u32 magic, u32 header bytes, header, then the buffers, whose lengths the header lists. Little-endian.
 */
export interface Frame {
  readonly header: unknown
  readonly buffers: readonly Uint8Array[]
}

export const PREFIX_BYTES = 8
const MAGIC = 0x31464344 // "DCF1"
/** A header holds names and shapes only; more than this is not one. */
const MAX_HEADER_BYTES = 64 * 1024 * 1024

interface Envelope {
  readonly lengths: readonly number[]
  readonly message: unknown
}

/** The pieces of a frame in the order in which they are written. Buffers are not copied. */
export function encodeFrame(frame: Frame): Uint8Array[] {
  const envelope: Envelope = { lengths: frame.buffers.map(b => b.byteLength), message: frame.header }
  const json = new TextEncoder().encode(JSON.stringify(envelope))
  const head = new Uint8Array(PREFIX_BYTES + json.byteLength)
  const view = new DataView(head.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, json.byteLength, true)
  head.set(json, PREFIX_BYTES)
  return [head, ...frame.buffers.filter(b => b.byteLength > 0)]
}

const broken = (what: string) =>
  new WorkbenchError('internal', `the compute pipe carried ${what}`, 'please report this with --debug output')

/** Header length that a prefix announces. */
export function readPrefix(prefix: Uint8Array): number {
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES)
  if (view.getUint32(0, true) !== MAGIC) throw broken('something that is not a frame')
  const length = view.getUint32(4, true)
  if (length > MAX_HEADER_BYTES) throw broken(`a header of ${length} bytes`)
  return length
}

/** The JSON part of a frame. @throws when a buffer's length cannot be one */
export function readEnvelope(json: Uint8Array): Envelope {
  const envelope = JSON.parse(new TextDecoder().decode(json)) as Envelope
  if (!envelope.lengths.every(n => Number.isSafeInteger(n) && n >= 0)) throw broken('an impossible length')
  return envelope
}

/** Memory of its own that will be filled whole: clearing 40 MB first costs as much as a fifth of the transfer. */
export const uninitialised = (bytes: number): Uint8Array<ArrayBuffer> => {
  const b = Buffer.allocUnsafeSlow(bytes)
  return new Uint8Array(b.buffer as ArrayBuffer, b.byteOffset, bytes)
}

/** Turns the chunks of a pipe into frames. Each buffer gets memory of its own, so that a tensor can be freed alone. */
export class FrameReader {
  private stage: 'prefix' | 'header' | 'buffers' = 'prefix'
  private target = uninitialised(PREFIX_BYTES)
  private filled = 0
  private envelope: Envelope | undefined
  private buffers: Uint8Array[] = []

  constructor(private readonly onFrame: (frame: Frame) => void) {}

  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.byteLength) {
      const take = Math.min(chunk.byteLength - at, this.target.byteLength - this.filled)
      this.target.set(chunk.subarray(at, at + take), this.filled)
      this.filled += take
      at += take
      while (this.filled === this.target.byteLength && this.advance());
    }
  }

  /** Called with a full target; answers false once it waits for bytes again with nothing to finish. */
  private advance(): boolean {
    switch (this.stage) {
      case 'prefix':
        this.expect('header', readPrefix(this.target))
        return this.target.byteLength === 0
      case 'header':
        this.envelope = readEnvelope(this.target)
        this.buffers = []
        return this.nextBuffer()
      case 'buffers':
        this.buffers.push(this.target)
        return this.nextBuffer()
    }
  }

  private nextBuffer(): boolean {
    const length = this.envelope?.lengths[this.buffers.length]
    if (length !== undefined) {
      this.expect('buffers', length)
      return length === 0
    }
    const frame = { header: this.envelope?.message, buffers: this.buffers }
    this.expect('prefix', PREFIX_BYTES)
    this.onFrame(frame)
    return false
  }

  private expect(stage: typeof this.stage, bytes: number): void {
    this.stage = stage
    this.target = uninitialised(bytes)
    this.filled = 0
  }
}

/** How a tensor appears in a header; its bytes are the buffer of the same index. */
export interface TensorMeta {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** Tensors as metas for a header and their bytes, not copied. @throws WorkbenchError `bad-input` when data and shape disagree */
export function packTensors(tensors: Tensors): { metas: TensorMeta[]; buffers: Uint8Array[] } {
  const metas: TensorMeta[] = []
  const buffers: Uint8Array[] = []
  for (const [name, t] of Object.entries(tensors)) {
    if (t.data.byteLength !== tensorBytes(t))
      throw new WorkbenchError(
        'bad-input',
        `tensor '${name}' of shape [${t.shape.join(', ')}] has ${t.data.length} elements`,
        'give as many elements as the shape says',
      )
    metas.push({ name, dtype: t.dtype, shape: t.shape })
    buffers.push(bytesOfData(t.data))
  }
  return { metas, buffers }
}

/** The tensors of a frame: views of its buffers where those are aligned. */
export function unpackTensors(metas: readonly TensorMeta[], buffers: readonly Uint8Array[]): Record<string, Tensor> {
  const out: Record<string, Tensor> = {}
  for (const [i, meta] of metas.entries()) {
    const bytes = buffers[i]
    if (!bytes) throw broken(`tensor '${meta.name}' without its bytes`)
    out[meta.name] = { dtype: meta.dtype, shape: meta.shape, data: asData(meta, bytes) }
  }
  return out
}

function asData(meta: TensorMeta, bytes: Uint8Array): TensorData {
  const count = elementCount(meta.shape)
  // Structured clones may hand over a view into a larger buffer that starts anywhere.
  const own = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes)
  return viewAs(meta.dtype, own.buffer as ArrayBuffer, own.byteOffset, count)
}
