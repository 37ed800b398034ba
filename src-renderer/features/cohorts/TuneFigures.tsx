import type { RiskMetrics, RiskModelName } from '../../../src-shared/genome/risk.ts'
import type { TuneDetail, TuneResult } from '../../../src-shared/genome/tune.ts'
import { type Cell, toTsv } from '../../ui/provenance.ts'
import { percent } from '../risk/RiskResult.tsx'

const MODELS: readonly (readonly [RiskModelName, string])[] = [
  ['model', 'this model'],
  ['two-snp', 'two SNPs, logistic'],
  ['odds-ratio', 'published odds ratios'],
  ['optimum', 'true liability (optimum)'],
]

const aucText = (m: RiskMetrics | undefined) => (m?.auc ? `${m.auc.auc.toFixed(3)}${m.auc.ci95 ? ` (${m.auc.ci95.map(x => x.toFixed(2)).join('–')})` : ''}` : 'none') // biome-ignore format: one line
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
const spread = (values: readonly number[]) => {
  const m = mean(values)
  return values.length < 2 ? null : Math.sqrt(values.reduce((s, v) => s + (v - m) ** 2, 0) / (values.length - 1))
}
const signed = (x: number) => `${x >= 0 ? '+' : ''}${x.toFixed(3)}`

/** Every model on the same test people of each split, and the calls at the threshold that the validation people chose. */
export function TuneFigures({ tune, result }: { readonly tune: TuneDetail; readonly result: TuneResult }) {
  const { splits, optimum } = result
  const models = MODELS.filter(([id]) => splits.some(s => s.metrics[id]))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section className="tune-figures" tabIndex={0} aria-label="Figures of the training" data-testid="tune-figures">
      <table className="data">
        <caption>AUC of the test people of each split (95 %, DeLong)</caption>
        <thead>
          <tr>
            <th scope="col">Split</th>
            <th scope="col" data-align="right">
              Test
            </th>
            {models.map(([id, name]) => (
              <th scope="col" key={id} data-align="right">
                {name}
              </th>
            ))}
            <th scope="col" data-align="right">
              model − two SNPs
            </th>
          </tr>
        </thead>
        <tbody>
          {splits.map(s => (
            <tr key={s.split} data-split={s.split}>
              <th scope="row">{s.split}</th>
              <td data-align="right">{s.people.test}</td>
              {models.map(([id]) => (
                <td key={id} data-align="right" data-model={id} data-auc={s.metrics[id]?.auc?.auc}>
                  {aucText(s.metrics[id])}
                </td>
              ))}
              <td data-align="right">
                {s.modelMinusTwoSnp
                  ? `${signed(s.modelMinusTwoSnp.difference)} (${s.modelMinusTwoSnp.ci95?.map(x => x.toFixed(2)).join(' to ') ?? 'no interval'})`
                  : 'none'}
              </td>
            </tr>
          ))}
          {splits.length > 1 && (
            <tr>
              <th scope="row">mean</th>
              <td />
              {models.map(([id]) => {
                const values = splits.flatMap(s => s.metrics[id]?.auc?.auc ?? [])
                const sd = spread(values)
                return (
                  <td key={id} data-align="right">
                    {values.length > 0
                      ? `${mean(values).toFixed(3)}${sd === null ? '' : ` ± ${sd.toFixed(3)}`}`
                      : 'none'}
                  </td>
                )
              })}
              <td data-align="right">{signed(mean(splits.flatMap(s => s.modelMinusTwoSnp?.difference ?? [])))}</td>
            </tr>
          )}
        </tbody>
      </table>
      <p className="soft num">
        {splits.length > 1 &&
          'Mean ± standard deviation over splits of the same people, which are not independent: it is no interval. '}
        {optimum &&
          `Best possible in the simulated population: ${optimum.auc.toFixed(3)}; of its two SNPs alone ${optimum.twoSnpAuc.toFixed(3)}. `}
        The weights are those of split 1.{' '}
        {result.panelSites === null
          ? 'Whole diplotypes were read.'
          : `${result.panelSites.toLocaleString('en-US')} sites of ${result.regionBp.toLocaleString('en-US')} bp were read.`}
      </p>
      <table className="data" data-testid="tune-confusion">
        <caption>Calls on test people at the threshold that the validation people chose</caption>
        <thead>
          <tr>
            <th scope="col">Split</th>
            {[
              'Threshold',
              'cases called',
              'cases missed',
              'controls called',
              'controls not called',
              'F1 macro',
              'Brier',
            ].map(h => (
              <th scope="col" key={h} data-align="right">
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {splits.map(s => (
            <tr key={s.split}>
              <th scope="row">{s.split}</th>
              <td data-align="right">{percent(s.metrics.model?.f1.threshold ?? null)}</td>
              <td data-align="right">{s.confusion?.truePositives ?? '–'}</td>
              <td data-align="right">{s.confusion?.falseNegatives ?? '–'}</td>
              <td data-align="right">{s.confusion?.falsePositives ?? '–'}</td>
              <td data-align="right">{s.confusion?.trueNegatives ?? '–'}</td>
              <td data-align="right">{s.metrics.model?.f1.macro.toFixed(3)}</td>
              <td data-align="right">{s.metrics.model?.brier.toFixed(3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {tune.people < 200 && (
        <p className="soft num">With {splits[0]?.people.test} test people a split, such figures move much by chance.</p>
      )}
    </section>
  )
}

export function tuneFiguresTsv(result: TuneResult | null, origin: readonly string[]): string {
  const rows = (result?.splits ?? []).flatMap(s =>
    MODELS.flatMap(([id]): Cell[][] => {
      const m = s.metrics[id]
      if (!m) return []
      const calls = id === 'model' ? s.confusion : null
      return [[s.split, id, m.n, m.cases, m.auc?.auc ?? null, m.auc?.ci95?.[0] ?? null, m.auc?.ci95?.[1] ?? null, m.f1.macro, m.f1.binary, m.f1.threshold, m.accuracy, m.majorityAccuracy, m.brier, m.logLoss, m.ece, calls?.truePositives ?? null, calls?.falseNegatives ?? null, calls?.falsePositives ?? null, calls?.trueNegatives ?? null]] // biome-ignore format: one line
    }),
  )
  return toTsv(['split', 'by', 'n', 'cases', 'auc', 'auc_low', 'auc_high', 'f1_macro', 'f1_binary', 'threshold', 'accuracy', 'majority_accuracy', 'brier', 'log_loss', 'ece', 'cases_called', 'cases_missed', 'controls_called', 'controls_not_called'], rows, [...origin, 'splits of the same people are not independent']) // biome-ignore format: one line
}
