/**
 * Enformer's features of relative position (Avsec et al. 2021, after deepmind-research commit 57456a0), row-major
 * [2·tokens - 1, features]: row r is d = r - (tokens - 1), key minus query. Columns: exponential decay, central mask and gamma
 * densities of |d|, features / 6 each, then the same times sign(d) (0 at d = 0). They depend on the length.
 * `features` must be a multiple of 6. Computed in float64.
 */
export function positionFeatures(tokens: number, features: number): Float64Array {
  const basis = features / 6
  const rows = 2 * tokens - 1
  const half = [...exponential(tokens, basis), ...centralMask(tokens, basis), ...gamma(tokens, basis)]
  const table = new Float64Array(rows * features)
  for (let row = 0; row < rows; row++) {
    const d = row - (tokens - 1)
    half.forEach((column, i) => {
      const value = column[Math.abs(d)]!
      table[row * features + i] = value
      table[row * features + half.length + i] = Math.sign(d) * value
    })
  }
  return table
}

/** One feature by distance 0..tokens - 1. */
type Column = Float64Array
const column = (tokens: number, value: (distance: number) => number): Column =>
  Float64Array.from({ length: tokens }, (_, distance) => value(distance))

/** 2^(-|d| / h), half-lives h evenly spaced in the exponent from 2³ to the number of tokens. */
function exponential(tokens: number, basis: number): Column[] {
  const last = Math.log2(tokens)
  return Array.from({ length: basis }, (_, k) => {
    const halfLife = 2 ** (basis === 1 ? 3 : 3 + ((last - 3) * k) / (basis - 1))
    return column(tokens, d => 2 ** (-d / halfLife))
  })
}

/** 1 within 2^k - 1 of the centre, k from 1. */
const centralMask = (tokens: number, basis: number): Column[] =>
  Array.from({ length: basis }, (_, k) => column(tokens, d => (d < 2 ** (k + 1) - 1 ? 1 : 0)))

/** Gamma densities with means tokens·k / basis and deviation tokens / (2·basis), each scaled to a maximum of 1 over positions. */
function gamma(tokens: number, basis: number): Column[] {
  return Array.from({ length: basis }, (_, i) => {
    const mean = (tokens * (i + 1)) / basis
    const deviation = tokens / (2 * basis)
    const shape = (mean / deviation) ** 2
    const rate = mean / deviation ** 2
    const constant = shape * Math.log(rate) - logGamma(shape)
    const density = column(
      tokens,
      d => (d === 0 ? 0 : Math.exp((shape - 1) * Math.log(d) - rate * d + constant)) + 1e-8,
    )
    const top = density.reduce((a, b) => Math.max(a, b), 0)
    return density.map(value => value / top)
  })
}

/** ln Γ(x), x > 0: Stirling's series at x + n ≥ 20, where its first five terms leave less than 1e-16. */
export function logGamma(x: number): number {
  let shift = 0
  let at = x
  while (at < 20) {
    shift += Math.log(at)
    at++
  }
  const inverse = 1 / at
  const square = inverse * inverse
  const series =
    inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - (square * 1) / 1188))))
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift
}
