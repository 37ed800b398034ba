import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import {
  BYTES_OF,
  bytesOfData,
  type DType,
  elementCount,
  type Tensor,
  type Tensors,
  tensorBytes,
} from '../../../src-shared/tensor.ts'
import { parseBoundedJson } from './boundedJson.ts'
import type { ByteSource } from './byteSource.ts'
import { type TensorEntry, type TensorSource, tensorFromBytes } from './tensorSource.ts'

// The format (huggingface/safetensors, README): u64 header bytes, JSON header, then the data without holes; at most 100 MB of header.
const MAX_HEADER_BYTES = 100_000_000
const PREFIX_BYTES = 8
/** Header, tensor, its lists; half a million tensors of four axes. */
const HEADER_LIMITS = { depth: 3, values: 5_000_000 }

const DTYPES: Readonly<Record<string, DType>> = {
  F32: 'float32',
  F64: 'float64',
  F16: 'float16',
  BF16: 'bfloat16',
  I8: 'int8',
  U8: 'uint8',
  I16: 'int16',
  U16: 'uint16',
  I32: 'int32',
  U32: 'uint32',
  I64: 'int64',
  U64: 'uint64',
  BOOL: 'bool',
}
const NAMES = Object.fromEntries(Object.entries(DTYPES).map(([name, dtype]) => [dtype, name])) as Record<DType, string>

interface Placed extends TensorEntry {
  readonly begin: number
  readonly end: number
}

export interface SafetensorsFile extends TensorSource {
  readonly metadata: Readonly<Record<string, string>>
  /** Where a tensor's bytes lie in the file: for programs that read it in place. */
  place(name: string): { readonly offset: number; readonly length: number } | undefined
}

/**
 * Opens a safetensors file: the header only; tensors are read by range when asked for.
 * @throws WorkbenchError `corrupt` (header, offsets, sizes), `truncated`, `unsupported` (dtype)
 */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const corrupt = (what: string) =>
    new WorkbenchError('corrupt', `${source.name}: ${what}`, 'get the file again, or write it again with safetensors')
  if (source.size < PREFIX_BYTES)
    throw new WorkbenchError('truncated', `${source.name} has ${source.size} bytes, less than a header`, 'get it again')
  const prefix = await source.read(0, PREFIX_BYTES)
  const headerBytes = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES).getBigUint64(0, true)
  if (headerBytes > MAX_HEADER_BYTES)
    throw corrupt(`its header claims ${headerBytes} bytes, more than the ${MAX_HEADER_BYTES} that the format allows`)
  const dataStart = PREFIX_BYTES + Number(headerBytes)
  if (dataStart > source.size)
    throw new WorkbenchError('truncated', `${source.name}: its header of ${headerBytes} bytes goes beyond the ${source.size} bytes of the file`, 'get the file again') // biome-ignore format: one thought
  const { entries, metadata } = parseHeader(await source.read(PREFIX_BYTES, dataStart), corrupt)
  checkLayout(entries, source.size - dataStart, source.name, corrupt)
  const byName = new Map(entries.map(e => [e.name, e]))
  return {
    name: source.name,
    metadata,
    entries: byName,
    place(name) {
      const entry = byName.get(name)
      return entry && { offset: dataStart + entry.begin, length: entry.end - entry.begin }
    },
    async read(name) {
      const entry = byName.get(name)
      if (!entry) throw new WorkbenchError('not-found', `${source.name} holds no tensor '${name}'`, 'check the name')
      return tensorFromBytes(entry, await source.read(dataStart + entry.begin, dataStart + entry.end))
    },
  }
}

type Corrupt = (what: string) => WorkbenchError

function parseHeader(bytes: Uint8Array, corrupt: Corrupt): { entries: Placed[]; metadata: Record<string, string> } {
  let json: unknown
  try {
    json = parseBoundedJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes), HEADER_LIMITS)
  } catch (error) {
    throw corrupt(`its header cannot be read (${error instanceof Error ? error.message.slice(0, 80) : 'unreadable'})`)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw corrupt('its header is not an object')
  const entries: Placed[] = []
  const metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw corrupt('its __metadata__ is not an object')
      for (const [k, v] of Object.entries(value)) {
        if (typeof v !== 'string') throw corrupt(`its __metadata__ '${k.slice(0, 40)}' is not text`)
        metadata[k] = v
      }
    } else entries.push(parseEntry(name, value, corrupt))
  }
  return { entries, metadata }
}

const isCount = (n: unknown): n is number => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0

