import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf'
import { elementType, type OnnxAttribute } from './emitter.ts'
import type { Shape, TensorData, TensorType } from './types.ts'

/** The bytes of a typed array, not copied. */
export const bytesView = (data: TensorData | Uint32Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)

/** A tensor with its values, or its header alone. */
export const tensorProto = (name: string, type: TensorType, data?: TensorData): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: type.shape.map(BigInt),
    dataType: elementType[type.dtype],
    ...(data ? { rawData: bytesView(data) } : {}),
  })

/** A tensor whose values lie in a file beside the model; offset and length in bytes. */
export const externalProto = (
  name: string,
  type: TensorType,
  at: { location: string; offset: number; length: number },
): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: type.shape.map(BigInt),
    dataType: elementType[type.dtype],
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(at).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value: String(value) }),
    ),
  })

/** A node's attribute: whole number, real number, text or whole numbers. */
export function attributeProto(name: string, value: OnnxAttribute): AttributeProto {
  if ('int' in value) return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value.int) })
  if ('float' in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float })
  if ('text' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value.text) })
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.ints.map(BigInt) })
}

/** Name, element type and shape of an input, an output or a tensor between nodes. */
export function valueInfo(name: string, type: TensorType): ValueInfoProto {
  const dim = type.shape.map(length =>
    create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(length) } }),
  )
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: create(TypeProto_TensorSchema, {
          elemType: elementType[type.dtype],
          shape: create(TensorShapeProtoSchema, { dim }),
        }),
      },
    }),
  })
}

/** Unsigned 32-bit words. */
export const wordsProto = (name: string, shape: Shape, values: readonly number[]): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: TensorProto_DataType.UINT32,
    rawData: bytesView(Uint32Array.from(values)),
  })

/** Values that go into the file as they are, behind the message that names and shapes them. */
export interface RawTensor {
  readonly header: TensorProto
  readonly raw: Uint8Array
}

/** Field numbers of onnx.proto: TensorProto.raw_data, GraphProto.initializer, ModelProto.graph. */
const fields = { rawData: 9, initializer: 5, graph: 7 } as const

/**
 * The bytes of a model whose large tensors are copied once. The protobuf runtime would copy them at every level of nesting:
 * 484 MB of weights took 0.9 s and three times their memory so.
 */
export function joinModel(model: ModelProto, graph: GraphProto, tensors: readonly RawTensor[]): Uint8Array {
  const prefix = (field: number, length: number) =>
    new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish()
  const parts: Uint8Array[] = [toBinary(GraphProtoSchema, graph)]
  for (const { header, raw } of tensors) {
    const start = toBinary(TensorProtoSchema, header)
    const data = prefix(fields.rawData, raw.length)
    parts.push(prefix(fields.initializer, start.length + data.length + raw.length), start, data, raw)
  }
  const graphLength = parts.reduce((sum, part) => sum + part.length, 0)
  const head = [toBinary(ModelProtoSchema, model), prefix(fields.graph, graphLength)]
  const bytes = new Uint8Array(head.reduce((sum, part) => sum + part.length, graphLength))
  let at = 0
  for (const part of [...head, ...parts]) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
