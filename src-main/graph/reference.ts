import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { liveNodes, type Tensor } from './graph.ts'
import { fromData, type NdArray, ndarray } from './ndarray.ts'
import { sizeOf } from './types.ts'

/**
 * Evaluates tensors with plain loops in float64: slow, independent of ONNX and of its kernels. The truth for tests,
 * never for users. `feeds` holds inputs, parameters and states by name.
 */
export function evaluate(outputs: readonly Tensor[], feeds: ReadonlyMap<string, ArrayLike<number>>): NdArray[] {
  const known = new Map<Tensor, NdArray>()
  for (const node of liveNodes(outputs)) {
    if (node.leaf) {
      const tensor = node.outputs[0]!
      const values = node.leaf.data ? fromData(tensor, node.leaf.data).values : feeds.get(node.leaf.name)
      if (values === undefined || values.length !== sizeOf(tensor.shape))
        throw new WorkbenchError(
          'bad-input',
          `'${node.leaf.name}' got ${values?.length ?? 'no'} values`,
          'feed every input',
        )
      known.set(tensor, ndarray(tensor.shape, tensor.dtype, values))
    } else {
      const results = node.operation!.evaluate(
        node.inputs.map(input => known.get(input)!),
        node,
      )
      node.outputs.forEach((tensor, i) => {
        known.set(tensor, results[i]!)
      })
    }
  }
  return outputs.map(tensor => known.get(tensor)!)
}
