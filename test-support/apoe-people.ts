import { writeFile } from 'node:fs/promises'
import { buildBamIndex } from '../src-main/readers/baiBuilder.ts'
import { type BamRecord, writeBam } from '../src-main/readers/bamWriter.ts'
import { formatBinIndex } from '../src-main/readers/binIndex.ts'
import { openChecked } from '../src-main/readers/checkedFile.ts'
import { APOE_SITES, type Base, HAPLOTYPE_BASES, type Haplotype, SITE_POSITION } from '../src-shared/genome/apoe.ts'
import { type Build, CHR19_LENGTH } from '../src-shared/genome/assemblies.ts'
import type { Contig } from '../src-shared/genome/locus.ts'
import { quietContext } from '../src-shared/job.ts'
import { SeededRandom } from './random.ts'
import { type HaplotypeSequence, haplotypeOf, SIMULATION_DEFAULTS, type SimulationOptions, simulateReads } from './simulated-reads.ts' // biome-ignore format: one line

/** Bases on either side of the two SNPs that are simulated. */
const FLANK = 700

/** Stretches around the SNPs with the given bases at rs429358 and rs7412, one for each pair of bases. */
export function apoeHaplotypes(build: Build, pairs: readonly (readonly [Base, Base])[]): HaplotypeSequence[] {
  const random = new SeededRandom(`apoe ${build}`)
  const [first, second] = APOE_SITES.map(site => SITE_POSITION[build][site]) as [number, number]
  const start = first - FLANK
  const letters = Array.from({ length: second + FLANK - start }, () => random.pick('ACGT'))
  return pairs.map(([a, b]) => {
    const own = [...letters]
    own[first - start] = a
    own[second - start] = b
    return haplotypeOf(start, own.join(''), [])
  })
}

/** Reads of a made-up person with two (or, to make a mess, more) haplotypes. */
export function personReads(
  build: Build,
  haplotypes: readonly Haplotype[],
  depth: number,
  seed: string,
  changed: Partial<SimulationOptions> = {},
): BamRecord[] {
  return simulateReads({
    ...SIMULATION_DEFAULTS,
    random: new SeededRandom(seed),
    haplotypes: apoeHaplotypes(
      build,
      haplotypes.map(h => HAPLOTYPE_BASES[h]),
    ),
    depth,
    contig: 1,
    namePrefix: seed.replaceAll(/[^A-Za-z0-9]/g, '_'),
    ...changed,
  })
}

/** A header with chromosome 19 as contig number 1. */
export const contigsOf = (build: Build, name = 'chr19'): Contig[] => [
  { name: name.replace('19', '1'), length: 248_956_422 },
  { name, length: CHR19_LENGTH[build] },
]

/** Writes a BAM and its index. */
export async function writeIndexedBam(
  path: string,
  records: readonly BamRecord[],
  contigs: readonly Contig[],
  headerLines: readonly string[] = ['@RG\tID:r1\tSM:made'],
): Promise<string> {
  await writeFile(path, writeBam({ contigs, headerLines, records }))
  const file = await openChecked(path)
  try {
    await writeFile(`${path}.bai`, formatBinIndex(await buildBamIndex(file, quietContext(), 'bai')))
  } finally {
    await file.close()
  }
  return path
}
