import { writeBam } from '../../src-main/readers/bamWriter.ts'
import { type IndexedLine, VCF_COLUMNS, writeTabix } from '../../src-main/readers/tabixWriter.ts'
import { type Base, HAPLOTYPE_BASES, type Haplotype, SITE_POSITION } from '../../src-shared/genome/apoe.ts'
import { CHR19_LENGTH } from '../../src-shared/genome/assemblies.ts'
import type { SeededRandom } from '../random.ts'
import { type HaplotypeChange, haplotypeOf, SIMULATION_DEFAULTS, simulateReads } from '../simulated-reads.ts'
import { DEMO_REGION } from './genome.ts'

/** A made-up person: two haplotypes by name, and the seed of their reads. */
export interface DemoPerson {
  readonly sample: string
  readonly haplotypes: readonly [Haplotype, Haplotype]
}

export const DEMO_PEOPLE: readonly DemoPerson[] = [
  { sample: 'SYN-E3E3', haplotypes: ['e3', 'e3'] },
  { sample: 'SYN-E3E4', haplotypes: ['e3', 'e4'] },
]

export const DEMO_SEED = 'diploscope demo 1'
const DEPTH = 30
const SYNTHETIC = 'synthetic: simulated reads of a person who does not exist'

/** A site of variation and who carries it: alleles (0 reference, 1 alternative) by person and haplotype. */
export interface DemoVariant {
  readonly change: HaplotypeChange
  readonly id: string
  readonly alleles: readonly (readonly [0 | 1, 0 | 1])[]
}

/** About one variant a kilobase, one in eight an insertion or deletion, none near the two SNPs; and the two SNPs themselves. */
export function demoVariants(random: SeededRandom, sequence: string): DemoVariant[] {
  const out: DemoVariant[] = []
  const near = (position: number) =>
    position > SITE_POSITION.GRCh38.rs429358 - 60 && position < SITE_POSITION.GRCh38.rs7412 + 60
  for (let start = DEMO_REGION.start + 700; start < DEMO_REGION.end - 700; start += random.integer(300, 1300)) {
    if (near(start)) continue
    const at = start - DEMO_REGION.start
    const ref = sequence[at]!
    const kind = random.next()
    const change: HaplotypeChange =
      kind < 0.06
        ? { start, ref: sequence.slice(at, at + random.integer(2, 9)), alt: ref }
        : kind < 0.12
          ? { start, ref, alt: ref + Array.from({ length: random.integer(1, 7) }, () => random.pick('ACGT')).join('') }
          : { start, ref, alt: random.pick([...'ACGT'].filter(b => b !== ref)) }
    const frequency = random.pick([0.15, 0.3, 0.5])
    const draw = () => (random.chance(frequency) ? 1 : 0)
    const alleles = DEMO_PEOPLE.map(() => [draw(), draw()] as const)
    if (alleles.some(pair => pair.includes(1))) out.push({ change, id: '.', alleles })
  }
  for (const [id, site] of [
    ['rs429358', 0],
    ['rs7412', 1],
  ] as const) {
    const ref: Base = HAPLOTYPE_BASES.e3[site]
    const alt: Base = ref === 'T' ? 'C' : 'T'
    const alleles = DEMO_PEOPLE.map(p => p.haplotypes.map(h => (HAPLOTYPE_BASES[h][site] === ref ? 0 : 1)) as [0 | 1, 0 | 1]) // biome-ignore format: one line
    out.push({ change: { start: SITE_POSITION.GRCh38[id], ref, alt }, id, alleles })
  }
  return out.sort((a, b) => a.change.start - b.change.start)
}

/** The BAM of one person. */
export function demoBam(
  random: SeededRandom,
  sequence: string,
  variants: readonly DemoVariant[],
  person: number,
): Uint8Array {
  const { sample } = DEMO_PEOPLE[person]!
  const haplotypes = ([0, 1] as const).map(side =>
    haplotypeOf(
      DEMO_REGION.start,
      sequence,
      variants.filter(v => v.alleles[person]![side] === 1).map(v => v.change),
    ),
  )
  const records = simulateReads({
    ...SIMULATION_DEFAULTS,
    random,
    haplotypes,
    depth: DEPTH,
    insertMean: 340,
    insertDeviation: 60,
    namePrefix: sample,
    readGroup: sample,
  })
  return writeBam({
    contigs: [{ name: 'chr19', length: CHR19_LENGTH.GRCh38 }],
    headerLines: [
      `@RG\tID:${sample}\tSM:${sample}\tPL:ILLUMINA\tDS:${SYNTHETIC}`,
      '@PG\tID:diploscope-demo\tPN:diploscope',
      `@CO\t${SYNTHETIC}`,
    ],
    records,
  })
}

/** Both people's variants as bgzip VCF with its .tbi. */
export function demoVcf(variants: readonly DemoVariant[]): { data: Uint8Array; index: Uint8Array } {
  const header = [
    '##fileformat=VCFv4.3',
    '##synthetic=made-up variants of people who do not exist',
    `##contig=<ID=chr19,length=${CHR19_LENGTH.GRCh38}>`,
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    `#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t${DEMO_PEOPLE.map(p => p.sample).join('\t')}`,
  ]
  const lines: IndexedLine[] = variants.map(({ change, id, alleles }) => {
    const genotypes = alleles.map(pair => pair.join('|')).join('\t')
    return {
      contig: DEMO_REGION.contig,
      start: change.start,
      end: change.start + change.ref.length,
      text: `chr19\t${change.start + 1}\t${id}\t${change.ref}\t${change.alt}\t.\tPASS\t.\tGT\t${genotypes}`,
    }
  })
  return writeTabix(header, lines, VCF_COLUMNS)
}
