import { type ApoeSite, type Base, SITE_POSITION } from '../src-shared/genome/apoe.ts'
import { type ColumnDetail, READ_FATES, type ReadFate } from '../src-shared/genome/pileup.ts'

/** One read at one site, with defaults for what a test does not care about. */
export interface MadeRead {
  readonly name: string
  /** A letter, `*` for a deletion, `>` for a skip. */
  readonly base: string
  readonly quality?: number
  readonly resolved?: number
  readonly mappingQuality?: number
  readonly flag?: number
  readonly fate?: ReadFate
  readonly counted?: boolean
}

/** A pileup column from hand-made reads. */
export function madeColumn(site: ApoeSite, reads: readonly MadeRead[]): ColumnDetail {
  return {
    contig: 'chr19',
    position: SITE_POSITION.GRCh38[site],
    names: reads.map(r => r.name),
    bases: reads.map(r => r.base).join(''),
    qualities: Uint8Array.from(reads, r => r.quality ?? 30),
    resolvedQualities: Uint8Array.from(reads, r => r.resolved ?? r.quality ?? 30),
    mappingQualities: Uint8Array.from(reads, r => r.mappingQuality ?? 60),
    flags: Uint16Array.from(reads, r => r.flag ?? 0),
    insertions: reads.map(() => ''),
    fates: Uint8Array.from(reads, r => READ_FATES.indexOf(r.fate ?? 'kept')),
    counted: Uint8Array.from(reads, r => ((r.counted ?? (r.fate ?? 'kept') === 'kept') ? 1 : 0)),
    readPositions: new Int32Array(reads.length).fill(20),
    readLengths: new Int32Array(reads.length).fill(150),
  }
}

/** Columns of both sites: reads that see one site, and fragments that see both (two letters, such as `TC`), all of quality 30. */
export function madeColumns(
  rs429358: Partial<Record<Base, number>>,
  rs7412: Partial<Record<Base, number>>,
  spanning: readonly string[] = [],
): Record<ApoeSite, ColumnDetail> {
  const single = (site: ApoeSite, counts: Partial<Record<Base, number>>): MadeRead[] =>
    Object.entries(counts).flatMap(([base, n]) =>
      Array.from({ length: n }, (_, i) => ({ name: `${site}${base}${i}`, base, flag: i % 2 ? 16 : 0 })),
    )
  const both = (index: 0 | 1): MadeRead[] => spanning.map((pair, i) => ({ name: `span${i}`, base: pair[index]! }))
  return {
    rs429358: madeColumn('rs429358', [...single('rs429358', rs429358), ...both(0)]),
    rs7412: madeColumn('rs7412', [...single('rs7412', rs7412), ...both(1)]),
  }
}
