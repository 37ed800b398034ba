import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietContext, type WorkContext } from '../../../src-shared/job.ts'
import { sharedData } from '../../../test-support/shared-data.ts'
import { COHORT_DEFAULTS, haplotypeFrequencies } from '../../domain/cohort/cohort.ts'
import { genotypeOfText } from '../../domain/cohort/twoSnp.ts'
import { countedPool } from '../../domain/cohort/variants.ts'
import { DIPLOTYPE_DEFAULTS } from '../../domain/diplotype/call.ts'
import { readHaplotypes } from './haplotypes.ts'
import { locusLetters } from './people.ts'
import { readSampleDiplotype } from './sampleDiplotype.ts'
import { simulateCohort } from './simulateCohort.ts'

const reference = resolve(import.meta.dirname, '../../../assets/demo/synthetic-chr19.fa.gz')
const work = mkdtempSync(join(tmpdir(), 'diploscope-simulate-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

const FLANK = 300
const spec = { ...COHORT_DEFAULTS, seed: 5, people: 4, regionFlankBp: FLANK, flankEffects: 2, effectFlankBp: FLANK, privatePerKb: 1 } // biome-ignore format: one line
const request = { spec, reference, haplotypes: undefined, build: 'GRCh38' as const }
const rowsOf = (file: string) => readFileSync(file, 'utf8').trim().split('\n').slice(1).map(l => l.split('\t')) // biome-ignore format: one line

describe.each([
  ['GRCh38', 30],
  ['GRCh37', 5],
] as const)('%s at depth %i', (build, depth) => {
  const reads = join(work, `reads-${build}`)
  const counts = join(work, `counts-${build}`)
  beforeAll(async () => {
    const deep = { ...request, build, spec: { ...spec, depth } }
    await simulateCohort({ ...deep, out: reads, reads: true, diplotypes: false }, quietContext())
    await simulateCohort({ ...deep, out: counts, reads: false, diplotypes: true }, quietContext())
  })

  // Truth: the slow way. The pileup engine counts the written BAM; the simulator counts the same reads without writing them.
  it('gives the same diplotypes from BAM, index and pileup as from counts of the same reads', async () => {
    const fast = rowsOf(join(counts, 'diplotypes.tsv'))
    const sheet = rowsOf(join(reads, 'samples.tsv'))
    expect(fast).toHaveLength(4)
    for (const [i, [name, bam]] of sheet.entries()) {
      const slow = await readSampleDiplotype({ path: join(reads, bam!), flankBp: FLANK, calling: DIPLOTYPE_DEFAULTS }, quietContext()) // biome-ignore format: one line
      expect(slow.text).toBe(fast[i]![5])
      expect([name, slow.covered, slow.heterozygous]).toEqual([fast[i]![0], Number(fast[i]![3]), Number(fast[i]![4])])
      expect([slow.sample, slow.build, slow.synthetic, slow.rna]).toEqual([name, build, true, false])
      expect(Math.abs(slow.meanDepth / depth - 1)).toBeLessThan(0.25)
    }
  })

  it('labels people as asked for, and at depth 30 the reads show the genotype that was drawn', async () => {
    const fast = rowsOf(join(counts, 'diplotypes.tsv'))
    expect(fast.map(r => Number(r[1])).reduce((a, b) => a + b)).toBe(2)
    if (depth === 30) for (const r of fast) expect(genotypeOfText(r[5]!, FLANK)).toBe(r[2])
  })

  it('says that nobody exists, and every parameter', () => {
    const cohort = JSON.parse(readFileSync(join(reads, 'cohort.json'), 'utf8'))
    expect(cohort).toMatchObject({ seed: 5, people: 4, depth, build, prevalence: 0.1, caseShare: 0.5 })
    expect(cohort.simulated).toMatch(/do not exist/)
    expect(cohort.effects).toHaveLength(2)
    expect(cohort.optimalAuc).toBeGreaterThan(cohort.twoSnpOptimalAuc)
  })
})

it('refuses a folder that holds files', async () => {
  const again = simulateCohort({ ...request, out: join(work, 'reads-GRCh38'), reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
  await expect(again).rejects.toMatchObject({ code: 'bad-input' })
})

// Truth: counted with awk over the VCF: 3,879 T-C, 753 C-C, 375 T-T, 1 C-T among 5,008 haplotypes.
const vcf = sharedData('apoe/apoe.vcf.gz')
it.skipIf(!vcf)('the built-in counts are those of the phased 1000 Genomes VCF', async () => {
  const { start, end } = { start: 44_905_000, end: 44_910_000 }
  const pool = await readHaplotypes(vcf!, start, 'A'.repeat(end - start), quietContext())
  expect(pool.sites).toHaveLength(8)
  expect(haplotypeFrequencies(pool)).toEqual({ e1: 1, e2: 375, e3: 3879, e4: 753 })
  expect(haplotypeFrequencies(countedPool(start))).toEqual(haplotypeFrequencies(pool))
})

// Truth: samtools faidx of the slice at chr19:44908680-44908690 gives the gene's letters there.
const masked = sharedData('apoe/APOE_gene_GRCh38_chr19_44905754-44909681.fa')
it.skipIf(!masked)('a contig that names no chromosome 19 is refused by name', async () => {
  const result = await locusLetters(masked!, 44_908_000, 44_909_000, 1).catch(e => e)
  if (result instanceof Error) expect(result).toMatchObject({ code: 'no-reference' })
  else expect(result.letters).toHaveLength(1000)
})

it('takes letters of the demo reference as they are, and draws unknown ones from the seed', async () => {
  const known = await locusLetters(reference, 44_908_600, 44_908_700, 1)
  expect(known.letters[83]).toBe('T')
  expect(known.note).not.toMatch(/drawn/)
  const drawn = await locusLetters(reference, 44_889_000, 44_890_010, 1)
  expect(drawn.note).toMatch(/1,000 of 1,010 letters are not known/)
  expect(drawn.letters).toMatch(/^[ACGT]+$/)
  expect(await locusLetters(reference, 44_889_000, 44_890_010, 1)).toEqual(drawn)
})

// Truth: the folder as it was before. A file in the way of the folder, of another program, is none of ours.
describe('a simulation that does not end', () => {
  const stopped = (out: string, reads: boolean) => {
    const stop = new AbortController()
    const context = { signal: stop.signal, report: ({ done }: { readonly done: number }) => done === 2 && stop.abort() }
    return simulateCohort({ ...request, out, reads, diplotypes: !reads }, context as WorkContext)
  }
  it.each([true, false])('leaves nothing behind (reads: %s)', async reads => {
    const [fresh, empty] = [join(work, `stopped-${reads}`), join(work, `stopped-empty-${reads}`)]
    mkdirSync(empty)
    for (const out of [fresh, empty]) await expect(stopped(out, reads)).rejects.toMatchObject({ code: 'cancelled' })
    expect(existsSync(fresh)).toBe(false)
    expect(readdirSync(empty)).toEqual([])
  })
  it('leaves what is not its own', async () => {
    const file = join(work, 'a-file')
    writeFileSync(file, 'kept')
    await expect(stopped(file, true)).rejects.toThrow()
    expect(readFileSync(file, 'utf8')).toBe('kept')
    const folder = join(work, 'a-folder')
    mkdirSync(folder)
    writeFileSync(join(folder, 'cohort.json'), 'kept')
    await expect(stopped(folder, true)).rejects.toMatchObject({ code: 'bad-input' })
    expect(readFileSync(join(folder, 'cohort.json'), 'utf8')).toBe('kept')
  })
})
