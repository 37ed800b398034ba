import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../test-support/random.ts'
import { BigramModel, MarkovModel, UnigramModel } from './baselines.ts'
import { maskTokens, NOT_ASKED } from './mask.ts'

describe('masking', () => {
  const options = { share: 0.15, vocabulary: 100, firstPiece: 5, maskId: 3 }
  // Truth: the shares of Devlin et al. 2019: 15 % asked for; of these 80 % masked, 10 % drawn, 10 % kept.
  it('asks for 15 %, masks 80 % of them, draws 10 %, keeps 10 %; specials never', () => {
    const random = new SeededRandom('mask')
    const ids = Int32Array.from({ length: 40_000 }, (_, i) => (i % 50 === 0 ? 2 : 5 + random.integer(0, 95)))
    const { ids: out, labels } = maskTokens(ids, random.next, options)
    let [asked, masked, kept] = [0, 0, 0]
    for (let i = 0; i < ids.length; i++) {
      if (labels[i] === NOT_ASKED) {
        if (out[i] !== ids[i]) throw new Error(`token ${i} changed without being asked for`)
        continue
      }
      asked++
      if (labels[i] !== ids[i] || ids[i]! < 5) throw new Error(`label ${labels[i]} of id ${ids[i]}`)
      if (out[i] === 3) masked++
      else if (out[i] === ids[i]) kept++
      else if (out[i]! < 5) throw new Error(`special ${out[i]} drawn`)
    }
    expect(asked / (0.98 * ids.length)).toBeCloseTo(0.15, 1)
    expect(masked / asked).toBeCloseTo(0.8, 1)
    // A drawn piece is the old one once in 95 times.
    expect(kept / asked).toBeCloseTo(0.1 + 0.1 / 95, 2)
  })
  it('asks for one token at least, and for none where there are only specials', () => {
    expect(maskTokens(Int32Array.of(1, 7, 2), () => 0.99, options).labels).toEqual(Int32Array.of(-100, 7, -100))
    expect(maskTokens(Int32Array.of(1, 2), () => 0, options).labels).toEqual(Int32Array.of(-100, -100))
  })
})

describe('models of counts', () => {
  // Truth: probabilities sum to 1; by hand for a small text.
  it('are distributions', () => {
    const unigram = new UnigramModel(4)
    unigram.add([0, 1, 1, 2])
    expect(unigram.probability(1)).toBeCloseTo(2.5 / 6, 12)
    const bigram = new BigramModel(4, unigram)
    bigram.add([0, 1, 1, 2])
    expect(bigram.probability(1, 2, 5)).toBeCloseTo((1 + 5 * unigram.probability(2)) / (2 + 5), 12)
    for (const before of [0, 1, 3]) expect([0, 1, 2, 3].reduce((s, id) => s + bigram.probability(before, id, 5), 0)).toBeCloseTo(1, 12) // biome-ignore format: one line
    const markov = new MarkovModel(2)
    markov.add('ACACGT')
    for (const context of ['AC', 'GG', 'T'])
      expect([...'ACGT'].reduce((s, c) => s + markov.probability(context + c, context.length), 0)).toBeCloseTo(1, 12)
  })
  // Truth: the entropy of the source that drew the text; letters repeat their predecessor with 0.7.
  it('a Markov model comes to the entropy of a Markov source', () => {
    const random = new SeededRandom('source')
    let text = 'A'
    for (let i = 1; i < 60_000; i++) text += random.chance(0.7) ? text[i - 1] : [...'ACGT'].filter(c => c !== text[i - 1])[random.integer(0, 3)] // biome-ignore format: one line
    const markov = new MarkovModel(1)
    markov.add(text.slice(0, 50_000))
    let bits = 0
    for (let i = 50_000; i < text.length; i++) bits -= Math.log2(markov.probability(text, i))
    const entropy = -(0.7 * Math.log2(0.7) + 0.3 * Math.log2(0.1))
    expect(bits / 10_000).toBeCloseTo(entropy, 1)
  })
})
