import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { HAPLOTYPE_TOKENS, TOKEN_COUNT } from '../../src-shared/genome/diplotype.ts'
import { PILEUP_DEFAULTS, type PileupOptions } from '../../src-shared/genome/pileup.ts'
import { quietContext } from '../../src-shared/job.ts'
import { indelBam, indelReads } from '../../test-support/indel-people.ts'
import { recordsToBatch } from '../../test-support/record-batches.ts'
import { DIPLOTYPE_DEFAULTS } from '../domain/diplotype/call.ts'
import { diplotypeText, diplotypeTsv } from '../domain/diplotype/text.ts'
import { ColumnDetailCollector } from '../domain/pileup/columnDetail.ts'
import { type AlignmentFile, openAlignments } from '../readers/alignments.ts'
import type { BamRecord } from '../readers/bamWriter.ts'
import { buildIndex } from '../readers/indexBuilder.ts'
import { countTokens, runDiplotype } from './diplotypeRun.ts'
import { runPileup } from './pileupRun.ts'

const DEL = HAPLOTYPE_TOKENS.indexOf('DEL')

const fileOf = (made: readonly BamRecord[]): AlignmentFile => ({
  path: 'made',
  format: 'bam',
  header: { text: '', contigs: [{ name: 'c', length: 700 }], sortOrder: 'coordinate', samples: [] },
  async *reads({ start, end }) {
    yield* recordsToBatch(made, 40, [start, end])
  },
  async close() {},
})

describe('tokens at every column', () => {
  // No depth cap: the pileup of one column fetches only what overlaps it, and a cap then lets other reads in.
  const cases: [string, Partial<PileupOptions>][] = [
    ['default', {}],
    ['no overlap resolution', { countOverlaps: true }],
    ['high quality only', { minBaseQuality: 30 }],
    ['mapping quality', { minMappingQuality: 10 }],
    ['every base', { minBaseQuality: 0 }],
  ]
  it.each(cases)('equal a plain count over the reads of each single column: %s', async (title, changed) => {
    const options = { ...PILEUP_DEFAULTS, ...changed }
    const file = fileOf(indelReads(title))
    const counts: number[] = []
    await countTokens(
      file,
      { contig: 'c', start: 0, end: 700 },
      options,
      quietContext(),
      async c => void counts.push(...c.counts),
      64,
    )
    expect(counts.length).toBe(700 * TOKEN_COUNT)

    // Deletions are those of the pileup of the whole region: a gap's quality depends on which reads came before its column was computed.
    const deletions = new Int32Array(700)
    await runPileup(file, { contig: 'c', start: 0, end: 700 }, options, quietContext(), c => {
      c.positions.forEach((position, i) => {
        deletions[position] = c.del[i]!
      })
    })
    expect(counts.filter((_, i) => i % TOKEN_COUNT === DEL)).toEqual([...deletions])

    let inserted = 0
    for (let position = 100; position < 600; position += 3) {
      const collector = new ColumnDetailCollector('c', 0, position, options)
      for await (const batch of file.reads({ contig: 'c', start: position, end: position + 1 }, quietContext()))
        collector.push(batch)
      const detail = collector.result()
      const expected = new Uint32Array(TOKEN_COUNT)
      for (let i = 0; i < detail.names.length; i++) {
        const letter = detail.bases[i]!
        if (!detail.counted[i] || letter === '>' || letter === '*') continue
        const token = detail.insertions[i] ? (`${letter}I` as const) : letter
        const index = (HAPLOTYPE_TOKENS as readonly string[]).indexOf(token)
        expected[index] = expected[index]! + 1
        if (token.endsWith('I')) inserted++
      }
      expected[DEL] = deletions[position]!
      const at = position * TOKEN_COUNT
      expect(counts.slice(at, at + TOKEN_COUNT), `column ${position}`).toEqual([...expected])
    }
    expect(inserted).toBeGreaterThan(50)
    // No letter has more insertions than the letter has reads: an unsigned count would wrap.
    expect(Math.max(...counts)).toBeLessThan(1000)
  })
})

