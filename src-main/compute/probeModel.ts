import { create, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'

const FLOAT = 1

const matrix = (name: string, size: number) => ({
  name,
  type: {
    value: {
      case: 'tensorType' as const,
      value: {
        elemType: FLOAT,
        shape: { dim: [size, size].map(d => ({ value: { case: 'dimValue' as const, value: BigInt(d) } })) },
      },
    },
  },
})

/** The network that a device is tried with: y = tanh(a·b) + a, all [size, size]. */
export function probeModel(size: number): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      producerName: 'diploscope',
      opsetImport: [{ domain: '', version: 17n }],
      graph: {
        name: 'probe',
        node: [
          { opType: 'MatMul', name: 'product', input: ['a', 'b'], output: ['p'] },
          { opType: 'Tanh', name: 'bounded', input: ['p'], output: ['t'] },
          { opType: 'Add', name: 'sum', input: ['t', 'a'], output: ['y'] },
        ],
        input: [matrix('a', size), matrix('b', size)],
        output: [matrix('y', size)],
      },
    }),
  )
}
