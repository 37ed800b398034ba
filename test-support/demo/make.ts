import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildBamIndex } from '../../src-main/readers/baiBuilder.ts'
import { writeBigWig } from '../../src-main/readers/bigwigWriter.ts'
import { formatBinIndex } from '../../src-main/readers/binIndex.ts'
import { gziOf, packBlockGzip } from '../../src-main/readers/blockGzipWriter.ts'
import { openChecked } from '../../src-main/readers/checkedFile.ts'
import { CHR19_LENGTH } from '../../src-shared/genome/assemblies.ts'
import type { FileKind, FileRole } from '../../src-shared/genome/files.ts'
import { quietContext } from '../../src-shared/job.ts'
import type { ProjectDocument } from '../../src-shared/project.ts'
import { SeededRandom } from '../random.ts'
import { DEMO_REGION, demoFasta, demoGenes, demoSequence } from './genome.ts'
import { DEMO_PEOPLE, DEMO_SEED, demoBam, demoVariants, demoVcf } from './people.ts'
import { DEMO_TRACK_FILES, demoTrackFiles } from './tracks.ts'

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
  const tracks = demoTrackFiles(sequence, `${DEMO_SEED} tracks`)
  for (const [i, name] of DEMO_TRACK_FILES.entries()) await write(name, tracks[i]!)
  await write('demo.diploscope.json', await demoProject(folder))
  return names
}

const bamName = (sample: string) => `synthetic-${sample.slice(4).toLowerCase()}.bam`

/** The files of the demo, in the order of their tracks. */
export const DEMO_FILES = [
  { name: 'synthetic-chr19.fa.gz', role: 'reference', kind: 'fasta' },
  { name: 'synthetic-genes.gtf', role: 'genes', kind: 'genes' },
  ...DEMO_PEOPLE.map(p => ({ name: bamName(p.sample), role: 'sample' as const, kind: 'bam' as const })),
  { name: 'synthetic-variants.vcf.gz', role: 'variants', kind: 'vcf' },
  { name: 'synthetic-signal.bw', role: 'signal', kind: 'bigwig' },
  ...DEMO_TRACK_FILES.map(name => ({ name, role: 'signal' as const, kind: 'bigwig' as const })),
] as const satisfies readonly { name: string; role: FileRole; kind: FileKind }[]

const PARTS = {
  reference: [],
  genes: ['genes'],
  sample: ['coverage', 'reads', 'diplotype'],
  variants: ['variants'],
  signal: ['signal'],
} as const

/** The project that opens the demo: paths are relative to it, the view is on APOE, the e3/e4 person's report is shown. */
async function demoProject(folder: string): Promise<string> {
  const idOf = (name: string) => name.replaceAll(/[^a-z0-9]/g, '-')
  const { contig } = DEMO_REGION
  const bookmark = (name: string, from: number, to: number) => ({
    id: idOf(name.toLowerCase()),
    name,
    interval: { contig, start: from - 1, end: to },
  })
  const document: ProjectDocument = {
    version: 1,
    name: 'Demo (synthetic data)',
    demo: true,
    view: {
      locus: { contig, start: 44_904_999, end: 44_911_000 },
      referenceFileId: idOf(DEMO_FILES[0].name),
      selection: { kind: 'sample', fileId: idOf(bamName('SYN-E3E4')) },
    },
    tracks: DEMO_FILES.flatMap(({ name, role }) =>
      // What the demo's model is compared with is there to be shown beside its predictions.
      PARTS[role].map(part => ({ fileId: idOf(name), part, visible: !isTrackFile(name) })),
    ),
    bookmarks: [
      bookmark('APOE', 44_905_796, 44_909_393),
      bookmark('rs429358', 44_908_644, 44_908_724),
      bookmark('rs7412', 44_908_782, 44_908_862),
    ],
  }
  const files = await Promise.all(
    DEMO_FILES.map(async ({ name, role, kind }) => {
      const { size } = await stat(join(folder, name))
      return { id: idOf(name), path: name, relativePath: name, role, kind, sizeBytes: size, modifiedAt: 0 }
    }),
  )
  return `${JSON.stringify({ format: 'diploscope-project', version: 1, savedAt: 0, document, files }, null, 2)}\n`
}

async function indexOf(path: string): Promise<Uint8Array> {
  const file = await openChecked(path)
  try {
    return formatBinIndex(await buildBamIndex(file, quietContext(), 'bai'))
  } finally {
    await file.close()
  }
}

const isTrackFile = (name: string): boolean => (DEMO_TRACK_FILES as readonly string[]).includes(name)

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
