import { diplotypeOfChar } from '../../../src-shared/genome/diplotype.ts'
import type { Encoder } from './encoding.ts'
import { onlySnps } from './twoSnp.ts'

/** Below this share of equal letters reads, or a reference, are of another sequence than the model's: its pieces and weights say nothing of it. */
export const SAME_SEQUENCE = 0.9

/** What of a model decides how a diplotype is read. */
export interface ReadingRules {
  /** Letters of the region that the model was trained on. */
  readonly reference: string
  /** It reads sites of a panel only. */
  readonly hasPanel: boolean
  /** It reads the two SNPs and nothing else, which mean the same on every sequence. */
  readonly snpsOnly?: boolean
  readonly flankBp: number
}

/** A diplotype as a model reads it. */
export interface ModelReading {
  /** Share of covered positions at which one of the two alleles is the reference's letter. */
  readonly sameSequence: number
  /** The reads are of another sequence: only the two SNPs were read, where the model has a panel. */
  readonly foreign: boolean
  readonly cleaned: { readonly text: string; readonly unseen: number }
  /** [CLS] tokens [SEP]; of a logistic model its numbers (snpModel.ts). */
  readonly ids: Int32Array
}

/** Compares a diplotype text with the model's sequence, takes what the model reads of it, and cuts it into tokens. */
export function readAs(text: string, rules: ReadingRules, encoder: Encoder): ModelReading {
  const sameSequence = sameShare(text, rules.reference)
  const foreign = sameSequence < SAME_SEQUENCE && !rules.snpsOnly
  // On another sequence the letters of the flank mean nothing to the model; the alleles of the two SNPs are the same everywhere.
  const seen = foreign && rules.hasPanel ? onlySnps(text, rules.reference, rules.flankBp) : text
  const cleaned = encoder.clean(seen)
  return { sameSequence, foreign, cleaned, ids: encoder.ids(cleaned.text) }
}

function sameShare(text: string, reference: string): number {
  let [covered, same] = [0, 0]
  for (let i = 0; i < reference.length; i++) {
    if (text[i] === 'N') continue
    covered++
    if (text[i] === reference[i]) same++
    else {
      const code = diplotypeOfChar(text[i]!)
      if (code && (code.allele1[0] === reference[i] || code.allele2[0] === reference[i])) same++
    }
  }
  return covered === 0 ? 0 : same / covered
}
