/** A difference with its 95 % interval, the sign always shown. */
export const signedText = (x: number, ci: readonly [number, number]): string =>
  `${x >= 0 ? '+' : ''}${x.toFixed(3)} (95 % ${ci.map(v => v.toFixed(3)).join(' to ')})`

/** A p value to two figures, small ones as a power of ten. */
export const pText = (p: number | null): string =>
  p === null ? 'p not defined' : `p ${p < 1e-3 ? p.toExponential(1) : p.toPrecision(2)}`
