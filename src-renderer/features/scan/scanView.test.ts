import { describe, expect, it } from 'vitest'
import { diplotypeChar } from '../../../src-shared/genome/diplotype.ts'
import { CELL } from '../../../src-shared/genome/scan.ts'
import { effectAt } from '../../../src-shared/report/heat.ts'
import { madeUpScan } from '../../../test-support/scan-data.ts'
import { otherRow, spanAround } from '../../state/scans.ts'
import { siteMarks, variantsOf } from './ownVariants.ts'
import { cellText, changeText } from './scanText.ts'
import { clampView, zoomView } from './scanView.ts'

describe('a view of a scan', () => {
  it('holds whole positions inside the scan, at least eight', () => {
    expect(clampView({ from: -5.4, to: 30 }, 200)).toEqual({ from: 0, to: 35 })
    expect(clampView({ from: 190.4, to: 240.4 }, 200)).toEqual({ from: 150, to: 200 })
    expect(clampView({ from: 50, to: 51 }, 200)).toEqual({ from: 50, to: 58 })
    expect(clampView({ from: 0, to: 3 }, 3)).toEqual({ from: 0, to: 3 })
  })
  it('keeps a place where it is when zoomed, and comes back', () => {
    const near = zoomView({ from: 0, to: 200 }, 0.5, 50, 200)
    expect(near).toEqual({ from: 25, to: 125 })
    expect(zoomView(near, 2, 50, 200)).toEqual({ from: 0, to: 200 })
  })
})

describe('what is scanned about a base', () => {
  const contig = { name: 'chr1', length: 1000 }
  it('is centred, holds the base, and moves inside at both ends', () => {
    expect(spanAround(contig, 500, 200)).toEqual({ contig: 'chr1', start: 400, end: 600 })
    expect(spanAround(contig, 500, 1)).toEqual({ contig: 'chr1', start: 500, end: 501 })
    expect(spanAround(contig, 3, 200)).toEqual({ contig: 'chr1', start: 0, end: 200 })
    expect(spanAround(contig, 999, 200)).toEqual({ contig: 'chr1', start: 800, end: 1000 })
    expect(spanAround({ name: 'chrS', length: 50 }, 20, 200)).toEqual({ contig: 'chrS', start: 0, end: 50 })
    expect(spanAround({ name: 'chrL', length: 1e6 }, 5e5, 9999).end - spanAround({ name: 'chrL', length: 1e6 }, 5e5, 9999).start).toBe(2000) // biome-ignore format: one question
  })
})

describe('words of a cell', () => {
  const scan = madeUpScan('ACNG', { exactTo: 2, estimateTo: 4 })
  it('say the change, its value with its sign, and how it came to be', () => {
    const value = effectAt(scan, 0, 0, 1)
    expect(changeText(scan, { position: 999, row: 1 })).toBe('A>C')
    expect(cellText(scan, 0, { position: 999, row: 1 })).toMatch(/^chr1:1,000 A>C {2}SAD [+-][\d.e-]+ \(exact\)$/)
    expect(cellText(scan, 0, { position: 999, row: 1 })).toContain(value > 0 ? 'SAD +' : 'SAD -')
    expect(cellText(scan, 0, { position: 1002, row: 0 })).toContain('(first-order estimate)')
  })
  it('never give a number to N or to the base itself', () => {
    expect(cellText(scan, 0, { position: 1001, row: 2 })).toBe('chr1:1,002 N  N: not scanned')
    expect(cellText(scan, 0, { position: 999, row: 0 })).toBe(
      'chr1:1,000 A (no change)  the base itself: 0 by definition',
    )
    expect(scan.states[8]).toBe(CELL.unknown)
  })
  it('go to a row that is a change', () => {
    expect(otherRow(scan, 999, 0)).toBe(1)
    expect(otherRow(scan, 999, 3)).toBe(3)
    expect(otherRow(scan, 1002, 2)).toBe(3)
  })
})

describe("a sample's own variants", () => {
  it('are the covered positions where an allele is not the base of the sequence', () => {
    const characters = [diplotypeChar('A', 'A'), diplotypeChar('C', 'T'), diplotypeChar('G', 'G'), diplotypeChar('T', 'DEL'), diplotypeChar('A', 'A')].join('') // biome-ignore format: one line
    const track = {
      interval: { contig: 'chr1', start: 100, end: 105 },
      caller: 'robust' as const,
      characters,
      depth: Int32Array.of(9, 9, 9, 9, 0),
      quality: new Uint8Array(5),
      heterozygousShare: 0,
    }
    // The last differs but nothing covers it; N of the sequence says nothing.
    expect(variantsOf(track, 100, 'ACGTC', 'S')).toEqual([
      { position: 1, label: 'S: C/T (reads)' },
      { position: 3, label: 'S: T/DEL (reads)' },
    ])
    expect(variantsOf(track, 100, 'ANGTC', 'S').map(v => v.position)).toEqual([3])
  })

  it('of a VCF say the sample or the identifier, inside the scan only', () => {
    const site = { position: 102, id: 'rs1', ref: 'T', alternatives: ['C'], sample: 'S', genotype: ['T', 'C'] }
    expect(siteMarks([site, { ...site, position: 99 }, { ...site, position: 105 }], 100, 5)).toEqual([
      { position: 2, label: 'S: T/C (rs1)' },
    ])
    expect(siteMarks([{ ...site, sample: null, genotype: [], id: '' }], 100, 5)[0]?.label).toBe('VCF T>C')
  })
})
