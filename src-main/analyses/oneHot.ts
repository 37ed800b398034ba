/** Values of a letter that is none of A, C, G, T: what a model was trained with. */
export type UnknownBase = 'zeros' | 'quarter'

/** Bases (either case) as [length, 4] in the order A, C, G, T, row-major, written into `into` from element `at`. */
export function oneHot(bases: string, unknown: UnknownBase, into: Float32Array, at = 0): void {
  const other = unknown === 'quarter' ? 0.25 : 0
  for (let i = 0; i < bases.length; i++) {
    const base = baseCode(bases.charCodeAt(i))
    const row = at + 4 * i
    if (base < 0) into.fill(other, row, row + 4)
    else {
      into.fill(0, row, row + 4)
      into[row + base] = 1
    }
  }
}

/** A 0, C 1, G 2, T 3; -1 for anything else. */
export function baseCode(charCode: number): number {
  switch (charCode & 0xdf) {
    case 65:
      return 0
    case 67:
      return 1
    case 71:
      return 2
    case 84:
      return 3
    default:
      return -1
  }
}

/** The other strand, in place: with the bases in the order A, C, G, T, reversing all numbers reverses and complements. */
export const reverseComplement = (sequence: Float32Array): Float32Array => sequence.reverse()
