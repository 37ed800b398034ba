import type { Tensor } from '../graph.ts'
import { shapeError } from '../graphErrors.ts'
import { broadcastIndex, eachIndex, zeros } from '../ndarray.ts'
import { globalReach, type Operation } from '../operation.ts'
import { broadcastShapes, isFloat, sameShape, type TensorType } from '../types.ts'
import { concat } from './concat.ts'
import { dropoutMask } from './dropoutMask.ts'
import { emitScaling } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { mul } from './mul.ts'
import { neg } from './neg.ts'
import { pad } from './pad.ts'
import { reduceSum } from './reduceSum.ts'
import { sub } from './sub.ts'
import { unbroadcast } from './unbroadcast.ts'

/** bias and mask: which optional inputs follow q, k and v. */
type AttentionAttributes = { readonly scale: number; readonly bias: boolean; readonly mask: boolean }

export interface AttentionOptions {
  /** Factor on q·k; default 1/√(size of a head). */
  readonly scale?: number
  /** Added to the scaled scores: relative positions, or large negative numbers for hidden keys. Broadcasts to [..., Tq, Tk]. */
  readonly bias?: Tensor
  /** Dropout on the probabilities. */
  readonly dropout?: { readonly rate: number; readonly seed: Tensor | undefined }
}

