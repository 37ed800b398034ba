import { describe, expect, it } from 'vitest'
import type { PileupColumns } from '../../../src-shared/genome/pileup.ts'
import { DepthBinner } from './depthBins.ts'

/** Columns by position: [position, depth, reference skips]. */
function columns(rows: readonly (readonly [number, number, number])[]): PileupColumns {
  const column = (pick: (row: readonly [number, number, number]) => number) => Int32Array.from(rows, pick)
  const none = new Int32Array(rows.length)
  return {
    contig: 'c',
    positions: column(r => r[0]),
    segments: column(r => r[1]),
    depth: column(r => r[1]),
    a: column(r => r[1] - r[2]),
    c: none,
    g: none,
    t: none,
    n: none,
    del: none,
    refskip: column(r => r[2]),
    ins: none,
  }
}

describe('depth in bins', () => {
  it('averages over every base of a bin, covered or not, and tells skips apart', () => {
    const binner = new DepthBinner({ contig: 'c', start: 100, end: 108 }, 2)
    // Bin 0 is 100..103: depths 4, 0, 2, 2 (one of each of the last two skips); bin 1 is not covered.
    binner.add(columns([[100, 4, 0], [102, 2, 1]])) // biome-ignore format: a table
    binner.add(columns([[103, 2, 1]]))
    const bins = binner.result()
    expect([...bins.mean]).toEqual([2, 0])
    expect([...(bins.skipped ?? [])]).toEqual([0.5, 0])
    expect([...bins.max]).toEqual([4, 0])
    expect([...bins.min]).toEqual([0, 0])
  })

  it('leaves skips out where there are none', () => {
    const binner = new DepthBinner({ contig: 'c', start: 0, end: 4 }, 2)
    binner.add(columns([[1, 3, 0]]))
    expect(binner.result().skipped).toBeUndefined()
  })
})
