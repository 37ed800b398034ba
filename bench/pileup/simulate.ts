import { recordBytes } from '../../src-main/readers/bamWriter.ts'
import { joined, packBlockGzip } from '../../src-main/readers/blockGzipWriter.ts'
import { randomBelow } from '../../test-support/pileup/reads.ts'

const READ = 150
/** Where the stretch lies on its contig; the reads reach `FLANK` bases out of it on both sides. */
export const FIRST = 30_000_000
export const FLANK = 2000
export const CONTIG = { name: 'chr22', length: 50_818_468 }

/**
 * A BAM of placed read pairs, 2 x 150 bp, fragments of 360 +- 100 bp, qualities of a four-bin instrument with errors to match, 1 % insertions, 1 %
 * deletions, 4 % soft clips, 2 % duplicates. Deterministic.
 */
export function simulatePairs(span: number, depth: number): Uint8Array {
  const below = randomBelow(depth)
  const width = span + 2 * FLANK
  const genome = Array.from({ length: width + 400 }, () => 'ACGT'[below(4)]!).join('')
  const pool = Array.from({ length: 500 }, () => qualities(below))
  const todo: { start: number; pair: number; mate: 0 | 1; size: number }[] = []
  for (let pair = 0; pair < (depth * width) / (2 * READ); pair++) {
    const size = 260 + below(100) + below(101)
    const start = below(width - size)
    todo.push({ start, pair, mate: 0, size }, { start: start + size - READ, pair, mate: 1, size })
  }
  todo.sort((a, b) => a.start - b.start)
  const records = todo.map(({ start, pair, mate, size }) => {
    const shape = below(100)
    const at = 20 + below(110)
    const bases = [...genome.slice(start, start + READ + 8)]
    let cigar = `${READ}M`
    if (shape === 0) {
      bases.splice(at, 0, 'A')
      cigar = `${at}M1I${READ - at - 1}M`
    } else if (shape === 1) {
      const gap = 1 + below(7)
      bases.splice(at, gap)
      cigar = `${at}M${gap}D${READ - at}M`
    } else if (shape < 6) cigar = `${at}M${READ - at}S`
    const quality = pool[below(pool.length)]!
    for (const [i, q] of quality.entries()) if (below(100_000) < 100_000 * 10 ** (-q / 10)) bases[i] = 'ACGT'[below(4)]!
    const mateStart = mate ? start + READ - size : start + size - READ
    return recordBytes({
      name: `SIM:1:FLOWCELL:1:${1101 + (pair % 97)}:${pair}`,
      flag: 0x3 | (mate ? 0x90 : 0x60) | (below(50) ? 0 : 0x400),
      contig: 0,
      start: FIRST + start,
      mappingQuality: below(20) ? 60 : below(60),
      cigar,
      sequence: bases.slice(0, READ).join(''),
      qualities: quality,
      mateContig: 0,
      mateStart: FIRST + mateStart,
      templateLength: mate ? -size : size,
    })
  })
  return packBlockGzip(joined([header(), ...records]), 6).bytes
}

function qualities(below: (n: number) => number): number[] {
  const tail = below(25) ? READ : 70 + below(80)
  return Array.from({ length: READ }, (_, i) => {
    const x = below(1000) / 1000
    const drop = 0.03 + (0.1 * i) / READ
    return i >= tail ? 2 : x > drop ? 37 : x > 0.4 * drop ? 25 : 11
  })
}

function header(): Uint8Array {
  const encode = (text: string) => new TextEncoder().encode(text)
  const int32 = (value: number) => new Uint8Array(Int32Array.of(value).buffer)
  const text = encode(`@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:${CONTIG.name}\tLN:${CONTIG.length}\n`)
  const name = encode(`${CONTIG.name}\0`)
  return joined([
    encode('BAM\u0001'),
    int32(text.length),
    text,
    int32(1),
    int32(name.length),
    name,
    int32(CONTIG.length),
  ])
}
