import { describe, expect, it } from 'vitest'
import type { FigureAxis, GridFigure, LineFigure } from '../lab/page.ts'
import { divergingColours, LEVELS, MIDDLE, sequentialColours } from './colourScale.ts'
import { gridLayout, gridScale, inkOn } from './gridFigure.ts'
import { axisOf, textWidth, ticksOf } from './labAxis.ts'
import { figureWords, labFigure } from './labFigure.ts'
import { lineLayout } from './labLayout.ts'
import { looksOf } from './labMarkers.ts'
import { linearTicks, logTicks, shortTick, valueText } from './labNumbers.ts'
import { figureRows } from './labRows.ts'

const bp: FigureAxis = { label: 'Input length (bp)', scale: 'log', format: 'base-pairs' }
const memory: FigureAxis = { label: 'Peak memory', scale: 'log', format: 'bytes' }
const GB = 1e9
/** Memory doubles with length; the longest does not fit. */
const figure: LineFigure = {
  kind: 'lines',
  id: 'memory',
  title: 'Memory',
  x: bp,
  y: memory,
  series: [
    {
      name: 'Enformer',
      points: [
        { x: 131_072, y: 2 * GB, lower: 1 * GB, upper: 4 * GB },
        { x: 262_144, y: 8 * GB, lower: 8 * GB, upper: 8 * GB },
        { x: 524_288, y: 0, missing: 'does not fit' },
      ],
    },
    {
      name: 'S-Enformer',
      points: [
        { x: 131_072, y: 1 * GB },
        { x: 262_144, y: 2 * GB },
        { x: 524_288, y: 4 * GB },
      ],
    },
    { name: 'S-Enformer', group: 'S-Enformer', from: 'published', points: [{ x: 131_072, y: 1 * GB }] },
  ],
  marks: [{ x: 262_144, label: 'sparse is smaller from 262,144 bp' }],
}
const picture = { width: 700 }

