import { valueText } from '../../report/labNumbers.ts'
import type { FigurePoint, FigureSeries } from '../page.ts'
import { BUSY_SHARE, type Factors, type LabPoint, type LabResult, type Quartiles } from '../result.ts'

/** `Xeon …, 2 threads`: how a machine is told from others. */
export const machineName = ({ machine }: Pick<LabResult, 'machine'>): string =>
  `${machine.processor}, ${machine.threads} ${machine.threads === 1 ? 'thread' : 'threads'}${machine.device === 'cpu' ? '' : `, ${machine.device}`}`

/** How a series of another result is named: by its place where one of the others was measured on a machine of this name too. */
export function otherName(result: LabResult, results: readonly LabResult[]): string {
  const name = machineName(result)
  return results.some(r => r !== result && machineName(r) === name) ? `${results.indexOf(result) + 1}. ${name}` : name
}

/** Whether others used the machine while a point was measured: its times are too long then. */
export const isBusy = ({ foreignLoad }: LabPoint): boolean => foreignLoad >= BUSY_SHARE
export const BUSY_WORDS = 'while others used the machine'

export const numberOf = (point: LabPoint, factor: string): number => Number(point.factors[factor])

/** Points with these factors. */
export const having = (points: readonly LabPoint[], factors: Factors): readonly LabPoint[] =>
  points.filter(p => Object.entries(factors).every(([name, value]) => p.factors[name] === value))

/** Different values of a factor, numbers rising. */
export const numbersOf = (points: readonly LabPoint[], factor: string): readonly number[] =>
  [...new Set(points.flatMap(p => (typeof p.factors[factor] === 'number' ? [p.factors[factor]] : [])))].sort(
    (a, b) => a - b,
  )

/** The measure of a point that ended well. */
export const measured = (point: LabPoint | undefined, measure: string): Quartiles | undefined =>
  point?.state === 'done' ? point.measures[measure] : undefined

/** Whether quartiles lie apart: a ratio of medians whose quartiles cross is no difference. */
export const apart = (a: Quartiles | undefined, b: Quartiles | undefined): boolean =>
  a !== undefined && b !== undefined && (a.upper < b.lower || a.lower > b.upper)

const STATES = { done: 'done', 'does-not-fit': 'does not fit', 'too-slow': 'too slow', failed: 'failed' } as const
export const stateText = ({ state }: Pick<LabPoint, 'state'>): string => STATES[state]

/** A point of a figure, `scale` dividing its value: with quartiles, or the reason why it has none. */
export function figurePoint(point: LabPoint, x: number, measure: string, scale = 1): FigurePoint {
  const value = measured(point, measure)
  if (!value) return { x, y: 0, missing: stateText(point) }
  const bars = value.n > 1 ? { lower: value.lower / scale, upper: value.upper / scale } : {}
  return { x, y: value.median / scale, ...bars }
}

/** The same series of each result: the first as asked, the others named by their machines. */
export const perResult = (
  results: readonly LabResult[],
  seriesOf: (result: LabResult) => readonly FigureSeries[],
): readonly FigureSeries[] =>
  results.flatMap((result, i) => {
    const series = seriesOf(result).filter(s => s.points.length > 0)
    return i === 0 ? series : series.map(s => ({ ...s, from: otherName(result, results) }))
  })

/** `1.23 s (1.20 – 1.31)`. */
export function spreadText(value: Quartiles | undefined, format: 'seconds' | 'bytes'): string {
  if (!value) return '-'
  const text = (v: number) => valueText(v, format)
  const [lower, upper] = [text(value.lower), text(value.upper)]
  // Quartiles that read alike add nothing.
  return value.n > 1 && lower !== upper ? `${text(value.median)} (${lower} – ${upper})` : text(value.median)
}

export const ratioText = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : valueText(value, 'ratio')

/** What a page says of points that were measured while others used the machine, of what is not there yet, and of the machines beside. */
export function resultNotes(results: readonly [LabResult, ...LabResult[]]): readonly string[] {
  const [first, ...others] = results
  const notes = [...first.notes]
  const busy = first.points.filter(isBusy)
  if (busy.length > 0) {
    const most = Math.max(...busy.map(p => p.foreignLoad))
    notes.push(`Others used the machine while ${busy.length} of ${first.points.length} points were measured (up to ${valueText(most, 'percent')} of the processor): their times are too long.`) // biome-ignore format: one sentence
  }
  if (first.points.length < first.total)
    notes.push(`${first.points.length} of ${first.total} points were measured so far.`)
  const failed = first.points.filter(p => p.state === 'failed')
  for (const p of failed.slice(0, 3)) notes.push(`Failed: ${Object.values(p.factors).join(', ')}: ${p.reason}.`)
  for (const other of others) notes.push(`Beside it: ${otherName(other, results)}, ${other.startedAt.slice(0, 10)}.`)
  return notes
}
