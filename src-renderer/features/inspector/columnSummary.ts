import type { ColumnDetail } from '../../../src-shared/genome/pileup.ts'
import { READ_FATES, type ReadFate } from '../../../src-shared/genome/pileup.ts'

/** One read over a position, as the table of reads shows it. */
export interface ColumnRead {
  readonly name: string
  readonly base: string
  /** After overlap resolution; null when the record stores none. */
  readonly quality: number | null
  readonly storedQuality: number | null
  readonly mappingQuality: number
  readonly strand: '+' | '-'
  readonly flag: number
  readonly insertion: string
  readonly fate: ReadFate
  readonly counted: boolean
  /** 1-based, in the read as stored. */
  readonly readPosition: number
  readonly readLength: number
}

/** BAM's value for a quality that is not there (SAM spec 4.2.3). */
const NO_QUALITY = 255
/** SAM flag: sequenced from the reverse strand. */
const REVERSE = 0x10

export function readsOf(d: ColumnDetail): readonly ColumnRead[] {
  const known = (q: number) => (q === NO_QUALITY ? null : q)
  return d.names.map((name, i) => ({
    name,
    base: d.bases[i] ?? 'N',
    quality: known(d.resolvedQualities[i] ?? NO_QUALITY),
    storedQuality: known(d.qualities[i] ?? NO_QUALITY),
    mappingQuality: d.mappingQualities[i] ?? 0,
    strand: ((d.flags[i] ?? 0) & REVERSE) !== 0 ? '-' : '+',
    flag: d.flags[i] ?? 0,
    insertion: d.insertions[i] ?? '',
    fate: READ_FATES[d.fates[i] ?? 0] ?? 'kept',
    counted: d.counted[i] === 1,
    readPosition: (d.readPositions[i] ?? 0) + 1,
    readLength: d.readLengths[i] ?? 0,
  }))
}

export const ALLELE_NAMES: Readonly<Record<string, string>> = {
  A: 'A',
  C: 'C',
  G: 'G',
  T: 'T',
  N: 'N',
  '*': 'deletion',
  '>': 'skip (N in CIGAR)',
}

export interface AlleleRow {
  readonly allele: string
  readonly count: number
  readonly forward: number
  readonly reverse: number
  /** Of the counted reads. */
  readonly share: number
  readonly meanQuality: number | null
  readonly insertions: number
}

/** Counted reads by allele, in the order A C G T N deletion skip; alleles that no read shows are left out. */
export function allelesOf(reads: readonly ColumnRead[]): readonly AlleleRow[] {
  const counted = reads.filter(r => r.counted)
  return Object.keys(ALLELE_NAMES).flatMap((allele): AlleleRow[] => {
    const own = counted.filter(r => r.base === allele)
    if (own.length === 0) return []
    const qualities = own.map(r => r.quality).filter(q => q !== null)
    return [
      {
        allele,
        count: own.length,
        forward: own.filter(r => r.strand === '+').length,
        reverse: own.filter(r => r.strand === '-').length,
        share: own.length / counted.length,
        meanQuality: qualities.length > 0 ? qualities.reduce((s, q) => s + q, 0) / qualities.length : null,
        insertions: own.filter(r => r.insertion !== '').length,
      },
    ]
  })
}

/** Counted reads by base quality in bins of `width`; reads without a quality are left out. */
export function qualityHistogram(
  reads: readonly ColumnRead[],
  width = 5,
): readonly { readonly from: number; readonly count: number }[] {
  const qualities = reads.flatMap(r => (r.counted && r.quality !== null ? [r.quality] : []))
  if (qualities.length === 0) return []
  const last = Math.floor(Math.max(...qualities) / width)
  const bins = Array.from({ length: last + 1 }, (_, i) => ({ from: i * width, count: 0 }))
  for (const q of qualities) {
    const bin = bins[Math.floor(q / width)]
    if (bin) bin.count++
  }
  return bins
}

export interface LedgerRow {
  readonly reason: string
  readonly why: string
  readonly count: number
}

const WHY: Readonly<Record<Exclude<ReadFate, 'kept'>, string>> = {
  unmapped: 'the read is not aligned',
  secondary: 'another alignment of the read is the main one',
  'qc-fail': 'the sequencer marked it as failed',
  duplicate: 'marked as a copy of another fragment',
  'other-flag': 'a flag of the filter is set',
  'flag-require': 'a required flag is not set',
  'mapping-quality': 'its place is less certain than asked for',
  orphan: 'its mate is not properly paired with it',
  'depth-cap': 'more reads start here than the cap allows',
  'no-reference-base': 'its alignment covers no base',
}

/** What each filter took away, in the order of the tests; those that took nothing are left out. */
export function ledgerRows(ledger: {
  readonly reads: { readonly removed: Readonly<Record<string, number>> }
  readonly columns: { readonly baseQuality: number; readonly overlap: number }
}): readonly LedgerRow[] {
  const reads = READ_FATES.flatMap((fate): LedgerRow[] => {
    const count = fate === 'kept' ? 0 : (ledger.reads.removed[fate] ?? 0)
    return count === 0 || fate === 'kept' ? [] : [{ reason: fate, why: WHY[fate], count }]
  })
  const column: LedgerRow[] = []
  if (ledger.columns.baseQuality > 0)
    column.push({
      reason: 'base-quality',
      why: 'this base was read less surely than asked for',
      count: ledger.columns.baseQuality,
    })
  if (ledger.columns.overlap > 0)
    column.push({
      reason: 'overlap',
      why: 'its mate shows the same base of the same fragment',
      count: ledger.columns.overlap,
    })
  return [...reads, ...column]
}
