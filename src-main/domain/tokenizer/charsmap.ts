import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'

/**
 * A SentencePiece "precompiled charsmap": u32 little-endian size of a double-array trie, the trie, then replacements as NUL-ended text.
 * The trie's units are those of darts-clone: bit 8 has-leaf, low byte label, bits 10..30 offset (shifted by 8 more when bit 9 is set).
 */
export interface Charsmap {
  /** The longest rule that begins at `at`: its length in bytes and its replacement, or undefined. */
  longestMatch(bytes: Uint8Array, at: number): { readonly length: number; readonly replacement: Uint8Array } | undefined
  /** Whether some rule begins with these bytes. */
  begins(bytes: ArrayLike<number>): boolean
}

const LABEL = 0x800000ff
const VALUE = 0x7fffffff

/** @throws WorkbenchError `bad-model` when the sizes do not fit */
export function parseCharsmap(blob: Uint8Array): Charsmap | undefined {
  if (blob.length === 0) return undefined
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
  const trieBytes = blob.length >= 4 ? view.getUint32(0, true) : -1
  if (trieBytes < 0 || trieBytes % 4 !== 0 || 4 + trieBytes > blob.length)
    throw new WorkbenchError(
      'bad-model',
      'the tokenizer model has a damaged normalisation table',
      'use an intact model file',
    )
  const units = new Uint32Array(trieBytes / 4)
  for (let i = 0; i < units.length; i++) units[i] = view.getUint32(4 + 4 * i, true)
  const texts = blob.subarray(4 + trieBytes)
  const offset = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6)
  const textAt = (start: number) => {
    let end = start
    while (end < texts.length && texts[end] !== 0) end++
    return texts.subarray(start, end)
  }
  return {
    begins(bytes) {
      let node = offset(units[0] ?? 0)
      for (let i = 0; i < bytes.length; i++) {
        node ^= bytes[i] as number
        const unit = units[node]
        if (unit === undefined || (unit & LABEL) >>> 0 !== bytes[i]) return false
        node ^= offset(unit)
      }
      return true
    },
    longestMatch(bytes, at) {
      let node = offset(units[0] ?? 0)
      let found = -1
      let length = 0
      for (let i = at; i < bytes.length; i++) {
        const byte = bytes[i] as number
        node ^= byte
        const unit = units[node]
        if (unit === undefined || (unit & LABEL) >>> 0 !== byte) break
        node ^= offset(unit)
        if (unit & 0x100) {
          found = (units[node] ?? 0) & VALUE
          length = i + 1 - at
        }
      }
      return found < 0 ? undefined : { length, replacement: textAt(found) }
    },
  }
}
