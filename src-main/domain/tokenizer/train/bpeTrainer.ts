import { throwIfCancelled } from '../../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../../src-shared/job.ts'
import { CandidateHeap } from './candidateHeap.ts'
import { Candidates } from './candidates.ts'
import { growingInt32 } from './growing.ts'
import { NeighbourCounts } from './neighbourCounts.ts'
import { BOUNDARY, MAX_SYMBOLS, type SymbolCorpus } from './symbols.ts'

export interface BpeTrainingOptions {
  /** Pieces to make by merging, beyond the characters. */
  readonly merges: number
  /** In characters. */
  readonly maxPieceLength: number
  /** A pair that stands in fewer places than this, when it is first seen, is never merged. At least 1. */
  readonly minFrequency: number
}

export interface BpeMerges {
  /** Texts in the order in which they were merged; fewer than asked for when the corpus has no more. */
  readonly pieces: readonly string[]
  /** In how many places each stood when it was merged. */
  readonly frequencies: Float64Array
  /** Tokens of the corpus after the last merge, boundaries not counted. */
  readonly tokens: number
}

/** Merges between two looks at the signal. */
const MERGES_A_BATCH = 16

/**
 * Byte-pair encoding (Sennrich et al. 2016) of a corpus: the text that adjacent symbols form in most places becomes a piece and is merged
 * everywhere, again and again. On ties the shorter text goes first, then the lower in code-point order, so a corpus has one answer.
 *
 * Each pair keeps the places where it stands. They are all known when the newer of its two symbols is made, so a list is written once
 * and training is linear in what is merged. Memory: 2 bytes a symbol of the corpus, 4 for each place of a pair that is not merged yet,
 * and no object for either. The corpus' symbols are overwritten.
 * @throws WorkbenchError `cancelled`
 */
export function trainBpe(corpus: SymbolCorpus, options: BpeTrainingOptions, ctx: WorkContext): BpeMerges {
  const { symbols } = corpus
  /** Text of each symbol; symbol 0 is the boundary. */
  const texts: string[] = ['', ...corpus.characters]
  /** How many symbols of the corpus, that is characters, each stands for. */
  const spans: number[] = [1, ...corpus.characters.map(() => 1)]
  const candidates = new Candidates(texts)
  const heap = new CandidateHeap(candidates)
  const neighbours = new NeighbourCounts()
  const merged = growingInt32(1 << 16)
  const taken = new Set<string>(corpus.characters)
  const wanted = (left: number, right: number, places: number) =>
    places >= options.minFrequency &&
    (spans[left] as number) + (spans[right] as number) <= options.maxPieceLength &&
    !taken.has((texts[left] as string) + (texts[right] as string))

  addFirstPairs(corpus, candidates, wanted)
  heap.addRaised()
  const pieces: string[] = []
  const frequencies: number[] = []
  while (pieces.length < options.merges && texts.length < MAX_SYMBOLS) {
    if (pieces.length % MERGES_A_BATCH === 0) {
      throwIfCancelled(ctx.signal)
      ctx.report({ phase: 'merging', done: pieces.length, total: options.merges })
    }
    const best = heap.pop()
    if (best < 0 || candidates.countOf(best) < options.minFrequency) break
    const text = candidates.textOf(best)
    const made = texts.push(text) - 1
    taken.add(text)
    pieces.push(text)
    frequencies.push(candidates.countOf(best))
    merged.length = 0
    let lists = 0
    for (const { left, right, places } of candidates.pairsOf(best)) {
      lists++
      spans[made] = (spans[left] as number) + (spans[right] as number)
      merge(left, right, places, made)
    }
    candidates.retire(best)
    const at = merged.data.subarray(0, merged.length)
    if (lists > 1) at.sort()
    addNewPairs(at, made)
    heap.addRaised()
  }
  return { pieces, frequencies: Float64Array.from(frequencies), tokens: countTokens(corpus, spans) }

  /**
   * Merges one pair wherever it still stands. A merged piece has its symbol at its first and at its last place, so that both neighbours
   * find it; the place where the right part began becomes a boundary, so that its old pairs no longer match there.
   */
  function merge(left: number, right: number, places: Int32Array, made: number): void {
    const leftSpan = spans[left] as number
    const span = spans[made] as number
    for (let n = 0; n < places.length; n++) {
      const at = places[n] as number
      const middle = at + leftSpan
      if (symbols[at] !== left || symbols[middle] !== right) continue
      const after = at + span
      neighbours.addBefore(symbols[at - 1] as number)
      neighbours.addAfter(symbols[after] as number)
      symbols[middle] = BOUNDARY
      symbols[at] = made
      symbols[after - 1] = made
      merged.push(at)
    }
    neighbours.drain(
      (previous, times) => candidates.lower(previous, left, times),
      (next, times) => candidates.lower(right, next, times),
    )
  }

  /** Registers the pairs that the new symbol forms with what stands beside it: once to count, once to write. */
  function addNewPairs(at: Int32Array, made: number): void {
    const span = spans[made] as number
    for (let n = 0; n < at.length; n++) {
      const start = at[n] as number
      // Two of the new symbol side by side are one pair, found from the left one.
      const previous = symbols[start - 1] as number
      if (previous !== made) neighbours.addBefore(previous)
      neighbours.addAfter(symbols[start + span] as number)
    }
    neighbours.drain(
      (previous, times) => {
        if (wanted(previous, made, times)) neighbours.writeBefore(previous, candidates.add(previous, made, times))
      },
      (next, times) => {
        if (wanted(made, next, times)) neighbours.writeAfter(next, candidates.add(made, next, times))
      },
    )
    if (neighbours.writing) {
      for (let n = 0; n < at.length; n++) {
        const start = at[n] as number
        const previous = symbols[start - 1] as number
        if (previous !== made) neighbours.placeBefore(previous, start - (spans[previous] as number))
        neighbours.placeAfter(symbols[start + span] as number, start)
      }
      neighbours.endWriting()
    }
  }
}

