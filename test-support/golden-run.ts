import { type Compute, createCompute } from '../src-main/compute/client.ts'
import type { Device } from '../src-main/compute/engine.ts'
import type { Tensor as SymbolicTensor } from '../src-main/graph/graph.ts'
import { emitOnnx } from '../src-main/graph/onnx.ts'
import { sizeOf, type TensorData, toData } from '../src-main/graph/types.ts'
import type { Tensor, Tensors } from '../src-shared/tensor.ts'

/** Feeds of a graph by name: numbers of any array type, converted to what the graph declares. */
export type Feeds = ReadonlyMap<string, ArrayLike<number>>

export type Values = ReadonlyMap<string, ArrayLike<number>>

export interface OpenedGraph {
  run(feeds: Feeds): Promise<Values>
  close(): Promise<void>
}

/** Runs graphs through the program's own compute process on one device. */
export class GraphRunner {
  readonly #compute: Compute
  constructor(readonly device: Exclude<Device, 'auto'> = 'cpu') {
    this.#compute = createCompute({ threads: 2 })
  }

  /** The values of `outputs`; everything that the graph needs is taken from `feeds` by name. */
  async run(outputs: Readonly<Record<string, SymbolicTensor>>, feeds: Feeds): Promise<Values> {
    const opened = await this.open(outputs)
    try {
      return await opened.run(feeds)
    } finally {
      await opened.close()
    }
  }

  /** The same for many runs. */
  async open(outputs: Readonly<Record<string, SymbolicTensor>>): Promise<OpenedGraph> {
    const model = emitOnnx(outputs)
    const session = await this.#compute.load({ bytes: model.bytes }, { device: this.device })
    return {
      async run(feeds) {
        const inputs: Record<string, Tensor> = {}
        for (const [name, type] of model.inputs) {
          const values = feeds.get(name)
          if (values?.length !== sizeOf(type.shape))
            throw new Error(`'${name}' needs ${sizeOf(type.shape)} values, got ${values?.length}`)
          inputs[name] = { dtype: type.dtype, shape: type.shape, data: toData(type.dtype, values) as TensorData }
        }
        const results: Tensors = await session.run(inputs)
        return new Map(Object.keys(outputs).map(name => [name, results[name]!.data as ArrayLike<number>]))
      },
      close: () => session.close(),
    }
  }

  /** Whether the device works here, and if not why. */
  async works(): Promise<{ works: boolean; reason: string }> {
    return this.device === 'cpu' ? { works: true, reason: '' } : this.#compute.tryDevice(this.device)
  }

  close(): Promise<void> {
    return this.#compute.close()
  }
}