describe('ticks', () => {
  it('of base pairs and bytes are powers of two, of times and numbers round in their own way', () => {
    expect(logTicks(131_072, 1_048_576, 'base-pairs', 8)).toEqual([131_072, 262_144, 524_288, 1_048_576])
    expect(logTicks(GB / 2, 8 * GB, 'bytes', 3)).toEqual([GB, 4 * GB])
    expect(logTicks(0.05, 400, 'seconds', 12)).toEqual([0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300])
    expect(logTicks(0.05, 400, 'seconds', 6)).toEqual([0.1, 1, 10, 60])
    expect(logTicks(1, 1000, 'number', 4)).toEqual([1, 10, 100, 1000])
    expect(logTicks(0.25, 4, 'ratio', 8)).toEqual([0.25, 0.5, 1, 2, 4])
    expect(linearTicks(0, 1, 'percent', 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(linearTicks(0, 100, 'seconds', 5)).toEqual([0, 30, 60, 90])
    expect(linearTicks(0.93, 0.99, 'percent', 3)).toEqual([0.94, 0.96, 0.98])
    // Narrower than a power of two apart.
    expect(logTicks(1.1, 1.6, 'ratio', 6).length).toBeGreaterThanOrEqual(2)
  })
  // Truth: counted on the axis; powers of two alone would leave one or two of them.
  it('of a narrow range are finer, so that an axis shows that it is logarithmic', () => {
    expect(logTicks(0.7e9, 2.3e9, 'bytes', 8)).toEqual([0.7e9, 1e9, 1.5e9, 2e9])
    expect(logTicks(0.75, 3.6, 'ratio', 8)).toEqual([1, 1.5, 2, 3])
    expect(logTicks(0.7e9, 2.3e9, 'bytes', 3)).toEqual([1.024e9, 2.048e9].map(v => Math.round(v / 1.024)))
  })

  it('never lie outside, for any range', () => {
    for (const format of ['number', 'bytes', 'seconds', 'base-pairs', 'percent', 'ratio'] as const)
      for (let e = -6; e < 12; e++)
        for (const factor of [1.01, 3, 40, 1e5]) {
          const [low, high] = [1.3 * 10 ** e, 1.3 * 10 ** e * factor]
          for (const t of logTicks(low, high, format, 6)) {
            expect(t).toBeGreaterThanOrEqual(low * (1 - 1e-6))
            expect(t).toBeLessThanOrEqual(high * (1 + 1e-6))
          }
        }
  })
  it('are written whole where they fit, else in short', () => {
    const axis = axisOf(bp, [131_072, 1_048_576])
    expect(ticksOf(bp, axis, 700, false).map(t => t.text)).toEqual(['131,072', '262,144', '524,288', '1,048,576'])
    expect(ticksOf(bp, axis, 180, false).map(t => t.text)).toEqual(['128 k', '256 k', '512 k', '1 M'])
    expect(shortTick(196_608, 'base-pairs')).toBe('192 k')
    expect(shortTick(100_000, 'base-pairs')).toBeNull()
  })
  it('are those that were asked for', () => {
    const ranks = { label: 'r', scale: 'log', format: 'number', ticks: [32, 64, 128, 256] } as const
    const texts = ticksOf(ranks, axisOf(ranks, [40, 50]), 600, false).map(t => t.text)
    expect(texts).toEqual(['32', '64', '128', '256'])
  })
})

it('numbers carry their unit and three digits', () => {
  expect(valueText(1.5 * GB, 'bytes')).toBe('1.5 GB')
  expect(valueText(0, 'bytes')).toBe('0 B')
  // Powers of 1,000: a GiB is 1.07 GB.
  expect([999, 1000, 1e6, 2 ** 30, 1e12].map(v => valueText(v, 'bytes'))).toEqual([
    '999 B',
    '1 kB',
    '1 MB',
    '1.07 GB',
    '1 TB',
  ])
  expect(valueText(0.0123, 'seconds')).toBe('12.3 ms')
  expect(valueText(90, 'seconds')).toBe('90 s')
  expect(valueText(600, 'seconds')).toBe('10 min')
  expect(valueText(9000, 'seconds')).toBe('2.5 h')
  expect(valueText(131_072, 'base-pairs')).toBe('131,072')
  expect(valueText(0.9876, 'percent')).toBe('98.8 %')
  expect(valueText(0.5, 'ratio')).toBe('0.5×')
  expect(valueText(1_234_567, 'number')).toBe('1,234,567')
  expect(valueText(Number.NaN, 'seconds')).toBe('–')
})

describe('an axis', () => {
  it('places logarithms: equal factors are equal steps', () => {
    const axis = axisOf(bp, [131_072, 524_288])
    const at = [131_072, 262_144, 524_288].map(v => axis.share(v)!)
    expect(at[1]! - at[0]!).toBeCloseTo(at[2]! - at[1]!, 12)
    // The closed form: (log v - log low) / (log high - log low).
    const shown = (Math.log(262_144) - Math.log(axis.low)) / (Math.log(axis.high) - Math.log(axis.low))
    expect(at[1]).toBeCloseTo(shown, 12)
    expect(axis.share(0)).toBeUndefined()
    expect(axis.share(-1)).toBeUndefined()
  })
  it('begins at 0 where its values begin near it, and holds its ticks', () => {
    const share = { label: 'share', scale: 'linear', format: 'percent' } as const
    expect(axisOf(share, [0.2, 0.8]).low).toBe(0)
    expect(axisOf(share, [0.93, 0.97]).low).toBeGreaterThan(0.9)
    expect(axisOf({ ...share, ticks: [0, 1] }, [0.4]).high).toBeGreaterThanOrEqual(1)
  })
  it('is finite for one value, none, and what a log cannot hold', () => {
    for (const scale of ['log', 'linear'] as const)
      for (const values of [[], [0], [-3], [5], [Number.NaN, 5], [0, 0]]) {
        const axis = axisOf({ label: '', scale, format: 'number' }, values)
        expect(axis.high).toBeGreaterThan(axis.low)
        expect(Number.isFinite(axis.high - axis.low)).toBe(true)
      }
  })
})

describe('a figure of lines', () => {
  const layout = lineLayout(figure, picture)
  it('puts points, ends of error bars and marks at their logarithms', () => {
    const { plot, x, y } = layout
    const upright = (v: number) => plot.y + plot.height * (1 - Math.log(v / y.low) / Math.log(y.high / y.low))
    const along = (v: number) => plot.x + (plot.width * Math.log(v / x.low)) / Math.log(x.high / x.low)
    const first = layout.points.find(p => p.series === 0 && p.point === 0)!
    expect(first.x).toBeCloseTo(along(131_072), 8)
    expect(first.y).toBeCloseTo(upright(2 * GB), 8)
    expect(first.bar![0]).toBeCloseTo(upright(1 * GB), 8)
    expect(first.bar![1]).toBeCloseTo(upright(4 * GB), 8)
    // A factor of 2 either way is as long up as down.
    expect(first.bar![0] - first.y).toBeCloseTo(first.y - first.bar![1], 8)
    expect(layout.marks[0]!.x).toBeCloseTo(along(262_144), 8)
    for (const p of layout.points) {
      expect(p.x).toBeGreaterThanOrEqual(plot.x)
      expect(p.x).toBeLessThanOrEqual(plot.x + plot.width)
      expect(p.y).toBeGreaterThanOrEqual(plot.y)
      expect(p.y).toBeLessThanOrEqual(plot.y + plot.height)
    }
  })
  it('sets what is missing above the plot, at its place, named', () => {
    expect(layout.missing).toHaveLength(1)
    const row = layout.missing[0]!
    expect(row.text).toBe('does not fit')
    expect(row.y).toBeLessThan(layout.plot.y)
    const there = layout.points.find(p => p.series === 1 && p.point === 2)!
    expect(row.at.map(a => a.x)).toEqual([there.x])
    expect(labFigure(figure, picture, 'light')).toContain('>does not fit<')
    // Not as a point at 0.
    expect(layout.points.filter(p => p.series === 0)).toHaveLength(2)
  })
  it('keeps missing marks of one place and labels of near marks apart', () => {
    const crowded: LineFigure = {
      ...figure,
      series: [0, 1, 2].map(i => ({
        name: `m${i}`,
        points: [
          { x: 1000, y: 1 },
          { x: 2000, y: 0, missing: 'does not fit' },
        ],
      })),
      marks: [
        { x: 1400, label: 'the first of two long sentences' },
        { x: 1450, label: 'the second of two long sentences' },
      ],
    }
    const found = lineLayout(crowded, picture)
    const at = found.missing[0]!.at.map(a => a.x)
    expect(new Set(at).size).toBe(3)
    expect(new Set(found.marks.map(m => m.y)).size).toBe(2)
  })
  it('draws a level as a line across, without a marker that would pass for a measurement', () => {
    const level = { name: 'limit', style: 'level' as const, points: [{ x: 10, y: 10 }] }
    const glyphs = (f: LineFigure) => labFigure(f, picture, 'light').split('fill-rule="evenodd"').length
    expect(glyphs({ ...figure, series: [...figure.series, level] })).toBe(glyphs(figure))
    expect(labFigure({ ...figure, series: [...figure.series, level] }, picture, 'light')).toContain('>limit<')
  })

  it('says how many points a log axis cannot hold', () => {
    const zero: LineFigure = {
      ...figure,
      marks: [],
      series: [
        {
          name: 'a',
          points: [
            { x: 1000, y: 0 },
            { x: 2000, y: 4 },
          ],
        },
      ],
    }
    const found = lineLayout(zero, picture)
    expect(found.points).toHaveLength(1)
    expect(found.foot.map(f => f.text).join(' ')).toMatch(/^1 point is not above 0/)
  })
  it('is finite with nothing, with one point, and in any width', () => {
    for (const series of [[], [{ name: 'a', points: [] }], [{ name: 'a', points: [{ x: 5, y: 5 }] }]])
      for (const width of [120, 380, 1600]) {
        const svg = labFigure({ ...figure, series, marks: [] }, { width, foot: ['a machine'] }, 'dark')
        expect(svg).not.toMatch(/NaN|Infinity|undefined/)
      }
    expect(labFigure({ ...figure, series: [{ name: 'a', points: [] }] }, picture, 'light')).toContain('No point yet')
  })
  it('draws y = x with a band of its share on both sides', () => {
    const identity: LineFigure = { ...figure, x: { ...memory, format: 'seconds' }, y: { ...memory, format: 'seconds' }, marks: [], identityBand: 0.25, series: [{ name: 'a', style: 'points', points: [{ x: 1, y: 2 }, { x: 100, y: 90 }] }] } // biome-ignore format: one line
    const found = lineLayout(identity, picture)
    // One scale for both: the diagonal of the plot.
    expect([found.x.low, found.x.high]).toEqual([found.y.low, found.y.high])
    const svg = labFigure(identity, picture, 'light')
    const band = /<path d="(M[^"]*)" fill="#d0d7de"/.exec(svg)![1]!
    const ys = [...band.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(m => [Number(m[1]), Number(m[2])] as const)
    const { plot } = found
    const middle = ys.slice(0, 65)[32]!
    const value = found.x.low * (found.x.high / found.x.low) ** 0.5 * 1.25
    expect(middle[1]).toBeCloseTo(plot.y + plot.height * (1 - found.y.share(value)!), 1)
    expect(svg).not.toContain('NaN')
  })
})

describe('what tells series apart', () => {
  it('is shape and colour; another machine has the same shape as a ring, and dashes', () => {
    const looks = looksOf(figure.series, 'light')
    expect(new Set(looks.slice(0, 2).map(l => l.marker)).size).toBe(2)
    expect(new Set(looks.map(l => l.colour)).size).toBe(3)
    expect(looks[2]).toMatchObject({ marker: looks[1]!.marker, hollow: true, dash: '2 3' })
    expect(looks[0]).toMatchObject({ hollow: false, dash: '' })
  })
  it('is for every pair of 40 series', () => {
    const many = Array.from({ length: 40 }, (_, i) => ({ name: `s${i}`, points: [] }))
    const named = looksOf(many, 'light').slice(0, 7)
    expect(new Set(named.map(l => `${l.colour} ${l.marker}`)).size).toBe(7)
  })
})

describe('inks', () => {
  it('of dark and light figures differ, and a figure carries no variable of a page', () => {
    const [light, dark] = (['light', 'dark'] as const).map(t => labFigure(figure, { ...picture, title: 'T' }, t))
    expect(light).toContain('#1b1f24')
    expect(light).not.toContain('#dfe4e6')
    expect(dark).toContain('#dfe4e6')
    expect(dark).not.toContain('#1b1f24')
    expect(light).not.toContain('var(--figure-ink')
  })
  it('on a cell reaches 4.5:1 on every colour of every scale', () => {
    const light = (c: readonly number[]) => {
      const [r = 0, g = 0, b = 0] = c.map(v =>
        v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
      )
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    for (const colour of [...divergingColours('light'), ...divergingColours('dark'), ...sequentialColours()]) {
      const l = light(colour)
      const contrast = inkOn(colour) === '#000000' ? (l + 0.05) / 0.05 : 1.05 / (l + 0.05)
      expect(contrast).toBeGreaterThanOrEqual(4.5)
    }
  })
})

const grid: GridFigure = {
  kind: 'grid',
  id: 'speed',
  title: 'Speed-up',
  rows: { label: 'rank', names: ['32', '64'] },
  columns: { label: 'n', names: ['128', '256', '512'] },
  values: [0.5, 1, 2, null, 4, 0.25],
  missing: { 3: 'does not fit' },
  colours: 'diverging-ratio',
  format: 'ratio',
}

describe('a grid', () => {
  it('has its middle at 1 and gives a ratio and its inverse mirrored colours', () => {
    const { level, ends } = gridScale(grid)
    expect(level(1)).toBe(MIDDLE)
    expect(level(4)).toBe(LEVELS - 1)
    expect(level(0.25)).toBe(0)
    expect(level(2) - MIDDLE).toBe(MIDDLE - level(0.5))
    expect(ends).toEqual([0.25, 1, 4])
  })
  it('writes every value in its cell, and why one is not there', () => {
    const svg = labFigure(grid, picture, 'dark')
    for (const text of ['0.5×', '1×', '2×', '4×', '0.25×', 'does not fit']) expect(svg).toContain(`>${text}<`)
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })
  // Truth: what fits in a cell, by the width that a text is taken to have; nothing is cut or laid on another.
  it('breaks long names of rows and columns into lines that have their own room', () => {
    const names = ['197 tokens, width 64, 2 layers, batch 32', '785 tokens, width 64, 2 layers, batch 16']
    const rows = ['Training step, all gradients, 384 channels, in chunks, 11 layers', 'Inference']
    const long: GridFigure = { ...grid, rows: { label: 'Network', names: rows }, columns: { label: 'Size', names }, values: [1, 2, 3, 4], missing: {} } // biome-ignore format: one figure
    const layout = gridLayout(long, picture)
    expect(layout.columnNames.map(lines => lines.join(' '))).toEqual(names)
    expect(layout.rowNames.map(lines => lines.join(' '))).toEqual(rows)
    for (const line of layout.columnNames.flat()) expect(textWidth(line, 11)).toBeLessThanOrEqual(layout.cell.width)
    for (const line of layout.rowNames.flat()) expect(textWidth(line, 11)).toBeLessThanOrEqual(layout.grid.x - 8)
    expect(layout.cell.height).toBeGreaterThanOrEqual(13 * Math.max(...layout.rowNames.map(lines => lines.length)))
    expect(layout.columnsY - 13 * (layout.columnNames[0]!.length - 1) - 16).toBeGreaterThan(8)
  })

  it('tells what was not tried from what failed, and failures from one another', () => {
    const absent: GridFigure = { ...grid, values: grid.values.map(() => null), missing: { 0: 'full attention does not fit', 1: 'sparse does not fit' } } // biome-ignore format: one figure
    const all = { ...absent, missing: Object.fromEntries(absent.values.map((_, i) => [i, absent.missing[i] ?? 'not measured'])) } // biome-ignore format: one figure
    expect(gridLayout(all, picture).reasons.map(r => [r.reason, r.letter])).toEqual([['full attention does not fit', 'a'], ['sparse does not fit', 'b'], ['not measured', '']]) // biome-ignore format: one table
    const svg = labFigure(all, picture, 'light')
    for (const text of ['full attention does not fit', 'sparse does not fit', 'not measured']) expect(svg).toContain(`>${text}<`) // biome-ignore format: one line
  })

  // Truth: counted: what has a letter has its row, what has none has a row that says where to look.
  it('explains every letter that it draws, and how many reasons have none', () => {
    const names = Array.from({ length: 9 }, (_, i) => `reason ${i}`)
    const many: GridFigure = { ...grid, rows: { label: 'r', names: ['1'] }, columns: { label: 'n', names: [...names, 'last'] }, values: [...names, 'last'].map(() => null), missing: { ...names, 9: 'not measured' } } // biome-ignore format: one figure
    expect(gridLayout(many, picture).reasons.map(r => [r.reason, r.letter])).toEqual([...names.slice(0, 6).map((n, i) => [n, 'abcdef'[i]]), ['3 other reasons: see the table', ''], ['not measured', '']]) // biome-ignore format: one table
    const svg = labFigure(many, picture, 'light')
    expect(svg).toContain('>f<')
    expect(svg).not.toMatch(/>[g-i]</)
  })

  it('is finite without values', () => {
    const empty = { ...grid, values: grid.values.map(() => null), missing: {} }
    for (const colours of ['diverging-ratio', 'sequential'] as const)
      expect(labFigure({ ...empty, colours }, picture, 'light')).not.toMatch(/NaN|Infinity/)
  })
})

describe('a figure as a table', () => {
  it('has a row a point, with all digits for a file', () => {
    const { header, shown, raw } = figureRows(figure)
    const points = figure.series.flatMap(s => s.points.map(p => ({ s, p })))
    expect(raw).toEqual(
      points.map(({ s, p }) => [s.name, s.from ?? null, p.x, p.missing ? null : p.y, p.lower ?? null, p.upper ?? null, p.missing ?? null]), // biome-ignore format: one line
    )
    expect(shown).toHaveLength(points.length)
    for (const row of [...shown, ...raw]) expect(row).toHaveLength(header.length)
    expect(shown[0]).toEqual(['Enformer', '-', '131,072', '2 GB', '1 GB', '4 GB', ''])
    expect(shown[2]).toEqual(['Enformer', '-', '524,288', '-', '-', '-', 'does not fit'])
  })
  it('names the units of raw numbers once', () => {
    expect(figureRows(figure).rawHeader).toEqual(['Series', 'From', 'Input length (bp)', 'Peak memory [bytes]', 'Lower [bytes]', 'Upper [bytes]', 'Note']) // biome-ignore format: one line
    expect(figureRows(grid).rawHeader.slice(2)).toEqual(['Value [ratio]', 'Note'])
    for (const f of [figure, grid]) for (const row of figureRows(f).raw) expect(row).toHaveLength(figureRows(f).rawHeader.length) // biome-ignore format: one line
  })

  it('has a row a cell of a grid', () => {
    const { raw } = figureRows(grid)
    expect(raw).toHaveLength(6)
    expect(raw[3]).toEqual(['64', '128', null, 'does not fit'])
    expect(raw[5]).toEqual(['64', '512', 0.25, null])
  })
})

it('a figure in words names every series, what is missing and where the cheaper form begins', () => {
  const words = figureWords(figure)
  expect(words).toContain('Enformer: 2 GB at 131,072 to 8 GB at 262,144, 1 missing (does not fit)')
  expect(words).toContain('S-Enformer (published): 1 GB at 131,072')
  expect(words).toContain('sparse is smaller from 262,144 bp')
  const svg = labFigure({ ...figure, title: '<b>&' }, picture, 'light')
  expect(svg).toContain('role="img"')
  expect(svg).toContain('&#60;b&#62;&#38;')
})
