import type { RiskModelFacts } from '../../../src-shared/genome/risk.ts'

/** What model.json says. Field names are those of the file; units are in the names. */
export interface ModelJson {
  readonly format: 'diploscope-model'
  readonly formatVersion: 1
  readonly id: string
  readonly name: string
  readonly kind: string
  /** Read by the kind's own definition. */
  readonly architecture: Readonly<Record<string, unknown>>
  readonly input: DnaInput | TokenInput | AlleleInput
  readonly output: ModelOutput
  readonly tracks: readonly ModelTrack[]
  readonly tokenizer: TokenizerRef | null
  readonly attentionPattern: AttentionPattern | null
  /** Of risk models only: what a score needs beside the network. */
  readonly risk?: RiskModelFacts
  readonly weights: { readonly file: string; readonly sha256: string; readonly parameters: number }
  readonly provenance: Provenance
  readonly licence: string
  readonly citation: string | null
  readonly limits: readonly string[]
}

export interface DnaInput {
  readonly type: 'dna'
  readonly alphabet: 'ACGT'
  /** What N and anything else becomes. */
  readonly unknown: 'zeros' | 'quarter'
  /** Window in base pairs. */
  readonly length: number
  readonly lengthMultiple: number
  readonly genome: string | null
}

export interface TokenInput {
  readonly type: 'diplotype-tokens' | 'tokens'
  readonly maxTokens: number
  /** Base pairs on each side of the region. */
  readonly flank?: number
  readonly region?: string
}

/** Alleles of a few sites, as a logistic model is given them. */
export interface AlleleInput {
  readonly type: 'alleles'
  readonly sites: readonly string[]
  /** Base pairs on each side of the region whose reads are looked at. */
  readonly flank: number
  readonly region: string
}

export interface ModelOutput {
  readonly heads?: readonly { readonly name: string; readonly tracks: number }[]
  /** Base pairs of a bin. */
  readonly binSize?: number
  readonly bins?: number
  readonly cropBins?: number
  readonly activation?: string
  readonly classes?: readonly string[]
}

export interface ModelTrack {
  /** From 0 within its head. */
  readonly index: number
  readonly head: string
  readonly name: string
  readonly assay?: string
  readonly target?: string
  readonly sourceId?: string
  readonly strand?: string
  readonly strandPair?: number
  readonly binSize?: number
  readonly transform?: Readonly<Record<string, unknown>>
  readonly unit?: string
}

export interface TokenizerRef {
  readonly file: string
  readonly sha256: string
  readonly specials?: Readonly<Record<string, number>>
}

export interface AttentionPattern {
  readonly blockSize: number
  readonly randomBlocks: number
  readonly tokens: number
  readonly rule: 'uniform' | 'upstream'
  readonly seed: number
  /** The tensor of the weights that holds the blocks: authoritative, never drawn again. */
  readonly tensor: string
}

export interface Provenance {
  readonly source: string
  readonly importedFrom?: string | null
  readonly importedSha256?: string | null
  readonly trainedBy?: string | null
  readonly recipe?: unknown
  readonly dataset?: unknown
  readonly seed?: number | null
  readonly steps?: number | null
  readonly metrics?: readonly unknown[]
  readonly created: string
}

export const MODEL_FILE = 'model.json'
export const WEIGHTS_FILE = 'weights.safetensors'
export const TOKENIZER_FILE = 'tokenizer.model'
export const CARD_FILE = 'CARD.md'
