import { WorkbenchError } from '../ipc/errors.ts'
import { findContig } from './contigs.ts'
import type { Interval } from './interval.ts'

/** A contig of a file's header. `length` is the header's claim; some files understate it. */
export interface Contig {
  readonly name: string
  readonly length: number
}

/** A region as resolved against a file. `openEnd` when the text named no end: then the header's length is not trusted. */
export interface ResolvedRegion extends Interval {
  readonly openEnd: boolean
}

/** Past every coordinate that BAM, CSI and FASTA can hold. */
const NO_END = 2 ** 31 - 1

const LOCUS = /^(.+?)(?::([\d,]+)(?:-([\d,]*))?)?$/s

/**
 * Parses samtools region text (1-based, both ends included, commas allowed): `chr1:5-9`, `chr1:5` (to the end), `chr1` (whole contig).
 * An exact contig name wins over parsing, so names with colons work. The contig is found under any usual alias; the
 * name in the result is the file's own.
 * @throws WorkbenchError `region` when the text holds no base of the file, `not-found` when the contig is absent.
 */
export function parseLocus(text: string, contigs: readonly Contig[]): ResolvedRegion {
  const exact = contigs.find(c => c.name === text)
  if (exact) return { contig: exact.name, start: 0, end: NO_END, openEnd: true }
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  const m = LOCUS.exec(text)
  if (!m?.[1]) throw new WorkbenchError('region', `'${shown}' is not a region`, "give it as 'chr19:44905796-44909393'")
  const number = (digits: string) => Number(digits.replaceAll(',', ''))
  const contig = findContig(m[1], contigs)
  if (!contig) {
    const name = m[1].length > 60 ? `${m[1].slice(0, 60)}…` : m[1]
    throw new WorkbenchError('not-found', `contig '${name}' is not in this file; it has ${someNames(contigs)}`, 'give one of its contigs', { contig: name }) // biome-ignore format: reads as one sentence
  }
  const start = m[2] ? number(m[2]) - 1 : 0
  const end = m[3] ? number(m[3]) : NO_END
  const openEnd = !m[3]
  const whole = start === 0 && openEnd
  if (!(start >= 0) || end <= start || (!whole && start >= contig.length))
    throw new WorkbenchError(
      'region',
      `'${shown}' holds no base of contig '${contig.name}' (${contig.length.toLocaleString('en-US')} bp)`,
      'positions are 1-based, the first not after the last',
    )
  return { contig: contig.name, start, end: Math.min(end, NO_END), openEnd }
}

/** 1-based, both ends included, with thousands separators: the only form in which coordinates are shown. */
export function formatLocus(i: Interval): string {
  const n = (x: number) => x.toLocaleString('en-US')
  return `${i.contig}:${n(i.start + 1)}-${n(i.end)}`
}

/** One 0-based position as shown: `chr19:44,908,684`. */
export const formatPosition = (contig: string, position: number): string =>
  `${contig}:${(position + 1).toLocaleString('en-US')}`

/** The first names of a header, for an error message: `chr1, chr2, chr3… (3,366)`. */
export function someNames(contigs: readonly Contig[]): string {
  if (contigs.length === 0) return 'none'
  const first = contigs.slice(0, 4).map(c => (c.name.length > 30 ? `${c.name.slice(0, 30)}…` : c.name))
  return contigs.length > 4 ? `${first.join(', ')}… (${contigs.length.toLocaleString('en-US')})` : first.join(', ')
}
