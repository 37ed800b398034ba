import { baseCode, cigarUnit } from './record.ts'

/** What the overlap resolution needs of one mate: where its parts lie in `bytes` (see RecordBatch) and its 0-based start. */
export interface Mate {
  bytes: Uint8Array
  start: number
  cigarOffset: number
  cigarCount: number
  sequenceOffset: number
  sequenceLength: number
  qualityOffset: number
}

/** A walk over the aligned bases (M, =, X) of a CIGAR. Valid while `operation` < the count of operations. */
export interface AlignedBase {
  /** Index of the CIGAR unit that the base lies in. */
  unit: number
  /** Index within that unit. */
  within: number
  /** 0-based position on the reference and index in the read. */
  reference: number
  read: number
}

/**
 * Is told of each base whose quality changes: mate 0 is the left one (it waited), 1 the right one. `unit` and `within` say
 * where in the CIGAR the base stands.
 */
export type QualityChange = (mate: 0 | 1, base: AlignedBase, before: number, after: number) => void

/** Moves to the first aligned base at or after reference position `target`; false when there is none. */
function advance(mate: Mate, base: AlignedBase, target: number): boolean {
  const { bytes, cigarOffset, cigarCount } = mate
  while (base.unit < cigarCount) {
    const unit = cigarUnit(bytes, cigarOffset + 4 * base.unit)
    const operation = unit & 15
    const length = unit >>> 4
    if (operation === 0 || operation === 7 || operation === 8) {
      const step = Math.max(0, Math.min(target - base.reference, length - base.within))
      base.within += step
      base.reference += step
      base.read += step
      if (base.within < length) return true
    } else if (operation === 1 || operation === 4) base.read += length
    else if (operation === 2 || operation === 3) base.reference += length
    base.unit++
    base.within = 0
  }
  return false
}

/**
 * Resolves the bases that both mates of a pair align to the same reference positions, as htslib 1.16 `tweak_overlap_quality`:
 * equal bases give the kept mate the sum of qualities (at most 200), different ones leave 0.8 x the higher; the other base gets 0.
 * Its walk has a trait that is kept: after a gap of the right mate, the first aligned base is passed over.
 * Nothing is written: `change` is told. Mates without a stored sequence are left alone.
 */
export function resolveOverlap(left: Mate, right: Mate, leftKept: boolean, change: QualityChange): void {
  if (left.sequenceLength === 0 || right.sequenceLength === 0) return
  const a: AlignedBase = { unit: 0, within: 0, reference: left.start, read: 0 }
  const b: AlignedBase = { unit: 0, within: 0, reference: right.start, read: 0 }
  let position = right.start
  while (true) {
    if (!advance(left, a, position)) return
    if (a.reference > position) position = a.reference
    if (!advance(right, b, position)) return
    if (b.reference > position) position = b.reference
    position++
    if (a.reference !== b.reference) continue
    const x = left.bytes[left.qualityOffset + a.read]!
    const y = right.bytes[right.qualityOffset + b.read]!
    let newX = 0
    let newY = 0
    if (baseCode(left.bytes, left.sequenceOffset, a.read) === baseCode(right.bytes, right.sequenceOffset, b.read)) {
      const sum = Math.min(200, x + y)
      if (leftKept) newX = sum
      else newY = sum
    } else if (x > y || (x === y && leftKept)) newX = Math.floor(0.8 * x)
    else newY = Math.floor(0.8 * y)
    if (newX !== x) change(0, a, x, newX)
    if (newY !== y) change(1, b, y, newY)
  }
}
