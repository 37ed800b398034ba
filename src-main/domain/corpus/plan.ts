import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { hashOf, type Random, seededRandom } from '../../../src-shared/random.ts'

export type CorpusRule = 'thesis' | 'snp2vec'

export interface PlanOptions {
  readonly passes: number
  /** Passes start at a position from 0 to this, both included. */
  readonly startMax: number
  /** Sentence length, both ends included. */
  readonly minLength: number
  readonly maxLength: number
  /** At most this many sentences are kept, drawn from all. */
  readonly sentences: number
  readonly seed: number
  /** No two passes start at the same place. */
  readonly distinctStarts: boolean
  /** Sentences in random order, not as they lie along the contig. */
  readonly shuffled: boolean
}

/** What the two sources say of the corpus; numbers of sentences and passes are the same in both. */
export const RULES: Readonly<Record<CorpusRule, Omit<PlanOptions, 'seed'>>> = {
  /** Greenformers, chapter 5. */
  thesis: { passes: 50, startMax: 5000, minLength: 500, maxLength: 1000, sentences: 3_000_000, distinctStarts: false, shuffled: false },
  /** HLTCHKUST/snp2vec. */
  snp2vec: { passes: 50, startMax: 4095, minLength: 512, maxLength: 4095, sentences: 3_000_000, distinctStarts: true, shuffled: true },
} // biome-ignore format: a table

/** Sentences in the order in which they are written; positions count from the first known base of the contig. */
export interface SentencePlan {
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly passes: Uint16Array
  /** Before the draw. */
  readonly available: number
  /** Bases at the ends of passes, fewer than the shortest sentence, that are in no sentence. */
  readonly leftOver: number
  /** Where each pass starts. */
  readonly passStarts: Int32Array
}

const STARTS = 1
const LENGTHS = 2
const CHOICE = 3
const ORDER = 4

/**
 * Cuts `length` bases into consecutive sentences of random length, once for each pass from its own start. The last sentence of a pass ends
 * with the contig; a rest shorter than the shortest sentence is left out. 10 bytes of memory a sentence that is kept.
 * @throws WorkbenchError `bad-input` when no sentence fits, `wrong-usage` when there are fewer starts than passes
 */
export function planSentences(length: number, options: PlanOptions): SentencePlan {
  const { minLength, maxLength, seed } = options
  const passStarts = startsOf(options, seededRandom(hashOf(seed, STARTS)))
  let available = 0
  let leftOver = 0
  for (let pass = 0; pass < passStarts.length; pass++) leftOver += walk(pass, () => available++)
  if (available === 0)
    throw new WorkbenchError('bad-input', `${length.toLocaleString('en-US')} bases from the first known one to the last are too few for sentences of ${minLength} or more`, 'give a longer contig, or a smaller --min and --start-max') // biome-ignore format: one sentence
  // Selection sampling (Knuth, TAOCP 3.4.2 S): every subset of that size is as likely, and only what is kept is stored.
  const kept = Math.min(available, options.sentences)
  const choose = seededRandom(hashOf(seed, CHOICE))
  const plan = {
    starts: new Int32Array(kept),
    lengths: new Int32Array(kept),
    passes: new Uint16Array(kept),
  }
  let seen = 0
  let taken = 0
  for (let pass = 0; pass < passStarts.length; pass++)
    walk(pass, (start, bases) => {
      if (kept < available && (available - seen++) * choose() >= kept - taken) return
      plan.starts[taken] = start
      plan.lengths[taken] = bases
      plan.passes[taken++] = pass
    })
  if (options.shuffled) shuffle(plan, seededRandom(hashOf(seed, ORDER)))
  return { ...plan, available, leftOver, passStarts }

  /** @returns what is left at the end */
  function walk(pass: number, take: (start: number, bases: number) => void): number {
    const random = seededRandom(hashOf(seed, LENGTHS, pass))
    let at = passStarts[pass]!
    while (at < length) {
      const bases = Math.min(length - at, minLength + Math.floor(random() * (maxLength - minLength + 1)))
      if (bases < minLength) return bases
      take(at, bases)
      at += bases
    }
    return 0
  }
}

function startsOf({ passes, startMax, distinctStarts }: PlanOptions, random: Random): Int32Array {
  const draw = () => Math.floor(random() * (startMax + 1))
  if (!distinctStarts) return Int32Array.from({ length: passes }, draw)
  if (passes > startMax + 1)
    throw new WorkbenchError('wrong-usage', `${passes} passes cannot start at ${startMax + 1} different places`, 'give a smaller --passes or a larger --start-max') // biome-ignore format: one sentence
  // Floyd's sampling without replacement, then in random order.
  const chosen = new Set<number>()
  for (let top = startMax + 1 - passes; top <= startMax; top++) {
    const one = Math.floor(random() * (top + 1))
    chosen.add(chosen.has(one) ? top : one)
  }
  const starts = Int32Array.from(chosen)
  for (let i = starts.length - 1; i > 0; i--) swap(starts, i, Math.floor(random() * (i + 1)))
  return starts
}

function shuffle(plan: { starts: Int32Array; lengths: Int32Array; passes: Uint16Array }, random: Random): void {
  for (let i = plan.starts.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    swap(plan.starts, i, j)
    swap(plan.lengths, i, j)
    swap(plan.passes, i, j)
  }
}

function swap(values: Int32Array | Uint16Array, i: number, j: number): void {
  const value = values[i]!
  values[i] = values[j]!
  values[j] = value
}