/** Outputs: the mixed values, and the probabilities, which the gradient reads. */
export const attentionOperation: Operation<AttentionAttributes> = {
  name: 'attention',
  infer(inputs, { bias, mask }) {
    const [q, k, v] = inputs as readonly [TensorType, TensorType, TensorType]
    const fits =
      inputs.length === 3 + Number(bias) + Number(mask) &&
      isFloat(q.dtype) &&
      inputs.every(t => t.dtype === q.dtype) &&
      q.shape.length >= 2 &&
      sameShape(q.shape.slice(0, -2), k.shape.slice(0, -2)) &&
      sameShape(k.shape.slice(0, -1), v.shape.slice(0, -1)) &&
      q.shape.at(-1) === k.shape.at(-1)
    if (!fits)
      throw shapeError(
        'attention',
        'q [..., Tq, size], k [..., Tk, size] and v [..., Tk, any] of one float dtype',
        inputs,
      )
    const scores = [...q.shape.slice(0, -1), k.shape.at(-2)!]
    for (const extra of inputs.slice(3)) {
      const wide = broadcastShapes(extra.shape, scores)
      if (!wide || !sameShape(wide, scores))
        throw shapeError('attention', `a bias or mask that broadcasts to [${scores}]`, [extra])
    }
    return [
      { shape: [...q.shape.slice(0, -1), v.shape.at(-1)!], dtype: q.dtype },
      { shape: scores, dtype: q.dtype },
    ]
  },
  emit({ inputs, outputs, attributes: { scale, bias, mask } }, to) {
    const [q, k, v] = inputs as readonly [Tensor, Tensor, Tensor]
    const rank = k.shape.length
    const perm = k.shape.map((_, axis) => (axis === rank - 2 ? rank - 1 : axis === rank - 1 ? rank - 2 : axis))
    const turned = to.node('Transpose', [k], { perm: { ints: perm } })
    const products = to.node('MatMul', [q, turned])
    const factor = to.constant(q.dtype, [], [scale])
    let scores: string
    if (q.dtype === 'float64') {
      scores = `${products}/scaled`
      emitScaling(to, 'Mul', [products, factor], scores)
    } else scores = to.node('Mul', [products, factor])
    if (bias) scores = to.node('Add', [scores, inputs[3]!])
    to.node('Softmax', [scores], { axis: { int: -1 } }, [outputs[1]!])
    const kept = mask ? to.node('Mul', [outputs[1]!, inputs.at(-1)!]) : outputs[1]!
    to.node('MatMul', [kept, v], {}, [outputs[0]!])
  },
  gradient({ inputs, outputs, attributes: { scale, bias, mask } }, [upstream, byProbabilities], wanted) {
    if (byProbabilities) throw shapeError('attention', 'no gradient by its probabilities', [byProbabilities])
    if (!upstream) return []
    const [q, k, v] = inputs as readonly [Tensor, Tensor, Tensor]
    const [mixed, probabilities] = outputs as readonly [Tensor, Tensor]
    const kept = mask ? mul(probabilities, inputs.at(-1)!) : probabilities
    // Σⱼ dPᵢⱼPᵢⱼ = Σ dOᵢ·Oᵢ (Dao et al. 2022): a sum over the head's size instead of all keys.
    const pulled = reduceSum(mul(upstream, mixed), -1, { keepAxes: true })
    // [dO, -D]·[V, 1]ᵀ = dO·Vᵀ - D: the subtraction costs one more inner column, not a pass over all pairs.
    const byScores = mask
      ? mul(probabilities, sub(mul(matmul(upstream, v, { transposeB: true }), inputs.at(-1)!), pulled))
      : mul(probabilities, matmul(concat([upstream, neg(pulled)], -1), pad(v, -1, 0, 1, 1), { transposeB: true }))
    return [
      wanted[0] ? mul(matmul(byScores, k), scale) : undefined,
      wanted[1] ? mul(matmul(byScores, q, { transposeA: true }), scale) : undefined,
      wanted[2] ? matmul(kept, upstream, { transposeA: true }) : undefined,
      bias && wanted[3] ? unbroadcast(byScores, inputs[3]!.shape) : undefined,
    ]
  },
  locality({ inputs }, input, axis) {
    const rank = inputs[0]!.shape.length
    const along = axis + rank - inputs[input]!.shape.length
    return along < rank - 2 || (input === 0 && along === rank - 2)
      ? { axis: along, reach: { kind: 'pointwise' } }
      : globalReach
  },
  evaluate(arrays, { outputs, attributes: { scale, bias, mask } }) {
    const [q, k, v] = arrays
    const [mixed, probabilities] = outputs.map(zeros)
    const scores = probabilities!.shape
    const size = q!.shape.at(-1)!
    const values = v!.shape.at(-1)!
    const [queries, keys] = [scores.at(-2)!, scores.at(-1)!]
    eachIndex(scores, (flat, position) => {
      const [query, key] = [Math.floor(flat / keys), Math.floor(flat / (queries * keys)) * keys + (flat % keys)]
      let sum = bias ? arrays[3]!.values[broadcastIndex(arrays[3]!.shape, position)]! : 0
      for (let i = 0; i < size; i++) sum += scale * q!.values[query * size + i]! * k!.values[key * size + i]!
      probabilities!.values[flat] = sum
    })
    for (let row = 0; row < probabilities!.values.length; row += keys) {
      const line = probabilities!.values.subarray(row, row + keys)
      const top = Math.max(...line)
      const sum = line.reduce((a, b) => a + Math.exp(b - top), 0)
      line.forEach((x, i) => {
        line[i] = Math.exp(x - top) / sum
      })
    }
    eachIndex(scores, (flat, position) => {
      const [query, key] = [Math.floor(flat / keys), Math.floor(flat / (queries * keys)) * keys + (flat % keys)]
      const last = arrays.at(-1)!
      const weight = probabilities!.values[flat]! * (mask ? last.values[broadcastIndex(last.shape, position)]! : 1)
      for (let i = 0; i < values; i++) mixed!.values[query * values + i]! += weight * v!.values[key * values + i]!
    })
    return [mixed!, probabilities!]
  },
}

/**
 * softmax(scale · q·kᵀ + bias) · v for any leading axes (batch, heads, blocks): q [..., Tq, size], k [..., Tk, size],
 * v [..., Tk, any] -> [..., Tq, any]. Its own gradient makes one pass over all pairs where the composed one makes four.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const scores = [...q.shape.slice(0, -1), k.shape.at(-2)!]
  const { rate = 0, seed } = options.dropout ?? {}
  const mask = dropoutMask(q.graph, scores, rate, seed, q.dtype)
  const attributes = {
    scale: options.scale ?? 1 / Math.sqrt(q.shape.at(-1)!),
    bias: options.bias !== undefined,
    mask: mask !== undefined,
  }
  const extra = [options.bias, mask].filter(tensor => tensor !== undefined)
  return q.graph.apply1(attentionOperation, [q, k, v, ...extra], attributes)
}
