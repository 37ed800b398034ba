import type { Strand } from '../../src-shared/genome/genes.ts'
import type { GeneDraft, TranscriptDraft } from './geneTable.ts'

/** Takes the lines of a file one by one. */
export interface GeneLineParser {
  readonly format: 'GTF' | 'GFF3' | 'BED'
  /** Why the line cannot be used; undefined when it was, or when it says nothing of genes. */
  add(line: string): string | undefined
  finish(): { genes: GeneDraft[]; transcripts: TranscriptDraft[] }
}

export const parserFor = (format: GeneLineParser['format']): GeneLineParser =>
  format === 'BED' ? new BedLines() : format === 'GTF' ? new GtfLines() : new Gff3Lines()

const MAX_POSITION = 2 ** 31 - 1
const STRAND: Readonly<Record<string, Strand>> = { '+': '+', '-': '-', '.': '.', '?': '.' }

interface Feature {
  readonly contig: string
  readonly type: string
  readonly start: number
  readonly end: number
  readonly strand: Strand
  readonly attributes: string
}

const whole = (text: string | undefined): number =>
  text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= MAX_POSITION ? Number(text) : Number.NaN

/** The nine columns that GTF and GFF3 share (1-based, both ends in); a string says what is wrong. */
function feature(line: string): Feature | string {
  const f = line.split('\t')
  if (f.length !== 9) return `${f.length} columns instead of 9`
  const [start, end] = [whole(f[3]), whole(f[4])]
  if (Number.isNaN(start) || Number.isNaN(end) || start < 1) return `positions '${f[3]}' and '${f[4]}'`.slice(0, 80)
  if (end < start) return `an end (${end}) before its start (${start})`
  const strand = STRAND[f[6]!]
  if (strand === undefined) return `a strand '${f[6]!.slice(0, 20)}'`
  if (f[0] === '') return 'no contig'
  return { contig: f[0]!, type: f[2]!, start: start - 1, end, strand, attributes: f[8]! }
}

const newTranscript = (gene: GeneDraft, id: string, f: Feature, biotype = ''): TranscriptDraft => ({
  gene,
  id,
  biotype,
  strand: f.strand,
  start: f.start,
  end: f.end,
  exons: [],
  codingStart: MAX_POSITION,
  codingEnd: -1,
})

const widen = (span: { start: number; end: number }, f: { readonly start: number; readonly end: number }) => {
  span.start = Math.min(span.start, f.start)
  span.end = Math.max(span.end, f.end)
}

const addCoding = (t: TranscriptDraft, f: Feature) => {
  t.codingStart = Math.min(t.codingStart, f.start)
  t.codingEnd = Math.max(t.codingEnd, f.end)
}

/** GTF 2.2: every line names its gene and transcript, so that lines may come in any order. */
class GtfLines implements GeneLineParser {
  readonly format = 'GTF'
  private readonly genes = new Map<string, GeneDraft>()
  private readonly transcripts = new Map<string, TranscriptDraft>()
  /** Coding pieces of transcripts without exon lines stand for exons. */
  private readonly codingPieces = new Map<TranscriptDraft, number[]>()

  add(line: string): string | undefined {
    if (line === '' || line.startsWith('#')) return undefined
    const f = feature(line)
    if (typeof f === 'string') return f
    // A stop codon is part of the coding stretch; GTF leaves it out of CDS, GFF3 does not.
    if (!['gene', 'transcript', 'mRNA', 'exon', 'CDS', 'stop_codon'].includes(f.type)) return undefined
    const geneId = gtfValue(f.attributes, 'gene_id')
    if (!geneId) return 'no gene_id'
    const key = `${f.contig}\t${geneId}`
    let gene = this.genes.get(key)
    if (!gene) {
      gene = { contig: f.contig, id: geneId, name: geneId, biotype: '', strand: f.strand, start: f.start, end: f.end }
      this.genes.set(key, gene)
    }
    widen(gene, f)
    const name = gtfValue(f.attributes, 'gene_name')
    if (name) gene.name = name
    gene.biotype ||= gtfValue(f.attributes, 'gene_type') ?? gtfValue(f.attributes, 'gene_biotype') ?? ''
    if (f.type === 'gene') return undefined
    const id = gtfValue(f.attributes, 'transcript_id')
    if (!id) return 'no transcript_id'
    const transcriptKey = `${f.contig}\t${id}`
    let transcript = this.transcripts.get(transcriptKey)
    if (!transcript) {
      transcript = newTranscript(gene, id, f)
      this.transcripts.set(transcriptKey, transcript)
    }
    widen(transcript, f)
    transcript.biotype ||=
      gtfValue(f.attributes, 'transcript_type') ?? gtfValue(f.attributes, 'transcript_biotype') ?? ''
    if (f.type === 'exon') transcript.exons.push(f.start, f.end)
    else if (f.type === 'CDS' || f.type === 'stop_codon') {
      addCoding(transcript, f)
      const pieces = this.codingPieces.get(transcript)
      if (pieces) pieces.push(f.start, f.end)
      else this.codingPieces.set(transcript, [f.start, f.end])
    }
    return undefined
  }

