import { findContig } from '../../src-shared/genome/contigs.ts'
import type { GeneHit, GeneModels, Strand, TranscriptModel } from '../../src-shared/genome/genes.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { openChecked } from './checkedFile.ts'
import { type GeneLineParser, parserFor } from './geneLines.ts'
import { type GeneTable, geneTable } from './geneTable.ts'
import { textKind } from './textKinds.ts'
import { linesOf } from './textLines.ts'

/** Lines that could not be understood and were left out. */
export interface MalformedLines {
  readonly count: number
  /** 1-based; 0 when there are none. */
  readonly firstLine: number
  readonly firstReason: string
}

/** Gene models of a file, in memory, 0-based half-open. */
export interface GeneSet {
  readonly path: string
  readonly format: 'GTF' | 'GFF3' | 'BED'
  /** Contigs that carry genes; lengths are not known (0). */
  readonly contigs: readonly Contig[]
  readonly geneCount: number
  readonly transcriptCount: number
  readonly malformed: MalformedLines
  /**
   * Genes by name, identifier (with or without version) or transcript, best match first: exact, then beginning, then containing.
   * Upper and lower case are the same.
   */
  search(query: string, limit: number): readonly Omit<GeneHit, 'fileId'>[]
  /** Transcripts that overlap an interval (any alias of the contig), by start; `omitted` counts those past the limit. */
  range(interval: Interval, limit?: number): GeneModels
}

/** A track of more transcripts than this cannot be drawn apart. */
const RANGE_LIMIT = 2000

/**
 * Reads gene models from GTF, GFF3 or BED, plain, gzip or bgzip. Lines that cannot be right are counted and left out, never guessed.
 * @throws WorkbenchError `wrong-type` (no such format), `bad-input` (not one line can be used), `corrupt`, `truncated`, `cancelled`, and what
 * opening a file throws
 */
export async function openGenes(path: string, context: WorkContext): Promise<GeneSet> {
  const file = await openChecked(path)
  try {
    let parser: GeneLineParser | undefined
    let malformed: MalformedLines = { count: 0, firstLine: 0, firstReason: '' }
    for await (const { lines, first } of linesOf(file, context)) {
      if (!parser) {
        const told = textKind(`${lines.join('\n')}\n`)
        if (told?.kind === 'genes' && told.format) parser = parserFor(told.format)
        else if (told || lines.some(line => line !== '' && !line.startsWith('#')))
          throw new WorkbenchError('wrong-type', `'${path}' holds no gene models`, 'give a GTF, GFF3 or BED file')
        else continue
      }
      for (const [i, line] of lines.entries()) {
        const reason = parser.add(line)
        if (reason === undefined) continue
        malformed = malformed.count === 0 ? { count: 1, firstLine: first + i, firstReason: reason } : { ...malformed, count: malformed.count + 1 } // biome-ignore format: one choice
      }
    }
    await file.ensureUnchanged()
    if (!parser)
      throw new WorkbenchError('wrong-type', `'${path}' holds no gene models`, 'give a GTF, GFF3 or BED file')
    const table = geneTable(parser.finish())
    if (table.geneNames.length === 0) {
      const why = malformed.count > 0 ? `: line ${malformed.firstLine} has ${malformed.firstReason}` : ''
      throw new WorkbenchError('bad-input', `'${path}' has no gene model that can be used${why}`, 'check that it is a GTF, GFF3 or BED file') // biome-ignore format: one line
    }
    return new Genes(path, parser.format, table, malformed)
  } finally {
    await file.close()
  }
}

class Genes implements GeneSet {
  readonly contigs: readonly Contig[]
  private readonly upperNames: readonly string[]
  private readonly upperIds: readonly string[]
  private readonly transcriptGenes = new Map<string, number>()

  constructor(
    readonly path: string,
    readonly format: GeneSet['format'],
    private readonly table: GeneTable,
    readonly malformed: MalformedLines,
  ) {
    this.contigs = table.contigs.map(name => ({ name, length: 0 }))
    this.upperNames = table.geneNames.map(name => name.toUpperCase())
    this.upperIds = table.geneIds.map(id => id.toUpperCase())
    for (const [i, id] of table.transcriptIds.entries())
      if (id !== '') this.transcriptGenes.set(withoutVersion(id.toUpperCase()), table.transcriptGenes[i]!)
  }

