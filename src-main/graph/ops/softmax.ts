import type { Tensor } from '../graph.ts'
import { sameShape } from '../types.ts'
import { concat } from './concat.ts'
import { matmul } from './matmul.ts'
import { mul } from './mul.ts'
import { neg } from './neg.ts'
import { pad } from './pad.ts'
import { reduceSum } from './reduceSum.ts'
import { rowOperation } from './rows.ts'
import { sub } from './sub.ts'

export const softmaxOperation = rowOperation({
  name: 'softmax',
  onnx: 'Softmax',
  compute(row) {
    const top = Math.max(...row)
    const powers = row.map(x => Math.exp(x - top))
    const sum = powers.reduce((a, b) => a + b, 0)
    return powers.map(x => x / sum)
  },
  gradient: (y, upstream) => {
    const attended = attentionGradient(y, upstream)
    if (attended) return attended
    const weighted = mul(upstream, y)
    return sub(weighted, mul(y, reduceSum(weighted, -1, { keepAxes: true })))
  },
})

/**
 * Where y is the probabilities of an attention, O = (y·mask) V, the upstream gradient is G Vᵀ (times the mask) and
 * Σⱼ upstreamᵢⱼ yᵢⱼ = Σ Gᵢ·Oᵢ = Dᵢ, a sum over the size of a head instead of all keys (Dao et al. 2022). Without a mask
 * [G, -D] [V, 1]ᵀ = G Vᵀ - D: the subtraction is one more inner column instead of a pass over all pairs. O is found
 * again among the nodes of the graph, not computed twice.
 */
function attentionGradient(y: Tensor, upstream: Tensor): Tensor | undefined {
  const masked = upstream.node.operation?.name === 'mul' && sameShape(upstream.node.inputs[1]!.shape, y.shape)
  const [product, mask] = masked ? (upstream.node.inputs as readonly [Tensor, Tensor]) : [upstream, undefined]
  const { operation, attributes, inputs } = product.node
  if (operation?.name !== 'matmul' || attributes['transposeA'] || !attributes['transposeB']) return undefined
  const [g, v] = inputs as readonly [Tensor, Tensor]
  if (!sameShape(g.shape.slice(0, -1), y.shape.slice(0, -1)) || !sameShape(v.shape.slice(0, -2), y.shape.slice(0, -2)))
    return undefined
  const pulled = reduceSum(mul(g, matmul(mask ? mul(y, mask) : y, v)), -1, { keepAxes: true })
  if (mask) return mul(y, sub(upstream, pulled))
  return mul(y, matmul(concat([g, neg(pulled)], -1), pad(v, -1, 0, 1, 1), { transposeB: true }))
}

/** eˣ / Σ eˣ along the last axis. */
export const softmax = (x: Tensor): Tensor => x.graph.apply1(softmaxOperation, [x], {})
