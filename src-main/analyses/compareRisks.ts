import type { AucWithInterval, RiskCohortRow } from '../../src-shared/genome/risk.ts'
import type { CallAgreement, CohortComparison, ComparedModel } from '../../src-shared/genome/riskComparison.ts'
import { pairedDeLong } from '../domain/statistics/pairedDeLong.ts'
import { rocCurve } from '../domain/statistics/riskMetrics.ts'
import { rocAuc } from '../domain/statistics/rocAuc.ts'
import { spearman } from '../domain/statistics/spearman.ts'

/** What one model says of a cohort. */
export interface ScoredCohort extends Pick<ComparedModel, 'name' | 'label' | 'threshold'> {
  readonly rows: readonly RiskCohortRow[]
}

/**
 * Two models on the people of one sheet whom both have scored, matched by name. AUCs, curves and their difference rest on the people with a
 * label among them; scatter, rank correlation and agreement of the calls on all.
 */
export function compareRisks(a: ScoredCohort, b: ScoredCohort): CohortComparison {
  const scored = (rows: readonly RiskCohortRow[]) => rows.filter(r => r.probability !== null)
  const ofB = new Map(scored(b.rows).map(r => [r.sample, r.probability!]))
  const [allA, both] = [scored(a.rows), scored(a.rows).filter(r => ofB.has(r.sample))]
  const scoresA = Float64Array.from(both, r => r.probability!)
  const scoresB = Float64Array.from(both, r => ofB.get(r.sample)!)
  const known = both.flatMap((r, i) => (r.label === null ? [] : [{ label: r.label, a: scoresA[i]!, b: scoresB[i]! }]))
  const labels = known.map(k => k.label)
  const model = ({ name, label, threshold }: ScoredCohort, scores: readonly number[]): ComparedModel => {
    const auc = rocAuc(scores, labels)
    return { name, label, threshold, auc: auc ? withInterval(auc) : null, roc: auc ? rocCurve(scores, labels) : null }
  }
  const calls = both.map((r, i) => ({ label: r.label, a: scoresA[i]! >= a.threshold, b: scoresB[i]! >= b.threshold }))
  const agreement = ([1, 0, null] as const)
    .map((label): CallAgreement => {
      const own = calls.filter(c => c.label === label)
      const count = (x: boolean, y: boolean) => own.filter(c => c.a === x && c.b === y).length
      return { label, both: count(true, true), onlyA: count(true, false), onlyB: count(false, true), neither: count(false, false) } // biome-ignore format: one line
    })
    .filter(g => g.both + g.onlyA + g.onlyB + g.neither > 0)
  return {
    a: model(a, known.map(k => k.a)), // biome-ignore format: one line
    b: model(b, known.map(k => k.b)), // biome-ignore format: one line
    people: both.length,
    onlyA: allA.length - both.length,
    onlyB: ofB.size - both.length,
    labelled: known.length,
    cases: labels.filter(l => l === 1).length,
    paired: pairedDeLong(known.map(k => k.a), known.map(k => k.b), labels), // biome-ignore format: one line
    spearman: spearman(scoresA, scoresB) ?? null,
    agreement,
    ...kappaOf(calls),
    samples: both.map(r => r.sample),
    labels: Int8Array.from(both, r => r.label ?? -1),
    scoresA,
    scoresB,
  }
}

const withInterval = (auc: NonNullable<ReturnType<typeof rocAuc>>): AucWithInterval => ({ auc: auc.auc, ci95: auc.ci95Logit ?? null }) // biome-ignore format: one line

/** Cohen's kappa (1960): agreement beyond what the two shares of calls would give by chance; undefined where chance alone agrees on everybody. */
function kappaOf(calls: readonly { readonly a: boolean; readonly b: boolean }[]) {
  const n = calls.length
  if (n === 0) return { agreed: null, kappa: null }
  const share = (of: (c: (typeof calls)[number]) => boolean) => calls.filter(of).length / n
  const agreed = share(c => c.a === c.b)
  const [a, b] = [share(c => c.a), share(c => c.b)]
  const chance = a * b + (1 - a) * (1 - b)
  return { agreed, kappa: chance === 1 ? null : (agreed - chance) / (1 - chance) }
}
