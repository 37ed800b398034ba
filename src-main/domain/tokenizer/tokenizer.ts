import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { encodeBpe, type Segment } from './bpe.ts'
import { MODEL_TYPE, type ModelFile, PIECE, parseModelFile } from './modelFile.ts'
import { createNormalizer, META_SPACE } from './normalizer.ts'
import { encodeCharacters, encodeWords } from './plainSplits.ts'
import { encodeUnigram } from './unigram.ts'
import { characterLength } from './utf8.ts'
import { createVocabulary, type Vocabulary } from './vocabulary.ts'

/** A text as pieces and their ids, one to one. */
export interface Encoding {
  readonly pieces: readonly string[]
  readonly ids: Int32Array
}

/** A SentencePiece model at work: pieces, ids and decoded text equal the reference library's (0.1.97). */
export interface Tokenizer {
  readonly size: number
  readonly vocabulary: Vocabulary
  normalize(text: string | Uint8Array): string
  encode(text: string | Uint8Array): Encoding
  /** @throws WorkbenchError `bad-input` for an id outside the vocabulary */
  decode(ids: ArrayLike<number>): string
}

const SEGMENT = {
  [MODEL_TYPE.unigram]: encodeUnigram,
  [MODEL_TYPE.bpe]: encodeBpe,
  [MODEL_TYPE.word]: encodeWords,
  [MODEL_TYPE.char]: encodeCharacters,
} as const

/** @throws WorkbenchError `bad-model` */
export const loadTokenizer = (bytes: Uint8Array): Tokenizer => createTokenizer(parseModelFile(bytes))

export function createTokenizer(model: ModelFile): Tokenizer {
  const vocabulary = createVocabulary(model)
  const { trainer } = model
  const encoder = new TextEncoder()
  // U+FEFF is a character like any other, at the start of a text too.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const userSymbols = model.pieces.filter(p => p.type === PIECE.userDefined).map(p => encoder.encode(p.piece))
  const normalizeBytes = createNormalizer(
    model.normalizer,
    trainer,
    longestOf(userSymbols),
    new Set(userSymbols.map(s => s[0] as number)),
  )
  const segment = SEGMENT[trainer.modelType]
  const normalize = (text: string | Uint8Array) =>
    normalizeBytes(typeof text === 'string' ? encoder.encode(text) : text)

  return {
    size: model.pieces.length,
    vocabulary,
    normalize,
    encode(text) {
      const pieces: string[] = []
      const ids: number[] = []
      let afterUnknown = false
      for (const s of segment(normalize(text), vocabulary)) {
        const unknown = s.id === vocabulary.unkId
        if (unknown && trainer.byteFallback) {
          for (const byte of encoder.encode(s.text)) {
            const id = vocabulary.byteId(byte)
            pieces.push(vocabulary.pieces[id] as string)
            ids.push(id)
          }
        } else if (unknown && afterUnknown) pieces[pieces.length - 1] += s.text
        else push(s)
        afterUnknown = unknown
      }
      return { pieces, ids: Int32Array.from(ids) }

      function push(s: Segment): void {
        pieces.push(s.text)
        ids.push(s.id)
      }
    },
    decode(ids) {
      let text = ''
      let pending: number[] = []
      let atStart = true
      let sawStartSpace = false
      const flushBytes = () => {
        if (pending.length === 0) return
        text += decodeLeniently(Uint8Array.from(pending), decoder)
        pending = []
      }
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i] as number
        const piece = vocabulary.pieces[id]
        if (piece === undefined)
          throw new WorkbenchError('bad-input', `id ${id} is not in this vocabulary of ${vocabulary.pieces.length} pieces`, 'give ids that this model made') // biome-ignore format: one sentence
        if (vocabulary.isByte(id)) {
          pending.push(Number.parseInt(piece.slice(3, 5), 16))
          continue
        }
        flushBytes()
        if (sawStartSpace || text !== '') atStart = false
        sawStartSpace = false
        if (vocabulary.isControl(id)) continue
        if (id === vocabulary.unkId) {
          text += trainer.unkSurface
          continue
        }
        let shown = piece
        // The dummy prefix that encoding added is not part of the text.
        if (
          atStart &&
          (model.normalizer.addDummyPrefix || model.normalizer.removeExtraWhitespaces) &&
          shown.startsWith(META_SPACE)
        ) {
          shown = shown.slice(1)
          sawStartSpace = !model.normalizer.removeExtraWhitespaces
        }
        text += shown.replaceAll(META_SPACE, ' ')
      }
      flushBytes()
      return text
    },
  }
}

/** Length in bytes of the longest of some symbols at a place in a text, 0 when none is there. */
function longestOf(symbols: readonly Uint8Array[]): (bytes: Uint8Array, at: number) => number {
  const byFirst = new Map<number, Uint8Array[]>()
  for (const s of symbols) {
    const first = s[0] as number
    const group = byFirst.get(first) ?? []
    group.push(s)
    byFirst.set(first, group)
  }
  for (const group of byFirst.values()) group.sort((a, b) => b.length - a.length)
  return (bytes, at) => {
    for (const s of byFirst.get(bytes[at] as number) ?? []) {
      let i = 0
      while (i < s.length && bytes[at + i] === s[i]) i++
      if (i === s.length) return i
    }
    return 0
  }
}

/** UTF-8 where it is well formed; each other byte becomes one U+FFFD, as the reference library writes it. */
function decodeLeniently(bytes: Uint8Array, decoder: TextDecoder): string {
  let out = ''
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at)
    out += length === 0 ? '\ufffd' : decoder.decode(bytes.subarray(at, at + length))
    at += length || 1
  }
  return out
}
