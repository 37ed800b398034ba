import { describe, expect, it } from 'vitest'
import type { RiskCohortRow, RiskSeen } from '../../src-shared/genome/risk.ts'
import { riskRow as row } from '../../test-support/risk-rows.ts'
import { compareRisks } from './compareRisks.ts'

const cohort = (name: string, threshold: number, rows: readonly RiskCohortRow[], changed: readonly string[] = []) => ({ name, label: null, threshold, trainedKnown: true, rows, changed }) // biome-ignore format: one line

describe('two models on one sheet (truth: counted by hand)', () => {
  const a = cohort('first', 0.5, [row('p', 1, 0.9), row('q', 1, 0.4), row('r', 0, 0.6), row('s', 0, 0.1), row('t', null, 0.5), row('u', 1, 0.8), row('v', 1, null)]) // biome-ignore format: one line
  const b = cohort('second', 0.3, [row('s', 0, 0.2), row('r', 0, 0.25), row('q', 1, 0.35), row('p', 1, 0.3), row('t', null, 0.1), row('u', 1, null), row('w', 0, 0.2)]) // biome-ignore format: one line
  const c = compareRisks(a, b)

  it('are compared on the people whom both have scored, in the order of the sheet', () => {
    expect([c.people, c.onlyA, c.onlyB, c.labelled, c.cases]).toEqual([5, 1, 1, 4, 2])
    expect(c.samples).toEqual(['p', 'q', 'r', 's', 't'])
    expect([...c.labels]).toEqual([1, 1, 0, 0, -1])
    expect([...c.scoresA]).toEqual([0.9, 0.4, 0.6, 0.1, 0.5])
    expect([...c.scoresB]).toEqual([0.3, 0.35, 0.25, 0.2, 0.1])
  })

  it('have their AUCs on people with a label: three of four pairs in order, and all four', () => {
    expect([c.a.auc?.auc, c.b.auc?.auc]).toEqual([0.75, 1])
    expect(c.paired).toMatchObject({ aucA: 0.75, aucB: 1, difference: -0.25 })
    expect(c.a.roc?.truePositiveRate.at(-1)).toBe(1)
    // Ranks of the five, by eye: [5, 2, 4, 1, 3] against [4, 5, 3, 2, 1]; 1 - 6 Σd²/(n(n²-1)) with Σd² = 1+9+1+1+4.
    expect(c.spearman).toBeCloseTo(1 - (6 * 16) / 120, 12)
  })

  it('agree where both call alike, each at its own threshold', () => {
    expect(c.agreement).toEqual([
      { label: 1, both: 1, onlyA: 0, onlyB: 1, neither: 0 },
      { label: 0, both: 0, onlyA: 1, onlyB: 0, neither: 1 },
      { label: null, both: 0, onlyA: 1, onlyB: 0, neither: 0 },
    ])
    expect(c.agreed).toBe(2 / 5)
    // Shares of calls 3/5 and 2/5: by chance 6/25 + 6/25 = 12/25.
    expect(c.kappa).toBeCloseTo((2 / 5 - 12 / 25) / (1 - 12 / 25), 12)
  })

  it('without labels, or with nobody in common, have what can be said and null for the rest', () => {
    const none = (rows: readonly RiskCohortRow[]) => rows.map(r => ({ ...r, label: null }))
    const bare = compareRisks({ ...a, rows: none(a.rows) }, { ...b, rows: none(b.rows) })
    expect(bare).toMatchObject({ people: 5, labelled: 0, paired: null, a: { auc: null, roc: null } })
    expect(bare.spearman).toBeCloseTo(0.2, 12)
    const apart = compareRisks(a, cohort('third', 0.5, [row('x', 1, 0.2)]))
    expect(apart).toMatchObject({ people: 0, onlyB: 1, paired: null, spearman: null, agreed: null, kappa: null })
  })

  it('are judged on those who had a part in neither: by name or by letters, in training or validation, of the first or the second', () => {
    const seen = (part: RiskSeen['part'], sameName = true): RiskSeen => ({ part, sameName })
    const with_ = (rows: readonly RiskCohortRow[], marks: Readonly<Record<string, RiskSeen>>) => rows.map(r => (marks[r.sample] ? { ...r, seen: marks[r.sample]! } : r)) // biome-ignore format: one line
    const label = (i: number) => (i % 2) as 0 | 1
    const people = (scores: readonly number[]) => scores.map((p, i) => row(`p${i}`, label(i), p))
    // p0..p3 had a part; the other six are p4..p9: controls 4, 6, 8 and cases 5, 7, 9.
    const first = with_(people([0.1, 0.9, 0.1, 0.9, 0.2, 0.3, 0.4, 0.1, 0.5, 0.6]), { p0: seen('training'), p1: seen('validation'), p4: seen('test') }) // biome-ignore format: one line
    const second = with_(people([0.9, 0.1, 0.9, 0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), { p2: seen('training', false), p3: seen('validation', false), p5: seen('test', false) }) // biome-ignore format: one line
    const found = compareRisks(cohort('first', 0.5, first), cohort('second', 0.5, second))
    expect([found.people, found.trained, found.labelled, found.cases]).toEqual([10, 4, 6, 3])
    // Of nine pairs (case above control): first 0.3>0.2, 0.6>0.2, 0.6>0.4, 0.6>0.5; second 0.2>0.1, 0.4>0.1, 0.4>0.3, 0.6 above all three.
    expect([found.a.auc!.auc, found.b.auc!.auc]).toEqual([4 / 9, 6 / 9])
    expect(found.paired!.difference).toBeCloseTo(-2 / 9, 14)
    expect(found.scoresA).toHaveLength(10)
    const all = compareRisks(cohort('first', 0.5, people([...found.scoresA])), cohort('second', 0.5, people([...found.scoresB]))) // biome-ignore format: one line
    expect([all.trained, all.labelled]).toEqual([0, 10])
  })

  it('of whom one model read an older file are left out, whichever model it is', () => {
    const stale = compareRisks({ ...a, changed: ['p'] }, { ...b, changed: ['s', 'w'] })
    expect(stale).toMatchObject({ people: 3, changed: 2, onlyA: 1, onlyB: 1, samples: ['q', 'r', 't'], labelled: 2 })
    expect(c.changed).toBe(0)
  })

  it('have no interval at an area of 0 or 1', () => {
    expect(c.b.auc).toEqual({ auc: 1, ci95: null })
  })

  it('that call everybody a case have no kappa', () => {
    const everybody = compareRisks({ ...a, threshold: 0 }, { ...b, threshold: 0 })
    expect(everybody).toMatchObject({ agreed: 1, kappa: null })
  })
})
