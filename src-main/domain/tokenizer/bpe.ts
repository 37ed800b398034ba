import type { Vocabulary } from './vocabulary.ts'

/** A piece of normalised text with its id. */
export interface Segment {
  readonly text: string
  readonly id: number
}

/**
 * Byte-pair encoding of normalised text: the adjacent pair whose concatenation is a piece with the highest score is merged first,
 * the leftmost on ties, until none is left (SentencePiece's BPE model). A heap keeps it at O(n log n).
 */
export function encodeBpe(text: string, vocabulary: Vocabulary): Segment[] {
  if (text === '') return []
  // Symbols are stretches of the text: [begin, end) with the indexes of their living neighbours.
  const begin: number[] = []
  const end: number[] = []
  const frozen: boolean[] = []
  for (let at = 0; at < text.length; ) {
    const symbol = vocabulary.userSymbolAt(text, at)
    const length = symbol || ((text.codePointAt(at) as number) > 0xffff ? 2 : 1)
    begin.push(at)
    end.push(at + length)
    frozen.push(symbol > 0)
    at += length
  }
  const count = begin.length
  const previous = Int32Array.from({ length: count }, (_, i) => i - 1)
  const next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : -1))
  const alive = new Uint8Array(count).fill(1)

  const heap = new PairHeap()
  /** How an unused piece came about: it may be merged through, but is taken apart again at the end. */
  const origin = new Map<string, readonly [string, string]>()
  const consider = (left: number, right: number) => {
    if (left < 0 || right < 0 || frozen[left] || frozen[right]) return
    const piece = text.slice(begin[left], end[right])
    const id = vocabulary.mergeable.get(piece)
    if (id === undefined) return
    heap.push(vocabulary.scores[id] as number, left, right, piece.length)
    if (vocabulary.isUnused(id))
      origin.set(piece, [text.slice(begin[left], end[left]), text.slice(begin[right], end[right])])
  }
  for (let i = 1; i < count; i++) consider(i - 1, i)
  for (let top = heap.pop(); top; top = heap.pop()) {
    const { left, right, length } = top
    // Stale when either side was merged meanwhile: then the lengths no longer add up.
    if (
      !alive[left] ||
      !alive[right] ||
      (end[right] as number) - (begin[left] as number) !== length ||
      next[left] !== right
    )
      continue
    end[left] = end[right] as number
    alive[right] = 0
    const after = next[right] as number
    next[left] = after
    if (after >= 0) previous[after] = left
    consider(previous[left] as number, left)
    consider(left, after)
  }

  const out: Segment[] = []
  const emit = (piece: string): void => {
    const id = vocabulary.idOf(piece)
    const parts = vocabulary.isUnused(id) ? origin.get(piece) : undefined
    if (!parts) {
      out.push({ text: piece, id })
      return
    }
    emit(parts[0])
    emit(parts[1])
  }
  for (let i = 0; i >= 0; i = next[i] as number) emit(text.slice(begin[i], end[i]))
  return out
}

/** Pairs by falling score, then by rising left index; kept in parallel arrays. */
class PairHeap {
  private readonly score: number[] = []
  private readonly left: number[] = []
  private readonly right: number[] = []
  private readonly length: number[] = []

  private before(a: number, b: number): boolean {
    const x = this.score[a] as number
    const y = this.score[b] as number
    return x > y || (x === y && (this.left[a] as number) < (this.left[b] as number))
  }
  private swap(a: number, b: number): void {
    for (const column of [this.score, this.left, this.right, this.length]) {
      const kept = column[a] as number
      column[a] = column[b] as number
      column[b] = kept
    }
  }
  push(score: number, left: number, right: number, length: number): void {
    let i = this.score.length
    this.score.push(score)
    this.left.push(left)
    this.right.push(right)
    this.length.push(length)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!this.before(i, parent)) break
      this.swap(i, parent)
      i = parent
    }
  }
  pop(): { readonly left: number; readonly right: number; readonly length: number } | undefined {
    const last = this.score.length - 1
    if (last < 0) return undefined
    this.swap(0, last)
    this.score.pop()
    const top = {
      left: this.left.pop() as number,
      right: this.right.pop() as number,
      length: this.length.pop() as number,
    }
    for (let i = 0; ; ) {
      const l = 2 * i + 1
      const r = l + 1
      let best = i
      if (l < last && this.before(l, best)) best = l
      if (r < last && this.before(r, best)) best = r
      if (best === i) break
      this.swap(i, best)
      i = best
    }
    return top
  }
}
