import type { Emitter } from '../emitter.ts'
import type { Tensor } from '../graph.ts'

/**
 * erf in float64. ONNX Runtime has no float64 Erf, so the float64 form of a graph computes it as
 * erf(x) = 2/√π · e^(-x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1))   (Abramowitz & Stegun 7.1.6),
 * whose terms are all of one sign: no cancellation. |x| is cut at 6, where erf is 1 to the last bit.
 */
const terms = 160
const limit = 6

/** erf by the same series term by term, for the reference interpreter. */
export function erfOf(x: number): number {
  const t = Math.min(limit, Math.abs(x))
  let term = t
  let sum = t
  for (let n = 1; term > sum * 1e-18 && n < 400; n++) {
    term *= (2 * t * t) / (2 * n + 1)
    sum += term
  }
  return Math.sign(x) * Math.min(1, (2 / Math.sqrt(Math.PI)) * Math.exp(-t * t) * sum)
}

/** Emits erf in float64: Horner's rule over the series. */
export function emitErf64(to: Emitter, x: string, y: Tensor | string): void {
  const scalar = (value: number) => to.constant('float64', [], [value])
  const t = to.node('Min', [to.node('Abs', [x]), scalar(limit)])
  const square = to.node('Mul', [t, t])
  // Horner's rule over the ratios of terms: the coefficients themselves fall below 1e-300.
  let sum = scalar(1)
  for (let n = terms; n >= 1; n--)
    sum = to.node('Add', [to.node('Mul', [sum, to.node('Mul', [square, scalar(2 / (2 * n + 1))])]), scalar(1)])
  const decay = to.node('Mul', [to.node('Exp', [to.node('Neg', [square])]), scalar(2 / Math.sqrt(Math.PI))])
  const size = to.node('Min', [to.node('Mul', [to.node('Mul', [t, sum]), decay]), scalar(1)])
  to.node('Mul', [to.node('Sign', [x]), size], {}, [y])
}
