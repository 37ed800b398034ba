import type { Scale } from '../../src-shared/genome/prediction.ts'

/** The value at a place of the scale: the inverse of `scaled`. */
export function unscaled(scale: Scale, place: number): number {
  switch (scale) {
    case 'linear':
      return place
    case 'log':
      return Math.sign(place) * (10 ** Math.abs(place) - 1)
    case 'arcsinh':
      return Math.sinh(place)
  }
}

/** As an axis states it; `x` is the value. */
export const SCALE_TEXT: Readonly<Record<Scale, string>> = { linear: '', log: 'log₁₀(1+x)', arcsinh: 'arcsinh x' }

const STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]

/** A round number at or above a value, of any size; 1 for nothing. */
export function roundUp(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  // A hair below the step still is the step: 0.3 is 3 x 0.1 only nearly.
  const step = STEPS.find(s => s * power >= value * (1 - 1e-9)) ?? 10
  return Number((step * power).toPrecision(6))
}

/** Values to mark between 0 and the top, the top included: halves on a linear axis, powers of ten on the others. */
export function axisTicks(scale: Scale, top: number): readonly number[] {
  if (scale === 'linear' || top <= 2) return [0, Number((top / 2).toPrecision(6)), top]
  const powers: number[] = []
  for (let p = 1; p < top / 1.5; p *= 10) powers.push(p)
  return [0, ...powers.slice(-3), top]
}

/** A number as an axis or a table has it: about three digits, no empty decimals. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 1e6 || size < 1e-3) return value.toExponential(1).replace('e+', 'e')
  if (size >= 10_000) return `${Number((value / 1000).toPrecision(3))}k`
  return String(Number(value.toPrecision(3)))
}