function parseEntry(name: string, value: unknown, corrupt: Corrupt): Placed {
  const short = name.slice(0, 100)
  const v = value as { dtype?: unknown; shape?: unknown; data_offsets?: unknown } | null
  if (typeof v !== 'object' || v === null) throw corrupt(`tensor '${short}' has no description`)
  const dtype = typeof v.dtype === 'string' && Object.hasOwn(DTYPES, v.dtype) ? DTYPES[v.dtype] : undefined
  if (!dtype)
    throw new WorkbenchError('unsupported', `tensor '${short}' has dtype ${JSON.stringify(v.dtype)?.slice(0, 40)}`, `convert it to one of ${Object.keys(DTYPES).join(', ')}`) // biome-ignore format: one thought
  if (!Array.isArray(v.shape) || !v.shape.every(isCount)) throw corrupt(`tensor '${short}' has a shape that is not one`)
  const offsets = v.data_offsets
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw corrupt(`tensor '${short}' has offsets that are not two counts`)
  const [begin, end] = offsets as [number, number]
  const shape = v.shape as number[]
  const bytes = elementCount(shape) * BYTES_OF[dtype]
  if (!Number.isSafeInteger(bytes) || end - begin !== bytes)
    throw corrupt(
      `tensor '${short}' of shape [${shape.slice(0, 8).join(', ')}] takes ${bytes} bytes, its offsets ${begin}-${end} give ${end - begin}`,
    )
  return { name, dtype, shape, begin, end }
}

/** The tensors must fill the data exactly: no overlap, no hole, nothing behind. */
function checkLayout(entries: readonly Placed[], dataBytes: number, file: string, corrupt: Corrupt): void {
  let at = 0
  for (const e of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (e.begin < at) throw corrupt(`tensor '${e.name}' overlaps another at byte ${e.begin}`)
    if (e.begin > at) throw corrupt(`${e.begin - at} bytes before tensor '${e.name}' belong to none`)
    at = e.end
  }
  if (at > dataBytes)
    throw new WorkbenchError('truncated', `${file}: its tensors take ${at} bytes, ${dataBytes} are there`, 'get the file again') // biome-ignore format: one thought
  if (at < dataBytes) throw corrupt(`${dataBytes - at} bytes behind the last tensor belong to none`)
}

/** Size and position of everything, before anything is written. */
export interface SafetensorsPlan {
  readonly header: Uint8Array
  readonly order: readonly TensorEntry[]
  readonly fileBytes: number
}

/** Lays out tensors in the given order; the header is padded with spaces so that the data starts at a multiple of 8. Same input, same bytes. */
export function planSafetensors(
  entries: readonly TensorEntry[],
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsPlan {
  const json: Record<string, unknown> = Object.create(null)
  if (Object.keys(metadata).length) json['__metadata__'] = metadata
  // Wide types first: every tensor then starts at a multiple of its element size, as other readers expect.
  const order = [...entries].sort((a, b) => BYTES_OF[b.dtype] - BYTES_OF[a.dtype])
  let at = 0
  for (const e of order) {
    if (Object.hasOwn(json, e.name))
      throw new WorkbenchError('bad-input', `two tensors are named '${e.name}'`, 'give every tensor a name of its own')
    const end = at + tensorBytes(e)
    json[e.name] = { dtype: NAMES[e.dtype], shape: e.shape, data_offsets: [at, end] }
    at = end
  }
  const text = new TextEncoder().encode(JSON.stringify(json))
  const padded = Math.ceil(text.byteLength / 8) * 8
  const header = new Uint8Array(PREFIX_BYTES + padded).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true)
  header.set(text, PREFIX_BYTES)
  return { header, order, fileBytes: header.byteLength + at }
}

/** Writes tensors one after the other, each asked for when its turn comes: the file need not fit into memory. */
export async function writeSafetensors(
  entries: readonly TensorEntry[],
  read: (name: string) => Promise<Tensor> | Tensor,
  write: (bytes: Uint8Array) => Promise<void>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const plan = planSafetensors(entries, metadata)
  await write(plan.header)
  for (const entry of plan.order) {
    const t = await read(entry.name)
    if (t.dtype !== entry.dtype || t.data.byteLength !== tensorBytes(entry))
      throw new WorkbenchError('internal', `tensor '${entry.name}' is not what was announced`, 'please report this')
    await write(bytesOfData(t.data))
  }
}

/** A whole small file in memory. */
export function encodeSafetensors(tensors: Tensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const entries = Object.entries(tensors).map(([name, t]) => ({ name, dtype: t.dtype, shape: t.shape }))
  const plan = planSafetensors(entries, metadata)
  const out = new Uint8Array(plan.fileBytes)
  out.set(plan.header)
  let at = plan.header.byteLength
  for (const { name } of plan.order) {
    const bytes = bytesOfData((tensors[name] as Tensor).data)
    out.set(bytes, at)
    at += bytes.byteLength
  }
  return out
}