describe('against pysam', () => {
  const folder = mkdtempSync(join(tmpdir(), 'diploscope-diplotype-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

  it('depth and alleles of both callers equal the committed table, at all 700 positions', async () => {
    const path = join(folder, 'indels.bam')
    writeFileSync(path, indelBam('golden'))
    await buildIndex(path, {}, quietContext())
    const golden = resolve(import.meta.dirname, '../../test-data/diplotype/indels.tsv')
    const rows = readFileSync(golden, 'utf8').trim().split('\n').slice(1).map(line => line.split('\t')) // biome-ignore format: one line
    const file = await openAlignments(path)
    try {
      for (const caller of ['top2', 'robust'] as const) {
        const region = { contig: 'c', start: 0, end: 700 }
        const calling = { ...DIPLOTYPE_DEFAULTS, caller }
        let table = ''
        await runDiplotype(file, { region, pileup: PILEUP_DEFAULTS, calling }, quietContext(), calls => {
          table += diplotypeTsv(calls)
        })
        const found = table.trim().split('\n').map(line => line.split('\t')) // biome-ignore format: one line
        const column = caller === 'top2' ? 3 : 4
        expect(found.map(r => [r[1], r[4], r[2]])).toEqual(rows.map(r => [r[1], r[2], r[column]]))
      }
      expect(rows).toHaveLength(700)
    } finally {
      await file.close()
    }
  })
})

describe('runDiplotype', () => {
  const file = fileOf(indelReads('text'))
  const text = async (start: number, end: number, reference?: (from: number, to: number) => Promise<string>) => {
    let out = ''
    const request = { region: { contig: 'c', start, end }, pileup: PILEUP_DEFAULTS, calling: DIPLOTYPE_DEFAULTS }
    await runDiplotype(file, { ...request, ...(reference ? { reference } : {}) }, quietContext(), calls => {
      out += diplotypeText(calls)
    })
    return out
  }

  it('gives one character a reference base, the same for a part as in the whole', async () => {
    const whole = await text(0, 700)
    expect([...whole]).toHaveLength(700)
    expect([...whole].filter(c => 'BDHUO吖俺安按案'.includes(c)).length).toBeGreaterThan(3)
    expect(await text(250, 311)).toBe([...whole].slice(250, 311).join(''))
    expect([...(await text(699, 700))]).toHaveLength(1)
  })

  it('asks for reference letters block by block, of exactly the block', async () => {
    const asked: [number, number][] = []
    const filled = await text(600, 700, async (from, to) => {
      asked.push([from, to])
      return 'g'.repeat(to - from)
    })
    expect(asked).toEqual([[600, 700]])
    const plain = [...(await text(600, 700))]
    const changed = [...filled].flatMap((char, i) => (char === plain[i] ? [] : [`${plain[i]}${char}`]))
    expect(changed.length).toBeGreaterThan(0)
    expect(new Set(changed)).toEqual(new Set(['NG']))
  })

  it('stops when it is cancelled', async () => {
    const stop = new AbortController()
    const request = {
      region: { contig: 'c', start: 0, end: 700 },
      pileup: PILEUP_DEFAULTS,
      calling: DIPLOTYPE_DEFAULTS,
    }
    const run = runDiplotype(file, request, { signal: stop.signal, report() {} }, () => stop.abort())
    await expect(run).rejects.toMatchObject({ code: 'cancelled' })
  })

  // Truth: a timer fires only where the event loop gets a turn, as a signal of the system does.
  it('hears of being cancelled where nothing is read and the reader of the answer never waits', async () => {
    const stop = new AbortController()
    const request = {
      region: { contig: 'c', start: 0, end: 100_000_000 },
      pileup: PILEUP_DEFAULTS,
      calling: DIPLOTYPE_DEFAULTS,
    }
    let blocks = 0
    setTimeout(() => stop.abort(), 1)
    const run = runDiplotype(file, request, { signal: stop.signal, report() {} }, () => {
      blocks++
    })
    await expect(run).rejects.toMatchObject({ code: 'cancelled' })
    expect(blocks).toBeLessThan(1000)
  })
})
