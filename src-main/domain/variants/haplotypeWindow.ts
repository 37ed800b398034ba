import type { Edit } from './alleles.ts'

/**
 * A stretch of a haplotype window whose bases stand for consecutive reference bases from `reference` on, or, `inserted`, for none: they
 * come just before the reference base `reference`.
 */
export interface HaplotypeRun {
  /** First base in the window, and how many. */
  readonly at: number
  readonly length: number
  readonly reference: number
  readonly inserted: boolean
}

export interface HaplotypeWindow {
  /** As many as the window has, upper case. */
  readonly bases: string
  /** In order; together they are the window. */
  readonly runs: readonly HaplotypeRun[]
}

/** How many bases of reference are missing on each side to fill the window. */
export interface Shortage {
  readonly before: number
  readonly after: number
}

interface Piece {
  readonly text: string
  readonly reference: number
  readonly inserted: boolean
}

/**
 * The window [start, end) of a haplotype: `bases`, the reference from position `from` on (N beyond the contig), with `edits` made. The
 * window's middle base (start + half its length, rounded down) keeps its coordinate, or the first base after it that is not deleted; each
 * side is then filled outwards with what the haplotype has there, so that insertions push reference bases out and deletions draw more in.
 */
export function haplotypeWindow(
  bases: string,
  from: number,
  edits: readonly Edit[],
  start: number,
  end: number,
): HaplotypeWindow | Shortage {
  const pieces = piecesOf(bases, from, edits)
  const centre = start + Math.floor((end - start) / 2)
  let middle = 0
  let total = 0
  let found = false
  for (const p of pieces) {
    if (!found && !p.inserted && p.reference + p.text.length > centre) {
      middle = total + Math.max(0, centre - p.reference)
      found = true
    }
    total += p.text.length
  }
  if (!found) middle = total
  const first = middle - (centre - start)
  const last = middle + (end - centre)
  if (first < 0 || last > total) return { before: Math.max(0, -first), after: Math.max(0, last - total) }
  const runs: HaplotypeRun[] = []
  const parts: string[] = []
  let at = -first
  for (const { text, reference, inserted } of pieces) {
    const skip = Math.max(0, -at)
    const length = Math.min(text.length, end - start - at) - skip
    if (length > 0) {
      parts.push(text.slice(skip, skip + length))
      runs.push({ at: at + skip, length, reference: inserted ? reference : reference + skip, inserted })
    }
    at += text.length
  }
  return { bases: parts.join('').toUpperCase(), runs: joined(runs) }
}

/** The reference cut at the edits. The first bases of a replacement stand for those they replace; what is longer is inserted after them. */
function piecesOf(bases: string, from: number, edits: readonly Edit[]): Piece[] {
  const pieces: Piece[] = []
  let cursor = from
  for (const { start, reference, alternative } of edits) {
    const aligned = Math.min(reference.length, alternative.length)
    if (start > cursor)
      pieces.push({ text: bases.slice(cursor - from, start - from), reference: cursor, inserted: false })
    if (aligned > 0) pieces.push({ text: alternative.slice(0, aligned), reference: start, inserted: false })
    if (alternative.length > aligned)
      pieces.push({ text: alternative.slice(aligned), reference: start + reference.length, inserted: true })
    cursor = start + reference.length
  }
  pieces.push({ text: bases.slice(cursor - from), reference: cursor, inserted: false })
  return pieces
}

/** Neighbouring runs that go on where the one before ended become one: substitutions leave no trace in the map. */
function joined(runs: readonly HaplotypeRun[]): HaplotypeRun[] {
  const out: HaplotypeRun[] = []
  for (const run of runs) {
    const before = out.at(-1)
    if (before && !before.inserted && !run.inserted && before.reference + before.length === run.reference)
      out[out.length - 1] = { ...before, length: before.length + run.length }
    else out.push(run)
  }
  return out
}

/** The reference position of each base of a window, -1 for inserted ones. */
export function referencePositions({ bases, runs }: HaplotypeWindow): Int32Array {
  const positions = new Int32Array(bases.length).fill(-1)
  for (const { at, length, reference, inserted } of runs)
    if (!inserted) for (let i = 0; i < length; i++) positions[at + i] = reference + i
  return positions
}
