import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { Progress } from '../../src-shared/job.ts'
import type { AlphabetName } from '../domain/tokenizer/train/build.ts'

export interface TokenizerTrainingRequest {
  /** A text file, one sentence a line. */
  readonly corpusPath: string
  /** Pieces of the finished model, specials and characters included. */
  readonly vocabularySize: number
  readonly alphabet: AlphabetName
  /** In characters. */
  readonly maxPieceLength: number
  readonly normalization: 'nfkc' | 'identity'
  /** Train on this many lines, drawn by the seed, when the corpus has more. */
  readonly sentences: number
  readonly seed: number
}

export interface TokenizerTrainingResult {
  readonly model: Uint8Array
  readonly vocabularySize: number
  readonly merges: number
  readonly lines: number
  /** Lines over the length limit, left out. */
  readonly skipped: number
  /** Characters trained on, the meta symbol at the start of each word not counted. */
  readonly characters: number
  readonly tokens: number
  /** Characters a token: nucleotides a token for sequences. */
  readonly meanTokenLength: number
  /** The corpus had no more pairs to merge before the size was reached. */
  readonly short: boolean
}

export type FromTraining =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'result'; readonly result: TokenizerTrainingResult }
  | { readonly kind: 'error'; readonly error: WireError }
