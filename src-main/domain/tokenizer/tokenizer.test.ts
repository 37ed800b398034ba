import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sharedData } from '../../../test-support/shared-data.ts'
import { MODEL_TYPE, type ModelType, PIECE, type Piece, parseModelFile, writeModelFile } from './modelFile.ts'
import { loadTokenizer } from './tokenizer.ts'

interface Case {
  readonly text: string
  readonly pieces: readonly string[]
  readonly ids: readonly number[]
  readonly decoded: string
}
const vectors = (path: string, key?: string): readonly Case[] => {
  const document = JSON.parse(readFileSync(path, 'utf8'))
  return (key ? document[key] : document).cases
}

// Truth: vectors made with the SentencePiece library 0.1.97.
const folder = sharedData('sentencepiece')
describe.skipIf(!folder)('against the reference library', () => {
  it.each([
    ['unigram', 'test_model.model', 'reference_vectors.json', 'test_model.model'],
    ['BPE', 'diplotype_bpe.model', 'diplotype_bpe_vectors.json', undefined],
  ])('%s: pieces, ids and decoded text are equal', (_type, model, file, key) => {
    const tokenizer = loadTokenizer(readFileSync(`${folder}/${model}`))
    const cases = vectors(`${folder}/${file}`, key)
    expect(cases.length).toBeGreaterThan(50)
    for (const c of cases) {
      const encoded = tokenizer.encode(c.text)
      expect(encoded.pieces, c.text).toEqual(c.pieces)
      expect([...encoded.ids], c.text).toEqual(c.ids)
      expect(tokenizer.decode(c.ids), c.text).toBe(c.decoded)
    }
  })
})

/** A model made here from a list of pieces; `trainer` and `normalizer` are raw protobuf, absent fields being the library's defaults. */
function made(
  type: ModelType,
  pieces: readonly (readonly [string, number, Piece['type']?])[],
  trainer: readonly number[] = [],
  normalizer: readonly number[] = [],
) {
  return writeModelFile({
    pieces: [
      { piece: '<unk>', score: 0, type: PIECE.unknown },
      ...pieces.map(([piece, score, kind]) => ({ piece, score, type: kind ?? PIECE.normal })),
    ],
    trainerBytes: Uint8Array.from([0x18, type, ...trainer]), // field 3: model_type
    normalizerBytes: Uint8Array.from(normalizer),
    rest: [],
  })
}
const characters = (text: string): [string, number][] => [...text].map(c => [c, -100])

describe('byte-pair encoding', () => {
  const model = made(MODEL_TYPE.bpe, [['AB', -1], ['BC', 0], ['ABC', -2], ...characters('ABC\u2581')])
  const tokenizer = loadTokenizer(model)

  it('merges the highest score first, then what that made possible', () => {
    // BC has the highest score, so A BC, which is then ABC: never AB C.
    expect(tokenizer.encode('ABC').pieces).toEqual(['\u2581', 'ABC'])
  })
  it('merges the leftmost of equals', () => {
    const overlapping = loadTokenizer(made(MODEL_TYPE.bpe, [['AA', 0], ...characters('A\u2581')]))
    expect(overlapping.encode('AAA').pieces).toEqual(['\u2581', 'AA', 'A'])
  })
  it('joins unknown characters that stand together, and only those', () => {
    const encoded = tokenizer.encode('xyAz')
    expect(encoded.pieces).toEqual(['\u2581', 'xy', 'A', 'z'])
    expect(encoded.ids[1]).toBe(0)
    expect(tokenizer.decode(encoded.ids)).toBe(' \u2047 A \u2047 ')
  })
  it('never cuts a character outside the basic plane in two', () => {
    const wide = loadTokenizer(made(MODEL_TYPE.bpe, [['\u{20000}A', 0], ...characters('\u{20000}A\u2581')]))
    expect(wide.encode('\u{20000}A').pieces).toEqual(['\u2581', '\u{20000}A'])
  })
  it('decodes what it encoded, for any text over its alphabet', () => {
    for (const text of ['', 'A', 'ABCABC', 'A B C', 'CCCBBBAAA'])
      expect(tokenizer.decode(tokenizer.encode(text).ids)).toBe(text)
  })
  it('takes 35,000 characters as it takes a few: equal to a plain merge loop', () => {
    const rank = new Map([
      ['BC', 0],
      ['AB', -1],
      ['ABC', -2],
    ])
    const naive = (text: string) => {
      const parts = [...text]
      for (;;) {
        let at = -1
        for (let i = 0; i + 1 < parts.length; i++) {
          const score = rank.get(`${parts[i]}${parts[i + 1]}`)
          if (score !== undefined && (at < 0 || score > (rank.get(`${parts[at]}${parts[at + 1]}`) as number))) at = i
        }
        if (at < 0) return parts
        parts.splice(at, 2, `${parts[at]}${parts[at + 1]}`)
      }
    }
    let state = 7
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    }
    const text = Array.from({ length: 300 }, () => 'ABC'[Math.floor(random() * 3)]).join('')
    expect(tokenizer.encode(text).pieces).toEqual(naive(`\u2581${text}`))
    const long = text.repeat(117)
    expect(tokenizer.encode(long).pieces.join('')).toBe(`\u2581${long}`)
  })
})

