import { percent } from '../risk/RiskResult.tsx'
import type { Confusion } from './confusion.ts'

/** Calls at a threshold against labels. */
export function ConfusionTable({ at }: { readonly at: Confusion }) {
  return (
    <div className="cohort-confusion" data-testid="cohort-confusion">
      <table className="data">
        <caption className="visually-hidden">Calls against labels at the threshold</caption>
        <thead>
          <tr>
            <th scope="col">Label</th>
            <th scope="col" data-align="right">
              called a case
            </th>
            <th scope="col" data-align="right">
              called a control
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">case</th>
            <td data-align="right">{at.truePositives.toLocaleString('en-US')}</td>
            <td data-align="right">{at.falseNegatives.toLocaleString('en-US')}</td>
          </tr>
          <tr>
            <th scope="row">control</th>
            <td data-align="right">{at.falsePositives.toLocaleString('en-US')}</td>
            <td data-align="right">{at.trueNegatives.toLocaleString('en-US')}</td>
          </tr>
        </tbody>
      </table>
      <dl className="facts">
        <dt>Sensitivity</dt>
        <dd className="num">{percent(at.sensitivity)}</dd>
        <dt>Specificity</dt>
        <dd className="num">{percent(at.specificity)}</dd>
        <dt>Cases among the called</dt>
        <dd className="num">{percent(at.precision)} in this cohort</dd>
        <dt>Accuracy</dt>
        <dd className="num">{percent(at.accuracy)}</dd>
      </dl>
    </div>
  )
}
