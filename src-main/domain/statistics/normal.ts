/**
 * P(|Z| > |z|) of the standard normal distribution, relative error below 1e-13 down to the smallest doubles.
 * 1 minus the Maclaurin series near 0, Laplace's continued fraction in the tail (Abramowitz and Stegun 7.1.5 and 7.1.14).
 */
export function twoSidedP(z: number): number {
  if (Number.isNaN(z)) return Number.NaN
  const x = Math.abs(z) / Math.SQRT2
  if (x > 27.3) return 0 // exp(-x²) is below the smallest double
  if (x < 1.5) {
    let term = x
    let sum = x
    for (let k = 1; Math.abs(term) > 1e-18 * sum; k++) {
      term *= (-x * x) / k
      sum += term / (2 * k + 1)
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum
  }
  // x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …))), from the inside out; 120 terms are enough from x = 1.5 on.
  let fraction = x
  for (let k = 120; k >= 1; k--) fraction = x + k / 2 / fraction
  return Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI))
}
