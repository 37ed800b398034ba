import { create } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
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

export const bytesView = (data: TensorData | Uint32Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)

export const tensorProto = (name: string, type: TensorType, data: TensorData): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dims: type.shape.map(BigInt),
    dataType: elementType[type.dtype],
    rawData: bytesView(data),
  })

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

export function attributeProto(name: string, value: OnnxAttribute): AttributeProto {
  if ('int' in value) return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value.int) })
  if ('float' in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float })
  if ('text' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value.text) })
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.ints.map(BigInt) })
}

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
