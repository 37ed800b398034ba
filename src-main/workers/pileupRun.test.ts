import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseLocus } from '../../src-shared/genome/locus.ts'
import { PILEUP_DEFAULTS, type PileupOptions } from '../../src-shared/genome/pileup.ts'
import { quietContext } from '../../src-shared/job.ts'
import { parseSam } from '../../test-support/pileup/reads.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { TABLE_HEADER, TableWriter, tableRows } from '../domain/pileup/table.ts'
import { openAlignments } from '../readers/alignments.ts'
import { writeBam } from '../readers/bamWriter.ts'
import { buildIndex } from '../readers/indexBuilder.ts'
import { testFolder } from '../readers/testFiles.ts'
import { countRegion, runPileup } from './pileupRun.ts'

const at = testFolder()
const goldens = resolve(import.meta.dirname, '../../test-data/pileup')

/** A BAM with its index from SAM text. */
async function bamOf(name: string, sam: string): Promise<string> {
  const { contigs, reads } = parseSam(sam)
  const path = at(`${name}.bam`)
  const records = reads.map(r => ({ ...r, cigar: r.cigar.map(([n, op]) => `${n}${op}`).join('') || '*', sequence: r.bases || '*' })) // biome-ignore format: one line
  writeFileSync(path, writeBam({ contigs, records }))
  await buildIndex(path, {}, quietContext())
  return path
}

async function table(path: string, regionText: string, options: PileupOptions) {
  const file = await openAlignments(path)
  try {
    const region = parseLocus(regionText, file.header.contigs)
    let text = ''
    const writer = new TableWriter(region.contig, rows => {
      text += new TextDecoder().decode(rows)
    })
    const ledger = await countRegion(file, region, options, quietContext(), writer, () => {}, regionText)
    writer.flush()
    let again = ''
    await runPileup(file, region, options, quietContext(), columns => {
      again += new TextDecoder().decode(tableRows(columns))
    })
    expect(again).toBe(text)
    return { text: TABLE_HEADER + text, ledger }
  } finally {
    await file.close()
  }
}

/** The program's options, as the goldens name them. */
function optionsOf(words: readonly string[]): PileupOptions {
  const value = (name: string, fallback: number) => {
    const found = words.indexOf(`--${name}`)
    return found < 0 ? fallback : Number(words[found + 1])
  }
  const d = PILEUP_DEFAULTS
  return {
    stepper: words.includes('--stepper')
      ? (words[words.indexOf('--stepper') + 1] as PileupOptions['stepper'])
      : d.stepper,
    minBaseQuality: value('min-base-quality', d.minBaseQuality),
    minMappingQuality: value('min-mapping-quality', d.minMappingQuality),
    flagFilter: value('flag-filter', d.flagFilter),
    flagRequire: value('flag-require', d.flagRequire),
    keepOrphans: words.includes('--keep-orphans'),
    countOverlaps: words.includes('--count-overlaps'),
    maxDepth: value('max-depth', d.maxDepth),
  }
}

describe('the table equals that of pysam 0.20', () => {
  const names = readdirSync(goldens).filter(name => name.endsWith('.sam'))

  it.each(names)('on %s, under every option set', async name => {
    const path = await bamOf(name, readFileSync(join(goldens, name), 'utf8'))
    const golden = readFileSync(join(goldens, name.replace('.sam', '.tsv')), 'utf8')
    const sections = golden.split(/^# (?=c\d:)/m).slice(1)
    expect(sections.length).toBeGreaterThan(20)
    for (const section of sections) {
      const newline = section.indexOf('\n')
      const [region, ...words] = section.slice(0, newline).trim().split(' ')
      const { text } = await table(path, region!, optionsOf(words))
      expect(text, section.slice(0, newline)).toBe(section.slice(newline + 1))
    }
  })
})

describe('the ledger', () => {
  const path = sharedData('bam/pileupjs/synth3.normal.17.7500000-7515000.bam')

  // Computed with pysam 0.20 and an independent model of htslib 1.16.
  it.skipIf(!path)('of a real region has the known numbers', async () => {
    const { ledger } = await table(path!, '17:7501000-7501999', PILEUP_DEFAULTS)
    expect(ledger).toEqual({
      region: '17:7501000-7501999',
      reads: { fetched: 561, kept: 477, removed: { unmapped: 14, secondary: 0, 'qc-fail': 37, duplicate: 21, 'other-flag': 0, 'flag-require': 0, 'mapping-quality': 0, orphan: 12, 'depth-cap': 0, 'no-reference-base': 0 } },
      columns: { segments: 42516, baseQuality: 441, overlap: 937, rescued: 5, depth: 41138 },
    }) // biome-ignore format: as published
    const both = await table(path!, '17:7501000-7501999', { ...PILEUP_DEFAULTS, countOverlaps: true })
    expect(both.ledger.columns.depth).toBe(42_070)
  })
})

describe('corners of a region', () => {
  const line = (name: string, start: number, cigar: string) => {
    const n = [...cigar.matchAll(/(\d+)[MIS=X]/g)].reduce((sum, m) => sum + Number(m[1]), 0)
    return `${name}\t0\tc0\t${start}\t60\t${cigar}\t*\t0\t0\t${'A'.repeat(n)}\t${'I'.repeat(n)}\n`
  }
  const sam = `@SQ\tSN:c0\tLN:50\n${line('a', 11, '10M')}${line('b', 41, '20M')}`

  it('outside all reads there is the header line only', async () => {
    const path = await bamOf('corner', sam)
    expect((await table(path, 'c0:25-30', PILEUP_DEFAULTS)).text).toBe(TABLE_HEADER)
    expect((await table(path, 'c0:21-40', PILEUP_DEFAULTS)).text).toBe(TABLE_HEADER)
    expect((await table(path, 'c0:20-20', PILEUP_DEFAULTS)).text).toBe(`${TABLE_HEADER}c0\t20\t1\t1\t1\t0\t0\t0\t0\t0\t0\t0\n`) // biome-ignore format: one line
  })

  it('the whole contig reaches past the length that the header understates', async () => {
    const path = await bamOf('short', sam)
    const { text } = await table(path, 'c0', PILEUP_DEFAULTS)
    expect(text.trimEnd().split('\n').at(-1)).toBe('c0\t60\t1\t1\t1\t0\t0\t0\t0\t0\t0\t0')
    await expect(table(path, 'c0:55-60', PILEUP_DEFAULTS)).rejects.toMatchObject({ code: 'region' })
  })

  it('a gap over half a chromosome is emitted piece by piece, cancelled in between', async () => {
    const path = await bamOf('gap', `@SQ\tSN:c0\tLN:300000000\n${line('a', 1, '5M250000000N5M')}`)
    const file = await openAlignments(path)
    const stop = new AbortController()
    let columns = 0
    let largest = 0
    const region = { contig: 'c0', start: 0, end: 2 ** 31 - 1 }
    const run = runPileup(file, region, PILEUP_DEFAULTS, { signal: stop.signal, report() {} }, chunk => {
      columns += chunk.positions.length
      largest = Math.max(largest, chunk.positions.length)
      if (columns > 100_000) stop.abort()
    })
    await expect(run).rejects.toMatchObject({ code: 'cancelled' })
    expect(columns).toBeLessThan(150_000)
    await file.close()
  })
})
