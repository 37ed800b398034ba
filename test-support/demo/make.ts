import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildBamIndex } from '../../src-main/readers/baiBuilder.ts'
import { writeBigWig } from '../../src-main/readers/bigwigWriter.ts'
import { formatBinIndex } from '../../src-main/readers/binIndex.ts'
import { gziOf, packBlockGzip } from '../../src-main/readers/blockGzipWriter.ts'
import { openChecked } from '../../src-main/readers/checkedFile.ts'
import { CHR19_LENGTH } from '../../src-shared/genome/assemblies.ts'
import { quietContext } from '../../src-shared/job.ts'
import { SeededRandom } from '../random.ts'
import { DEMO_REGION, demoFasta, demoGenes, demoSequence } from './genome.ts'
import { DEMO_PEOPLE, DEMO_SEED, demoBam, demoVariants, demoVcf } from './people.ts'

/** Writes the whole demo into a folder, index after file; gives the names in the order written. The same seed gives the same content. */
export async function makeDemo(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const names: string[] = []
  const write = async (name: string, bytes: Uint8Array | string) => {
    await writeFile(join(folder, name), bytes)
    names.push(name)
  }
  const sequence = demoSequence(new SeededRandom(`${DEMO_SEED} sequence`))
  const { fasta, fai } = demoFasta(sequence)
  const packed = packBlockGzip(fasta)
  await write('synthetic-chr19.fa.gz', packed.bytes)
  await write('synthetic-chr19.fa.gz.fai', fai)
  await write('synthetic-chr19.fa.gz.gzi', gziOf(packed))
  await write('synthetic-genes.gtf', demoGenes())
  const variants = demoVariants(new SeededRandom(`${DEMO_SEED} variants`), sequence)
  const vcf = demoVcf(variants)
  await write('synthetic-variants.vcf.gz', vcf.data)
  await write('synthetic-variants.vcf.gz.tbi', vcf.index)
  for (const [i, { sample }] of DEMO_PEOPLE.entries()) {
    const name = bamName(sample)
    await write(name, demoBam(new SeededRandom(`${DEMO_SEED} ${sample}`), sequence, variants, i))
    await write(`${name}.bai`, await indexOf(join(folder, name)))
  }
  await write('synthetic-signal.bw', demoSignal(new SeededRandom(`${DEMO_SEED} signal`)))
  await write('demo.json', `${JSON.stringify(DEMO_MANIFEST, null, 2)}\n`)
  return names
}

const bamName = (sample: string) => `synthetic-${sample.slice(4).toLowerCase()}.bam`

/** What the demo project opens; file names are relative to this file. */
export const DEMO_MANIFEST = {
  synthetic: true,
  build: 'GRCh38',
  reference: 'synthetic-chr19.fa.gz',
  genes: 'synthetic-genes.gtf',
  samples: DEMO_PEOPLE.map(p => ({ file: bamName(p.sample), sample: p.sample, genotype: p.haplotypes.join('/') })),
  variants: 'synthetic-variants.vcf.gz',
  signal: 'synthetic-signal.bw',
  locus: 'chr19:44905000-44911000',
  bookmarks: [
    { name: 'APOE', locus: 'chr19:44905796-44909393' },
    { name: 'rs429358', locus: 'chr19:44908644-44908724' },
    { name: 'rs7412', locus: 'chr19:44908782-44908862' },
  ],
} as const

async function indexOf(path: string): Promise<Uint8Array> {
  const file = await openChecked(path)
  try {
    return formatBinIndex(await buildBamIndex(file, quietContext(), 'bai'))
  } finally {
    await file.close()
  }
}

const BIN_BP = 25
/** Peaks as [middle on GRCh38, half width in bp, height]: one at the gene's start, three elsewhere. */
const PEAKS = [
  [44_905_700, 350, 9],
  [44_894_300, 500, 4],
  [44_912_800, 250, 6],
  [44_922_500, 700, 3],
] as const

/** A made-up signal: triangular peaks over a noisy floor, in bins of 25 bp. */
function demoSignal(random: SeededRandom): Uint8Array {
  const starts: number[] = []
  const values: number[] = []
  for (let start = DEMO_REGION.start; start < DEMO_REGION.end; start += BIN_BP) {
    const middle = start + BIN_BP / 2
    let value = 0.3 + 0.4 * random.next()
    for (const [at, half, height] of PEAKS) value += height * Math.max(0, 1 - Math.abs(middle - at) / half)
    starts.push(start)
    values.push(Math.round(value * 1000) / 1000)
  }
  const ends = starts.map(start => start + BIN_BP)
  return writeBigWig(
    [{ name: DEMO_REGION.contig, length: CHR19_LENGTH.GRCh38 }],
    [{ contig: DEMO_REGION.contig, starts, ends, values }],
  )
}
