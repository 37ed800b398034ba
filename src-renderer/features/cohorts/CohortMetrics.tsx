import type { RiskMetrics, RiskModelName } from '../../../src-shared/genome/risk.ts'
import type { PairedAuc } from '../../../src-shared/genome/riskComparison.ts'
import type { CohortRun, OpenedCohort } from '../../../src-shared/ipc/riskMethods.ts'
import type { RiskModelEntry } from '../../state/risk.ts'
import { Section } from '../../ui/parts.tsx'
import { pText, signedText } from './figureText.ts'
import { TuneSeen } from './TuneSeen.tsx'

const n = (x: number) => x.toLocaleString('en-US')

/** The model against a baseline, on the same people. */
const Against = ({ name, difference: d }: { readonly name: string; readonly difference: PairedAuc }) => (
  <p className="soft num" style={{ margin: '4px 0 0' }} data-testid="cohort-against" data-p={d.p ?? undefined}>
    Model minus {name}: {signedText(d.difference, d.ci)}, {pText(d.p)} (DeLong, paired).
  </p>
)

const BASELINES: readonly (readonly [RiskModelName, string])[] = [
  ['two-snp', 'two SNPs, logistic'],
  ['odds-ratio', 'published odds ratios'],
]

/** Figures of the models side by side, on the same people; of a simulated cohort the best that is possible. */
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
  const rows: readonly (readonly [string, RiskMetrics | undefined])[] = [
    [model.name, metrics.model],
    ...others.map(o => [o.model.name, o.run.cohort?.metrics?.model] as const),
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
                <td data-align="right">{opened.truth.optimalAuc.toFixed(3)}</td>
                <td data-align="right">–</td>
                <td data-align="right">–</td>
              </tr>
              <tr>
                <td className="wrapping">optimum of its two SNPs alone</td>
                <td data-align="right">{opened.truth.twoSnpOptimalAuc.toFixed(3)}</td>
                <td data-align="right">–</td>
                <td data-align="right">–</td>
              </tr>
            </>
          )}
        </tbody>
      </table>
      {cohort.cautions.map(c => (
        <p className="note" key={c} style={{ margin: '6px 0 0' }}>
          {c}
        </p>
      ))}
      {metrics.model && (
        <p className="soft num" style={{ margin: '4px 0 0' }}>
          {n(metrics.model.n)} people with a label, a score and a called genotype, {n(metrics.model.cases)} cases.
        </p>
      )}
      {BASELINES.flatMap(([id, name]) => {
        const d = id === 'two-snp' || id === 'odds-ratio' ? cohort.paired?.[id] : null
        return d ? [<Against key={id} name={name} difference={d} />] : []
      })}
    </Section>
  )
}
