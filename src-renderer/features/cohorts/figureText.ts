/** A difference with its 95 % interval, where it has one, the sign always shown. */
export const signedText = (x: number, ci: readonly [number, number] | null): string =>
  `${x >= 0 ? '+' : ''}${x.toFixed(3)} (${ci ? `95 % ${ci.map(v => v.toFixed(3)).join(' to ')}` : 'no interval'})`
