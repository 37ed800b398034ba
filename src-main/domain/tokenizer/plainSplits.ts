import type { Segment } from './bpe.ts'
import { META_SPACE } from './normalizer.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Normalised text character by character, user-defined symbols whole (SentencePiece's char model). */
export function encodeCharacters(text: string, vocabulary: Vocabulary): Segment[] {
  const out: Segment[] = []
  for (let at = 0; at < text.length; ) {
    const length = vocabulary.userSymbolAt(text, at) || ((text.codePointAt(at) as number) > 0xffff ? 2 : 1)
    const part = text.slice(at, at + length)
    out.push({ text: part, id: vocabulary.idOf(part) })
    at += length
  }
  return out
}

/** Normalised text word by word, each beginning at a space mark (SentencePiece's word model). */
export function encodeWords(text: string, vocabulary: Vocabulary): Segment[] {
  const out: Segment[] = []
  for (let begin = 0; begin < text.length; ) {
    const next = text.indexOf(META_SPACE, begin + 1)
    const end = next < 0 ? text.length : next
    const part = text.slice(begin, end)
    out.push({ text: part, id: vocabulary.idOf(part) })
    begin = end
  }
  return out
}