  get geneCount() {
    return this.table.geneNames.length
  }

  get transcriptCount() {
    return this.table.transcriptIds.length
  }

  search(query: string, limit: number): readonly Omit<GeneHit, 'fileId'>[] {
    const asked = query.trim().toUpperCase()
    if (asked === '' || limit <= 0) return []
    const bare = withoutVersion(asked)
    const ranked: { gene: number; rank: number }[] = []
    const viaTranscript = this.transcriptGenes.get(bare)
    for (const [gene, name] of this.upperNames.entries()) {
      const id = this.upperIds[gene]!
      const rank =
        name === asked ? 0
        : id === asked || withoutVersion(id) === bare ? 1
        : gene === viaTranscript ? 2
        : name.split(/[\s(),;|/]+/).includes(asked) ? 3
        : name.startsWith(asked) ? 4
        : id.startsWith(asked) ? 5
        : name.includes(asked) ? 6
        : -1 // biome-ignore format: a table of cases
      if (rank >= 0) ranked.push({ gene, rank })
    }
    // Among equals the shorter name is nearer to what was typed; then the order of the file.
    const length = (gene: number) => this.upperNames[gene]!.length
    ranked.sort((a, b) => a.rank - b.rank || length(a.gene) - length(b.gene) || a.gene - b.gene)
    return ranked.slice(0, limit).map(({ gene }) => this.hit(gene))
  }

  range(interval: Interval, limit = RANGE_LIMIT): GeneModels {
    const contig = findContig(interval.contig, this.contigs)
    if (!contig) return { interval, transcripts: [], omitted: 0 }
    const number = this.contigs.indexOf(contig)
    const { transcriptStarts: starts, transcriptEnds: ends, longest, firstTranscript } = this.table
    const transcripts: TranscriptModel[] = []
    let omitted = 0
    let low = firstTranscript[number]!
    let high = firstTranscript[number + 1]!
    const stop = high
    while (low < high) {
      const middle = (low + high) >> 1
      if (starts[middle]! + longest[number]! <= interval.start) low = middle + 1
      else high = middle
    }
    for (let i = low; i < stop && starts[i]! < interval.end; i++) {
      if (ends[i]! <= interval.start) continue
      if (transcripts.length < limit) transcripts.push(this.transcript(i))
      else omitted++
    }
    return { interval, transcripts, omitted }
  }

  private hit(gene: number): Omit<GeneHit, 'fileId'> {
    const t = this.table
    return {
      name: t.geneNames[gene]!,
      geneId: t.geneIds[gene]!,
      biotype: t.geneBiotypes[gene]!,
      interval: { contig: t.contigs[t.geneContigs[gene]!]!, start: t.geneStarts[gene]!, end: t.geneEnds[gene]! },
      strand: STRANDS[t.geneStrands[gene]!]!,
    }
  }

  private transcript(i: number): TranscriptModel {
    const t = this.table
    const gene = t.transcriptGenes[i]!
    return {
      geneName: t.geneNames[gene]!,
      geneId: t.geneIds[gene]!,
      transcriptId: t.transcriptIds[i]!,
      biotype: t.transcriptBiotypes[i]!,
      start: t.transcriptStarts[i]!,
      end: t.transcriptEnds[i]!,
      strand: STRANDS[t.transcriptStrands[i]!]!,
      exons: t.exons.slice(2 * t.firstExon[i]!, 2 * t.firstExon[i + 1]!),
      codingStart: t.codingStarts[i]!,
      codingEnd: t.codingEnds[i]!,
    }
  }
}

const STRANDS: readonly Strand[] = ['.', '+', '-']

/** `ENSG00000130203.10` and `ENSG00000130203` are one gene. */
const withoutVersion = (id: string): string => id.replace(/\.\d+$/, '')
