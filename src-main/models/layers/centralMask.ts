/**
 * Features of relative position of baskerville networks (calico/baskerville, layers.py: central mask only), row-major
 * [2·tokens - 1, features]: feature k = 1..n, n = features / 2, is 1 where rate^k - 1 > |d|, rate = (tokens + 1)^(1/n); then
 * the same times sign(d). Enformer's masks are 2^k - 1 wide instead. Widths are rounded to float32 as the network was trained with.
 */
export function centralMask(tokens: number, features: number): Float64Array {
  const basis = features / 2
  const rate = Math.fround(Math.exp(Math.log(tokens + 1) / basis))
  const widths = Array.from({ length: basis }, (_, k) => Math.fround(Math.fround(rate ** (k + 1)) - 1))
  const rows = 2 * tokens - 1
  const table = new Float64Array(rows * features)
  for (let row = 0; row < rows; row++) {
    const d = row - (tokens - 1)
    widths.forEach((width, k) => {
      if (width <= Math.abs(d)) return
      table[row * features + k] = 1
      table[row * features + basis + k] = Math.sign(d)
    })
  }
  return table
}