  finish() {
    for (const t of this.transcripts.values()) {
      if (t.exons.length === 0) t.exons.push(...(this.codingPieces.get(t) ?? [t.start, t.end]))
      t.biotype ||= t.gene.biotype
    }
    return { genes: [...this.genes.values()], transcripts: [...this.transcripts.values()] }
  }
}

/** The value of `key "value";` (or unquoted) among GTF attributes. */
function gtfValue(attributes: string, key: string): string | undefined {
  for (let at = attributes.indexOf(key); at >= 0; at = attributes.indexOf(key, at + key.length)) {
    const before = at === 0 ? ';' : attributes[at - 1]
    if ((before !== ' ' && before !== ';') || attributes[at + key.length] !== ' ') continue
    const rest = attributes.slice(at + key.length + 1).trimStart()
    if (rest.startsWith('"')) return rest.slice(1, Math.max(1, rest.indexOf('"', 1)))
    return rest.split(';', 1)[0]!.trim()
  }
  return undefined
}

interface Node {
  readonly feature: Feature
  readonly parents: readonly string[]
  readonly attributes: ReadonlyMap<string, string>
}

const GENE = /gene$/i
const TRANSCRIPT = /RNA$|transcript$|^\.$/i
const PART = new Set(['exon', 'CDS', 'stop_codon', 'noncoding_exon', 'pseudogenic_exon'])
const IGNORED = /^(five_prime_UTR|three_prime_UTR|UTR|intron|start_codon|region|chromosome|scaffold|contig|match|match_part|cDNA_match|biological_region)$/ // biome-ignore format: a list of words

/** GFF3: parts name their parents, transcripts their gene; children may come before parents, so links are followed at the end. */
class Gff3Lines implements GeneLineParser {
  readonly format = 'GFF3'
  private readonly byId = new Map<string, Node>()
  private readonly loose: Node[] = []
  private readonly parts: Node[] = []
  private ended = false

  add(line: string): string | undefined {
    if (line.startsWith('##FASTA')) this.ended = true
    if (this.ended || line === '' || line.startsWith('#')) return undefined
    const f = feature(line)
    if (typeof f === 'string') return f
    if (IGNORED.test(f.type)) return undefined
    const attributes = gff3Attributes(f.attributes)
    if (!attributes) return 'attributes that are not key=value'
    const node: Node = { feature: f, attributes, parents: (attributes.get('Parent') ?? '').split(',').filter(Boolean) }
    if (PART.has(f.type)) {
      if (node.parents.length > 0) this.parts.push(node)
      else return `${f.type} without Parent`
      return undefined
    }
    const id = attributes.get('ID')
    if (id === undefined) this.loose.push(node)
    else if (!this.byId.has(id)) this.byId.set(id, node)
    return undefined
  }

  finish() {
    const genes = new Map<Node, GeneDraft>()
    const transcripts = new Map<Node, TranscriptDraft>()
    const codingPieces = new Map<TranscriptDraft, number[]>()
    const geneOf = (node: Node): GeneDraft => {
      const parent = node.parents.map(id => this.byId.get(id)).find(p => p && p !== node && GENE.test(p.feature.type))
      const owner = parent ?? node
      let gene = genes.get(owner)
      if (!gene) {
        const { feature: f, attributes: a } = owner
        const id = a.get('gene_id') ?? a.get('ID')?.replace(/^gene[:-]/, '') ?? ''
        const name = a.get('gene_name') ?? a.get('Name') ?? a.get('name') ?? a.get('gene') ?? id
        const biotype = a.get('biotype') ?? a.get('gene_biotype') ?? a.get('gene_type') ?? ''
        gene = { contig: f.contig, id: id || name, name, biotype, strand: f.strand, start: f.start, end: f.end }
        genes.set(owner, gene)
      }
      widen(gene, node.feature)
      return gene
    }
    const transcriptOf = (node: Node): TranscriptDraft => {
      let transcript = transcripts.get(node)
      if (!transcript) {
        const a = node.attributes
        const id = a.get('transcript_id') ?? a.get('ID')?.replace(/^(transcript|rna)[:-]/, '') ?? ''
        transcript = newTranscript(geneOf(node), id, node.feature, a.get('biotype') ?? a.get('transcript_type') ?? '')
        transcripts.set(node, transcript)
      }
      return transcript
    }
    for (const node of [...this.byId.values(), ...this.loose])
      if (GENE.test(node.feature.type)) geneOf(node)
      // Enhancers, repeats and the like stand alone and are no genes; a file without types means genes.
      else if (TRANSCRIPT.test(node.feature.type) || node.parents.length > 0) transcriptOf(node)
    for (const part of this.parts)
      for (const id of part.parents) {
        const parent = this.byId.get(id)
        if (!parent || parent.feature.contig !== part.feature.contig) continue
        const transcript = transcriptOf(parent)
        if (part.feature.type === 'CDS' || part.feature.type === 'stop_codon') {
          addCoding(transcript, part.feature)
          const pieces = codingPieces.get(transcript)
          if (pieces) pieces.push(part.feature.start, part.feature.end)
          else codingPieces.set(transcript, [part.feature.start, part.feature.end])
        } else transcript.exons.push(part.feature.start, part.feature.end)
      }
    // A gene without any transcript is drawn as one block.
    const drawn = new Set([...transcripts.values()].map(t => t.gene))
    for (const [node, gene] of genes) if (!drawn.has(gene)) transcriptOf(node)
    for (const t of transcripts.values()) {
      if (t.exons.length === 0) t.exons.push(...(codingPieces.get(t) ?? [t.start, t.end]))
      t.biotype ||= t.gene.biotype
    }
    return { genes: [...genes.values()], transcripts: [...transcripts.values()] }
  }
}

