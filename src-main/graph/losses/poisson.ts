import type { Tensor } from '../graph.ts'
import { add } from '../ops/add.ts'
import { div } from '../ops/div.ts'
import { log } from '../ops/log.ts'
import { mul } from '../ops/mul.ts'
import { reduceMean } from '../ops/reduceMean.ts'
import { reduceSum } from '../ops/reduceSum.ts'
import { sub } from '../ops/sub.ts'

const tiny = 1e-7

/** Mean over all elements of p - t·ln(p + 1e-7) (Avsec et al. 2021). predicted and target of one shape, not negative. */
export const poisson = (predicted: Tensor, target: Tensor): Tensor =>
  reduceMean(sub(predicted, mul(target, log(add(predicted, tiny)))))

/**
 * Poisson loss of the total and multinomial loss of the profile over bins (Linder et al. 2023), for [batch, bins, tracks]:
 * [Σ -(t + ε)·ln((p + ε) / s_p) + weight·(s_p - s_t·ln(s_p + ε))] / bins, mean over sequences and tracks; s sums over bins.
 */
export function poissonMultinomial(predicted: Tensor, target: Tensor, totalWeight: number): Tensor {
  const bins = predicted.shape[1]!
  const sumP = reduceSum(predicted, 1, { keepAxes: true })
  const sumT = reduceSum(target, 1, { keepAxes: true })
  const profile = reduceSum(mul(add(target, tiny), log(div(add(predicted, tiny), sumP))), 1, { keepAxes: true })
  const total = sub(sumP, mul(sumT, log(add(sumP, tiny))))
  return mul(reduceMean(sub(mul(total, totalWeight), profile)), 1 / bins)
}
