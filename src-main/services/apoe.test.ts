import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  APOE_THRESHOLDS,
  type ApoeReport,
  BASES,
  type Base,
  DIPLOTYPES,
  HAPLOTYPE_BASES,
  type Haplotype,
  SITE_POSITION,
} from '../../src-shared/genome/apoe.ts'
import { PILEUP_DEFAULTS, type PileupColumns } from '../../src-shared/genome/pileup.ts'
import { quietContext } from '../../src-shared/job.ts'
import { apoeHaplotypes, contigsOf, personReads, writeIndexedBam } from '../../test-support/apoe-people.ts'
import { SeededRandom } from '../../test-support/random.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { openAlignments } from '../readers/alignments.ts'
import type { BamRecord } from '../readers/bamWriter.ts'
import { buildIndex } from '../readers/indexBuilder.ts'
import { closePileupWorkers, apoe as workerApoe } from '../workers/pileupClient.ts'
import { runPileup } from '../workers/pileupRun.ts'
import { APOE_DEFAULTS, type ApoeOptions, apoeOf, apoeProvenance, apoeRequest } from './apoe.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-apoe-'))
afterAll(async () => {
  await closePileupWorkers()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

const BUILDS = ['GRCh37', 'GRCh38'] as const
let files = 0
/** Types records through a BAM file, its index and the readers: the real path. */
async function typed(
  records: readonly BamRecord[],
  contigs = contigsOf('GRCh38'),
  options: Partial<ApoeOptions> = {},
  headerLines?: string[],
): Promise<ApoeReport> {
  const path = await writeIndexedBam(join(folder, `${files++}.bam`), records, contigs, headerLines)
  return apoeOf({ path }, { ...APOE_DEFAULTS, ...options }, quietContext())
}

const split = (diplotype: string) => diplotype.split('/') as [Haplotype, Haplotype]

describe('simulated people: truth by construction', () => {
  for (const build of BUILDS)
    it(`${build}: all ten diplotypes at 4x to 60x are never called wrongly, and always called from 30x on`, async () => {
      let called = 0
      let asked = 0
      for (const diplotype of DIPLOTYPES)
        for (const depth of [4, 5, 8, 10, 15, 30, 60]) {
          const records = personReads(build, split(diplotype), depth, `${build} ${diplotype} ${depth}`)
          const report = await typed(records, contigsOf(build, depth === 15 ? '19' : 'chr19'))
          const label = `${diplotype} at ${depth}x: ${JSON.stringify(report.noCall)} ${JSON.stringify(report.spanning)}`
          expect(report.build).toBe(build)
          expect(report.sites.rs429358.position).toBe(SITE_POSITION[build].rs429358 + 1)
          // Few spanning pairs: the prior's e2/e4 may stand for e1/e3, and then says that it is assumed.
          const accepted = [diplotype, null, ...(diplotype === 'e1/e3' && report.phase === 'assumed' ? ['e2/e4'] : [])]
          expect(accepted, label).toContain(report.genotype)
          expect(report.genotype === null, label).toBe(report.noCall !== null)
          if (depth >= 30) {
            expect(report.genotype, label).toBe(diplotype)
            if (diplotype === 'e1/e3' || diplotype === 'e2/e4') expect(report.phase, label).toBe('read-backed')
          }
          asked++
          if (report.genotype) called++
        }
      expect(asked).toBe(70)
      expect(called).toBeGreaterThan(30)
    })

  it('counts and depth are those of the pileup at the same position with the same options', async () => {
    const path = await writeIndexedBam(join(folder, 'pileup.bam'), personReads('GRCh38', ['e3', 'e4'], 40, 'pileup', { insertMean: 180 }), contigsOf('GRCh38')) // biome-ignore format: one line
    const report = await apoeOf({ path }, APOE_DEFAULTS, quietContext())
    const file = await openAlignments(path)
    try {
      for (const site of ['rs429358', 'rs7412'] as const) {
        const { contig, position, counts, depth, otherLetters } = report.sites[site]
        const columns: PileupColumns[] = []
        const options = { ...PILEUP_DEFAULTS, minMappingQuality: APOE_THRESHOLDS.minMappingQuality }
        await runPileup(file, { contig, start: position - 1, end: position }, options, quietContext(), c => void columns.push(c)) // biome-ignore format: one line
        const [c] = columns
        expect([c!.a[0], c!.c[0], c!.g[0], c!.t[0], c!.n[0]]).toEqual([...BASES.map(b => counts[b]), otherLetters])
        expect(depth).toBe(c!.depth[0]! - c!.del[0]! - c!.refskip[0]!)
      }
    } finally {
      await file.close()
    }
  })
})

describe('difficult samples', () => {
  const whole = (r: BamRecord[]) => typed(r)

  it('no fragment reaches from one site to the other: the phase is assumed, and said to be', async () => {
    const short = { readLength: 100, insertMean: 115, insertDeviation: 3 }
    for (const diplotype of ['e2/e4', 'e1/e3'] as const) {
      const report = await whole(personReads('GRCh38', split(diplotype), 40, `short ${diplotype}`, short))
      expect(report.spanning).toEqual({ TT: 0, TC: 0, CT: 0, CC: 0, other: 0 })
      expect(report.genotype).toBe('e2/e4')
      expect(report.phase).toBe('assumed')
      expect(report.limits.join(' ')).toContain('rests on the prior')
    }
  })

  it('contradicting spanning pairs are never read-backed', async () => {
    const both = [
      ...personReads('GRCh38', ['e2', 'e4'], 12, 'left'),
      ...personReads('GRCh38', ['e1', 'e3'], 12, 'right'),
    ]
    const report = await whole(both)
    expect(report.phase).not.toBe('read-backed')
    expect(report.noCall?.code).toBe('conflict')
  })

  it('mates that overlap on one site count once', async () => {
    const report = await whole(personReads('GRCh38', ['e3', 'e4'], 40, 'overlapping', { insertMean: 170, insertDeviation: 5, blemishes: 0 })) // biome-ignore format: one line
    expect(report.genotype).toBe('e3/e4')
    for (const site of Object.values(report.sites)) {
      expect(site.removed['overlap']).toBeGreaterThan(5)
      expect(site.depth).toBeLessThanOrEqual(site.fragments)
    }
  })

  it('a third allele at 30 % is a conflict', async () => {
    const triple: [Base, Base][] = [
      ['T', 'C'],
      ['C', 'C'],
      ['G', 'C'],
    ]
    const records = personReads('GRCh38', ['e3'], 60, 'third', { haplotypes: apoeHaplotypes('GRCh38', triple), weights: [35, 35, 30] }) // biome-ignore format: one line
    const report = await whole(records)
    expect(report.noCall?.code).toBe('conflict')
    expect(report.noCall?.message).toContain('rs429358')
  })

  it('reads with a deletion on the site are neither evidence nor depth', async () => {
    const position = SITE_POSITION.GRCh38.rs429358
    const records = personReads('GRCh38', ['e3', 'e3'], 30, 'deleted')
    let deleted = 0
    const cut = records.map((r, i): BamRecord => {
      const offset = position - r.start
      if (i % 3 !== 0 || !/^\d+M$/.test(r.cigar) || offset < 20 || offset > 120) return r
      deleted++
      const sequence = r.sequence.slice(0, offset) + r.sequence.slice(offset + 1)
      const qualities = Array.from(r.qualities!).filter((_, k) => k !== offset)
      return { ...r, cigar: `${offset}M1D${sequence.length - offset}M`, sequence, qualities }
    })
    const report = await whole(cut)
    expect(deleted).toBeGreaterThan(3)
    expect(report.sites.rs429358.deletions).toBeGreaterThan(0)
    expect(report.sites.rs429358.depth).toBe(BASES.reduce((n, b) => n + report.sites.rs429358.counts[b], 0))
    expect(report.genotype).toBe('e3/e3')
  })

  it('mapping quality 0 everywhere is not-covered, and the message says what was dropped', async () => {
    const report = await whole(personReads('GRCh38', ['e3', 'e4'], 30, 'mapq0', { mappingQuality: 0 }))
    expect(report.noCall?.code).toBe('not-covered')
    expect(report.noCall?.message).toMatch(/\d+ mapping-quality/)
  })

  it('reads at GRCh37 positions under a GRCh38 header are not called', async () => {
    const report = await whole(personReads('GRCh37', ['e3', 'e4'], 40, 'shifted'))
    expect(report).toMatchObject({ build: 'GRCh38', genotype: null, phase: 'none' })
    expect(report.noCall?.code).toBe('not-covered')
  })

  it('a header with both 19 and chr19: the one with reads is used, and said so', async () => {
    const [one, nineteen] = contigsOf('GRCh38')
    const contigs = [one!, { ...nineteen!, name: '19' }, nineteen!]
    const records = personReads('GRCh38', ['e2', 'e3'], 40, 'both names').map(r => ({ ...r, contig: 2, mateContig: 2 }))
    const report = await typed(records, contigs)
    expect(report.genotype).toBe('e2/e3')
    expect(report.sites.rs7412.contig).toBe('chr19')
    expect(report.limits.join(' ')).toContain("'chr19' was used")
  })

  it('the order of reads of equal start changes nothing', async () => {
    const records = personReads('GRCh38', ['e2', 'e4'], 30, 'order')
    const random = new SeededRandom('shuffle')
    const shuffled = records.map(r => [random.next(), r] as const).sort(([a], [b]) => a - b).map(([, r]) => r) // biome-ignore format: one line
    const [first, second] = [await typed(records), await typed(shuffled)]
    expect(JSON.stringify(second)).toBe(JSON.stringify(first))
    expect(JSON.stringify(await typed(records))).toBe(JSON.stringify(first))
  })

  it('marked reads tell no story: duplicates, secondary, failed', async () => {
    const other = personReads('GRCh38', ['e4', 'e4'], 60, 'marked').map((r, i) => ({ ...r, flag: r.flag | [0x400, 0x100, 0x200][i % 3]! })) // biome-ignore format: one line
    const report = await whole([...personReads('GRCh38', ['e3', 'e3'], 40, 'honest'), ...other])
    expect(report.genotype).toBe('e3/e3')
    expect(report.sites.rs429358.removed['duplicate']).toBeGreaterThan(5)
  })

  it('spliced reads make it RNA: capped, and said so', async () => {
    const records = personReads('GRCh38', ['e3', 'e3'], 60, 'rna')
    // A tenth of the reads come from over the last intron, 44,907,953-44,908,532.
    const spliced = Array.from({ length: Math.ceil(records.length / 10) }, (_, i): BamRecord => ({ name: `spliced${i}`, flag: 0, contig: 1, start: 44_907_902, mappingQuality: 60, cigar: '50M580N50M', sequence: 'A'.repeat(100), qualities: new Array(100).fill(37) })) // biome-ignore format: one line
    const report = await whole([...records, ...spliced])
    expect(report.rna.isRna).toBe(true)
    expect(report.confidence).toBe(40)
    expect(report.limits.join(' ')).toContain('expressed homozygosity')
  })

  it('tells samples, synthetic files and an unconfirmed build', async () => {
    const records = personReads('GRCh38', ['e3', 'e4'], 40, 'header')
    const lines = ['@RG\tID:r1\tSM:S1', '@RG\tID:r2\tSM:S2', '@CO\tsynthetic: made by a test']
    const contigs = [contigsOf('GRCh38')[0]!, { name: 'chr19', length: 60_000_000 }]
    const report = await typed(records, contigs, { build: 'GRCh38' }, lines)
    expect(report).toMatchObject({ genotype: 'e3/e4', sample: 'S1, S2', synthetic: true, buildConfirmed: false })
    await expect(typed(records, contigs)).rejects.toMatchObject({ code: 'build' })
    await expect(typed(records, contigsOf('GRCh38'), { build: 'GRCh37' })).rejects.toMatchObject({ code: 'build' })
    const spiked = await typed(records, contigsOf('GRCh38'), {}, [
      '@RG\tID:r1\tSM:S',
      '@CO\tsynthetic spike-ins were added',
    ])
    expect(spiked.synthetic).toBe(false)
    const nameless = await typed(records, contigsOf('GRCh38'), {}, [])
    expect(nameless).toMatchObject({ sampleFrom: 'file-name', synthetic: false })
  })
})

describe('the demo people', () => {
  const demo = (name: string) => resolve(import.meta.dirname, '../../assets/demo', name)

  it('are what they are said to be, in a worker thread as on this one', async () => {
    for (const [name, genotype] of [
      ['synthetic-e3e3.bam', 'e3/e3'],
      ['synthetic-e3e4.bam', 'e3/e4'],
    ] as const) {
      const here = await apoeOf({ path: demo(name) }, APOE_DEFAULTS, quietContext())
      expect(here).toMatchObject({ genotype, synthetic: true, phase: 'unambiguous', build: 'GRCh38' })
      const there = await workerApoe(
        { path: demo(name), request: apoeRequest(demo(name), APOE_DEFAULTS) },
        quietContext(),
      )
      expect(there).toEqual(here)
    }
  })

  // Truth: htslib 1.16, hts.c hts_idx_check_local: a .csi is taken before a .bai, and so it is read here.
  it('names the index that was read where two are there', async () => {
    const path = await writeIndexedBam(join(folder, 'two.bam'), [], contigsOf('GRCh38'))
    await buildIndex(path, { format: 'csi' }, quietContext())
    const { files } = await apoeProvenance({ path }, {}, '1', '')
    expect(files.map(f => f.name)).toEqual(['two.bam', 'two.bam.csi'])
  })

  it('have fingerprints: the file and the index that was beside it', async () => {
    const made = await apoeProvenance(
      { path: demo('synthetic-e3e4.bam') },
      { build: 'auto' },
      '1.2.3',
      '2026-01-01T00:00:00Z',
    )
    expect(made.files.map(f => [f.role, f.name])).toEqual([['reads', 'synthetic-e3e4.bam'], ['index', 'synthetic-e3e4.bam.bai']]) // biome-ignore format: one line
    for (const f of made.files) expect(f.hash).toMatch(/^[0-9a-f]{64}$/)
    await expect(apoeProvenance({ path: demo('nothing.bam') }, {}, '1', '')).rejects.toMatchObject({
      code: 'not-found',
    })
  })
})

describe('a real RNA sample', () => {
  const path = sharedData('apoe/ENCSR653DFZ_rnaseq_APOE.GRCh38.bam')
  it.skipIf(!path)('ENCODE ENCSR653DFZ: counts by pysam, e3/e3 capped at 40', async () => {
    const report = await apoeOf({ path: path! }, APOE_DEFAULTS, quietContext())
    expect(report).toMatchObject({ genotype: 'e3/e3', phase: 'unambiguous', confidence: 40, build: 'GRCh38' })
    expect(report.sites.rs429358).toMatchObject({
      segments: 81,
      refskips: 2,
      depth: 71,
      counts: { A: 0, C: 0, G: 0, T: 71 },
    })
    expect(report.sites.rs7412).toMatchObject({
      segments: 62,
      refskips: 2,
      depth: 57,
      counts: { A: 0, C: 57, G: 0, T: 0 },
    })
    expect(report.spanning).toEqual({ TT: 0, TC: 7, CT: 0, CC: 0, other: 0 })
    expect(report.rna).toEqual({ isRna: true, asked: false, reads: 744, spliced: 190 })
  })
})

it('haplotypes of the simulation are those of the table', () => {
  const [first] = apoeHaplotypes('GRCh37', [HAPLOTYPE_BASES.e1])
  const at = (position: number) => first!.letters[first!.positions.indexOf(position)]
  expect([at(45_411_940), at(45_412_078)]).toEqual(['C', 'T'])
})