/** `key=value;…` with percent-encoding; undefined when a field is neither empty nor that. */
function gff3Attributes(text: string): Map<string, string> | undefined {
  const out = new Map<string, string>()
  if (text === '.') return out
  for (const field of text.split(';')) {
    const at = field.indexOf('=')
    if (at <= 0) {
      if (field.trim() === '') continue
      return undefined
    }
    const value = field.slice(at + 1)
    out.set(field.slice(0, at).trim(), value.includes('%') ? percentDecoded(value) : value)
  }
  return out
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // not percent-encoding after all: the name as it stands
  }
}

/** BED3 to BED12: a line is a gene of one transcript. */
class BedLines implements GeneLineParser {
  readonly format = 'BED'
  private readonly genes: GeneDraft[] = []
  private readonly transcripts: TranscriptDraft[] = []

  add(line: string): string | undefined {
    if (line === '' || line.startsWith('#') || /^(track|browser)\s/.test(line)) return undefined
    const f = line.includes('\t') ? line.split('\t') : line.trim().split(/\s+/)
    if (f.length < 3) return `${f.length} columns instead of 3 or more`
    const [start, end] = [whole(f[1]), whole(f[2])]
    if (Number.isNaN(start) || Number.isNaN(end)) return `positions '${f[1]}' and '${f[2]}'`.slice(0, 80)
    if (end < start) return `an end (${end}) before its start (${start})`
    const strand = f[5] === undefined ? '.' : STRAND[f[5]]
    if (strand === undefined) return `a strand '${f[5]!.slice(0, 20)}'`
    const exons = f.length >= 12 ? blocks(f, start, end) : [start, end]
    if (typeof exons === 'string') return exons
    const [codingStart, codingEnd] = f.length >= 8 ? [whole(f[6]), whole(f[7])] : [start, start]
    if (Number.isNaN(codingStart) || Number.isNaN(codingEnd) || codingEnd < codingStart)
      return `thick positions '${f[6]}' and '${f[7]}'`.slice(0, 80)
    const name = f[3] === undefined || f[3] === '.' ? '' : f[3]
    const gene: GeneDraft = { contig: f[0]!, id: name, name, biotype: '', strand, start, end }
    this.genes.push(gene)
    this.transcripts.push({ gene, id: name, biotype: '', strand, start, end, exons, codingStart, codingEnd })
    return undefined
  }

  finish() {
    return { genes: this.genes, transcripts: this.transcripts }
  }
}

/** The blocks of a BED12 line as start and end by turns. */
function blocks(f: readonly string[], start: number, end: number): number[] | string {
  const list = (text: string | undefined) => (text ?? '').replace(/,$/, '').split(',').map(whole)
  const count = whole(f[9])
  const [sizes, offsets] = [list(f[10]), list(f[11])]
  if (Number.isNaN(count) || sizes.length !== count || offsets.length !== count) return `${f[9]} blocks that its lists do not have`.slice(0, 80) // biome-ignore format: one line
  const exons: number[] = []
  for (const [i, size] of sizes.entries()) {
    const from = start + offsets[i]!
    if (Number.isNaN(from + size) || from + size > end) return 'a block outside the interval'
    exons.push(from, from + size)
  }
  return exons
}
