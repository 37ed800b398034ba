import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keptStart, MergedBins, middleOut, viewGrid, windowStart } from './viewGrid.ts'

const g = { windowBp: 96, binBp: 4, bins: 16, cropBins: 4 }

describe('the grid of a view', () => {
  // Truth: what must hold for any view.
  it('covers it with whole windows and at most one merged bin more than asked, aligned to its own width', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 1, max: 2000 }),
        (start, length, bins) => {
          const end = start + length
          const v = viewGrid({ contig: 'c', start, end }, bins, g)
          expect(v.firstBin * g.binBp).toBeLessThanOrEqual(start)
          expect(v.endBin * g.binBp).toBeGreaterThanOrEqual(end)
          expect(v.firstBin % v.merged).toBe(0)
          expect((v.endBin - v.firstBin) / v.merged).toBeLessThanOrEqual(bins + 1)
          expect(keptStart(v.first, g)).toBeLessThanOrEqual(v.firstBin * g.binBp)
          expect(keptStart(v.end, g)).toBeGreaterThanOrEqual(v.endBin * g.binBp)
          expect(v.end - v.first).toBe(Math.ceil(v.endBin / g.bins) - Math.floor(v.firstBin / g.bins))
        },
      ),
    )
  })
  it('a window begins with what it reads and does not answer for', () => {
    expect([keptStart(0, g), windowStart(0, g), keptStart(3, g), windowStart(3, g)]).toEqual([0, -16, 192, 176])
  })
  it('the middle comes first', () => {
    expect(middleOut(2, 7, 4)).toEqual([4, 3, 5, 2, 6])
    expect(middleOut(0, 4, 1.5)).toEqual([1, 2, 0, 3])
  })
})

describe('merged bins', () => {
  // Truth: means, largest and flags by hand; three bins merged, of two windows.
  it('know what was added, what is unknown and what is gone', () => {
    const merged = new MergedBins({ first: 0, end: 2, firstBin: 3, endBin: 9, merged: 3 }, 2)
    merged.addUnknown(0, Uint8Array.of(0, 0, 0, 1, 1))
    merged.addUnknown(5, Uint8Array.of(1, 1, 1, 0, 0))
    merged.addValues(0, 0, Float32Array.of(9, 9, 9, 1, 2))
    expect([merged.mean[0], merged.max[0], merged.mean[2]]).toEqual([1.5, 2, Number.NaN])
    merged.addValues(0, 5, Float32Array.of(6, 4, Number.NaN, 8))
    merged.addGaps(5, Uint8Array.of(0, 0, 1, 0, 0))
    expect([...merged.mean]).toEqual([3, Number.NaN, 6, Number.NaN])
    expect([...merged.max]).toEqual([6, Number.NaN, 8, Number.NaN])
    expect([...merged.unknown]).toEqual([1, 0])
    expect([...merged.deleted]).toEqual([0, 0])
    merged.addGaps(6, Uint8Array.of(1, 0, 1))
    expect([...merged.deleted]).toEqual([0, 1])
  })
})
