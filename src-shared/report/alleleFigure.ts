import { APOE_SITES, type ApoeReport, BASES } from '../genome/apoe.ts'
import {
  BASE_COLOUR,
  FAINT,
  FIGURE_WIDTH,
  figure,
  GRID,
  INK,
  NARROW,
  PAPER,
  roundSteps,
  svgLine,
  svgRect,
  svgText,
} from './markup.ts'

const LEFT = 92
const BAR = 20
const ROW = 26
const SITE = 98

/** Reads by base and strand at both SNPs, as stacked bars; every bar says its numbers in words beside it. `width` in px, from 400 on. */
export function alleleFigure(report: Pick<ApoeReport, 'sites'>, width = FIGURE_WIDTH): string {
  const right = width < NARROW ? 120 : 150
  const rows = APOE_SITES.map(site => ({ site, ...report.sites[site] }))
  const total = (counts: Readonly<Record<string, number>>) => BASES.reduce((sum, b) => sum + (counts[b] ?? 0), 0)
  const most = Math.max(1, ...rows.flatMap(r => [total(r.strands.forward), total(r.strands.reverse)]))
  const x = (reads: number) => LEFT + (reads / most) * (width - LEFT - right)
  const words = (counts: Readonly<Record<string, number>>) =>
    BASES.filter(b => (counts[b] ?? 0) > 0)
      .map(b => `${b} ${counts[b]}`)
      .join(', ') || 'none'
  const body: string[] = []
  rows.forEach((row, i) => {
    const top = i * SITE
    const called = row.genotype ? `${row.genotype}, quality ${row.quality}` : 'no base seen'
    body.push(
      svgText(0, top + 16, row.site, { weight: 700, size: 13 }),
      svgText(LEFT, top + 16, `${row.contig}:${row.position.toLocaleString('en-US')}, depth ${row.depth}, ${called}`, {
        fill: FAINT,
      }),
    )
    const strands = [
      ['forward \u2192', row.strands.forward],
      ['reverse \u2190', row.strands.reverse],
    ] as const
    strands.forEach(([label, counts], j) => {
      const y = top + 28 + j * ROW
      body.push(svgText(LEFT - 8, y + 14, label, { anchor: 'end' }))
      let reads = 0
      for (const base of BASES) {
        const n = counts[base]
        if (n === 0) continue
        const from = x(reads)
        const length = x(reads + n) - from
        body.push(svgRect(from, y, length, BAR, BASE_COLOUR[base], PAPER))
        if (length >= 14) body.push(svgText(from + length / 2, y + 14, base, { anchor: 'middle', weight: 700, fill: base === 'G' ? '#000000' : '#ffffff' })) // biome-ignore format: one line
        reads += n
      }
      body.push(svgText(x(reads) + 8, y + 14, words(counts)))
    })
    body.push(svgLine(LEFT, top + 24, LEFT, top + 82, INK))
  })
  const axis = SITE * rows.length
  for (const step of roundSteps(most, 5))
    body.push(
      svgLine(x(step), axis - 12, x(step), axis - 7, GRID),
      svgText(x(step), axis + 6, String(step), { anchor: 'middle', fill: FAINT, size: 11 }),
    )
  body.push(svgText(width - 2, axis + 6, 'reads on one strand', { anchor: 'end', fill: FAINT, size: 11 }))
  const description = rows
    .map(r => `${r.site}: forward ${words(r.strands.forward)}; reverse ${words(r.strands.reverse)}`)
    .join('. ')
  return figure({ width, height: axis + 14, title: 'Reads by base and strand', description }, body)
}
