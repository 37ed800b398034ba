import { type ApoeReport, HAPLOTYPE_BASES, HAPLOTYPES, SPANNING_KEYS } from '../genome/apoe.ts'
import {
  BASE_COLOUR,
  FAINT,
  FIGURE_WIDTH,
  figure,
  GRID,
  INK,
  NARROW,
  OKABE_ITO,
  PAPER,
  svgLine,
  svgRect,
  svgText,
} from './markup.ts'

const ROW = 34
const TOP = 34

/** Spanning fragments by the haplotype that their two bases show: both bases joined by a line, with how many fragments show them. `width` in px, from 400 on. */
export function phaseFigure(report: Pick<ApoeReport, 'spanning' | 'genotype' | 'phase'>, width = FIGURE_WIDTH): string {
  const [first, second, bars] = width < NARROW ? [136, 214, 246] : [150, 290, 340]
  const { spanning, genotype } = report
  const called: readonly string[] = genotype ? genotype.split('/') : []
  const most = Math.max(1, ...SPANNING_KEYS.map(k => spanning[k]))
  const body = [
    svgText(first, 16, 'rs429358', { anchor: 'middle', weight: 600 }),
    svgText(second, 16, 'rs7412', { anchor: 'middle', weight: 600 }),
    svgText(bars, 16, 'fragments that show both', { fill: FAINT }),
  ]
  const told: string[] = []
  HAPLOTYPES.forEach((haplotype, i) => {
    const y = TOP + i * ROW + 14
    const bases = HAPLOTYPE_BASES[haplotype]
    const count = spanning[bases.join('') as (typeof SPANNING_KEYS)[number]]
    const inCall = called.includes(haplotype)
    told.push(`${haplotype} (${bases.join('-')}): ${count}${inCall ? ', in the call' : ''}`)
    body.push(
      svgText(24, y + 4, haplotype, { weight: inCall ? 700 : 400, size: 13 }),
      svgText(52, y + 4, inCall ? '\u2713 called' : '', { size: 11 }),
      svgLine(
        first,
        y,
        second,
        y,
        count > 0 ? INK : GRID,
        count > 0 ? 1 + (5 * count) / most : 1,
        count > 0 ? '' : '4 4',
      ),
    )
    for (const [at, base] of [
      [first, bases[0]],
      [second, bases[1]],
    ] as const) {
      const seen = count > 0
      body.push(
        `<circle cx="${at}" cy="${y}" r="11" fill="${seen ? BASE_COLOUR[base] : PAPER}" stroke="${seen ? BASE_COLOUR[base] : FAINT}"/>`,
        svgText(at, y + 4, base, { anchor: 'middle', weight: 700, fill: seen ? '#ffffff' : FAINT }),
      )
    }
    const length = (count / most) * (width - bars - 60)
    body.push(
      svgRect(bars, y - 8, length, 16, inCall ? OKABE_ITO.skyBlue : GRID, inCall ? INK : 'none'),
      svgText(bars + length + 8, y + 4, String(count), { weight: inCall ? 700 : 400 }),
    )
  })
  const bottom = TOP + HAPLOTYPES.length * ROW + 12
  const other = spanning.other > 0 ? ` Fragments with another base: ${spanning.other}.` : ''
  body.push(svgText(24, bottom, `Phase: ${report.phase}.${other}`, { fill: FAINT }))
  return figure(
    {
      width,
      height: bottom + 8,
      title: 'Fragments that span both sites, by haplotype',
      description: `${told.join('. ')}.${other}`,
    },
    body,
  )
}
