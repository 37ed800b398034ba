import { elementType } from '../emitter.ts'
import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import type { Operation } from '../operation.ts'
import { type DType, isFloat } from '../types.ts'
import { elementwiseLocality } from './elementwise.ts'

type CastAttributes = { readonly to: DType }

export const castOperation: Operation<CastAttributes> = {
  name: 'cast',
  infer(inputs, { to }) {
    const [x] = inputs
    if (inputs.length !== 1 || x === undefined) throw shapeError('cast', 'one tensor', inputs)
    return [{ shape: x.shape, dtype: to }]
  },
  emit({ inputs, outputs, attributes }, to) {
    to.node('Cast', inputs, { to: { int: elementType[attributes.to] } }, outputs)
  },
  gradient({ inputs, attributes }, [upstream]) {
    const from = inputs[0]!.dtype
    return [upstream && isFloat(from) && isFloat(attributes.to) ? cast(upstream, from) : undefined]
  },
  locality: elementwiseLocality,
  part: () => 'same',
  evaluate([x], { attributes }) {
    const { to } = attributes
    const convert = (value: number) =>
      to === 'bool'
        ? value === 0
          ? 0
          : 1
        : to === 'int32' || to === 'int64'
          ? Math.trunc(value)
          : to === 'float32'
            ? Math.fround(value)
            : value
    return [{ shape: x!.shape, dtype: to, values: x!.values.map(convert) }]
  },
}

/** The same numbers in another dtype; floats are cut towards zero when they become integers. */
export const cast = (x: Tensor, to: DType): Tensor => (x.dtype === to ? x : x.graph.apply1(castOperation, [x], { to }))
