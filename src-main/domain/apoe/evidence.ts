import {
  APOE_SITES,
  type ApoeSite,
  type ApoeThresholds,
  BASES,
  type Base,
  type BaseCounts,
} from '../../../src-shared/genome/apoe.ts'
import { type ColumnDetail, READ_FATES } from '../../../src-shared/genome/pileup.ts'
import type { Fragment, SeenBase } from './likelihood.ts'

/** SAM flag 0x10: the read lies on the reverse strand. */
const REVERSE = 0x10
/** SAM: mapping quality not available. */
const MAPQ_UNKNOWN = 255

/** What the reads show at one site: numbers for people, and bases by fragment for the likelihood. */
export interface SiteEvidence {
  readonly contig: string
  /** 0-based */
  readonly position: number
  readonly counts: BaseCounts
  readonly otherLetters: number
  readonly depth: number
  readonly strands: { readonly forward: BaseCounts; readonly reverse: BaseCounts }
  readonly segments: number
  readonly deletions: number
  readonly refskips: number
  /** Reads without stored base qualities among the counted ones. */
  readonly withoutQualities: number
  readonly removed: Readonly<Record<string, number>>
  readonly fragments: ReadonlyMap<string, SeenBase>
}

/**
 * Evidence at one site from every read of its column. Counts are those of the pileup with the same options, less its gaps.
 * A fragment is a read name; of several bases it gives the one trusted most, and none when different bases tie.
 */
export function siteEvidence(column: ColumnDetail, limits: Pick<ApoeThresholds, 'maxBaseQuality'>): SiteEvidence {
  const forward = noBases()
  const reverse = noBases()
  const removed: Record<string, number> = {}
  const seen = new Map<string, { base: Base | undefined; quality: number }>()
  let otherLetters = 0
  let segments = 0
  let deletions = 0
  let refskips = 0
  let withoutQualities = 0
  const remove = (why: string) => {
    removed[why] = (removed[why] ?? 0) + 1
  }
  for (let i = 0; i < column.names.length; i++) {
    const fate = READ_FATES[column.fates[i] ?? 0] ?? 'kept'
    if (fate !== 'kept') {
      remove(fate)
      continue
    }
    segments++
    if (!column.counted[i]) {
      remove(column.resolvedQualities[i] === column.qualities[i] ? 'base-quality' : 'overlap')
      continue
    }
    const letter = column.bases[i]
    if (letter === '*') deletions++
    else if (letter === '>') refskips++
    else if (!isBase(letter)) otherLetters++
    else {
      const strand = (column.flags[i] ?? 0) & REVERSE ? reverse : forward
      strand[letter]++
      const baseQuality = column.resolvedQualities[i] ?? 0
      if (column.qualities[i] === 255) withoutQualities++
      const mapping = column.mappingQualities[i] ?? 0
      const quality = Math.min(baseQuality, limits.maxBaseQuality, mapping === MAPQ_UNKNOWN ? Infinity : mapping)
      const name = column.names[i] ?? ''
      const known = seen.get(name)
      if (!known || quality > known.quality) seen.set(name, { base: letter, quality })
      // Mates that disagree with equal quality: neither is believed.
      else if (quality === known.quality && letter !== known.base) seen.set(name, { base: undefined, quality })
    }
  }
  const counts = noBases()
  for (const b of BASES) counts[b] = forward[b] + reverse[b]
  const fragments = new Map<string, SeenBase>()
  for (const [name, { base, quality }] of seen) if (base) fragments.set(name, { base, quality })
  return {
    contig: column.contig,
    position: column.position,
    counts,
    otherLetters,
    depth: counts.A + counts.C + counts.G + counts.T + otherLetters,
    strands: { forward, reverse },
    segments,
    deletions,
    refskips,
    withoutQualities,
    removed,
    fragments,
  }
}

/** Both sites joined by read name. */
export function fragmentsOf(evidence: Readonly<Record<ApoeSite, SiteEvidence>>): Fragment[] {
  const byName = new Map<string, { rs429358?: SeenBase; rs7412?: SeenBase }>()
  for (const site of APOE_SITES)
    for (const [name, seen] of evidence[site].fragments) {
      const fragment = byName.get(name) ?? {}
      fragment[site] = seen
      byName.set(name, fragment)
    }
  return [...byName.values()]
}

function noBases(): Record<Base, number> {
  return { A: 0, C: 0, G: 0, T: 0 }
}

const isBase = (letter: string | undefined): letter is Base =>
  letter === 'A' || letter === 'C' || letter === 'G' || letter === 'T'
