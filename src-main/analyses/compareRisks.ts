import type { RiskCohortRow } from '../../src-shared/genome/risk.ts'
import type { CallAgreement, CohortComparison, ComparedModel } from '../../src-shared/genome/riskComparison.ts'
import { hadPart } from '../../src-shared/genome/riskRows.ts'
import { pairedDeLong } from '../domain/statistics/pairedDeLong.ts'
import { aucWithInterval, rocCurve } from '../domain/statistics/riskMetrics.ts'
import { spearman } from '../domain/statistics/spearman.ts'

/** What one model says of a cohort. */
export interface ScoredCohort extends Pick<ComparedModel, 'name' | 'label' | 'threshold' | 'trainedKnown'> {
  readonly rows: readonly RiskCohortRow[]
  /** Samples whose files are no longer what was scored. */
  readonly changed: readonly string[]
}

/**
 * Two models on the people of one sheet whom both have scored, matched by name; those whose files changed since are left out, for the two may
 * have read different files. AUCs, curves and their difference rest on the people with a label who had a part in neither model, as far as their
 * folders say; scatter, rank correlation and agreement of the calls on all.
 */
export function compareRisks(a: ScoredCohort, b: ScoredCohort): CohortComparison {
  const scored = (rows: readonly RiskCohortRow[]) => rows.filter(r => r.probability !== null)
  const allA = scored(a.rows)
  const ofB = new Map(scored(b.rows).map(r => [r.sample, r]))
  const common = allA.filter(r => ofB.has(r.sample))
  const changed = new Set([...a.changed, ...b.changed])
  const both = common.filter(r => !changed.has(r.sample))
  const scoresA = Float64Array.from(both, r => r.probability!)
  const scoresB = Float64Array.from(both, r => ofB.get(r.sample)!.probability!)
  const trained = both.map(r => hadPart(r) || hadPart(ofB.get(r.sample)!))
  const known = both.flatMap((r, i) => (r.label === null || trained[i] ? [] : [{ label: r.label, a: scoresA[i]!, b: scoresB[i]! }])) // biome-ignore format: one line
  const labels = known.map(k => k.label)
  const model = ({ name, label, threshold, trainedKnown }: ScoredCohort, scores: readonly number[]): ComparedModel => {
    const auc = aucWithInterval(scores, labels)
    return { name, label, threshold, trainedKnown, auc, roc: auc ? rocCurve(scores, labels) : null }
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
    onlyA: allA.length - common.length,
    onlyB: ofB.size - common.length,
    changed: common.length - both.length,
    trained: trained.filter(t => t).length,
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
