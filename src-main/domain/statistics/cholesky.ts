/** Lower factor of a symmetric positive definite matrix [n, n] (its lower half is read); undefined when it is not one, to relative rounding. */
export function cholesky(matrix: Float64Array, n: number): Float64Array | undefined {
  const factor = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!
      for (let k = 0; k < j; k++) sum -= factor[i * n + k]! * factor[j * n + k]!
      if (i === j) {
        if (!(sum > 1e-13 * matrix[i * n + i]!) || !(sum > 0)) return undefined
        factor[i * n + i] = Math.sqrt(sum)
      } else factor[i * n + j] = sum / factor[j * n + j]!
    }
  return factor
}

/** x of A·x = right, from the factor of A. */
export function solve(factor: Float64Array, right: ArrayLike<number>, n: number): Float64Array {
  const y = Float64Array.from({ length: n }, (_, i) => right[i]!)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) y[i]! -= factor[i * n + k]! * y[k]!
    y[i]! /= factor[i * n + i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) y[i]! -= factor[k * n + i]! * y[k]!
    y[i]! /= factor[i * n + i]!
  }
  return y
}
