import type { FigureAxis } from '../lab/page.ts'
import { linearTicks, logTicks, SHORT_NOTE, shortTick, valueText } from './labNumbers.ts'

/** Where values of an axis lie. */
export interface Axis {
  readonly low: number
  readonly high: number
  readonly log: boolean
  /** Share of the way from the low end to the high one; undefined for what a log axis cannot hold. */
  share(value: number): number | undefined
}

/** Part of the range left free at either end. */
const PAD = 0.05

/** An axis that holds the values (and ticks that were asked for). A linear one begins at 0 where its values begin near it. */
export function axisOf(axis: FigureAxis, values: readonly number[]): Axis {
  const log = axis.scale === 'log'
  const held = [...values, ...(axis.ticks ?? [])].filter(v => Number.isFinite(v) && (!log || v > 0))
  // Nothing there yet: an axis all the same.
  if (held.length === 0) held.push(log ? 1 : 0, log ? 10 : 1)
  const least = Math.min(...held)
  const most = Math.max(...held)
  const [low, high] = log ? logEnds(least, most) : linearEnds(least, most)
  const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high]
  return {
    low,
    high,
    log,
    share: value => {
      if (!Number.isFinite(value) || (log && !(value > 0))) return undefined
      return ((log ? Math.log(value) : value) - from) / (to - from)
    },
  }
}

function logEnds(least: number, most: number): readonly [number, number] {
  // At least a factor of 3, so that noise does not fill the picture.
  const grow = Math.sqrt(Math.max(1, 3 / (most / least)))
  const [low, high] = [least / grow, most * grow]
  const pad = (high / low) ** PAD
  return [low / pad, high * pad]
}

function linearEnds(least: number, most: number): readonly [number, number] {
  if (least === most) return least === 0 ? [0, 1] : least > 0 ? [0, most * 1.2] : [least * 1.2, 0]
  const pad = (most - least) * PAD
  return [least >= 0 && least <= 0.6 * most ? 0 : least - pad, most + pad]
}

export interface Tick {
  readonly value: number
  readonly share: number
  /** Empty where there is no room for it. */
  readonly text: string
}

/** About how wide a text of the figure's font is, px. */
export const textWidth = (text: string, size: number): number => text.length * size * 0.56

/** Ticks of an axis of `length` px, and the texts of those that have room for one. */
export function ticksOf(spec: FigureAxis, axis: Axis, length: number, upright: boolean): readonly Tick[] {
  const short = ['base-pairs', 'number'].includes(spec.format)
  const count = Math.max(2, Math.floor(length / (upright ? 34 : short ? 44 : 58)))
  const given = spec.ticks?.filter(t => axis.share(t) !== undefined)
  const chosen = given ?? (axis.log ? logTicks : linearTicks)(axis.low, axis.high, spec.format, count)
  const ticks = [...chosen].sort((a, b) => a - b).map(value => ({ value, share: axis.share(value) ?? 0 }))
  const whole = ticks.map(t => valueText(t.value, spec.format))
  if (upright) return ticks.map((t, i) => ({ ...t, text: whole[i] ?? '' }))
  const fits = (texts: readonly string[], skip: number) => {
    const shown = ticks.flatMap((t, i) => (i % skip === 0 ? [{ at: t.share * length, wide: textWidth(texts[i] ?? '', 11) }] : [])) // biome-ignore format: one line
    return shown.every((s, i) => i === 0 || s.at - s.wide / 2 > shown[i - 1]!.at + shown[i - 1]!.wide / 2 + 7)
  }
  const brief = ticks.map(t => shortTick(t.value, spec.format))
  const texts = fits(whole, 1) || brief.includes(null) ? whole : (brief as readonly string[])
  const skip = [1, 2, 3, 4, 6, 8].find(n => fits(texts, n)) ?? ticks.length
  return ticks.map((t, i) => ({ ...t, text: i % skip === 0 ? (texts[i] ?? '') : '' }))
}

/** The axis' name, and what its short numbers mean. */
export const axisLabel = (spec: FigureAxis, ticks: readonly Tick[]): string =>
  ticks.some(t => / [kM]$/.test(t.text)) ? `${spec.label}; ${SHORT_NOTE}` : spec.label

/** Lines of at most about `width` px. */
export function wrapped(text: string, width: number, size: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1)
    if (last !== undefined && textWidth(`${last} ${word}`, size) <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
