import { describe, expect, it } from 'vitest'
import { batchOf, plainRead } from '../../../test-support/pileup/reads.ts'
import type { PlainRead } from './naiveTwin.ts'
import { keepsLeft, wang, x31 } from './nameHash.ts'
import { type Mate, resolveOverlap } from './overlap.ts'

describe('the hash of a read name', () => {
  // Each pair of hashes, and the mate kept, was checked with pysam 0.20 and samtools mpileup 1.16 on a made pair.
  it.each([
    ['read1', 0x0675d95b, 0xefc14478, false],
    ['read2', 0x0675d95c, 0x55a43808, false],
    ['read3', 0x0675d95d, 0x3a29c741, true],
    ['HWI-ST1:1:1101:1000:2000', 0xf6aa3066, 0x9af2a86b, true],
    ['SRR062634.1', 0xfec3e481, 0x6dcaeb76, false],
    ['SIM:1:42', 0x4a56134a, 0x57e00c47, true],
  ])('of %s', (name, hash, mixed, left) => {
    const bytes = new TextEncoder().encode(`xx${name}\0`)
    expect(x31(bytes, 2, name.length)).toBe(hash)
    expect(wang(hash)).toBe(mixed)
    expect(keepsLeft(hash)).toBe(left)
  })
})

const mateOf = (read: PlainRead): Mate => {
  const b = batchOf([read])
  return { bytes: b.bytes, start: read.start, cigarOffset: b.cigarOffsets[0]!, cigarCount: b.cigarCounts[0]!, sequenceOffset: b.sequenceOffsets[0]!, sequenceLength: b.sequenceLengths[0]!, qualityOffset: b.qualityOffsets[0]! } // biome-ignore format: one line
}

/** Qualities by reference position after the resolution: [left, right]. */
function resolved(left: PlainRead, right: PlainRead, leftKept = true): [Map<number, number>, Map<number, number>] {
  const after: [Map<number, number>, Map<number, number>] = [new Map(), new Map()]
  resolveOverlap(mateOf(left), mateOf(right), leftKept, (mate, base, _before, quality) => {
    after[mate].set(base.reference, quality)
  })
  return after
}

describe('the resolution of overlapping mates', () => {
  const q = (n: number, quality: number) => Array<number>(n).fill(quality)

  it('passes over the first base after a gap of the right mate: it counts twice, as htslib 1.16 has it', () => {
    const left = plainRead({ start: 100, cigar: '30M', qualities: q(30, 30) })
    const right = plainRead({ start: 105, cigar: '8M3D12M', qualities: q(20, 25) })
    const [a, b] = resolved(left, right)
    expect([a.get(112), b.get(112)]).toEqual([55, 0])
    expect([a.has(116), b.has(116)]).toEqual([false, false])
    expect([a.get(117), b.get(117)]).toEqual([55, 0])
  })

  it('does not when the left mate has the gap', () => {
    const left = plainRead({ start: 100, cigar: '13M3D14M', qualities: q(27, 30) })
    const right = plainRead({ start: 105, cigar: '20M', qualities: q(20, 25) })
    const [a] = resolved(left, right)
    expect([a.get(112), a.has(113), a.get(116)]).toEqual([55, false, 55])
  })

  it('adds equal bases up to 200 and leaves floor(0.8 x) of the better of two different ones', () => {
    const left = plainRead({ cigar: '5M', bases: 'AAAAA', qualities: [150, 31, 20, 20, 255] })
    const right = plainRead({ cigar: '5M', bases: 'ACCCA', qualities: [150, 30, 33, 20, 255] })
    const [a, b] = resolved(left, right, false)
    expect([...a.values()]).toEqual([0, 24, 0, 0, 0])
    expect([...b.values()]).toEqual([200, 0, 26, 16, 200])
  })

  it('leaves mates without a stored sequence alone', () => {
    const left = plainRead({ cigar: '5M', bases: '', qualities: [] })
    expect(resolved(left, plainRead({ cigar: '5M' })).map(m => m.size)).toEqual([0, 0])
  })
})
