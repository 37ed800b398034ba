import { fromBinary } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { type TensorProto, TensorProto_DataLocation, TensorProtoSchema } from 'onnx-buf'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { bytesOfData, type DType, type Tensor, type TensorData, tensorBytes } from '../../../src-shared/tensor.ts'
import { type TensorEntry, type TensorSource, tensorFromBytes } from './tensorSource.ts'

// onnx.proto, TensorProto.DataType
const DTYPES: Readonly<Record<number, DType>> = { 1: 'float32', 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16', 6: 'int32', 7: 'int64', 9: 'bool', 10: 'float16', 11: 'float64', 12: 'uint32', 13: 'uint64', 16: 'bfloat16' } // biome-ignore format: a table

/** Bytes of an external file beside the model. @throws when the name or the range is not there */
export type ReadBeside = (file: string, offset: number, length: number) => Promise<Uint8Array>

/**
 * The initialisers of an ONNX file as named tensors; nodes are not looked at.
 * @throws WorkbenchError `bad-model` (not ONNX), `corrupt` (sizes), `unsupported` (types)
 */
export function openOnnxTensors(bytes: Uint8Array, name: string, beside: ReadBeside): TensorSource {
  const protos = new Map<string, TensorProto>()
  const entries = new Map<string, TensorEntry>()
  for (const t of parse(bytes, name)) {
    const dtype = DTYPES[t.dataType]
    if (!dtype) throw new WorkbenchError('unsupported', `${name}: tensor '${t.name}' has ONNX type ${t.dataType}`, 'export it with numeric weights') // biome-ignore format: one thought
    protos.set(t.name, t)
    entries.set(t.name, { name: t.name, dtype, shape: t.dims.map(Number) })
  }
  return {
    name,
    entries,
    async read(tensor) {
      const [entry, proto] = [entries.get(tensor), protos.get(tensor)]
      if (!entry || !proto)
        throw new WorkbenchError('not-found', `${name} holds no tensor '${tensor}'`, 'check the name')
      return readTensor(entry, proto, name, beside)
    },
  }
}

function parse(bytes: Uint8Array, name: string): readonly TensorProto[] {
  try {
    return [...initialisers(bytes)]
  } catch (error) {
    throw new WorkbenchError('bad-model', `${name} is not an ONNX model (${(error as Error).message.slice(0, 100)})`, 'give a file that an ONNX exporter wrote') // biome-ignore format: one thought
  }
}

// onnx.proto: ModelProto.graph, GraphProto.initializer; TensorProto: dims, external_data and the fields that hold numbers.
const GRAPH = 7
const INITIALISER = 5
const DIMS = 1
const NUMBERS = new Set([4, 5, 7, 9, 10, 11])
/** Two bytes make a message of two hundred in memory, so messages are counted before they are read: no network has more weights. */
const MAX_TENSORS = 200_000
const MAX_FIELDS = 64

/** Only the weights are read: nodes, of which a small file can hold millions, are passed over. */
function* initialisers(model: Uint8Array): Generator<TensorProto> {
  let count = 0
  for (const graph of parts(model, GRAPH))
    for (const tensor of parts(graph, INITIALISER)) {
      if (++count > MAX_TENSORS) throw new Error(`it holds more than ${MAX_TENSORS} tensors`)
      let fields = 0
      for (const { field, data } of fieldsOf(tensor)) {
        if (!NUMBERS.has(field) && (++fields > MAX_FIELDS || (field === DIMS && data.byteLength > 8 * MAX_FIELDS)))
          throw new Error('a tensor has more axes or properties than any has')
      }
      yield fromBinary(TensorProtoSchema, tensor)
    }
}

function* parts(message: Uint8Array, wanted: number): Generator<Uint8Array> {
  for (const { field, data } of fieldsOf(message)) if (field === wanted) yield data
}

const NOTHING = new Uint8Array()

/** The fields of a protobuf message in turn; `data` are the bytes of those that have a length, not copied. */
function* fieldsOf(message: Uint8Array): Generator<{ field: number; data: Uint8Array }> {
  const reader = new BinaryReader(message)
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (type === WireType.LengthDelimited) yield { field, data: reader.bytes() }
    else {
      reader.skip(type, field)
      yield { field, data: NOTHING }
    }
  }
}

async function readTensor(entry: TensorEntry, t: TensorProto, file: string, beside: ReadBeside): Promise<Tensor> {
  const expected = tensorBytes(entry)
  const misfit = (got: number) => new WorkbenchError('corrupt', `${file}: tensor '${entry.name}' has ${got} bytes, its shape needs ${expected}`, 'export the model again') // biome-ignore format: one thought
  if (t.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    const at = Object.fromEntries(t.externalData.map(e => [e.key, e.value]))
    const length = at['length'] === undefined ? expected : Number(at['length'])
    if (length !== expected) throw misfit(length)
    return tensorFromBytes(entry, await beside(at['location'] ?? '', Number(at['offset'] ?? 0), length))
  }
  if (t.rawData.byteLength > 0 || expected === 0) {
    if (t.rawData.byteLength !== expected) throw misfit(t.rawData.byteLength)
    return tensorFromBytes(entry, t.rawData)
  }
  const data = typedValues(entry.dtype, t)
  if (!data || data.byteLength !== expected) throw misfit(data?.byteLength ?? 0)
  return tensorFromBytes(entry, bytesOfData(data))
}

/** Values in the typed fields of the message, for the types that have one of their own. */
function typedValues(dtype: DType, t: TensorProto): TensorData | undefined {
  if (dtype === 'float32') return Float32Array.from(t.floatData)
  if (dtype === 'float64') return Float64Array.from(t.doubleData)
  if (dtype === 'int64') return BigInt64Array.from(t.int64Data)
  if (dtype === 'int32') return Int32Array.from(t.int32Data)
  return undefined
}
