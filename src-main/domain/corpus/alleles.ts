import { A, C, DEL, G, INSERTION, N, T } from './bases.ts'

/** At this position the allele has what the reference has. */
export const AS_REFERENCE = 255
/** At this position the allele says nothing (N). */
export const UNKNOWN = 254

const TOKEN_OF_BASE: Readonly<Record<string, number>> = { A, C, G, T }

/**
 * What an alternative allele shows at each position of REF, or undefined when it is no sequence (`<DEL>`, `*`, a breakend). Letters are
 * upper case. Equally long: base by base. Shorter: the shared prefix is as the reference, the rest is DEL. Longer: its first bases stand
 * for the first len(REF)-1, and the last base of REF is that base followed by an insertion; the inserted bases are lost.
 */
export function alleleTokens(reference: string, alternative: string): Uint8Array | undefined {
  if (!/^[ACGTN]+$/.test(alternative)) return undefined
  const length = reference.length
  const tokens = new Uint8Array(length)
  if (alternative.length < length) {
    let shared = 0
    while (shared < alternative.length && alternative[shared] === reference[shared]) shared++
    return tokens.fill(AS_REFERENCE, 0, shared).fill(DEL, shared)
  }
  const inserts = alternative.length > length
  for (let i = 0; i < length; i++) {
    const base = alternative[i]!
    if (inserts && i === length - 1) tokens[i] = INSERTION + (TOKEN_OF_BASE[reference[i]!] ?? N)
    else if (base === reference[i]) tokens[i] = AS_REFERENCE
    else tokens[i] = TOKEN_OF_BASE[base] ?? UNKNOWN
  }
  return tokens
}
