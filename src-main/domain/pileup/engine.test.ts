import { describe, expect, it } from 'vitest'
import {
  PILEUP_DEFAULTS,
  type PileupColumns,
  type PileupOptions,
  READ_FATES,
} from '../../../src-shared/genome/pileup.ts'
import { batchOf, plainRead, randomBelow, randomReads } from '../../../test-support/pileup/reads.ts'
import { ColumnDetailCollector } from './columnDetail.ts'
import { ChunkBuilder, COLUMN_FIELDS } from './counters.ts'
import { PileupEngine } from './engine.ts'
import { FATE } from './filter.ts'
import { naivePileup, type PlainRead, type PlainRow } from './naiveTwin.ts'
import { ReadWatch } from './readStory.ts'

const OPTION_SETS: Partial<PileupOptions>[] = [
  {},
  { stepper: 'all' },
  { stepper: 'nofilter', minBaseQuality: 0 },
  { countOverlaps: true },
  { keepOrphans: true, minBaseQuality: 40 },
  { minMappingQuality: 20, minBaseQuality: 20 },
  { maxDepth: 1, keepOrphans: true },
  { maxDepth: 3, minBaseQuality: 0, flagFilter: 0 },
  { maxDepth: 8, stepper: 'all' },
  { flagFilter: 0x110, flagRequire: 0x42 },
]

/** The engine over reads given in pieces of random sizes. */
function count(reads: readonly PlainRead[], start: number, end: number, changes: Partial<PileupOptions>, seed = 1) {
  const rows: PlainRow[] = []
  const builder = new ChunkBuilder('c', columns => rows.push(...rowsOf(columns)), 7)
  const region = { contig: 'c', start, end }
  const engine = new PileupEngine({
    contigIndex: 0,
    region,
    options: { ...PILEUP_DEFAULTS, ...changes },
    sink: builder,
  })
  const below = randomBelow(seed)
  for (const batch of pieces(fetched(reads, start, end), below)) {
    for (let done = 0; done < batch.count; ) done = engine.push(batch, done)
  }
  while (!engine.finish());
  builder.flush()
  return { rows, ledger: engine.ledger('c') }
}

function* pieces(reads: readonly PlainRead[], below: (n: number) => number) {
  for (let at = 0; at < reads.length; ) {
    const size = 1 + below(below(4) === 0 ? 60 : 5)
    yield batchOf(reads.slice(at, at + size))
    at += size
  }
}

const referenceLength = (r: PlainRead) => r.cigar.reduce((sum, [n, op]) => sum + ('MDN=X'.includes(op) ? n : 0), 0)

/** What a reader yields: records that overlap the region; unmapped or without a reference base they are one base long. */
const fetched = (reads: readonly PlainRead[], start: number, end: number) =>
  reads.filter(r => r.start < end && r.start + (r.flag & 4 ? 1 : referenceLength(r) || 1) > start)

const rowsOf = (columns: PileupColumns): PlainRow[] =>
  Array.from(columns.positions, (_, i) => COLUMN_FIELDS.map(field => columns[field][i]!))

describe('the engine equals the naive twin, which shares no code with it', () => {
  it('on random reads with every option set, split into random batches', () => {
    let compared = 0
    for (let seed = 1; seed <= 300; seed++) {
      const span = [30, 80, 200][seed % 3]!
      const reads = randomReads(seed, [10, 30, 80][seed % 3]!, span)
      const start = seed % 2 ? 0 : seed % span
      const end = seed % 4 ? span + 400 : start + 1 + (seed % 40)
      const changes = OPTION_SETS[seed % OPTION_SETS.length]!
      const expected = naivePileup(reads, 0, start, end, { ...PILEUP_DEFAULTS, ...changes })
      expect(count(reads, start, end, changes, seed).rows, `seed ${seed}`).toEqual(expected)
      compared += expected.length
    }
    expect(compared).toBeGreaterThan(15_000)
  })

  it('across page borders and long skips', () => {
    const reads = [
      plainRead({ name: 'a', start: 4000, cigar: '200M10000N50M' }),
      plainRead({ name: 'b', start: 4090, cigar: '20M3D20M' }),
      plainRead({ name: 'c', start: 8180, cigar: '30M5I30M' }),
      plainRead({ name: 'd', start: 8192, cigar: '4096M' }),
    ]
    expect(count(reads, 0, 2 ** 31 - 1, {}).rows).toEqual(naivePileup(reads, 0, 0, 20_000, PILEUP_DEFAULTS))
    expect(count(reads, 4100, 14_210, {}).rows).toEqual(naivePileup(reads, 0, 4100, 14_210, PILEUP_DEFAULTS))
  })
})

