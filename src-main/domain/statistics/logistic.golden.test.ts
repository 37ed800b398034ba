import { describe, expect, it } from 'vitest'
import { goldenCases, goldenText, Judge } from '../../../test-support/golden.ts'
import { f1Scores } from './f1.ts'
import { fitLogistic, predictLogistic } from './logisticRegression.ts'
import { rocAuc } from './rocAuc.ts'

const cases = goldenCases('logistic')

/** Truth: statsmodels and scikit-learn, DeLong by brute force over all pairs. */
describe.skipIf(cases.length === 0)('golden: logistic', () => {
  it.each(cases)('$folder', at => {
    const { json } = at
    const { tolerance } = json
    const judge = new Judge()
    const [header, ...lines] = goldenText(at, 'data.tsv')
      .trim()
      .split('\n')
      .map(line => line.split('\t'))
    const labelColumn = header!.indexOf('label')
    const features = header!.slice(1, labelColumn)
    const rows = lines.map(fields => features.map((_, i) => Number(fields[1 + i])))
    const labels = lines.map(fields => Number(fields[labelColumn]))
    judge.number('rows', rows.length, json.rows, 0)
    // biome-ignore lint/suspicious/noExplicitAny: free-form JSON
    for (const [name, expected] of Object.entries<any>(json.expected)) {
      const inverse = /^l2_C([\d.]+)$/.exec(name)?.[1]
      if (inverse === undefined) expect(name).toBe('unpenalised')
      const fit = fitLogistic(rows, labels, inverse === undefined ? {} : { inverseStrength: Number(inverse) })
      judge.number(`${name} intercept`, fit.intercept, expected.intercept, tolerance.coefficients_abs)
      features.forEach((feature, i) => {
        judge.number(
          `${name} ${feature}`,
          fit.coefficients[i],
          expected.coefficients[feature],
          tolerance.coefficients_abs,
        )
      })
      judge.number(`${name} log-likelihood`, fit.logLikelihood, expected.log_likelihood, tolerance.coefficients_abs)
      if (expected.standard_errors) {
        judge.number(
          `${name} se intercept`,
          fit.standardErrors[0],
          expected.standard_errors.intercept,
          tolerance.coefficients_abs,
        )
        features.forEach((feature, i) => {
          judge.number(
            `${name} se ${feature}`,
            fit.standardErrors[i + 1],
            expected.standard_errors[feature],
            tolerance.coefficients_abs,
          )
        })
      }
      const scores = predictLogistic(fit, rows)
      judge.array(
        `${name} probabilities`,
        scores.slice(0, expected.first_10_probabilities.length),
        expected.first_10_probabilities,
        tolerance.coefficients_abs,
      )
      const auc = rocAuc(scores, labels)!
      judge.number(`${name} auc`, auc.auc, expected.auc, tolerance.auc_abs)
      judge.number(`${name} variance`, auc.variance, expected.delong_variance, tolerance.ci_abs)
      judge.number(`${name} se`, Math.sqrt(auc.variance!), expected.delong_se, tolerance.ci_abs)
      judge.array(`${name} interval`, auc.ci95!, expected.delong_ci95, tolerance.ci_abs)
      judge.array(`${name} logit interval`, auc.ci95Logit!, expected.delong_ci95_logit_scale, tolerance.ci_abs)
      const f1 = f1Scores(scores, labels)
      judge.number(`${name} macro F1`, f1.macro, expected.macro_f1, tolerance.macro_f1_abs)
      judge.number(`${name} F1 of 0`, f1.label0, expected.f1_label0, tolerance.macro_f1_abs)
      judge.number(`${name} F1 of 1`, f1.label1, expected.f1_label1, tolerance.macro_f1_abs)
      const { confusion: c } = f1
      judge.array(
        `${name} confusion`,
        [c.trueNegatives, c.falsePositives, c.falseNegatives, c.truePositives],
        [expected.confusion.tn, expected.confusion.fp, expected.confusion.fn, expected.confusion.tp],
        0,
      )
    }
    for (const edge of json.edge_cases) {
      const auc = rocAuc(edge.scores, edge.labels)!
      judge.number(`${edge.note}: auc`, auc.auc, edge.auc, tolerance.auc_abs)
      judge.number(`${edge.note}: variance`, auc.variance, edge.delong_variance, tolerance.ci_abs)
      judge.number(
        `${edge.note}: macro F1`,
        f1Scores(edge.scores, edge.labels).macro,
        edge['macro_f1_at_0.5'],
        tolerance.macro_f1_abs,
      )
    }
    expect(judge.comparisons).toBeGreaterThanOrEqual(2 * (20 + features.length) + 3 * json.edge_cases.length)
    console.log(`logistic: ${judge.worst}`)
  })
})
