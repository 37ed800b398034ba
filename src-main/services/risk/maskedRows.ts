import { createReadStream } from 'node:fs'
import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { integerIn } from '../../domain/cohort/draws.ts'
import { SPECIALS } from '../../domain/cohort/peopleTokenizer.ts'
import { BIGRAM_WEIGHTS, BigramModel, MarkovModel, UnigramModel } from '../../domain/maskedTokens/baselines.ts'
import { NOT_ASKED } from '../../domain/maskedTokens/mask.ts'
import type { Tokenizer } from '../../domain/tokenizer/tokenizer.ts'
import { byteLines } from '../../readers/byteLines.ts'
import { ensureRegularFile } from '../../readers/checkedFile.ts'

/** Sentences as ids, end to end. */
export interface Sentences {
  readonly texts: readonly string[]
  readonly ids: readonly Int32Array[]
}

/** Lines of a corpus; a letter outside the alphabet is named with its line. */
export async function sentencesOfFile(path: string, context: WorkContext): Promise<string[]> {
  const decoder = new TextDecoder()
  const out: string[] = []
  await ensureRegularFile(path)
  try {
    for await (const line of byteLines(createReadStream(path, { highWaterMark: 1 << 20 }))) {
      if (out.length % 1024 === 0) throwIfCancelled(context.signal)
      const text = decoder.decode(line)
      const at = text.search(/[^ACGTNBDHUOX\u4e00-\u9fff]/u)
      if (at >= 0) throw new WorkbenchError('bad-input', `line ${out.length + 1}, character ${at + 1} of '${path}' is ${text[at] === '\r' ? 'a carriage return' : `'${text[at]}'`}: no code of the diplotype alphabet`, 'make the sentences with diploscope corpus') // biome-ignore format: one line
      if (text !== '') out.push(text)
    }
  } catch (error) {
    throw asWorkbenchError(error)
  }
  if (out.length === 0) throw new WorkbenchError('bad-input', `'${path}' holds no sentence`, 'make the sentences with diploscope corpus') // biome-ignore format: one line
  return out
}

export const encoded = (texts: readonly string[], tokenizer: Tokenizer): Sentences => ({ texts, ids: texts.map(t => tokenizer.encode(t).ids) }) // biome-ignore format: one line

export interface Row {
  readonly ids: Int32Array
  /** Where each token's sentence begins, and which it is: for the models of counts. */
  readonly sentence: Int32Array
  readonly place: Int32Array
  readonly labels: Int32Array
}

/** [CLS] s1 [SEP] s2 [SEP] … of a length drawn from a quarter of the longest to the longest; consecutive sentences from a random one on. */
export function rowOf(from: Sentences, random: () => number, maxTokens: number): Omit<Row, 'labels'> {
  const length = integerIn(random, Math.max(4, maxTokens >> 2), maxTokens + 1)
  const ids = [SPECIALS.cls as number]
  const sentence = [-1]
  const place = [-1]
  for (let s = integerIn(random, 0, from.ids.length); ids.length < length; s = (s + 1) % from.ids.length) {
    const row = from.ids[s]!
    for (let i = 0; i < row.length && ids.length < length; i++) {
      ids.push(row[i]!)
      sentence.push(s)
      place.push(i)
    }
    if (ids.length < length) {
      ids.push(SPECIALS.sep)
      sentence.push(-1)
      place.push(-1)
    }
  }
  return { ids: Int32Array.from(ids), sentence: Int32Array.from(sentence), place: Int32Array.from(place) }
}

/** A token that is asked for. */
export interface Asked {
  readonly sentence: number
  readonly place: number
  readonly id: number
  /** Nucleotides. */
  readonly length: number
}

export const askedOf = (row: Row, tokenizer: Tokenizer): Asked[] =>
  Array.from(row.labels, (id, i) => ({ id, sentence: row.sentence[i]!, place: row.place[i]! }))
    .filter(a => a.id !== NOT_ASKED)
    .map(a => ({ ...a, length: tokenizer.vocabulary.pieces[a.id]!.replaceAll('\u2581', '').length }))

/** Bits a nucleotide of models of counts on the same masked tokens. They see what stands before a token; the network sees both sides. */
export function floorsOf(
  train: Sentences,
  valid: Sentences,
  asked: readonly Asked[],
  tokenizer: Tokenizer,
): Record<string, number> {
  const vocabulary = tokenizer.size
  const lengths = tokenizer.vocabulary.pieces.map(p => p.replaceAll('\u2581', '').length)
  const unigram = new UnigramModel(vocabulary)
  for (const ids of train.ids) unigram.add(ids)
  const bigram = new BigramModel(vocabulary, unigram)
  for (const ids of train.ids) bigram.add(ids)
  const markov = [4, 5].map(order => new MarkovModel(order))
  for (const text of train.texts) for (const m of markov) m.add(text)
  const sums = { unigram: 0, bigram: 0, 'Markov, 4 before (5-mers)': 0, 'Markov, 5 before (6-mers)': 0 }
  const bigrams = BIGRAM_WEIGHTS.map(() => 0)
  let nucleotides = 0
  const starts = new Map<number, Int32Array>()
  for (const { sentence, place, id, length } of asked) {
    nucleotides += length
    sums.unigram -= Math.log2(unigram.probability(id))
    BIGRAM_WEIGHTS.forEach((weight, w) => {
      bigrams[w]! -= Math.log2(
        place > 0 ? bigram.probability(valid.ids[sentence]![place - 1]!, id, weight) : unigram.probability(id),
      )
    })
    const at = startsOf(sentence)[place]!
    for (let i = 0; i < length; i++) {
      sums['Markov, 4 before (5-mers)'] -= Math.log2(markov[0]!.probability(valid.texts[sentence]!, at + i))
      sums['Markov, 5 before (6-mers)'] -= Math.log2(markov[1]!.probability(valid.texts[sentence]!, at + i))
    }
  }
  // The weight that suits the held-out sentences best: a choice in the baseline's favour.
  sums.bigram = Math.min(...bigrams)
  return Object.fromEntries(Object.entries(sums).map(([name, bits]) => [name, bits / Math.max(1, nucleotides)]))

  /** Where each token of a sentence begins in its text. */
  function startsOf(sentence: number): Int32Array {
    let known = starts.get(sentence)
    if (!known) {
      let at = 0
      known = Int32Array.from(valid.ids[sentence]!, id => {
        const start = at
        at += lengths[id] ?? 0
        return start
      })
      starts.set(sentence, known)
    }
    return known
  }
}