describe('unigram', () => {
  it('finds the best sum of scores, not the longest pieces', () => {
    const tokenizer = loadTokenizer(
      made(MODEL_TYPE.unigram, [
        ['AB', -1],
        ['CD', -1],
        ['ABC', -1.5],
        ['D', -3],
        ['A', -5],
        ['\u2581', -1],
      ]),
    )
    expect(tokenizer.encode('ABCD').pieces).toEqual(['\u2581', 'AB', 'CD'])
  })
  it('puts a user-defined symbol before any sum', () => {
    const tokenizer = loadTokenizer(
      made(MODEL_TYPE.unigram, [
        ['ABCD', -0.5],
        ['BC', 0, PIECE.userDefined],
        ['A', -1],
        ['D', -1],
        ['\u2581', -1],
      ]),
    )
    expect(tokenizer.encode('ABCD').pieces).toEqual(['\u2581', 'ABCD'])
    expect(tokenizer.encode('ABC').pieces).toEqual(['\u2581', 'A', 'BC'])
  })
})

// Truth: the library's definition: a piece a character, a piece a word that begins at its space mark; runs of unknown ones are one.
describe('character and word models', () => {
  it('cuts at every character, but not inside a user-defined symbol', () => {
    const model = made(MODEL_TYPE.char, [...characters('AB\u2581'), ['AAB', 0, PIECE.userDefined]])
    const encoded = loadTokenizer(model).encode('ABAAB \u{20000}z')
    expect(encoded.pieces).toEqual(['\u2581', 'A', 'B', 'AAB', '\u2581', '\u{20000}z'])
    expect([...encoded.ids]).toEqual([3, 1, 2, 4, 3, 0])
  })
  it('cuts at every space mark', () => {
    const model = made(MODEL_TYPE.word, [['\u2581the', -1], ['\u2581cat', -2], ['\u2581', -3]]) // biome-ignore format: a list of pieces
    const tokenizer = loadTokenizer(model)
    const encoded = tokenizer.encode('the cat sat on the')
    expect(encoded.pieces).toEqual(['\u2581the', '\u2581cat', '\u2581sat\u2581on', '\u2581the'])
    expect([...encoded.ids]).toEqual([1, 2, 0, 1])
    expect(tokenizer.decode(encoded.ids)).toBe('the cat \u2047  the')
    expect(tokenizer.encode('').pieces).toEqual([])
  })
})

// Truth: the library, which gives U+FEFF as any other character; the platform's decoder drops one at the start of a text.
it('keeps a byte order mark at the start', () => {
  const bare = [0x18, 0] // field 3: add_dummy_prefix
  const tokenizer = loadTokenizer(made(MODEL_TYPE.bpe, [...characters('A\ufeff')], [], bare))
  expect(tokenizer.encode('\ufeffA').pieces).toEqual(['\ufeff', 'A'])
})

describe('the file', () => {
  const bpe = made(MODEL_TYPE.bpe, [['AB', -1], ...characters('AB')])
  it('is written as it was read', () => {
    const again = writeModelFile(parseModelFile(bpe))
    expect(again).toEqual(bpe)
  })
  it('keeps fields that it does not know', () => {
    const extra = Uint8Array.from([...bpe, 0xfa, 0x3e, 2, 1, 2]) // field 1007, two bytes
    expect(writeModelFile(parseModelFile(extra))).toEqual(extra)
  })
  it.each([
    ['empty', new Uint8Array()],
    ['text', new TextEncoder().encode('this is a text, not a model')],
    ['a model of a type that nobody knows', made(9 as ModelType, [['A', 0]])],
    ['cut short', bpe.subarray(0, bpe.length - 7)],
    [
      'a piece twice',
      made(MODEL_TYPE.bpe, [
        ['A', 0],
        ['A', 1],
      ]),
    ],
  ])('%s is refused with a code', (_name, bytes) => {
    expect(() => loadTokenizer(bytes)).toThrow(expect.objectContaining({ code: 'bad-model' }))
  })
  it('survives any flipped byte: an answer or a coded refusal', () => {
    for (let at = 0; at < bpe.length; at++) {
      for (const bit of [1, 16, 128]) {
        const flipped = Uint8Array.from(bpe)
        flipped[at] = (flipped[at] as number) ^ bit
        try {
          loadTokenizer(flipped).encode('ABAB')
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-model' })
        }
      }
    }
  })
})
