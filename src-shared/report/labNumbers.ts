import type { FigureAxis } from '../lab/page.ts'

export type NumberFormat = FigureAxis['format']

/** Three significant digits without empty decimals, thousands apart: `0.0123`, `4.57`, `12,300`, `1.2e-7`. */
export function threeDigits(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size < 1e-4 || size >= 1e9)
    return value
      .toExponential(2)
      .replace('e+', 'e')
      .replace(/\.?0+e/, 'e')
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 7 })
}

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB'] as const
/** From that many seconds on, in which unit. */
const TIMES = [[7200, 3600, 'h'], [120, 60, 'min'], [1, 1, 's'], [1e-3, 1e-3, 'ms'], [0, 1e-6, 'µs']] as const // biome-ignore format: one table

function bytesText(value: number): string {
  const power = Math.min(
    BYTES.length - 1,
    Math.max(0, Math.floor(Math.log10(Math.max(1, Math.abs(value))) / 3 + 1e-12)),
  )
  return `${threeDigits(value / 1000 ** power)} ${BYTES[power]}`
}

function secondsText(value: number): string {
  if (value === 0) return '0 s'
  const [, unit, name] = TIMES.find(([from]) => Math.abs(value) >= from) ?? TIMES[2]
  return `${threeDigits(value / unit)} ${name}`
}

/** A value as a table and a readout have it. Bytes count in powers of 1,000, shares are from 0 to 1. */
export function valueText(value: number, format: NumberFormat): string {
  if (!Number.isFinite(value)) return '–'
  switch (format) {
    case 'number':
      return Number.isInteger(value) && Math.abs(value) < 1e9 ? value.toLocaleString('en-US') : threeDigits(value)
    case 'bytes':
      return bytesText(value)
    case 'seconds':
      return secondsText(value)
    case 'base-pairs':
      return value.toLocaleString('en-US', { maximumFractionDigits: 0 })
    case 'percent':
      return `${threeDigits(100 * value)} %`
    case 'ratio':
      return `${threeDigits(value)}×`
  }
}

/** The short form of a tick where the whole one does not fit: `128 k` for 131,072. Null where there is none. */
export function shortTick(value: number, format: NumberFormat): string | null {
  if (format !== 'base-pairs' && format !== 'number') return null
  if (value >= 1024 ** 2 && value % 1024 ** 2 === 0) return `${value / 1024 ** 2} M`
  if (value >= 1024 && value % 1024 === 0) return `${value / 1024} k`
  return value < 1024 ? valueText(value, format) : null
}

/** Said on an axis whose ticks are short. */
export const SHORT_NOTE = 'k = 1,024'

const DECADES = Array.from({ length: 31 }, (_, i) => 10 ** (i - 15))
const near = (value: number) => Number(value.toPrecision(12))
/** Round times: decades of a second up to 10 s, then parts of minutes and hours. */
const ROUND_TIMES = [
  ...DECADES.filter(d => d < 5).flatMap(d => [d, 2 * d, 5 * d].map(near)),
  ...[10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 18_000, 36_000, 86_400, 172_800, 432_000],
]
const ROUGH_TIMES = [...DECADES.filter(d => d <= 10), 60, 600, 3600, 36_000, 360_000]
const ONE_TWO_FIVE = DECADES.flatMap(d => [d, 2 * d, 5 * d].map(near))
const POWERS_OF_TWO = Array.from({ length: 91 }, (_, i) => 2 ** (i - 30))

/** Finer than the powers of two and of ten. */
const HALVES = DECADES.flatMap(d => [1, 1.5, 2, 3, 5, 7].map(m => near(m * d)))

/** 1, 2, 4 … 512 of B, kB, MB …: ten a step, as the powers of two have. */
const ROUND_BYTES = Array.from({ length: 50 }, (_, i) => 2 ** (i % 10) * 1000 ** Math.floor(i / 10))

const every = (values: readonly number[], n: number) => values.filter(v => Math.round(Math.log2(v)) % n === 0)
/** Sets of round values, from dense to sparse. */
function ladders(format: NumberFormat): readonly (readonly number[])[] {
  const sparse = [2, 3, 4, 6].map(n => DECADES.filter(d => Math.round(Math.log10(d)) % n === 0))
  if (format === 'bytes') return [1, 2, 3, 5, 10].map(n => ROUND_BYTES.filter((_, i) => i % n === 0))
  if (format === 'base-pairs' || format === 'ratio')
    return [POWERS_OF_TWO, ...[2, 3, 4, 5, 10].map(n => every(POWERS_OF_TWO, n))]
  if (format === 'seconds') return [ROUND_TIMES, ROUGH_TIMES, ...sparse]
  return [ONE_TWO_FIVE, DECADES, ...sparse]
}

/** At most about `count` round values in [low, high] of a log axis: the densest set that keeps to it. */
export function logTicks(low: number, high: number, format: NumberFormat, count: number): readonly number[] {
  if (!(low > 0) || !(high >= low) || count < 1) return []
  const within = (values: readonly number[]) => values.filter(v => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9))
  const sets = ladders(format).map(within)
  const found = sets.find(s => s.length <= count) ?? sets.at(-1) ?? []
  const finer = within(HALVES)
  // Two or three ticks of a narrow range do not show that its axis is logarithmic.
  if (
    found.length < 4 &&
    finer.length >= 2 &&
    found.length < finer.length &&
    finer.length <= count &&
    format !== 'base-pairs'
  )
    return finer
  // A range narrower than its round values has round steps of a linear axis.
  return found.length >= 2 ? found : linearTicks(low, high, format, Math.min(count, 4))
}

const TIME_STEPS = [...ONE_TWO_FIVE.filter(v => v <= 10), 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18_000, 36_000, 86_400] // biome-ignore format: one table

function stepFor(rough: number, format: NumberFormat): number {
  const from = (steps: readonly number[]) => steps.find(s => s >= rough * (1 - 1e-9)) ?? rough
  if (format === 'seconds') return from(TIME_STEPS)
  if (format === 'base-pairs' && rough >= 512) return from(POWERS_OF_TWO)
  return from(ONE_TWO_FIVE)
}

/** About `count` multiples of a round step in [low, high]. */
export function linearTicks(low: number, high: number, format: NumberFormat, count: number): readonly number[] {
  const span = high - low
  if (!(span > 0) || count < 1) return Number.isFinite(low) ? [low] : []
  const step = stepFor(span / count, format)
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => near((first + i) * step))
}
