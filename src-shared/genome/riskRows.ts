import type { CohortSeen, RiskCohort, RiskCohortRow } from './risk.ts'

/** A row on which figures rest: labelled, scored by the model and by both baselines, so that all are judged on the same people. */
export interface JudgedRow extends RiskCohortRow {
  readonly label: 0 | 1
  readonly probability: number
  readonly twoSnp: number
  readonly logOddsRatio: number
}

export const isJudged = (r: RiskCohortRow): r is JudgedRow =>
  r.label !== null && r.probability !== null && r.twoSnp !== null && r.logOddsRatio !== null

/**
 * True of a row whose person set the model's weights, stopping point or calibration, as far as its folder says. One with the letters of such a
 * person under another name counts too: it may be the same.
 */
export const hadPart = ({ seen }: Pick<RiskCohortRow, 'seen'>): boolean => seen !== undefined && seen.part !== 'test'

/** How many of a cohort had a part in the model, by name, and by their letters alone. */
export const partCounts = (seen: Omit<CohortSeen, 'heldOut'> | undefined) => ({
  own: (seen?.training ?? 0) + (seen?.validation ?? 0),
  alike: seen?.alike ?? 0,
})

const n = (x: number) => x.toLocaleString('en-US')

/** What must stand beside figures of a cohort some of whose people had a part in the model; null where nobody had. */
export function seenSentence(seen: Omit<CohortSeen, 'heldOut'> | undefined): string | null {
  const { own, alike } = partCounts(seen)
  const twins = `${n(alike)}${own > 0 ? ' more' : ' of these people'} have the letters of somebody who trained it, under another name: they may be the same people, and are not counted as held out.` // biome-ignore format: one line
  const parts = [
    ...(own > 0 ? [`${n(own)} of these people trained the model or chose its stopping point: figures of everybody are too good, and only those of the others are held out.`] : []), // biome-ignore format: one line
    ...(alike > 0 ? [own > 0 ? twins : twins.replace('trained it', 'trained the model')] : []),
  ]
  return parts.length > 0 ? parts.join(' ') : null
}

/** Metrics, curve and comparisons of those who had no part in the model: everybody, where nobody had. null where a class is empty among them. */
export function heldOutFigures(cohort: RiskCohort): Pick<RiskCohort, 'metrics' | 'roc' | 'paired'> | null {
  return cohort.seen ? cohort.seen.heldOut : cohort
}
