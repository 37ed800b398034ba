import type { Segment } from './bpe.ts'
import type { Vocabulary } from './vocabulary.ts'

/** What an unknown character costs below the worst piece (SentencePiece's kUnkPenalty). */
const UNKNOWN_PENALTY = 10

/**
 * The best segmentation of normalised text under a unigram language model (Viterbi; Kudo 2018). As in the reference library a
 * candidate is added in float64 and compared with a best kept in float32, so that near ties fall the same way.
 */
export function encodeUnigram(text: string, vocabulary: Vocabulary): Segment[] {
  if (text === '') return []
  const { trie } = vocabulary
  const unknownScore = Math.fround(vocabulary.minScore - UNKNOWN_PENALTY)
  const size = text.length
  const best = new Float32Array(size + 1)
  const from = new Int32Array(size + 1).fill(-1)
  const ids = new Int32Array(size + 1)
  for (let start = 0; start < size; ) {
    const here = best[start] as number
    const step = (text.codePointAt(start) as number) > 0xffff ? 2 : 1
    let single = false
    let node = 0
    let bytes = 0
    for (let at = start; at < size; at++) {
      const code = text.charCodeAt(at)
      node = trie.child(node, code)
      if (node < 0) break
      // Two halves of a surrogate pair are four bytes of UTF-8.
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code >= 0xd800 && code <= 0xdfff ? 2 : 3
      const id = trie.idAt(node)
      if (id < 0 || vocabulary.isUnused(id)) continue
      const score = vocabulary.isUserDefined(id) ? bytes * vocabulary.maxScore - 0.1 : (vocabulary.scores[id] as number)
      relax(at + 1, score + here, id)
      if (at + 1 - start === step) single = true
    }
    if (!single) relax(start + step, Math.fround(unknownScore + here), vocabulary.unkId)
    start += step

    function relax(end: number, candidate: number, id: number): void {
      if (from[end] !== -1 && candidate <= (best[end] as number)) return
      best[end] = candidate
      from[end] = start
      ids[end] = id
    }
  }
  const out: Segment[] = []
  for (let end = size; end > 0; end = from[end] as number)
    out.push({ text: text.slice(from[end], end), id: ids[end] as number })
  return out.reverse()
}
