import { mkdirSync, readdirSync, readFileSync, renameSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { BamFile } from '@gmod/bam'
import { describe, expect, it } from 'vitest'
import type { Interval } from '../../src-shared/genome/interval.ts'
import { quietContext } from '../../src-shared/job.ts'
import { randomBelow, randomReads } from '../../test-support/pileup/reads.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { recordCigar, recordName, recordQualities, recordSequence } from '../domain/pileup/record.ts'
import { openAlignments } from './alignments.ts'
import { type BamRecord, recordBytes, writeBam } from './bamWriter.ts'
import { inflateBlock } from './blockGzip.ts'
import { packBlockGzip } from './blockGzipWriter.ts'
import { buildIndex } from './indexBuilder.ts'
import { testFolder } from './testFiles.ts'

const at = testFolder()
const CONTIGS = [
  { name: 'c0', length: 2_000_000 },
  { name: 'c1', length: 2_000_000 },
]

const read = (fields: Partial<BamRecord>): BamRecord => ({ name: 'r', flag: 0, contig: 0, start: 100, mappingQuality: 60, cigar: '4M', sequence: 'ACGT', qualities: [30, 30, 30, 30], ...fields }) // biome-ignore format: one line

async function bamOf(name: string, records: readonly BamRecord[]): Promise<string> {
  const path = at(name)
  writeFileSync(path, writeBam({ contigs: CONTIGS, records }))
  await buildIndex(path, { force: true }, quietContext())
  return path
}

/** Every record of an interval as text: name, flag, start, end, CIGAR, sequence, qualities. */
async function readAll(path: string, interval: Interval, index?: string): Promise<string[]> {
  const file = await openAlignments(path, index ? { index } : {})
  const found: string[] = []
  try {
    for await (const b of file.reads(interval, quietContext()))
      for (let i = 0; i < b.count; i++)
        found.push([recordName(b, i), b.flags[i], b.starts[i], b.ends[i], recordCigar(b, i), recordSequence(b, i), recordQualities(b, i).join(' ')].join('\t')) // biome-ignore format: one line
  } finally {
    await file.close()
  }
  return found
}

const whole = (contig: string): Interval => ({ contig, start: 0, end: 2 ** 31 - 1 })
const plain = (seed: number, count: number, span: number): BamRecord[] =>
  randomReads(seed, count, span).map(r => ({ ...r, cigar: r.cigar.map(([n, op]) => `${n}${op}`).join(''), sequence: r.bases || '*' })) // biome-ignore format: one line

describe('reads of an interval', () => {
  it('are those of the whole contig that overlap it, over many blocks and bins', async () => {
    const path = await bamOf('many.bam', plain(3, 6000, 1_500_000))
    const all = await readAll(path, whole('c0'))
    expect(all.length).toBe(6000)
    const below = randomBelow(5)
    for (let k = 0; k < 40; k++) {
      const start = below(1_500_000)
      const end = start + 1 + below(k % 2 ? 100 : 100_000)
      const expected = all.filter(line => {
        const f = line.split('\t')
        const last = Number(f[1]) & 4 ? Number(f[2]) + 1 : Math.max(Number(f[3]), Number(f[2]) + 1)
        return Number(f[2]) < end && last > start
      })
      expect(await readAll(path, { contig: 'c0', start, end })).toEqual(expected)
    }
  })

  it('end at a base and begin at the next without counting a neighbour', async () => {
    const path = await bamOf('edges.bam', [read({ start: 100 }), read({ name: 'none', start: 104, cigar: '4I' })])
    const names = async (start: number, end: number) =>
      (await readAll(path, { contig: 'c0', start, end })).map(line => line.split('\t')[0])
    expect(await names(103, 104)).toEqual(['r'])
    expect(await names(104, 105)).toEqual(['none'])
    expect(await names(105, 106)).toEqual([])
    expect(await names(99, 100)).toEqual([])
  })

  it('may be longer than a group of blocks', async () => {
    const below = randomBelow(9)
    const long = (n: number, start: number) => {
      const sequence = Array.from({ length: n }, () => 'ACGT'[below(4)]).join('')
      return read({ name: `long${start}`, start, cigar: `${n}M`, sequence, qualities: Array.from({ length: n }, () => below(60)) }) // biome-ignore format: one line
    }
    const records = [long(300_000, 10), long(90_000, 20), long(500_000, 30), read({ start: 40 })]
    const path = await bamOf('long.bam', records)
    const lines = await readAll(path, whole('c0'))
    expect(lines.map(line => line.split('\t').slice(5).join('\t'))).toEqual(
      records.map(r => `${r.sequence}\t${Array.from(r.qualities ?? []).join(' ')}`),
    )
  })

  it('take a CIGAR of many operations from tag CG', async () => {
    const units = [3, 1, 4].map((n, k) => (n << 4) | [0, 1, 0][k]!) // 3M1I4M
    const sequence = 'ACGTACGT'
    const fake = recordBytes(read({ cigar: '8S7N', sequence, qualities: Array(8).fill(30) }))
    const tag = Uint8Array.from([67, 71, 66, 73, 3, 0, 0, 0, ...new Uint8Array(Int32Array.from(units).buffer)])
    const record = Uint8Array.from([...fake, ...tag])
    new DataView(record.buffer).setInt32(0, record.length - 4, true)
    const path = await rawBam('cg.bam', record)
    expect((await readAll(path, whole('c0'))).map(line => line.split('\t').slice(2, 5))).toEqual([['100', '107', '3M1I4M']]) // biome-ignore format: one line
  })
})

/** A BAM whose records are given as bytes, after a header written by the writer, with its index. */
async function rawBam(name: string, ...records: Uint8Array[]): Promise<string> {
  const header = inflateBlock(writeBam({ contigs: CONTIGS, records: [] }), 0, name, 0).bytes
  const path = at(name)
  writeFileSync(path, packBlockGzip(Uint8Array.from([header, ...records].flatMap(r => [...r]))).bytes)
  await buildIndex(path, { force: true }, quietContext())
  return path
}

describe('the same records as @gmod/bam reads', () => {
  const folder = sharedData('bam')
  const files = folder ? readdirSync(folder).flatMap(f => readdirSync(join(folder, f)).filter(n => n.endsWith('.bam')).map(n => join(folder, f, n))) : [] // biome-ignore format: one line

  it.skipIf(!folder)('in every file of the shared data', async () => {
    let compared = 0
    for (const path of files) {
      const file = await openAlignments(path)
      const index = ['.csi', '.bai']
        .map(e => path + e)
        .find(p => readdirSync(join(p, '..')).includes(p.split('/').at(-1)!))
      const other = new BamFile({ bamPath: path, ...(index?.endsWith('.csi') ? { csiPath: index } : { baiPath: index! }) }) // biome-ignore format: one line
      await other.getHeader()
      for (const contig of file.header.contigs.slice(0, 90)) {
        const own: string[] = []
        for await (const b of file.reads({ contig: contig.name, start: 0, end: contig.length }, quietContext()))
          for (let i = 0; i < b.count; i++)
            own.push([recordName(b, i), b.flags[i], b.starts[i], b.flags[i]! & 4 ? '*' : recordCigar(b, i), recordSequence(b, i), b.mappingQualities[i], b.mateStarts[i]].join(' ')) // biome-ignore format: one line
        const records = await other.getRecordsForRange(contig.name, 0, contig.length)
        const theirs = records.map(r => [r.name, r.flags, r.start, r.CIGAR || '*', r.seq || '*', r.mq ?? 255, r.next_pos].join(' ')) // biome-ignore format: one line
        expect(own, `${path} ${contig.name}`).toEqual(theirs)
        compared += own.length
      }
      await file.close()
    }
    expect(compared).toBeGreaterThan(10_000)
  })
})

describe('what is no good BAM is refused with its code', () => {
  const good = () => bamOf('good.bam', plain(1, 200, 3000))
  const refused = (path: string, code: string) =>
    expect(readAll(path, whole('c0')), path).rejects.toMatchObject({ code })

  it('other files', async () => {
    const path = await good()
    const index = readFileSync(`${path}.bai`)
    const make = (name: string, content: Uint8Array | string) => {
      writeFileSync(at(name), content)
      writeFileSync(`${at(name)}.bai`, index)
      return at(name)
    }
    await refused(make('empty.bam', ''), 'truncated')
    await refused(make('text.bam', 'chr1\t100\n'.repeat(50)), 'wrong-type')
    await refused(make('gzip.bam', gzipSync('chr1\t100\n'.repeat(50))), 'wrong-type')
    await refused(
      make('bgzip.bam', packBlockGzip(new TextEncoder().encode('chr1\t100\n'.repeat(50))).bytes),
      'wrong-type',
    )
    await refused(make('marker.bam', readFileSync(path).subarray(-28)), 'wrong-type')
    await refused(make('markerless.bam', readFileSync(path).subarray(0, -28)), 'truncated')
    await refused(at('absent.bam'), 'not-found')
    mkdirSync(at('folder.bam'))
    await refused(at('folder.bam'), 'wrong-type')
    await expect(readAll(path, whole('chrQ'))).rejects.toMatchObject({ code: 'not-found' })
  })

  it('indexes: absent, empty, text, cut, of other files, older', async () => {
    const path = await good()
    const index = readFileSync(`${path}.bai`)
    const withIndex = async (bytes: Uint8Array | string, code: string) => {
      writeFileSync(`${path}.bai`, bytes)
      await refused(path, code)
    }
    await withIndex('', 'bad-index')
    await withIndex('not an index\n'.repeat(9), 'bad-index')
    await withIndex(index.subarray(0, -9), 'bad-index')
    const longer = await bamOf('longer.bam', plain(2, 900, 3000))
    await withIndex(readFileSync(`${longer}.bai`), 'bad-index')
    writeFileSync(`${path}.bai`, index)
    expect((await readAll(path, whole('c0'))).length).toBeGreaterThan(100)
    utimesSync(`${path}.bai`, new Date(0), new Date(0))
    await refused(path, 'bad-index')
    unlinkSync(`${path}.bai`)
    await refused(path, 'no-index')
  })

  it('records: CIGAR against sequence, impossible lengths and contigs, order', async () => {
    const record = (change: (view: DataView) => void, fields: Partial<BamRecord> = {}) => {
      const bytes = recordBytes(read(fields))
      change(new DataView(bytes.buffer))
      return bytes
    }
    const plainRecord = record(() => {})
    // The index is made from good records, the file then gets the bad ones in their place.
    const swapped = async (name: string, code: string, ...records: Uint8Array[]) => {
      const path = await rawBam(name, ...records.map(r => (r.length === plainRecord.length ? plainRecord : r)))
      const index = readFileSync(`${path}.bai`)
      const header = inflateBlock(writeBam({ contigs: CONTIGS, records: [] }), 0, name, 0).bytes
      writeFileSync(path, packBlockGzip(Uint8Array.from([header, ...records].flatMap(r => [...r])), 0).bytes)
      // Both packings hold one block, so every virtual offset but the last stays; that one is where the block ends.
      const original = packBlockGzip(Uint8Array.from([header, ...records.map(() => plainRecord)].flatMap(r => [...r])))
      const oldEnd = original.bytes.length - 28
      const newEnd = readFileSync(path).length - 28
      const view = new DataView(index.buffer, index.byteOffset, index.length)
      for (let o = 0; o + 8 <= index.length; o++)
        if (view.getUint32(o, true) >>> 16 === oldEnd && view.getUint32(o + 4, true) === 0) view.setUint32(o, (newEnd << 16) >>> 0, true) // biome-ignore format: one line
      writeFileSync(`${path}.bai`, index)
      await expect(readAll(path, whole('c0')), name).rejects.toMatchObject({ code })
    }
    await swapped(
      'cigar.bam',
      'corrupt',
      record(v => v.setUint32(38, 5 << 4, true)),
    )
    await swapped(
      'operation.bam',
      'corrupt',
      record(v => v.setUint32(38, (4 << 4) | 9, true)),
    )
    await swapped(
      'contig.bam',
      'corrupt',
      record(v => v.setInt32(4, 7, true)),
    )
    await swapped(
      'sequence.bam',
      'corrupt',
      record(v => v.setInt32(20, 2_000_000_000, true)),
    )
    await swapped(
      'negative.bam',
      'corrupt',
      record(v => v.setInt32(20, -5, true)),
    )
    await swapped(
      'size.bam',
      'corrupt',
      record(v => v.setInt32(0, 12, true)),
    )
    await swapped(
      'order.bam',
      'unsorted',
      plainRecord,
      record(v => v.setInt32(8, 50, true)),
    )
  })

  it('a file that is replaced or vanishes while open', async () => {
    const path = await good()
    const file = await openAlignments(path)
    const copy = readFileSync(path)
    renameSync(path, `${path}.old`)
    const readIt = async () => {
      for await (const _ of file.reads(whole('c0'), quietContext())) {
      }
    }
    await expect(readIt()).rejects.toMatchObject({ code: 'changed' })
    writeFileSync(path, copy)
    await expect(readIt()).rejects.toMatchObject({ code: 'changed' })
    await file.close()
  })
})

describe('damage', () => {
  // Truth: the undamaged answer. A damaged file gives that, or a coded error, and nothing else.
  const CODES = ['corrupt', 'truncated', 'wrong-type', 'bad-index', 'unsorted', 'not-found', 'no-index']

  async function outcome(path: string, interval: Interval, index?: string): Promise<string> {
    try {
      return (await readAll(path, interval, index)).join('\n')
    } catch (error) {
      return `code ${(error as { code?: string }).code}`
    }
  }

  it('of one byte or the end of the file is refused or harmless', async () => {
    const path = await bamOf('fuzz.bam', plain(11, 300, 60_000))
    const bytes = readFileSync(path)
    const index = `${path}.bai`
    const interval = { contig: 'c0', start: 1000, end: 50_000 }
    const truth = await outcome(path, interval)
    const below = randomBelow(17)
    const target = at('fuzzed.bam')
    for (let k = 0; k < 400; k++) {
      const changed = Buffer.from(bytes)
      const place = k % 4 === 0 ? below(40) : k % 4 === 1 ? bytes.length - 1 - below(60) : below(bytes.length)
      changed[place]! ^= 1 + below(255)
      writeFileSync(target, k % 5 === 4 ? bytes.subarray(0, below(bytes.length)) : changed)
      const got = await outcome(target, interval, index)
      if (got !== truth)
        expect(
          CODES.map(c => `code ${c}`),
          `byte ${place}, case ${k}`,
        ).toContain(got)
      if (k % 5 === 4) expect(got, `case ${k}`).not.toBe(truth)
    }
  })

  it('of the index ends in an answer or a coded error, soon', async () => {
    const path = await bamOf('fuzz2.bam', plain(13, 300, 60_000))
    const index = readFileSync(`${path}.bai`)
    const below = randomBelow(19)
    const all = new Set(await readAll(path, whole('c0')))
    for (let k = 0; k < 400; k++) {
      const changed = Buffer.from(index)
      for (let n = 0; n <= k % 3; n++) changed[k % 2 ? below(Math.min(200, index.length)) : below(index.length)]! ^= 1 + below(255) // biome-ignore format: one line
      writeFileSync(at('changed.bai'), k % 7 === 6 ? changed.subarray(0, below(changed.length)) : changed)
      const got = await outcome(path, { contig: 'c0', start: 1000, end: 50_000 }, at('changed.bai'))
      if (got.startsWith('code '))
        expect(
          CODES.map(c => `code ${c}`),
          `case ${k}`,
        ).toContain(got)
      else for (const line of got.split('\n').filter(Boolean)) expect(all.has(line), `case ${k}`).toBe(true)
    }
  })
})
