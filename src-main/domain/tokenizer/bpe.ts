import type { Vocabulary } from './vocabulary.ts'

/** A piece of normalised text with its id. */
export interface Segment {
  readonly text: string
  readonly id: number
}

/** A symbol that is no piece. */
const NO_PIECE = -1

/**
 * Byte-pair encoding of normalised text: the adjacent pair whose concatenation is a piece with the highest score is merged first,
 * the leftmost on ties, until none is left (SentencePiece's BPE model). A heap keeps it at O(n log n); pairs of pieces are looked up by
 * their ids, so no text is cut out on the way.
 */
export function encodeBpe(text: string, vocabulary: Vocabulary): Segment[] {
  if (text === '') return []
  const { merges, mergeable, scores, pieces, unitPieces } = vocabulary
  // Symbols are stretches of the text: [begin, end) with the indexes of their living neighbours, and the piece that each is.
  const begin = new Int32Array(text.length)
  const end = new Int32Array(text.length)
  const piece = new Int32Array(text.length)
  const frozen = new Uint8Array(text.length)
  let count = 0
  for (let at = 0; at < text.length; count++) {
    const symbol = vocabulary.hasSymbols ? vocabulary.userSymbolAt(text, at) : 0
    const unit = text.charCodeAt(at)
    const length = symbol || (unit >= 0xd800 && unit < 0xdc00 && (text.codePointAt(at) as number) > 0xffff ? 2 : 1)
    const id = length === 1 ? (unitPieces[unit] as number) : (mergeable.get(text.slice(at, at + length)) ?? NO_PIECE)
    begin[count] = at
    end[count] = at + length
    piece[count] = id
    frozen[count] = symbol > 0 ? 1 : 0
    at += length
  }
  const previous = new Int32Array(count)
  const next = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    previous[i] = i - 1
    next[i] = i + 1 < count ? i + 1 : -1
  }
  const alive = new Uint8Array(count).fill(1)

  const heap = new PairHeap(count)
  /** How an unused piece came about: it may be merged through, but is taken apart again at the end. */
  const origin = new Map<string, readonly [string, string]>()
  const consider = (left: number, right: number) => {
    if (left < 0 || right < 0 || frozen[left] || frozen[right]) return
    const leftPiece = piece[left] as number
    const rightPiece = piece[right] as number
    // A character that is no piece may still be part of one: then only the text tells.
    const id =
      leftPiece >= 0 && rightPiece >= 0
        ? merges.find(leftPiece, rightPiece)
        : (mergeable.get(text.slice(begin[left], end[right])) ?? NO_PIECE)
    if (id < 0) return
    heap.push(scores[id] as number, left, (end[right] as number) - (begin[left] as number), id)
    if (vocabulary.hasUnused && vocabulary.isUnused(id))
      origin.set(pieces[id] as string, [text.slice(begin[left], end[left]), text.slice(begin[right], end[right])])
  }
  for (let i = 1; i < count; i++) consider(i - 1, i)
  while (heap.size > 0) {
    const { topLeft: left, topLength: length, topPiece } = heap
    heap.pop()
    const right = next[left] as number
    // Stale when either side was merged meanwhile: symbols only grow, so then the lengths no longer add up.
    if (!alive[left] || right < 0 || (end[right] as number) - (begin[left] as number) !== length) continue
    end[left] = end[right] as number
    piece[left] = topPiece
    alive[right] = 0
    const after = next[right] as number
    next[left] = after
    if (after >= 0) previous[after] = left
    consider(previous[left] as number, left)
    consider(left, after)
  }

  const out: Segment[] = []
  const emit = (part: string): void => {
    const id = vocabulary.idOf(part)
    const parts = vocabulary.isUnused(id) ? origin.get(part) : undefined
    if (!parts) {
      out.push({ text: part, id })
      return
    }
    emit(parts[0])
    emit(parts[1])
  }
  for (let i = 0; i >= 0; i = next[i] as number) {
    const id = piece[i] as number
    if (id >= 0 && !vocabulary.hasUnused) out.push({ text: pieces[id] as string, id })
    else emit(text.slice(begin[i], end[i]))
  }
  return out
}

/** Pairs by falling score, then by rising left index; kept in parallel typed arrays. */
class PairHeap {
  size = 0
  private scores: Float32Array
  private lefts: Int32Array
  private lengths: Int32Array
  private pieces: Int32Array

  constructor(symbols: number) {
    const room = symbols + 16
    this.scores = new Float32Array(room)
    this.lefts = new Int32Array(room)
    this.lengths = new Int32Array(room)
    this.pieces = new Int32Array(room)
  }

  get topLeft(): number {
    return this.lefts[0] as number
  }
  get topLength(): number {
    return this.lengths[0] as number
  }
  get topPiece(): number {
    return this.pieces[0] as number
  }

  push(score: number, left: number, length: number, piece: number): void {
    if (this.size === this.scores.length) this.grow()
    let i = this.size++
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = this.scores[parent] as number
      if (above > score || (above === score && (this.lefts[parent] as number) <= left)) break
      this.move(parent, i)
      i = parent
    }
    this.scores[i] = score
    this.lefts[i] = left
    this.lengths[i] = length
    this.pieces[i] = piece
  }

  /** Removes the first. */
  pop(): void {
    const last = --this.size
    const score = this.scores[last] as number
    const left = this.lefts[last] as number
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= last) break
      if (child + 1 < last && this.before(child + 1, child)) child++
      const below = this.scores[child] as number
      if (score > below || (score === below && left <= (this.lefts[child] as number))) break
      this.move(child, i)
      i = child
    }
    if (i !== last) this.move(last, i)
  }

  private before(a: number, b: number): boolean {
    const x = this.scores[a] as number
    const y = this.scores[b] as number
    return x > y || (x === y && (this.lefts[a] as number) < (this.lefts[b] as number))
  }

  private move(from: number, to: number): void {
    this.scores[to] = this.scores[from] as number
    this.lefts[to] = this.lefts[from] as number
    this.lengths[to] = this.lengths[from] as number
    this.pieces[to] = this.pieces[from] as number
  }

  private grow(): void {
    const grown = <T extends Float32Array | Int32Array>(old: T, made: T): T => {
      made.set(old)
      return made
    }
    const room = this.scores.length * 2
    this.scores = grown(this.scores, new Float32Array(room))
    this.lefts = grown(this.lefts, new Int32Array(room))
    this.lengths = grown(this.lengths, new Int32Array(room))
    this.pieces = grown(this.pieces, new Int32Array(room))
  }
}
