import { SITE_POSITION } from '../../src-shared/genome/apoe.ts'
import { CHR19_LENGTH } from '../../src-shared/genome/assemblies.ts'
import type { SeededRandom } from '../random.ts'

/** The demo's stretch of chromosome 19 (GRCh38), 0-based half-open; everything else of the contig is N. */
export const DEMO_REGION = { contig: 'chr19', start: 44_890_000, end: 44_930_000 } as const

/**
 * A made-up sequence for the region: random letters with the gene's share of G and C, and the true reference bases T and C at
 * rs429358 and rs7412. Not the human sequence: it only stands at true coordinates.
 */
export function demoSequence(random: SeededRandom): string {
  const letters: string[] = []
  for (let i = DEMO_REGION.start; i < DEMO_REGION.end; i++) letters.push(random.pick(random.chance(0.58) ? 'GC' : 'AT'))
  letters[SITE_POSITION.GRCh38.rs429358 - DEMO_REGION.start] = 'T'
  letters[SITE_POSITION.GRCh38.rs7412 - DEMO_REGION.start] = 'C'
  return letters.join('')
}

const LINE = 60

/** The whole contig as FASTA text with its .fai; lines of 60 letters. */
export function demoFasta(sequence: string): { fasta: Uint8Array; fai: string } {
  const length = CHR19_LENGTH.GRCh38
  const head = new TextEncoder().encode(
    '>chr19 synthetic: random letters on GRCh38 coordinates, N outside the demo region\n',
  )
  const lines = Math.ceil(length / LINE)
  const fasta = new Uint8Array(head.length + length + lines).fill('N'.charCodeAt(0))
  fasta.set(head)
  const place = (position: number) => head.length + position + Math.floor(position / LINE)
  for (let line = 1; line <= lines; line++) fasta[Math.min(fasta.length, head.length + line * (LINE + 1)) - 1] = 10
  for (let i = 0; i < sequence.length; i++) fasta[place(DEMO_REGION.start + i)] = sequence.charCodeAt(i)
  return { fasta, fai: `chr19\t${length}\t${head.length}\t${LINE}\t${LINE + 1}\n` }
}

/** Exons of APOE's main transcript on GRCh38 (Ensembl ENST00000252486), 1-based, both ends included. */
const EXONS = [
  [44_905_796, 44_905_841],
  [44_906_602, 44_906_667],
  [44_907_760, 44_907_952],
  [44_908_533, 44_909_393],
] as const
/** First coding base and last base of the stop codon. */
const CODING = [44_906_625, 44_909_250] as const

/** APOE as GTF: the real gene model on the made-up sequence. */
export function demoGenes(): string {
  const gene = 'gene_id "ENSG00000130203"; gene_name "APOE"; gene_type "protein_coding";'
  const transcript = `${gene} transcript_id "ENST00000252486"; transcript_name "APOE-201";`
  const line = (feature: string, from: number, to: number, frame: string, attributes: string) =>
    `chr19\tdiploscope-demo\t${feature}\t${from}\t${to}\t.\t+\t${frame}\t${attributes}`
  const [first, last] = [EXONS[0][0], EXONS[3][1]]
  const out = [
    '# synthetic: the exon coordinates are those of the real gene on GRCh38, the sequence below them is made up',
    line('gene', first, last, '.', gene),
    line('transcript', first, last, '.', transcript),
  ]
  let coded = 0
  EXONS.forEach(([from, to], i) => {
    const numbered = `${transcript} exon_number ${i + 1};`
    out.push(line('exon', from, to, '.', numbered))
    const start = Math.max(from, CODING[0])
    const end = Math.min(to, CODING[1])
    if (start > end) return
    out.push(line('CDS', start, end, String((3 - (coded % 3)) % 3), numbered))
    coded += end - start + 1
  })
  return `${out.join('\n')}\n`
}
