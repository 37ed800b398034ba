import type { Tokenizer } from '../tokenizer/tokenizer.ts'
import { filled, type Panel, panelOf, throughPanel } from './panel.ts'
import { SPECIALS } from './peopleTokenizer.ts'

/** How a diplotype text becomes ids: learned from training people, stored with the model, the same for a sample of tomorrow. */
export interface Encoder {
  /** The text as the network reads it. */
  clean(text: string): { readonly text: string; readonly unseen: number }
  /** [CLS] tokens [SEP]; kept by text, since people of one panel share most of theirs. */
  ids(cleaned: string): Int32Array
}

export const learnedPanel = (texts: readonly string[], reference: string, leastShare: number): Panel | null =>
  leastShare > 0 ? panelOf(texts, reference, leastShare) : null

export function cleaner(reference: string, panel: Panel | null, uncovered: 'N' | 'reference') {
  return (text: string): { text: string; unseen: number } => {
    if (panel) return throughPanel(text, reference, panel)
    return { text: filled(text, reference, uncovered), unseen: 0 }
  }
}

/** Some 20 kB each: a large cohort must not fill memory with texts that nobody asks for again. */
const KEPT_TEXTS = 256

export function encoderOf(
  tokenizer: Tokenizer,
  clean: (text: string) => { readonly text: string; readonly unseen: number },
): Encoder {
  const known = new Map<string, Int32Array>()
  return {
    clean,
    ids(cleaned) {
      const found = known.get(cleaned)
      if (found) return found
      const ids = Int32Array.of(SPECIALS.cls, ...tokenizer.encode(cleaned).ids, SPECIALS.sep)
      if (known.size < KEPT_TEXTS) known.set(cleaned, ids)
      return ids
    },
  }
}
