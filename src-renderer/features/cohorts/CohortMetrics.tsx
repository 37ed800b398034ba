import type { RiskMetrics, RiskModelName } from '../../../src-shared/genome/risk.ts'
import type { PairedAuc } from '../../../src-shared/genome/riskComparison.ts'
import { heldOutFigures, seenSentence } from '../../../src-shared/genome/riskRows.ts'
import type { CohortRun, OpenedCohort } from '../../../src-shared/ipc/riskMethods.ts'
import type { RiskModelEntry } from '../../state/risk.ts'
import { Section } from '../../ui/parts.tsx'
import { pairedText } from './figureText.ts'
import { TuneSeen } from './TuneSeen.tsx'

const n = (x: number) => x.toLocaleString('en-US')

/** The model against a baseline, on the same people. */
const Against = (
  { of, name, difference: d }: { readonly of: string; readonly name: string; readonly difference: PairedAuc }, // biome-ignore format: one line
) => (
  <p className="soft num" style={{ margin: '4px 0 0' }} data-testid="cohort-against" data-p={d.p ?? undefined}>
    {of} minus {name}: {pairedText(d)} (DeLong, paired).
  </p>
)

const BASELINES: readonly (readonly [RiskModelName, string])[] = [
  ['two-snp', 'two SNPs, logistic'],
  ['odds-ratio', 'published odds ratios'],
]

/**
 * Figures of the models side by side, each with its number of people: other models on those who had no part in them, which may be others than
 * those of the model in use. Of a simulated cohort the best that is possible.
 */
export function CohortMetrics(props: {
  readonly run: CohortRun
  readonly opened: OpenedCohort
  readonly model: RiskModelEntry
  readonly others: readonly { readonly model: RiskModelEntry; readonly run: CohortRun }[]
}) {
  const { run, opened, model, others } = props
  const { cohort } = run
  if (!cohort?.metrics)
    return (
      <Section title="Figures">
        <p className="soft">Figures need scored samples with both labels.</p>
      </Section>
    )
  const { metrics } = cohort
  const tooGood = seenSentence(cohort.seen) !== null
  const paired = heldOutFigures(cohort)?.paired
  const rows: readonly (readonly [string, RiskMetrics | undefined])[] = [
    [`${model.name}${tooGood ? ', everybody' : ''}`, metrics.model],
    ...(tooGood ? [[`${model.name}, held out`, cohort.seen?.heldOut?.metrics.model] as const] : []),
    ...others.flatMap(({ model: { name }, run: { cohort: theirs } }) => theirs ? [[`${name}${seenSentence(theirs.seen) === null ? '' : ', held out'}`, heldOutFigures(theirs)?.metrics?.model] as const] : []), // biome-ignore format: one line
    ...BASELINES.map(([id, name]) => [name, metrics[id]] as const),
  ]
  return (
    <Section title={run.state === 'done' ? 'Figures' : 'Figures so far'} testId="cohort-metrics">
      <TuneSeen cohort={cohort} />
      <table className="data">
        <caption className="visually-hidden">Figures of the models that are compared</caption>
        <thead>
          <tr>
            <th scope="col">By</th>
            <th scope="col" data-align="right">
              People
            </th>
            <th scope="col" data-align="right">
              AUC (95 %)
            </th>
            <th scope="col" data-align="right">
              Brier
            </th>
            <th scope="col" data-align="right">
              F1 macro
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, m]) => (
            <tr key={name}>
              <td className="wrapping">{name}</td>
              <td data-align="right">{m ? n(m.n) : '–'}</td>
              <td data-align="right" data-auc={m?.auc?.auc}>
                {m?.auc
                  ? `${m.auc.auc.toFixed(3)}${m.auc.ci95 ? ` (${m.auc.ci95.map(x => x.toFixed(3)).join('–')})` : ''}`
                  : 'none'}
              </td>
              <td data-align="right">{m ? m.brier.toFixed(3) : '–'}</td>
              <td data-align="right">{m ? m.f1.macro.toFixed(3) : '–'}</td>
            </tr>
          ))}
          {opened.truth && (
            <>
              <tr>
                <td className="wrapping">optimum of the simulated population</td>
                <td data-align="right">–</td>
                <td data-align="right">{opened.truth.optimalAuc.toFixed(3)}</td>
                <td data-align="right">–</td>
                <td data-align="right">–</td>
              </tr>
              <tr>
                <td className="wrapping">optimum of its two SNPs alone</td>
                <td data-align="right">–</td>
                <td data-align="right">{opened.truth.twoSnpOptimalAuc.toFixed(3)}</td>
                <td data-align="right">–</td>
                <td data-align="right">–</td>
              </tr>
            </>
          )}
        </tbody>
      </table>
      {cohort.cautions
        .filter(c => !opened.sheet.cautions.includes(c))
        .map(c => (
          <p className="note" key={c} style={{ margin: '6px 0 0' }}>
            Among those with figures: {c}.
          </p>
        ))}
      {metrics.model && (
        <p className="soft num" style={{ margin: '4px 0 0' }}>
          {n(metrics.model.n)} people with a label, a score and a called genotype, {n(metrics.model.cases)} cases.
        </p>
      )}
      {BASELINES.flatMap(([id, name]) => {
        const d = id === 'two-snp' || id === 'odds-ratio' ? paired?.[id] : null
        return d ? [<Against key={id} of={tooGood ? 'Held out: model' : 'Model'} name={name} difference={d} />] : []
      })}
    </Section>
  )
}