describe('the ledger', () => {
  it('adds up, and its overlap is what counting both mates gives back', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const reads = randomReads(seed, 60, 100)
      const { rows, ledger } = count(reads, 10, 90, { keepOrphans: true })
      const { fetched: all, kept, removed } = ledger.reads
      const c = ledger.columns
      expect(all).toBe(fetched(reads, 10, 90).length)
      expect(all).toBe(kept + Object.values(removed).reduce((sum, n) => sum + n, 0))
      expect(c.segments).toBe(rows.reduce((sum, row) => sum + row[1]!, 0))
      expect(c.depth).toBe(rows.reduce((sum, row) => sum + row[2]!, 0))
      expect(c.segments).toBe(c.depth + c.baseQuality + c.overlap)
      const both = count(reads, 10, 90, { keepOrphans: true, countOverlaps: true }).ledger.columns
      expect(both.depth).toBe(c.depth + c.overlap - c.rescued)
    }
  })
})

describe('the detail of one column', () => {
  it('counts as the naive twin counts that position alone', () => {
    let compared = 0
    for (let seed = 1; seed <= 120; seed++) {
      const reads = randomReads(seed, 60, 80)
      const options = { ...PILEUP_DEFAULTS, ...OPTION_SETS[seed % OPTION_SETS.length]! }
      const position = 20 + (seed % 50)
      const collector = new ColumnDetailCollector('c', 0, position, options)
      for (const batch of pieces(fetched(reads, position, position + 1), randomBelow(seed))) collector.push(batch)
      const d = collector.result()
      const here = d.names.map((_, i) => i)
      const counted = here.filter(i => d.counted[i])
      const letters = (letter: string) => counted.filter(i => d.bases[i] === letter).length
      const segments = here.filter(i => d.fates[i] === FATE.kept).length
      const row = naivePileup(reads, 0, position, position + 1, options)[0]
      if (!row) {
        expect(segments).toBe(0)
        continue
      }
      const insertions = counted.filter(i => d.insertions[i] !== '').length
      expect([position, segments, counted.length, ...[...'ACGTN*>'].map(letters), insertions], `seed ${seed}`).toEqual(row) // biome-ignore format: one line
      compared++
    }
    expect(compared).toBeGreaterThan(90)
  })

  it('lists removed reads with their fate, and what an insertion holds', () => {
    const reads = [
      plainRead({ name: 'kept', cigar: '3M2I5M', bases: 'ACGTTACGTA' }),
      plainRead({ name: 'dup', flag: 0x400, cigar: '8M' }),
      plainRead({ name: 'gap', start: 1, cigar: '1M3D2M', bases: 'CCG' }),
      plainRead({ name: 'poor', start: 2, cigar: '2M', qualities: [5, 30] }),
    ]
    const collector = new ColumnDetailCollector('c', 0, 2, PILEUP_DEFAULTS)
    collector.push(batchOf(reads))
    const d = collector.result()
    expect(d.names).toEqual(['kept', 'dup', 'gap', 'poor'])
    expect(d.bases).toBe('GA*A')
    expect(d.insertions).toEqual(['TT', '', '', ''])
    expect([...d.fates].map(f => READ_FATES[f])).toEqual(['kept', 'duplicate', 'kept', 'kept'])
    expect([...d.counted]).toEqual([1, 0, 1, 0])
    expect([...d.readPositions]).toEqual([2, 2, 1, 0])
  })
})

describe('the story of a read', () => {
  it('names the same columns as the ledger sums: summed over all names, losses are base quality and overlap', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const reads = randomReads(seed, 50, 80)
      const options = { ...PILEUP_DEFAULTS, keepOrphans: true }
      const region = { contig: 'c', start: 5, end: 70 }
      const { ledger } = count(reads, region.start, region.end, options)
      const total = { 'base-quality': 0, overlap: 0, columns: 0, records: 0 }
      for (const name of new Set(reads.map(r => r.name))) {
        const watch = new ReadWatch(name, 0, region, options)
        for (const batch of pieces(fetched(reads, region.start, region.end), randomBelow(seed))) watch.push(batch)
        for (const story of watch.stories()) {
          total.records++
          total.columns += story.columns
          for (const { reason } of story.lost) total[reason]++
        }
      }
      const c = ledger.columns
      expect(total).toEqual({ 'base-quality': c.baseQuality, overlap: c.overlap, columns: c.segments, records: ledger.reads.fetched }) // biome-ignore format: one line
    }
  })
})
