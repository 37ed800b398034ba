/** Round steps for positions: 1, 2 or 5 times a power of ten, so that about `count` of them lie in [from, to). Whole numbers. */
export function positionTicks(from: number, to: number, count: number): readonly number[] {
  const span = to - from
  if (!(span > 0) || count < 1) return []
  const rough = Math.max(1, span / count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(1, [1, 2, 5, 10].map(f => f * power).find(s => s >= rough) ?? rough)
  const ticks: number[] = []
  // Shown positions count from 1: round numbers are round as they are read.
  for (let shown = Math.ceil((from + 1) / step) * step; shown <= to; shown += step) ticks.push(shown - 1)
  return ticks
}

/** A value with three significant digits, for reading off a plot: `+0.0123`, `-4.57e-6`, `0`. */
export function signedText(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value === 0) return '0'
  return `${value > 0 ? '+' : '-'}${plainText(Math.abs(value))}`
}

/** A positive value with three significant digits. */
export function plainText(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1e5 || size < 1e-3) return value.toExponential(2).replace('e+', 'e')
  return String(Number(value.toPrecision(3)))
}
