import type { VariantEffect } from '../../src-shared/genome/scan.ts'
import { baseCode } from './oneHot.ts'

/** An allele in the place of the reference's, as a VCF has it: 0-based, `ref` and `alt` bases of either case. */
export interface Allele {
  readonly position: number
  readonly ref: string
  readonly alt: string
}

type Problem = { readonly state: Exclude<VariantEffect['state'], 'scored'>; readonly detail: string }

const BASES = /^[ACGT]+$/i
const shown = (allele: string) => (allele.length > 20 ? `${allele.slice(0, 20)}…` : allele)

/**
 * Why an allele has no effect that could be computed; undefined when it has. `referenceBases` are the reference's own where REF lies
 * (shorter at the end of the contig). REF must equal them, in either case; it is never swapped.
 */
export function alleleProblem(
  allele: Allele,
  contigLength: number | undefined,
  referenceBases: string,
  longest: number,
): Problem | undefined {
  // biome-ignore format: one line
  const { position, ref, alt } = allele
  if (alt === '*') return { state: 'star', detail: 'the allele is deleted by another variant' }
  if (alt === '' || alt === '.') return { state: 'symbolic', detail: 'no alternative allele' }
  if (/[<>[\].]/.test(alt)) return { state: 'symbolic', detail: `'${shown(alt)}' is not written in bases` }
  if (contigLength === undefined) return { state: 'off-contig', detail: 'the reference has no such contig' }
  if (position < 0 || position + ref.length > contigLength)
    return { state: 'off-contig', detail: `not within the contig of ${contigLength.toLocaleString('en-US')} bp` }
  if (ref.length > longest || alt.length > longest)
    return {
      state: 'too-long',
      detail: `more than the ${longest.toLocaleString('en-US')} bp beside the window's middle`,
    }
  if (!BASES.test(ref) || !BASES.test(alt))
    return {
      state: 'unknown-bases',
      detail: `'${shown(BASES.test(ref) ? alt : ref)}' holds other letters than A, C, G, T`,
    }
  if (ref.toUpperCase() !== referenceBases.toUpperCase())
    return { state: 'ref-mismatch', detail: `the reference has ${shown(referenceBases.toUpperCase())}, the file ${shown(ref)}` } // biome-ignore format: one thought
  return undefined
}

/** The one base in which two alleles of equal length differ, as place within them and code of the new base; undefined: another change. */
export function substitution({ ref, alt }: Allele): { readonly offset: number; readonly base: number } | undefined {
  if (ref.length !== alt.length) return undefined
  const different = [...ref].flatMap((b, i) => (b.toUpperCase() === alt[i]!.toUpperCase() ? [] : [i]))
  const [offset, more] = different
  return offset === undefined || more !== undefined ? undefined : { offset, base: baseCode(alt.charCodeAt(offset)) }
}

/** Bases to the right of the window that a deletion draws in. */
export const drawnIn = ({ ref, alt }: Allele): number => Math.max(0, ref.length - alt.length)

/**
 * A window with the other allele in it, anchored: what lies left of the event keeps its coordinate; a deletion draws bases in from the
 * right, an insertion pushes some out there. `bases` are the window's, with as many more to the right as `drawnIn` says; `offset` is where
 * the allele begins in them.
 */
export function withAllele(bases: string, windowBp: number, offset: number, { ref, alt }: Allele): string {
  const other = bases.slice(0, offset) + alt.toUpperCase() + bases.slice(offset + ref.length)
  return other.slice(0, windowBp)
}

/** What is to be said of an allele that is not a change of one base. */
export function changeText(allele: Allele): string {
  const longer = allele.alt.length - allele.ref.length
  if (longer === 0) return 'computed in full'
  return `computed in full; bases right of it lie ${Math.abs(longer)} bp further ${longer > 0 ? 'right' : 'left'} in the window`
}
