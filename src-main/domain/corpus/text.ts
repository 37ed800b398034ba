import { DIPLOTYPE_CODES } from '../../../src-shared/genome/diplotype.ts'

const BYTES = DIPLOTYPE_CODES.map(code => new TextEncoder().encode(code.char))
/** [row of DIPLOTYPE_CODES] -> UTF-8 of its character, in one number: heterozygotes have three bytes, the others one. */
const PACKED = Int32Array.from(BYTES, b => (b.length === 1 ? b[0]! : (b[0]! << 16) | (b[1]! << 8) | b[2]!))
const HETEROZYGOUS = Uint8Array.from(DIPLOTYPE_CODES, code => (code.allele1 === code.allele2 ? 0 : 1))

/** Most bytes that a character of the alphabet takes. */
export const MAX_CHARACTER_BYTES = 3

/**
 * Writes codes (rows of DIPLOTYPE_CODES) and a line feed as UTF-8 into `out` from `at`, which has room.
 * @returns where the next line begins, and how many codes are heterozygous
 */
export function writeLine(codes: Uint8Array, out: Uint8Array, at: number): { end: number; heterozygous: number } {
  let end = at
  let heterozygous = 0
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!
    const packed = PACKED[code]!
    if (packed > 255) {
      out[end++] = packed >> 16
      out[end++] = (packed >> 8) & 255
      out[end++] = packed & 255
    } else out[end++] = packed
    heterozygous += HETEROZYGOUS[code]!
  }
  out[end++] = 10
  return { end, heterozygous }
}
