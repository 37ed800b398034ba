import type { Graph, Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { broadcastIndex, eachIndex, zeros } from '../ndarray.ts'
import type { Operation } from '../operation.ts'
import { broadcastShapes } from '../types.ts'
import { elementwiseLocality } from './elementwise.ts'
import { unbroadcast } from './unbroadcast.ts'

export const whereOperation: Operation = {
  name: 'where',
  infer(inputs) {
    const [condition, a, b] = inputs
    if (inputs.length !== 3 || condition?.dtype !== 'bool' || a?.dtype !== b?.dtype)
      throw shapeError('where', 'a bool tensor and two tensors of one dtype', inputs)
    const chosen = broadcastShapes(a!.shape, b!.shape)
    const shape = chosen && broadcastShapes(condition.shape, chosen)
    if (!shape) throw shapeError('where', 'shapes that broadcast', inputs)
    return [{ shape, dtype: a!.dtype }]
  },
  emit({ inputs, outputs }, to) {
    to.node('Where', inputs, {}, outputs)
  },
  gradient({ inputs }, [upstream], wanted) {
    if (!upstream) return []
    const [condition, a, b] = inputs as readonly [Tensor, Tensor, Tensor]
    return [
      undefined,
      wanted[1] ? unbroadcast(where(condition, upstream, 0), a.shape) : undefined,
      wanted[2] ? unbroadcast(where(condition, 0, upstream), b.shape) : undefined,
    ]
  },
  locality: elementwiseLocality,
  part: () => 'same',
  evaluate([condition, a, b], { outputs }) {
    const y = zeros(outputs[0]!)
    eachIndex(y.shape, (flat, position) => {
      const chosen = condition!.values[broadcastIndex(condition!.shape, position)] !== 0 ? a! : b!
      y.values[flat] = chosen.values[broadcastIndex(chosen.shape, position)]!
    })
    return [y]
  },
}

/** a where the condition holds, else b; broadcasting. */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const graph: Graph = condition.graph
  const dtype = typeof a !== 'number' ? a.dtype : typeof b !== 'number' ? b.dtype : graph.float
  const left = typeof a === 'number' ? graph.constant(a, [], dtype) : a
  const right = typeof b === 'number' ? graph.constant(b, [], dtype) : b
  return graph.apply1(whereOperation, [condition, left, right], {})
}
