import type { WorkContext } from '../../../src-shared/job.ts'
import { createNormalizer } from '../tokenizer/normalizer.ts'
import { trainBpe } from '../tokenizer/train/bpeTrainer.ts'
import { ALPHABETS, buildModel, SPECIAL_PIECES } from '../tokenizer/train/build.ts'
import { nfkcCharsmap } from '../tokenizer/train/nfkcMap.ts'
import { CorpusBuilder } from '../tokenizer/train/symbols.ts'
import { integerIn, streamOf } from './draws.ts'

/** Sentences of the published corpus (Greenformers, chapter 5): 500 to 1,000 characters that follow one another. */
const SENTENCE = { least: 500, most: 1000 } as const

/** Ids of the special pieces in every tokenizer made here. */
export const SPECIALS = { unknown: 0, cls: 1, sep: 2, mask: 3, pad: 4 } as const

/** Cuts a person's diplotype into sentences of random length, as `corpus` cuts a chromosome. */
export function sentencesOf(text: string, seed: number, person: number): string[] {
  const random = streamOf(seed, 'sentences', person)
  const out: string[] = []
  let at = integerIn(random, 0, SENTENCE.least)
  if (at > 0) out.push(text.slice(0, at))
  while (at < text.length) {
    const length = integerIn(random, SENTENCE.least, SENTENCE.most + 1)
    out.push(text.slice(at, at + length))
    at += length
  }
  return out
}

/**
 * A byte-pair model of the diplotypes of some people, with all 66 codes in its alphabet; the same people and seed give the same bytes.
 * Fewer pieces than asked for when the people have no more pairs that come twice.
 */
export function tokenizerOf(
  texts: readonly string[],
  options: { readonly vocabulary: number; readonly maxPieceLength: number; readonly seed: number },
  context: WorkContext,
  charsmap = nfkcCharsmap(),
): Uint8Array {
  const normalize = createNormalizer(
    {
      name: 'nfkc',
      precompiledCharsmap: charsmap,
      addDummyPrefix: true,
      removeExtraWhitespaces: true,
      escapeWhitespaces: true,
    },
    { treatWhitespaceAsSuffix: false },
    () => 0,
  )
  const encoder = new TextEncoder()
  const builder = new CorpusBuilder()
  texts.forEach((text, person) => {
    for (const sentence of sentencesOf(text, options.seed, person)) builder.add(normalize(encoder.encode(sentence)))
  })
  const corpus = builder.finish()
  const alphabet = ALPHABETS.diplotype
  const characters = new Set([...corpus.characters, ...alphabet]).size
  const merges = Math.max(0, options.vocabulary - SPECIAL_PIECES.length - characters)
  const frequencies = corpus.frequencies.slice()
  const trained = trainBpe(corpus, { merges, maxPieceLength: options.maxPieceLength, minFrequency: 2 }, context)
  return buildModel({
    corpus: { characters: corpus.characters, frequencies },
    merges: trained,
    alphabet,
    normalization: 'nfkc',
    charsmap,
    maxPieceLength: options.maxPieceLength,
  })
}
