import { lstat, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Build, CHR19_LENGTH } from '../../../src-shared/genome/assemblies.ts'
import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { quietContext, type WorkContext } from '../../../src-shared/job.ts'
import { type CohortSpec, chromosomesOf, type Person, type Population, personDrawer, readStream } from '../../domain/cohort/cohort.ts' // biome-ignore format: one line
import { ReadCounter, textOfCodes } from '../../domain/cohort/counts.ts'
import { streamOf } from '../../domain/cohort/draws.ts'
import { RISK_GENE } from '../../domain/cohort/locus.ts'
import { readRecords } from '../../domain/cohort/readRecords.ts'
import { DIPLOTYPE_DEFAULTS } from '../../domain/diplotype/call.ts'
import { buildBamIndex } from '../../readers/baiBuilder.ts'
import { writeBam } from '../../readers/bamWriter.ts'
import { formatBinIndex } from '../../readers/binIndex.ts'
import { openChecked } from '../../readers/checkedFile.ts'
import { openAtomic, writeFileAtomic } from '../../storage/atomic.ts'
import { makeFolders } from '../../storage/folders.ts'
import { breathe } from '../../workers/pileupRun.ts'
import { describePopulation, openPopulation } from './people.ts'

export interface SimulateRequest {
  readonly spec: CohortSpec
  readonly reference: string
  readonly haplotypes: string | undefined
  readonly out: string
  /** Which build the reads say they were aligned to. */
  readonly build: Build
  readonly reads: boolean
  readonly diplotypes: boolean
}

export interface SimulatedCohort {
  readonly folder: string
  readonly people: number
  readonly cases: number
  readonly files: readonly string[]
  readonly optimalAuc: number
  readonly twoSnpOptimalAuc: number
}

/** What a cohort may consist of. */
const PARTS = ['bam', 'diplotypes.tsv', 'variants.vcf', 'samples.tsv', 'cohort.json'] as const

const SAYS = 'synthetic: simulated reads of a person who does not exist'

/** rs429358's and the effects' alleles of a person, as columns of the sample sheet. */
const effectAlleles = (population: Population, person: Person): number => {
  const effects = new Map(population.variants.filter(v => v.logOdds !== 0).map(v => [v.offset, Math.sign(v.logOdds)]))
  return person.changes.flat().reduce((sum, c) => sum + (effects.get(c.offset) ?? 0), 0)
}

/**
 * Writes a cohort whose truth is known: `cohort.json` with every parameter and the best possible AUC, `samples.tsv`, `variants.vcf`, and an
 * indexed BAM slice a person (`bam/`) or `diplotypes.tsv`, called from counts of the same reads. One person is in memory at a time.
 * @throws WorkbenchError `bad-input` for a folder that holds files already
 */
export async function simulateCohort(request: SimulateRequest, context: WorkContext): Promise<SimulatedCohort> {
  const { out } = request
  const isNew = await lstat(out).then(() => false, (error: NodeJS.ErrnoException) => error.code === 'ENOENT') // biome-ignore format: one line
  const present = await readdir(out).catch((): string[] => [])
  if (present.length > 0) throw new WorkbenchError('bad-input', `'${out}' holds ${present.length} files`, 'give an empty or a new folder') // biome-ignore format: one line
  try {
    return await writeCohort(request, context)
  } catch (error) {
    // Half of a cohort looks like one, and stands in the way of the next. Nothing is removed but what is written here.
    for (const name of PARTS) await rm(join(out, name), { recursive: true, force: true }).catch(() => undefined)
    if (isNew) await rmdir(out).catch(() => undefined)
    throw error
  }
}

