import { describe, expect, it } from 'vitest'
import { type ColumnDetail, READ_FATES } from '../../../src-shared/genome/pileup.ts'
import { allelesOf, ledgerRows, qualityHistogram, readsOf } from './columnSummary.ts'

const detail: ColumnDetail = {
  contig: 'chr1',
  position: 9,
  names: ['r1', 'r2', 'r3', 'r4', 'r5'],
  bases: 'CCT*C',
  qualities: Uint8Array.of(30, 20, 40, 35, 255),
  resolvedQualities: Uint8Array.of(30, 0, 40, 35, 255),
  mappingQualities: Uint8Array.of(60, 60, 60, 0, 60),
  flags: Uint16Array.of(0, 16, 16, 0, 1024),
  insertions: ['', '', 'AC', '', ''],
  fates: Uint8Array.of(0, 0, 0, 0, READ_FATES.indexOf('duplicate')),
  counted: Uint8Array.of(1, 0, 1, 1, 0),
  readPositions: Int32Array.of(0, 1, 2, 3, 4),
  readLengths: Int32Array.of(10, 10, 10, 10, 10),
}

describe('what the position panel shows (truth: counted by hand)', () => {
  const reads = readsOf(detail)
  it('tells reads apart by fate, strand and quality', () => {
    expect(reads.map(r => [r.base, r.strand, r.quality, r.fate, r.counted])).toEqual([
      ['C', '+', 30, 'kept', true],
      ['C', '-', 0, 'kept', false],
      ['T', '-', 40, 'kept', true],
      ['*', '+', 35, 'kept', true],
      ['C', '+', null, 'duplicate', false],
    ])
    expect(reads[0]?.readPosition).toBe(1)
  })
  it('counts alleles of counted reads only', () => {
    expect(allelesOf(reads).map(a => [a.allele, a.count, a.forward, a.reverse, a.meanQuality, a.insertions])).toEqual([
      ['C', 1, 1, 0, 30, 0],
      ['T', 1, 0, 1, 40, 1],
      ['*', 1, 1, 0, 35, 0],
    ])
    expect(allelesOf(reads).reduce((s, a) => s + a.share, 0)).toBeCloseTo(1)
  })
  it('bins qualities of counted reads', () => {
    const bins = qualityHistogram(reads)
    expect(bins.reduce((s, b) => s + b.count, 0)).toBe(3)
    expect(bins.find(b => b.from === 30)?.count).toBe(1)
    expect(qualityHistogram([])).toEqual([])
  })
  it('lists what filters took in the order of the tests', () => {
    const rows = ledgerRows({
      reads: { removed: { duplicate: 2, unmapped: 1, orphan: 0 } },
      columns: { baseQuality: 3, overlap: 0 },
    })
    expect(rows.map(r => [r.reason, r.count])).toEqual([
      ['unmapped', 1],
      ['duplicate', 2],
      ['base-quality', 3],
    ])
  })
})
