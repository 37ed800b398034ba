import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../../test-support/random.ts'
import { haplotypeOf, SIMULATION_DEFAULTS, simulateReads } from '../../test-support/simulated-reads.ts'
import { type BamContent, type BamRecord, bamHeaderText, binOf, writeBam } from './bamWriter.ts'
import { packBlockGzip } from './blockGzipWriter.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-bamwriter-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

const samtools = spawnSync('samtools', ['--version']).status === 0

const records: BamRecord[] = [
  { name: 'b', flag: 16, contig: 1, start: 7, mappingQuality: 60, cigar: '2S3M1I2M2D1M', sequence: 'ACGTNACGT', qualities: [1, 2, 3, 4, 5, 6, 7, 8, 40], tags: { RG: 'r1', CO: 'x y' } }, // biome-ignore format: one line
  { name: 'a', flag: 99, contig: 0, start: 16_383, mappingQuality: 255, cigar: '4M', sequence: 'ACGT', mateContig: 0, mateStart: 20_000, templateLength: 3_700 }, // biome-ignore format: one line
  { name: 'u', flag: 4, contig: -1, start: -1, mappingQuality: 0, cigar: '*', sequence: 'AC', qualities: [9, 9] },
  { name: 'n', flag: 256, contig: 1, start: 7, mappingQuality: 3, cigar: '3M100N5=', sequence: '*' },
]
const content: BamContent = {
  contigs: [
    { name: 'c1', length: 100_000 },
    { name: 'c2', length: 500 },
  ],
  headerLines: ['@RG\tID:r1\tSM:s', '@CO\tsynthetic: made by a test'],
  records,
}

describe('writeBam', () => {
  it.skipIf(!samtools)('is read by samtools as it was meant', () => {
    const path = join(folder, 'a.bam')
    writeFileSync(path, writeBam(content))
    const run = (...args: string[]) => spawnSync('samtools', args, { encoding: 'utf8' })
    expect(run('quickcheck', '-u', path).status).toBe(0)
    const sam = run('view', '-h', '--no-PG', path).stdout
    expect(sam).toBe(
      `${bamHeaderText(content)}${[
        'a\t99\tc1\t16384\t255\t4M\t=\t20001\t3700\tACGT\t*',
        'b\t16\tc2\t8\t60\t2S3M1I2M2D1M\t*\t0\t0\tACGTNACGT\t"#$%&\'()I\tRG:Z:r1\tCO:Z:x y',
        'n\t256\tc2\t8\t3\t3M100N5=\t*\t0\t0\t*\t*',
        'u\t4\t*\t0\t0\t*\t*\t0\t0\tAC\t**',
      ].join('\n')}\n`,
    )
    expect(run('index', path).status).toBe(0)
    expect(run('view', '-c', path, 'c1:16384-16390').stdout).toBe('1\n')
  })

  it('refuses what does not fit', () => {
    const one = (change: Partial<BamRecord>) => () => writeBam({ ...content, records: [{ ...records[1]!, ...change }] })
    expect(one({ cigar: '5M' })).toThrow(/takes 5 bases/)
    expect(one({ cigar: '4Q' })).toThrow(/CIGAR/)
    expect(one({ qualities: [1] })).toThrow(/1 qualities for 4/)
    expect(one({ name: '' })).toThrow(/name/)
  })

  it('gives the bins of the specification', () => {
    // SAM spec 5.3: 16 kb bins from 4681, then 128 kb from 585, 1 Mb from 73, 8 Mb from 9, 64 Mb from 1, all 0
    expect(binOf(0, 1)).toBe(4681)
    expect(binOf(16_383, 16_387)).toBe(585)
    expect(binOf(16_384, 32_768)).toBe(4682)
    expect(binOf(131_071, 131_073)).toBe(73)
    expect(binOf(0, 1 << 28)).toBe(0)
  })
})

describe('BGZF', () => {
  it('holds what was packed, in blocks that can be read apart', () => {
    const random = new SeededRandom(7)
    const bytes = Uint8Array.from({ length: 300_000 }, () => random.integer(0, 256))
    const packed = packBlockGzip(bytes)
    expect(Buffer.compare(gunzipSync(packed.bytes), bytes)).toBe(0)
    const [offset, content] = packed.blocks[2]!
    const next = packed.blocks[3]![0]
    expect(
      Buffer.compare(gunzipSync(packed.bytes.subarray(offset, next)), bytes.subarray(content, content + 0xff00)),
    ).toBe(0)
  })
})

describe('simulated reads', () => {
  it('carry their haplotype: without errors every aligned base is the haplotype’s', () => {
    const random = new SeededRandom('truth')
    const reference = Array.from({ length: 3000 }, () => random.pick('ACGT')).join('')
    const changes = [
      { start: 1500, ref: reference.slice(500, 501), alt: reference[500] === 'A' ? 'C' : 'A' },
      { start: 1600, ref: reference.slice(600, 604), alt: reference[600]! },
      { start: 1700, ref: reference[700]!, alt: `${reference[700]}GGTT` },
    ]
    const haplotype = haplotypeOf(1000, reference, changes)
    const reads = simulateReads({ ...SIMULATION_DEFAULTS, random, haplotypes: [haplotype], depth: 20, namePrefix: 't', flatQuality: 93 }) // biome-ignore format: one line
    expect(reads.length).toBeGreaterThan(300)
    const expected = new Map(Array.from(haplotype.positions, (p, i) => [p, haplotype.letters[i]]))
    let deletions = 0
    let insertions = 0
    for (const r of reads) {
      let position = r.start
      let at = 0
      for (const [, n, letter] of r.cigar.matchAll(/(\d+)([MIDS])/g)) {
        const length = Number(n)
        if (letter === 'M') for (let i = 0; i < length; i++) expect(r.sequence[at + i]).toBe(expected.get(position + i))
        if (letter === 'D') {
          deletions++
          expect([position, length]).toEqual([1601, 3])
        }
        if (letter === 'I') {
          insertions++
          expect([position, r.sequence.slice(at, at + length)]).toEqual([1701, 'GGTT'])
        }
        if (letter !== 'D') at += length
        if (letter === 'M' || letter === 'D') position += length
      }
    }
    expect(deletions).toBeGreaterThan(3)
    expect(insertions).toBeGreaterThan(3)
  })
})
