import type { Tensor } from '../graph.ts'
import { mul } from '../ops/mul.ts'
import { reduceMean } from '../ops/reduceMean.ts'
import { softplus } from '../ops/softplus.ts'
import { sub } from '../ops/sub.ts'

/** Mean over all elements of -[t·ln σ(x) + (1 - t)·ln(1 - σ(x))] from logits x, as softplus(x) - t·x: no overflow. */
export const binaryCrossEntropy = (logits: Tensor, target: Tensor): Tensor =>
  reduceMean(sub(softplus(logits), mul(target, logits)))
