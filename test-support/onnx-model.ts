import { create, toBinary } from '@bufbuild/protobuf'
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from 'onnx-buf'

/** A node of a hand-written test model. Attribute values: whole numbers, lists of them, or a tensor under `value`. */
export interface TestNode {
  readonly op: string
  readonly in: readonly string[]
  readonly out: readonly string[]
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>
}

export interface TestModel {
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>
  readonly outputs: Readonly<Record<string, readonly (number | string)[]>>
  readonly values?: Readonly<Record<string, readonly (number | string)[]>>
  readonly nodes: readonly TestNode[]
  readonly int64?: Readonly<Record<string, readonly number[]>>
  readonly floats?: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly data: Float32Array; readonly file?: string }>
  >
}

const FLOAT = 1
const INT64 = 7

const info = (name: string, shape: readonly (number | string)[]) => ({
  name,
  type: {
    value: {
      case: 'tensorType' as const,
      value: {
        elemType: FLOAT,
        shape: {
          dim: shape.map(d => ({
            value:
              typeof d === 'number'
                ? { case: 'dimValue' as const, value: BigInt(d) }
                : { case: 'dimParam' as const, value: d },
          })),
        },
      },
    },
  },
})

/** ONNX bytes of a small float32 model, written without the program's own graph language. */
export function onnxModel(model: TestModel): Uint8Array {
  const int64 = Object.entries(model.int64 ?? {}).map(([name, values]) =>
    create(TensorProtoSchema, { name, dataType: INT64, dims: [BigInt(values.length)], int64Data: values.map(BigInt) }),
  )
  const floats = Object.entries(model.floats ?? {}).map(([name, { shape, data, file }]) =>
    create(TensorProtoSchema, {
      name,
      dataType: FLOAT,
      dims: shape.map(BigInt),
      ...(file
        ? { dataLocation: TensorProto_DataLocation.EXTERNAL, externalData: [{ key: 'location', value: file }] }
        : {
            rawData: new Uint8Array(
              data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer,
            ),
          }),
    }),
  )
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 17n }],
      graph: {
        name: 'test',
        node: model.nodes.map(n => ({
          opType: n.op,
          name: `${n.op}_${n.out[0]}`,
          input: [...n.in],
          output: [...n.out],
          attribute: Object.entries(n.attributes ?? {}).map(([name, value]) =>
            typeof value === 'number'
              ? create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) })
              : create(AttributeProtoSchema, {
                  name,
                  type: AttributeProto_AttributeType.INTS,
                  ints: value.map(BigInt),
                }),
          ),
        })),
        initializer: [...int64, ...floats],
        input: Object.entries(model.inputs).map(([n, s]) => info(n, s)),
        output: Object.entries(model.outputs).map(([n, s]) => info(n, s)),
        valueInfo: Object.entries(model.values ?? {}).map(([n, s]) => info(n, s)),
      },
    }),
  )
}
