import type { OddsRatio } from '../genome/apoe.ts'
import { FAINT, FIGURE_WIDTH, figure, GRID, INK, NARROW, OKABE_ITO, svgLine, svgText } from './markup.ts'

const TOP = 14
const TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]

/**
 * Odds ratios of one genotype against e3/e3 with their intervals, on a log axis, one row an ancestry; '' when there is none. Narrow
 * pictures have their labels above the rows. `width` in px, from 400 on.
 */
export function oddsFigure(genotype: string, odds: readonly OddsRatio[], width = FIGURE_WIDTH): string {
  const narrow = width < NARROW
  const [left, right, rowHeight] = narrow ? [20, 116, 50] : [236, 130, 36]
  if (odds.length === 0) return ''
  const low = Math.min(1, ...odds.map(o => o.ci[0]))
  const high = Math.max(1, ...odds.map(o => o.ci[1]))
  const from = [...TICKS].reverse().find(t => t < low) ?? low
  const to = TICKS.find(t => t > high) ?? high
  const x = (value: number) =>
    left + ((Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from))) * (width - left - right)
  const bottom = TOP + odds.length * rowHeight
  const body: string[] = []
  for (const tick of TICKS.filter(t => t >= from && t <= to))
    body.push(
      svgLine(x(tick), TOP, x(tick), bottom, GRID, 1, tick === 1 ? '' : '2 4'),
      svgText(x(tick), bottom + 16, String(tick), { anchor: 'middle', fill: FAINT, size: 11 }),
    )
  body.push(
    svgLine(x(1), TOP - 6, x(1), bottom, INK, 1.5),
    svgText(left, bottom + 34, `odds ratio of ${genotype} against e3/e3 (log axis; 1 = no difference)`, {
      fill: FAINT,
      size: 11,
    }),
  )
  odds.forEach((o, i) => {
    const y = TOP + i * rowHeight + (narrow ? 34 : rowHeight / 2)
    const [a, b] = o.ci
    body.push(
      narrow
        ? svgText(left, y - 14, o.ancestry, { rim: true })
        : svgText(left - 12, y + 4, o.ancestry, { anchor: 'end' }),
      svgLine(x(a), y, x(b), y, INK, 2),
      svgLine(x(a), y - 5, x(a), y + 5, INK, 2),
      svgLine(x(b), y - 5, x(b), y + 5, INK, 2),
      `<rect x="${Math.round(x(o.value) * 100) / 100 - 5}" y="${y - 5}" width="10" height="10" fill="${OKABE_ITO.vermilion}" stroke="${INK}"/>`,
      svgText(width - right + 12, y + 4, `${o.value.toFixed(1)} (${a.toFixed(1)}\u2013${b.toFixed(1)})`),
    )
  })
  return figure(
    {
      width,
      height: bottom + 42,
      title: `Odds ratio of ${genotype} against e3/e3 by ancestry, with 95 % confidence intervals`,
      description: odds.map(o => `${o.ancestry}: ${o.value}, ${o.ci[0]} to ${o.ci[1]}`).join('. '),
    },
    body,
  )
}
