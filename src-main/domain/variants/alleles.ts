/** An allele to be put onto a reference: `reference` bases from `start` (0-based) become `alternative`. */
export interface Allele {
  readonly start: number
  readonly reference: string
  readonly alternative: string
  /** For messages: an rs number, or ''. */
  readonly id: string
}

/** A change of the reference, without the bases that both alleles share. One of `reference` and `alternative` may be empty. */
export type Edit = Allele

export type SkipReason =
  /** The reference has other bases there than REF says. */
  | 'ref-mismatch'
  /** It changes bases that an earlier allele has changed already. */
  | 'overlap'
  /** Not written in bases: `<DEL>`, a breakend, an ambiguity code. */
  | 'not-bases'

export interface SkippedAllele {
  readonly allele: Allele
  readonly reason: SkipReason
}

export interface Edits {
  /** In order, apart from each other. */
  readonly edits: readonly Edit[]
  readonly skipped: readonly SkippedAllele[]
}

const BASES = /^[ACGT]*$/i

/**
 * Which of some alleles of one haplotype can be applied to `bases`, the reference from position `from` on. Alleles are taken in the order
 * of their positions; where two change the same bases, or insert at the same place, the first wins. An allele whose REF is not what the
 * reference has is listed and not applied. Alleles that are not wholly within `bases` are left out of both lists.
 */
export function planEdits(alleles: readonly Allele[], bases: string, from: number): Edits {
  const edits: Edit[] = []
  const skipped: SkippedAllele[] = []
  const ordered = alleles
    .filter(a => a.start >= from && a.start + a.reference.length <= from + bases.length)
    .map(allele => ({ allele, edit: trimmed(allele) }))
    .sort((a, b) => a.edit.start - b.edit.start || Number(b.edit.reference === '') - Number(a.edit.reference === ''))
  let end = Number.NEGATIVE_INFINITY
  let insertedAt = Number.NEGATIVE_INFINITY
  for (const { allele, edit } of ordered) {
    const { reference, alternative } = allele
    if (!BASES.test(reference) || !BASES.test(alternative)) {
      skipped.push({ allele, reason: 'not-bases' })
      continue
    }
    if (
      bases.slice(allele.start - from, allele.start - from + reference.length).toUpperCase() !== reference.toUpperCase()
    ) {
      skipped.push({ allele, reason: 'ref-mismatch' })
      continue
    }
    if (edit.reference === '' && edit.alternative === '') continue // the reference, written out
    if (edit.start < end || (edit.reference === '' && edit.start === insertedAt)) {
      skipped.push({ allele, reason: 'overlap' })
      continue
    }
    edits.push(edit)
    end = edit.start + edit.reference.length
    if (edit.alternative.length > edit.reference.length) insertedAt = end
  }
  return { edits, skipped }
}

/** Without the bases that both alleles begin and end with: `CA>C` becomes a deletion of the A. Upper case. */
function trimmed(allele: Allele): Edit {
  const reference = allele.reference.toUpperCase()
  const alternative = allele.alternative.toUpperCase()
  const shortest = Math.min(reference.length, alternative.length)
  let head = 0
  while (head < shortest && reference[head] === alternative[head]) head++
  let tail = 0
  while (tail < shortest - head && reference.at(-1 - tail) === alternative.at(-1 - tail)) tail++
  return {
    start: allele.start + head,
    reference: reference.slice(head, reference.length - tail),
    alternative: alternative.slice(head, alternative.length - tail),
    id: allele.id,
  }
}
