import type { Strand } from '../../src-shared/genome/genes.ts'

/** A gene as a parser found it. Positions 0-based half-open. */
export interface GeneDraft {
  readonly contig: string
  readonly id: string
  name: string
  biotype: string
  strand: Strand
  start: number
  end: number
}

/** A transcript as a parser found it; exons are start and end by turns, in any order. */
export interface TranscriptDraft {
  readonly gene: GeneDraft
  readonly id: string
  biotype: string
  strand: Strand
  start: number
  end: number
  readonly exons: number[]
  /** Coding stretch; empty (start >= end) when there is none. */
  codingStart: number
  codingEnd: number
}

/** Genes and transcripts as columns. Transcripts are ordered by contig, then start. */
export interface GeneTable {
  readonly contigs: readonly string[]
  readonly geneNames: readonly string[]
  readonly geneIds: readonly string[]
  readonly geneBiotypes: readonly string[]
  readonly geneContigs: Int32Array
  readonly geneStarts: Int32Array
  readonly geneEnds: Int32Array
  /** 0 unknown, 1 forward, 2 reverse */
  readonly geneStrands: Uint8Array
  readonly transcriptIds: readonly string[]
  readonly transcriptBiotypes: readonly string[]
  readonly transcriptGenes: Int32Array
  readonly transcriptStarts: Int32Array
  readonly transcriptEnds: Int32Array
  readonly transcriptStrands: Uint8Array
  readonly codingStarts: Int32Array
  readonly codingEnds: Int32Array
  /** Start and end of every exon by turns; those of transcript i are firstExon[i] to firstExon[i + 1]. */
  readonly exons: Int32Array
  readonly firstExon: Int32Array
  /** Per contig: its first transcript (one more entry at the end), and the longest one, bp. */
  readonly firstTranscript: Int32Array
  readonly longest: Int32Array
}

const strandCode = (strand: Strand): number => (strand === '+' ? 1 : strand === '-' ? 2 : 0)

/** Puts drafts into columns. Contigs keep the order in which they come first. */
export function geneTable({
  genes,
  transcripts,
}: {
  genes: readonly GeneDraft[]
  transcripts: readonly TranscriptDraft[]
}): GeneTable {
  // biome-ignore format: one line
  const contigs = [...new Set(genes.map(g => g.contig))]
  const contigNumber = new Map(contigs.map((name, i) => [name, i]))
  const geneNumber = new Map(genes.map((g, i) => [g, i]))
  const contigOf = (t: TranscriptDraft) => contigNumber.get(t.gene.contig)!
  const ordered = [...transcripts].sort((a, b) => contigOf(a) - contigOf(b) || a.start - b.start || a.end - b.end)
  const firstExon = new Int32Array(ordered.length + 1)
  for (const [i, t] of ordered.entries()) firstExon[i + 1] = firstExon[i]! + t.exons.length / 2
  const exons = new Int32Array(2 * firstExon[ordered.length]!)
  for (const [i, t] of ordered.entries()) exons.set(sortedPairs(t.exons), 2 * firstExon[i]!)
  const firstTranscript = new Int32Array(contigs.length + 1)
  const longest = new Int32Array(contigs.length)
  for (const t of ordered) {
    const contig = contigOf(t)
    firstTranscript[contig + 1]!++
    longest[contig] = Math.max(longest[contig]!, t.end - t.start)
  }
  for (let i = 0; i < contigs.length; i++) firstTranscript[i + 1]! += firstTranscript[i]!
  const coding = (t: TranscriptDraft) => t.codingStart < t.codingEnd
  return {
    contigs,
    geneNames: genes.map(g => g.name),
    geneIds: genes.map(g => g.id),
    geneBiotypes: genes.map(g => g.biotype),
    geneContigs: Int32Array.from(genes, g => contigNumber.get(g.contig)!),
    geneStarts: Int32Array.from(genes, g => g.start),
    geneEnds: Int32Array.from(genes, g => g.end),
    geneStrands: Uint8Array.from(genes, g => strandCode(g.strand)),
    transcriptIds: ordered.map(t => t.id),
    transcriptBiotypes: ordered.map(t => t.biotype),
    transcriptGenes: Int32Array.from(ordered, t => geneNumber.get(t.gene)!),
    transcriptStarts: Int32Array.from(ordered, t => t.start),
    transcriptEnds: Int32Array.from(ordered, t => t.end),
    transcriptStrands: Uint8Array.from(ordered, t => strandCode(t.strand)),
    codingStarts: Int32Array.from(ordered, t => (coding(t) ? t.codingStart : t.start)),
    codingEnds: Int32Array.from(ordered, t => (coding(t) ? t.codingEnd : t.start)),
    exons,
    firstExon,
    firstTranscript,
    longest,
  }
}

function sortedPairs(flat: readonly number[]): number[] {
  const pairs: [number, number][] = []
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i]!, flat[i + 1]!])
  return pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]).flat()
}