async function writeCohort(request: SimulateRequest, context: WorkContext): Promise<SimulatedCohort> {
  const { spec, out, build } = request
  const { population, note } = await openPopulation(spec, request.reference, request.haplotypes, context)
  await makeFolders(request.reads ? join(out, 'bam') : out).catch(error => {
    throw asWorkbenchError(error)
  })
  const shift = RISK_GENE[build].start - RISK_GENE.GRCh38.start
  const contig = { name: build === 'GRCh37' ? '19' : 'chr19', length: CHR19_LENGTH[build] }
  const draw = personDrawer(population)
  const counter = new ReadCounter(population.letters.length)
  const buffers = [new Uint8Array(population.letters.length), new Uint8Array(population.letters.length)] as const
  const sheet: string[] = [request.reads ? 'sample\tbam\tlabel\tgenotype\teffect_alleles\tsource' : 'sample\tlabel\tgenotype\teffect_alleles\tsource'] // biome-ignore format: one line
  const texts = request.diplotypes ? await openAtomic(join(out, 'diplotypes.tsv')) : undefined
  let cases = 0
  try {
    await texts?.write('sample\tlabel\tgenotype\tcovered\theterozygous\tdiplotype\n')
    for (let i = 0; i < spec.people; i++) {
      throwIfCancelled(context.signal)
      context.report({ phase: 'simulating people', done: i, total: spec.people })
      await breathe()
      const person = draw(i)
      cases += person.label
      const chromosomes = chromosomesOf(population, person, buffers)
      if (texts) {
        const c = counter.call(chromosomes, spec.depth, readStream(population, person), population.from, population.to, DIPLOTYPE_DEFAULTS) // biome-ignore format: one line
        await texts.write(`${person.name}\t${person.label}\t${person.genotype}\t${c.covered}\t${c.heterozygous}\t${textOfCodes(c.codes)}\n`) // biome-ignore format: one line
      }
      if (request.reads) await writePerson(join(out, 'bam', `${person.name}.bam`), person, population, chromosomes, contig, population.start + shift, context) // biome-ignore format: one line
      sheet.push([person.name, ...(request.reads ? [`bam/${person.name}.bam`] : []), person.label, person.genotype, effectAlleles(population, person), 'simulated'].join('\t')) // biome-ignore format: one line
    }
    await texts?.commit()
  } finally {
    await texts?.abandon()
  }
  const description = { ...describePopulation(population, note), build, contig: contig.name, region: { start: population.start + population.from + shift + 1, end: population.start + population.to + shift }, cases, controls: spec.people - cases } // biome-ignore format: one line
  await writeFileAtomic(join(out, 'variants.vcf'), variantsVcf(population, contig.name, shift))
  await writeFileAtomic(join(out, 'samples.tsv'), `${sheet.join('\n')}\n`)
  await writeFileAtomic(join(out, 'cohort.json'), `${JSON.stringify(description, null, 2)}\n`)
  const files = ['cohort.json', 'samples.tsv', 'variants.vcf', ...(request.diplotypes ? ['diplotypes.tsv'] : []), ...(request.reads ? ['bam'] : [])] // biome-ignore format: one line
  return { folder: out, people: spec.people, cases, files, optimalAuc: population.optimalAuc, twoSnpOptimalAuc: population.twoSnpOptimalAuc } // biome-ignore format: one line
}

async function writePerson(
  path: string,
  person: Person,
  population: Population,
  chromosomes: readonly [Uint8Array, Uint8Array],
  contig: { readonly name: string; readonly length: number },
  start: number,
  context: WorkContext,
): Promise<void> {
  const { spec } = population
  const records = readRecords(readStream(population, person), streamOf(spec.seed, 'bases', person.index), chromosomes, spec.depth, start, person.name) // biome-ignore format: one line
  const headerLines = [
    `@RG\tID:${person.name}\tSM:${person.name}\tPL:ILLUMINA\tDS:${SAYS}`,
    '@PG\tID:diploscope-simulate\tPN:diploscope',
    `@CO\t${SAYS}`,
  ]
  await writeFile(path, writeBam({ contigs: [contig], headerLines, records }))
  const file = await openChecked(path)
  try {
    await writeFile(`${path}.bai`, formatBinIndex(await buildBamIndex(file, { ...quietContext(), signal: context.signal }, 'bai'))) // biome-ignore format: one line
  } finally {
    await file.close()
  }
}

/** The sites of the population with their frequencies: what `corpus --variants` reads. */
function variantsVcf(population: Population, contig: string, shift: number): string {
  const { pool, variants, start } = population
  const total = pool.haplotypes.reduce((sum, h) => sum + h.count, 0)
  const sites = [
    ...pool.sites.map((site, i) => ({ ...site, frequency: pool.haplotypes.reduce((sum, h) => sum + (h.alleles[i] ? h.count : 0), 0) / total, logOdds: 0 })), // biome-ignore format: one line
    ...variants,
  ].sort((a, b) => a.offset - b.offset)
  const lines = sites.map(s => `${contig}\t${start + s.offset + shift + 1}\t${s.id}\t${population.reference[s.offset]}\t${s.alt}\t.\tPASS\tAF=${s.frequency.toFixed(6)}${s.logOdds === 0 ? '' : `;SIM_OR=${Math.exp(s.logOdds).toFixed(4)}`}`) // biome-ignore format: one line
  return [
    '##fileformat=VCFv4.3',
    '##synthetic=variants of a simulated population; frequencies at rs429358 and rs7412 are those of its haplotypes',
    `##contig=<ID=${contig}>`,
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency in the simulated population">',
    '##INFO=<ID=SIM_OR,Number=1,Type=Float,Description="Odds ratio of a copy in the simulation">',
    '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO',
    ...lines,
    '',
  ].join('\n')
}
