import { type Charsmap, parseCharsmap } from './charsmap.ts'
import type { NormalizerSpec, TrainerSpec } from './modelFile.ts'
import { ByteBuffer, characterLength } from './utf8.ts'

/** U+2581, which stands for a space inside pieces. */
export const META_SPACE = '\u2581'

const SPACE = 0x20
const META = new TextEncoder().encode(META_SPACE)
const ONE_SPACE = new Uint8Array([SPACE])
const REPLACEMENT = new Uint8Array([0xef, 0xbf, 0xbd])

/** A text as the model sees it: its own character map applied, spaces trimmed, collapsed and escaped as its file says. */
export type Normalize = (text: Uint8Array) => string

/**
 * The normaliser of a model, with the behaviour of SentencePiece's Normalizer: leftmost longest rule of the model's own map (never the
 * platform's NFKC, which differs by Unicode version); a byte that is not UTF-8 becomes U+FFFD; user-defined symbols pass untouched.
 */
export function createNormalizer(
  spec: NormalizerSpec,
  trainer: Pick<TrainerSpec, 'treatWhitespaceAsSuffix'>,
  matchUserSymbol: (bytes: Uint8Array, at: number) => number,
  /** With what bytes user-defined symbols begin. */
  symbolStarts: ReadonlySet<number> = new Set(),
): Normalize {
  const charsmap = parseCharsmap(spec.precompiledCharsmap)
  const space = spec.escapeWhitespaces ? META : ONE_SPACE
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const plain = plainBytes(charsmap, symbolStarts)

  /** The normalised form of what begins at `at`, and how many bytes of the input it stands for. */
  const prefix = (bytes: Uint8Array, at: number): { readonly text: Uint8Array; readonly length: number } => {
    const symbol = matchUserSymbol(bytes, at)
    if (symbol > 0) return { text: bytes.subarray(at, at + symbol), length: symbol }
    const rule = charsmap?.longestMatch(bytes, at)
    if (rule) return { text: rule.replacement, length: rule.length }
    const length = characterLength(bytes, at)
    return length === 0 ? { text: REPLACEMENT, length: 1 } : { text: bytes.subarray(at, at + length), length }
  }

  return bytes => {
    let at = 0
    if (spec.removeExtraWhitespaces) {
      while (at < bytes.length) {
        const p = prefix(bytes, at)
        if (p.text.length !== 1 || p.text[0] !== SPACE) break
        at += p.length
      }
    }
    if (at >= bytes.length) return ''
    const out = new ByteBuffer()
    if (spec.addDummyPrefix && !trainer.treatWhitespaceAsSuffix) out.push(space)
    let afterSpace = spec.removeExtraWhitespaces
    while (at < bytes.length) {
      let run = at
      while (run < bytes.length && plain[bytes[run] as number] && !((bytes[run + 1] as number) > 127)) run++
      if (run > at) {
        out.push(bytes.subarray(at, run))
        afterSpace = false
        at = run
        continue
      }
      const p = prefix(bytes, at)
      let text = p.text
      while (afterSpace && text[0] === SPACE) text = text.subarray(1)
      if (text.length > 0) {
        let begin = 0
        for (let i = 0; i < text.length; i++) {
          if (text[i] !== SPACE || !spec.escapeWhitespaces) continue
          out.push(text.subarray(begin, i))
          out.push(META)
          begin = i + 1
        }
        out.push(text.subarray(begin))
        afterSpace = text[text.length - 1] === SPACE
      }
      if (!spec.removeExtraWhitespaces) afterSpace = false
      at += p.length
    }
    if (spec.removeExtraWhitespaces) while (out.endsWith(space)) out.length -= space.length
    if (spec.addDummyPrefix && trainer.treatWhitespaceAsSuffix) out.push(space)
    return decoder.decode(out.view())
  }
}

/** [byte] -> 1 for an ASCII character that stays as it is before another ASCII character: a letter may combine with an accent only. */
function plainBytes(charsmap: Charsmap | undefined, symbolStarts: ReadonlySet<number>): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => {
    if (byte <= SPACE || byte > 126 || symbolStarts.has(byte)) return 0
    if (!charsmap) return 1
    if (charsmap.longestMatch(Uint8Array.of(byte), 0)) return 0
    for (let second = 0; second < 128; second++) if (charsmap.begins([byte, second])) return 0
    return 1
  })
}
