import type { Random } from '../../../src-shared/random.ts'

export interface MaskOptions {
  /** Share of tokens that the network is asked for (BERT: 0.15). */
  readonly share: number
  readonly vocabulary: number
  /** Ids below it are special: never asked for, never drawn. */
  readonly firstPiece: number
  readonly maskId: number
}

/** Label of a token that is not asked for. */
export const NOT_ASKED = -100

/**
 * Masks a row of ids for masked-token training (Devlin et al. 2019): of the tokens asked for, 80 % become the mask, 10 % another piece drawn
 * uniformly, 10 % stay. At least one is asked for in a row that has any piece.
 */
export function maskTokens(
  ids: Int32Array,
  random: Random,
  options: MaskOptions,
): { readonly ids: Int32Array; readonly labels: Int32Array } {
  // biome-ignore format: one line
  const { share, vocabulary, firstPiece, maskId } = options
  const out = Int32Array.from(ids)
  const labels = new Int32Array(ids.length).fill(NOT_ASKED)
  let asked = 0
  const ask = (i: number) => {
    labels[i] = ids[i]!
    asked++
    const u = random()
    if (u < 0.8) out[i] = maskId
    else if (u < 0.9) out[i] = firstPiece + Math.floor(random() * (vocabulary - firstPiece))
  }
  for (let i = 0; i < ids.length; i++) if (ids[i]! >= firstPiece && random() < share) ask(i)
  if (asked === 0) {
    const pieces = Array.from(ids, (id, i) => (id >= firstPiece ? i : -1)).filter(i => i >= 0)
    if (pieces.length > 0) ask(pieces[Math.floor(random() * pieces.length)]!)
  }
  return { ids: out, labels }
}
