import { type PileupOptions, READ_FATES, type ReadFate } from '../../../src-shared/genome/pileup.ts'
import { FLAG } from './record.ts'

/** Index of a fate in READ_FATES. */
export const FATE = Object.fromEntries(READ_FATES.map((fate, i) => [fate, i])) as Readonly<Record<ReadFate, number>>

/** What the filters say of one read. `entersEngine` can be true of an unmapped read: the engine itself then drops it, which has an effect on mates. */
export interface Verdict {
  readonly fate: number
  readonly entersEngine: boolean
}

const verdict = (fate: ReadFate, entersEngine = false): Verdict => ({ fate: FATE[fate], entersEngine })
const VERDICTS = {
  kept: verdict('kept', true),
  unmapped: verdict('unmapped'),
  droppedUnmapped: verdict('unmapped', true),
  secondary: verdict('secondary'),
  qcFail: verdict('qc-fail'),
  duplicate: verdict('duplicate'),
  otherFlag: verdict('other-flag'),
  flagRequire: verdict('flag-require'),
  mappingQuality: verdict('mapping-quality'),
  orphan: verdict('orphan'),
} as const

/**
 * The read filters of a stepper, in pysam's order (pysam 0.20 `libcalignmentfile.pyx`). The fate is the first reason in
 * the order of READ_FATES: an unmapped read is `unmapped` whatever else it is, since the engine never takes one.
 */
export function judgeRead(flags: number, mappingQuality: number, o: PileupOptions): Verdict {
  const unmapped = (flags & FLAG.unmapped) !== 0
  const failed = o.stepper === 'nofilter' ? 0 : flags & o.flagFilter
  if (failed) {
    if (unmapped) return VERDICTS.unmapped
    if (failed & FLAG.secondary) return VERDICTS.secondary
    if (failed & FLAG.qcFail) return VERDICTS.qcFail
    if (failed & FLAG.duplicate) return VERDICTS.duplicate
    return VERDICTS.otherFlag
  }
  if (o.stepper === 'samtools') {
    const reason = samtoolsReason(flags, mappingQuality, o)
    if (reason) return unmapped ? VERDICTS.unmapped : reason
  }
  return unmapped ? VERDICTS.droppedUnmapped : VERDICTS.kept
}

function samtoolsReason(flags: number, mappingQuality: number, o: PileupOptions): Verdict | undefined {
  if (o.flagRequire !== 0 && (flags & o.flagRequire) === 0) return VERDICTS.flagRequire
  if (mappingQuality < o.minMappingQuality) return VERDICTS.mappingQuality
  if (!o.keepOrphans && (flags & (FLAG.paired | FLAG.properPair)) === FLAG.paired) return VERDICTS.orphan
  return undefined
}