/** Registers the pairs of characters of the whole corpus: once to count, once to write. */
function addFirstPairs(
  corpus: SymbolCorpus,
  candidates: Candidates,
  wanted: (left: number, right: number, places: number) => boolean,
): void {
  const { symbols, length } = corpus
  const counts = new Map<number, number>()
  const width = corpus.characters.length + 1
  // Few characters (sequences have under a hundred): count in an array; many: in a map.
  const dense = width <= 2048 ? new Int32Array(width * width) : undefined
  for (let i = 1; i + 1 < length; i++) {
    const key = (symbols[i] as number) * width + (symbols[i + 1] as number)
    if (dense) dense[key] = (dense[key] as number) + 1
    else counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  dense?.forEach((count, key) => {
    if (count > 0) counts.set(key, count)
  })
  const cursors = new Map<number, { data: Int32Array; start: number }>()
  for (const [key, count] of [...counts].sort((a, b) => a[0] - b[0])) {
    const left = Math.floor(key / width)
    const right = key % width
    if (left !== BOUNDARY && right !== BOUNDARY && wanted(left, right, count))
      cursors.set(key, { ...candidates.add(left, right, count) })
  }
  const direct = dense ? Array.from({ length: dense.length }, (_, key) => cursors.get(key)) : undefined
  for (let i = 1; i + 1 < length; i++) {
    const key = (symbols[i] as number) * width + (symbols[i + 1] as number)
    const cursor = direct ? direct[key] : cursors.get(key)
    if (cursor) cursor.data[cursor.start++] = i
  }
}

function countTokens(corpus: SymbolCorpus, spans: readonly number[]): number {
  let tokens = 0
  for (let i = 1; i < corpus.length; ) {
    const symbol = corpus.symbols[i] as number
    if (symbol !== BOUNDARY) tokens++
    i += spans[symbol] as number
  }
  return tokens
}
