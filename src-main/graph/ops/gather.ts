import type { Tensor } from '../graph.ts'
import { normalAxis, shapeError } from '../graphErrors.ts'
import { eachIndex, flatIndex, zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { sizeOf } from '../types.ts'
import { reshape } from './reshape.ts'
import { gatherGradient } from './scatterRows.ts'
import { transpose } from './transpose.ts'

type GatherAttributes = { readonly axis: number }

export const gatherOperation: Operation<GatherAttributes> = {
  name: 'gather',
  infer(inputs, { axis }) {
    const [x, ids] = inputs
    if (inputs.length !== 2 || !x || (ids?.dtype !== 'int32' && ids?.dtype !== 'int64') || x.shape.length === 0)
      throw shapeError('gather', 'a tensor and an integer tensor', inputs)
    return [{ shape: [...x.shape.slice(0, axis), ...ids.shape, ...x.shape.slice(axis + 1)], dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes: { axis } }, to) {
    to.node('Gather', inputs, { axis: { int: axis } }, outputs)
  },
  gradient({ inputs, attributes: { axis } }, [upstream], wanted) {
    if (!upstream || !wanted[0]) return []
    const [x, ids] = inputs as readonly [Tensor, Tensor]
    const rank = upstream.shape.length
    const idAxes = Array.from({ length: ids.shape.length }, (_, i) => axis + i)
    const others = Array.from({ length: rank }, (_, a) => a).filter(a => !idAxes.includes(a))
    const rows = reshape(transpose(upstream, [...idAxes, ...others]), [sizeOf(ids.shape), -1])
    const summed = gatherGradient(reshape(ids, [sizeOf(ids.shape)]), rows, x.shape[axis]!)
    const front = x.shape.filter((_, a) => a !== axis)
    const order = x.shape.map((_, a) => (a === axis ? 0 : a < axis ? a + 1 : a))
    return [transpose(reshape(summed, [x.shape[axis]!, ...front]), order)]
  },
  locality({ inputs, attributes: { axis } }, input, along) {
    const idRank = inputs[1]!.shape.length
    if (input === 1) return { axis: axis + along, reach: { kind: 'pointwise' } }
    if (along === axis) return globalReach
    return { axis: along < axis ? along : along + idRank - 1, reach: { kind: 'pointwise' } }
  },
  part: () => 'same',
  evaluate([x, ids], { outputs, attributes: { axis } }) {
    const y = zeros(outputs[0]!)
    const idRank = ids!.shape.length
    eachIndex(y.shape, (flat, position) => {
      const id = ids!.values[flatIndex(ids!.shape, position.slice(axis, axis + idRank))]!
      y.values[flat] =
        x!.values[flatIndex(x!.shape, [...position.slice(0, axis), id, ...position.slice(axis + idRank)])]!
    })
    return [y]
  },
}

/** Picks positions of one axis: x [.., n, ..], ids [...] -> ids' axes in the place of that axis. Ids must lie in 0..n-1. */
export const gather = (x: Tensor, ids: Tensor, axis = 0): Tensor =>
  x.graph.apply1(gatherOperation, [x, ids], { axis: normalAxis('gather', axis, x.shape.length) })

/** Rows of an embedding table [vocabulary, width] by ids [...] -> [..., width]. */
export const embedding = (table: Tensor, ids: Tensor): Tensor => gather(table, ids, 0)
