/** One output channel of a model, as its screen lists it. `channel` is its place in the whole track table: what every call takes. */
export interface ModelTrackRow {
  readonly channel: number
  readonly head: string
  /** From 0 within its head. */
  readonly index: number
  readonly name: string
  readonly assay: string
  readonly target?: string
  readonly sourceId?: string
  readonly strand: '+' | '-' | '.'
  /** The channel of the same experiment on the other strand (itself when unstranded); absent when the table does not say. */
  readonly strandPair?: number
  readonly unit?: string
  /** The transform of its training targets in words, empty when there was none. */
  readonly transform: string
}

/** A track's name with its identifier and strand: the name alone is shared by both strands, and by experiments that were repeated. */
export function distinctTrackName(row: Pick<ModelTrackRow, 'channel' | 'name' | 'sourceId' | 'strand'>): string {
  const name = row.name.replace(/[\s,;:]+$/, '')
  const id = row.sourceId ?? `channel ${row.channel}`
  const strand = row.strand !== '.' && !/[+-]$/.test(id) ? ` ${row.strand}` : ''
  return name.includes(id) ? `${name}${strand}` : `${name} · ${id}${strand}`
}

/** Chosen tracks as columns of a result: by their names, with identifier and strand where several have the same. */
export function trackColumns(rows: readonly ModelTrackRow[], channels: readonly number[]) {
  const chosen = channels.flatMap(c => rows[c] ?? [])
  return chosen.map(r => ({
    channel: r.channel,
    name: chosen.some(o => o !== r && o.name === r.name) ? distinctTrackName(r) : r.name,
    unit: r.unit ?? '',
  }))
}

/** A model that comes with the program. `labels`: what must stand beside its name (synthetic, research use only). */
export interface ShippedModel {
  readonly id: string
  readonly name: string
  readonly labels: readonly string[]
}

export interface ModelTrackPage {
  readonly rows: readonly ModelTrackRow[]
  /** Rows that match, of which `rows` is a page. */
  readonly total: number
  /** Of all tracks of the model, most first. */
  readonly assays: readonly { readonly assay: string; readonly count: number }[]
}

/** What a model says of itself: who made it of what, what it reads and answers for, and what it must not be used for. */
export interface ModelFacts {
  readonly fileId: string
  readonly id: string
  readonly name: string
  readonly kind: string
  /** What goes in: base pairs of sequence, or tokens of a person's diplotype. */
  readonly input: 'dna' | 'tokens' | 'alleles'
  readonly parameters: number
  readonly weightsBytes: number
  readonly weightsSha256: string
  /** Of sequence models: the window read, the bins answered for in its middle. */
  readonly windowBp?: number
  readonly binBp?: number
  readonly bins?: number
  /** Assembly name as the model gives it; null when it does not say. */
  readonly genome: string | null
  readonly tracks: number
  readonly assays: readonly { readonly assay: string; readonly count: number }[]
  readonly source: string
  readonly trainedBy: string
  readonly created: string
  readonly licence: string
  readonly citation: string | null
  readonly limits: readonly string[]
  /** It was trained on made-up sequence, signal or people: said wherever its numbers are shown. */
  readonly madeUp: 'synthetic' | 'simulated' | null
  /** CARD.md, as it is. */
  readonly card: string
  /** Why it cannot give gradients (an imported ONNX graph); absent when it can. */
  readonly noGradient?: string
}

/** Outcome of the check of correctness that can be asked for at any time. */
export interface ModelCheck {
  readonly fileId: string
  readonly ok: boolean
  /** One line a finding, in the order of the checks. */
  readonly findings: readonly { readonly what: string; readonly ok: boolean; readonly detail: string }[]
  readonly ms: number
}
