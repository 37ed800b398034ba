import { describe, expect, it } from 'vitest'
import { distinctTrackName, type ModelTrackRow, trackColumns } from './model.ts'

const row = (channel: number, name: string, strand: ModelTrackRow['strand'], sourceId?: string): ModelTrackRow => ({
  channel,
  head: 'human',
  index: channel,
  name,
  assay: 'CAGE',
  strand,
  transform: '',
  ...(sourceId ? { sourceId } : {}),
})

/** Truth: rows as the published table of targets has them, by hand. */
describe('names of tracks', () => {
  it('tells strands and repeated experiments apart, and says nothing twice', () => {
    expect(distinctTrackName(row(0, 'CAGE:CD4+ T Cells,', '+', 'CNhs10853+'))).toBe('CAGE:CD4+ T Cells · CNhs10853+')
    expect(distinctTrackName(row(3, 'CAGE:liver', '-', 'CNhs1'))).toBe('CAGE:liver · CNhs1 -')
    expect(distinctTrackName(row(7, 'DNASE:ENCFF1 liver', '.', 'ENCFF1'))).toBe('DNASE:ENCFF1 liver')
    expect(distinctTrackName(row(9, 'RNA', '.'))).toBe('RNA · channel 9')
  })
  it('leaves names of columns alone that differ already', () => {
    const rows = [row(0, 'a', '+', 'x+'), row(1, 'a', '-', 'x-'), row(2, 'b', '.')]
    expect(trackColumns(rows, [2, 0]).map(c => c.name)).toEqual(['b', 'a'])
    expect(trackColumns(rows, [0, 1, 2]).map(c => c.name)).toEqual(['a · x+', 'a · x-', 'b'])
  })
})
