import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { isFloat, sizeOf, type TensorType } from '../types.ts'
import { matmul } from './matmul.ts'
import { reduceSum } from './reduceSum.ts'
import { reshape } from './reshape.ts'

export const gemmOperation: Operation = {
  name: 'gemm',
  infer(inputs) {
    const [x, weight, bias] = inputs as readonly [TensorType, TensorType, TensorType]
    const fits =
      inputs.length === 3 &&
      isFloat(x.dtype) &&
      inputs.every(t => t.dtype === x.dtype) &&
      x.shape.length === 2 &&
      weight.shape.length === 2 &&
      bias.shape.length === 1 &&
      x.shape[1] === weight.shape[1] &&
      weight.shape[0] === bias.shape[0]
    if (!fits) throw shapeError('gemm', '[rows, in], [out, in] and [out] of one float dtype', inputs)
    return [{ shape: [x.shape[0]!, weight.shape[0]!], dtype: x.dtype }]
  },
  emit({ inputs, outputs }, to) {
    to.node('Gemm', inputs, { transB: { int: 1 } }, outputs)
  },
  gradient({ inputs }, [upstream], wanted) {
    if (!upstream) return []
    const [x, weight] = inputs as readonly [Tensor, Tensor]
    return [
      wanted[0] ? matmul(upstream, weight) : undefined,
      wanted[1] ? matmul(upstream, x, { transposeA: true }) : undefined,
      wanted[2] ? reduceSum(upstream, 0) : undefined,
    ]
  },
  locality(_application, input, axis) {
    if (input === 0 && axis === 0) return { axis: 0, reach: { kind: 'pointwise' } }
    if (input > 0 && axis === 0) return { axis: 1, reach: { kind: 'pointwise' } }
    return globalReach
  },
  part: () => 'same',
  evaluate([x, weight, bias], { outputs }) {
    const y = zeros(outputs[0]!)
    const [rows, columns] = y.shape as readonly [number, number]
    const inner = x!.shape[1]!
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        let sum = bias!.values[column]!
        for (let k = 0; k < inner; k++) sum += x!.values[row * inner + k]! * weight!.values[column * inner + k]!
        y.values[row * columns + column] = sum
      }
    return [y]
  },
}

/** x · weightᵀ + bias over the last axis: x [..., in], weight [out, in], bias [out] or none -> [..., out]. One Gemm. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (!bias) return matmul(x, weight, { transposeB: true })
  const width = x.shape.at(-1) ?? 1
  const rows = reshape(x, [sizeOf(x.shape) / width, width])
  return reshape(x.graph.apply1(gemmOperation, [rows, weight, bias], {}), [...x.shape.slice(0, -1), weight.shape[0]!])
}
