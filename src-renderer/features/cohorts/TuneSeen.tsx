import type { RiskCohort } from '../../../src-shared/genome/risk.ts'
import { partCounts, seenSentence } from '../../../src-shared/genome/riskRows.ts'

const n = (x: number) => x.toLocaleString('en-US')

/** Beside the figures of a cohort whose people trained the model: that they are too good, and those of the others. */
export function TuneSeen({ cohort }: { readonly cohort: RiskCohort }) {
  const { seen } = cohort
  const { own, alike } = partCounts(seen)
  if (!seen || own + alike === 0) return null
  const held = seen.heldOut?.metrics
  const auc = (m: NonNullable<typeof held>['model']) => (m?.auc ? `${m.auc.auc.toFixed(3)}${m.auc.ci95 ? ` (${m.auc.ci95.map(x => x.toFixed(3)).join('–')})` : ''}` : 'none') // biome-ignore format: one line
  return (
    <div className="note" data-testid="cohort-seen" data-fitted={own}>
      {own > 0 && (
        <p className="num">
          <b>
            {n(own)} of these people trained this model: {n(seen.training)} set its weights, {n(seen.validation)} chose
            its stopping point and calibration.
          </b>{' '}
          Figures of everybody are too good, the model’s AUC above all.
        </p>
      )}
      {alike > 0 && (
        <p className="num">
          {n(alike)} {own > 0 ? 'more' : 'of these people'} have the same letters as somebody who trained this model,
          under another name: they may be the same people, and are not counted as held out.
        </p>
      )}
      {held?.model ? (
        <p className="num" data-testid="cohort-held-out" data-auc={held.model.auc?.auc} data-n={held.model.n}>
          Held out, {n(held.model.n)} people ({n(held.model.cases)} cases): AUC {auc(held.model)}; two SNPs{' '}
          {auc(held['two-snp'])}; odds ratios {auc(held['odds-ratio'])}. The card of the model has its figures over all
          splits.
        </p>
      ) : (
        <p data-testid="cohort-held-out">Of the others there are too few for figures: the model’s card has its own.</p>
      )}
    </div>
  )
}

/** The same in a word, for pictures. */
export const SeenTag = ({ cohort }: { readonly cohort: RiskCohort | null }) =>
  cohort && seenSentence(cohort.seen) !== null ? (
    <span className="tag" title={`${seenSentence(cohort.seen)} The inspector of the sheet gives their figures.`}>
      {tagOf(partCounts(cohort.seen))}
    </span>
  ) : null

const tagOf = ({ own, alike }: ReturnType<typeof partCounts>) =>
  own > 0
    ? `${n(own)} of these people trained the model: figures too good`
    : `${n(alike)} of these people may have trained the model`
