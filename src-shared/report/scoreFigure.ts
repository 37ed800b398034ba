import type { ScoreDistribution } from '../genome/risk.ts'
import { FAINT, FIGURE_WIDTH, figure, GRID, INK, NARROW, OKABE_ITO, svgLine, svgText } from './markup.ts'

/** What the strip marks. Probabilities of a group with the training cohort's share of cases. */
export interface ScoreMarks {
  readonly sample: string
  readonly probability: number
  /** Interval of the share of cases among people with such a score. */
  readonly interval: { readonly low: number; readonly high: number } | null
  readonly twoSnp: number | null
  /** Said in the picture when the model was trained on simulated people. */
  readonly label: string
}

const BINS = 25
const HALF_PX = 52

/** Share of a class at or below a value, from its quantiles 0, 1/n … 1. */
function below(quantiles: readonly number[], value: number): number {
  const last = quantiles.length - 1
  if (last < 1 || value < quantiles[0]!) return 0
  if (value >= quantiles[last]!) return 1
  const above = quantiles.findIndex(q => q > value)
  const [low, high] = [quantiles[above - 1]!, quantiles[above]!]
  return (above - 1 + (value - low) / (high - low)) / last
}

/** Share of a class in each of 25 equal bins of the probability, from its quantiles. */
export const binShares = (quantiles: readonly number[]): readonly number[] =>
  Array.from({ length: BINS }, (_, i) => below(quantiles, (i + 1) / BINS) - (i === 0 ? 0 : below(quantiles, i / BINS)))

/**
 * A score as a place in its model's training cohort: held-out cases above the axis, controls below, the sample as a line, the two-SNP
 * baseline as a dashed one, and the calibrated interval as a bar on the axis. `width` in px, from 340 on.
 */
export function scoreFigure(distribution: ScoreDistribution, marks: ScoreMarks, width = FIGURE_WIDTH): string {
  const [left, right] = [width < NARROW ? 12 : 40, width < NARROW ? 12 : 40]
  const x = (p: number) => left + p * (width - left - right)
  const top = marks.label === '' ? 34 : 52
  const axis = top + HALF_PX
  const bottom = axis + HALF_PX
  const [cases, controls] = [binShares(distribution.cases), binShares(distribution.controls)]
  const most = Math.max(...cases, ...controls, 1e-9)
  const wide = x(1 / BINS) - x(0)
  const body: string[] = []
  if (marks.label !== '') body.push(svgText(left, 14, marks.label, { size: 11, fill: OKABE_ITO.vermilion }))
  for (const tick of [0, 0.25, 0.5, 0.75, 1])
    body.push(
      svgLine(x(tick), top, x(tick), bottom, GRID, 1, '2 4'),
      svgText(x(tick), bottom + 15, `${tick * 100} %`, { anchor: tick === 0 ? 'start' : tick === 1 ? 'end' : 'middle', fill: FAINT, size: 11 }), // biome-ignore format: one line
    )
  const bar = (i: number, share: number, up: boolean, fill: string) => {
    const high = (share / most) * (HALF_PX - 2)
    const y = up ? axis - high : axis
    return `<rect x="${(x(i / BINS) + 0.5).toFixed(1)}" y="${y.toFixed(1)}" width="${(wide - 1).toFixed(1)}" height="${high.toFixed(1)}" fill="${fill}" fill-opacity="0.75"/>`
  }
  for (let i = 0; i < BINS; i++)
    body.push(bar(i, cases[i]!, true, OKABE_ITO.vermilion), bar(i, controls[i]!, false, OKABE_ITO.blue))
  body.push(svgLine(left, axis, width - right, axis, INK, 1))
  body.push(
    svgText(left, top + 9, 'cases', { size: 11, fill: FAINT, rim: true }),
    svgText(left, bottom - 2, 'controls', { size: 11, fill: FAINT, rim: true }),
  )
  if (marks.interval) {
    const { low, high } = marks.interval
    body.push(
      svgLine(x(low), axis, x(high), axis, INK, 5),
      svgLine(x(low), axis - 6, x(low), axis + 6, INK, 1.5),
      svgLine(x(high), axis - 6, x(high), axis + 6, INK, 1.5),
    )
  }
  if (marks.twoSnp !== null) body.push(svgLine(x(marks.twoSnp), top, x(marks.twoSnp), bottom, INK, 1.5, '4 3'))
  body.push(svgLine(x(marks.probability), top - 4, x(marks.probability), bottom, INK, 2.5))
  const percent = (p: number) => `${(100 * p).toFixed(1)} %`
  const side = (p: number) => (p < 0.25 ? 'start' : p > 0.75 ? 'end' : 'middle')
  body.push(svgText(x(marks.probability), top - 8, `${marks.sample}: ${percent(marks.probability)}`, { anchor: side(marks.probability), rim: true })) // biome-ignore format: one line
  body.push(
    svgText(left, bottom + 32, 'probability in a group with the training cohort’s share of cases', {
      fill: FAINT,
      size: 11,
    }),
    svgText(left, bottom + 47, `line: this sample; dashed: two SNPs${marks.twoSnp === null ? ' (none)' : ` ${percent(marks.twoSnp)}`}; bar: 95 % interval`, { fill: FAINT, size: 11 }), // biome-ignore format: one line
  )
  return figure(
    {
      width,
      height: bottom + 56,
      title: `Risk score of ${marks.sample} among held-out people of the training cohort`,
      description: `${marks.label}. Probability ${percent(marks.probability)}; two SNPs ${marks.twoSnp === null ? 'none' : percent(marks.twoSnp)}; 95 % interval of the share of cases with such a score ${marks.interval ? `${percent(marks.interval.low)} to ${percent(marks.interval.high)}` : 'none'}.`,
    },
    body,
  )
}
