import type { Tensor } from '../graph.ts'
import { cast } from '../ops/cast.ts'
import { div } from '../ops/div.ts'
import { equal } from '../ops/equal.ts'
import { logicalNot } from '../ops/logicalNot.ts'
import { logSoftmax } from '../ops/logSoftmax.ts'
import { maximum } from '../ops/maximum.ts'
import { mul } from '../ops/mul.ts'
import { neg } from '../ops/neg.ts'
import { reduceSum } from '../ops/reduceSum.ts'
import { takeAlong } from '../ops/takeAlong.ts'
import { where } from '../ops/where.ts'

/**
 * Mean cross-entropy in nats over the positions whose label is not `ignore` (-100 unless told); 0 when there is none.
 * logits [..., classes], labels [...] int32 or int64.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, ignore = -100): Tensor {
  const counted = logicalNot(equal(labels, ignore))
  const picked = takeAlong(logSoftmax(logits), where(counted, labels, 0))
  const weights = cast(counted, logits.dtype)
  return neg(div(reduceSum(mul(picked, weights)), maximum(reduceSum(weights), 1)))
}
