import { describe, expect, it } from 'vitest'
import type { RiskCohortRow, RiskSeen } from '../../../src-shared/genome/risk.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { riskRow as row } from '../../../test-support/risk-rows.ts'
import type { RiskModel } from './riskModel.ts'
import { cohortTsv, heldOutLine, summary } from './scoreCohort.ts'

const seen = (part: RiskSeen['part'], sameName = true): RiskSeen => ({ part, sameName })
const facts = { threshold: 0.5, trainedOnSimulated: false }
const summaryOf = (rows: readonly RiskCohortRow[], trainedPeople: object | null = { unknown: [] }) =>
  summary(rows, [], 0, { rows: [], problems: [], cautions: [] }, { facts, trainedPeople, summary: { id: 'm', name: 'm' } } as unknown as RiskModel, quietContext()) // biome-ignore format: one line

// Truth: counted by hand. Four were in neither part of the training that made the model.
const others = [row('a', 1, 0.9), row('b', 1, 0.3), row('c', 0, 0.4, seen('test')), row('d', 0, 0.2, seen('test', false))] // biome-ignore format: one line
const trained = [row('e', 1, 0.99, seen('training')), row('f', 0, 0.01, seen('validation'))]
const alike = [row('g', 1, 0.98, seen('training', false)), row('h', 0, 0.02, seen('validation', false))]

describe('a cohort some of whose people trained the model', () => {
  it('holds out nobody who trained it, nor anybody with the letters of such a person under another name', async () => {
    const cohort = await summaryOf([...others, ...trained, ...alike])
    const { heldOut, ...counts } = cohort.seen!
    expect(counts).toEqual({ training: 1, validation: 1, test: 1, alike: 2 })
    expect(heldOut!.metrics.model).toMatchObject({ n: 4, cases: 2, auc: { auc: 3 / 4 } })
    expect(cohort.metrics!.model).toMatchObject({ n: 8, auc: { auc: 15 / 16 } })
    // The baselines rank nobody.
    expect(heldOut!.paired['two-snp']).toMatchObject({ aucA: 3 / 4, aucB: 1 / 2, difference: 1 / 4 })
    const limits = cohort.limits.join(' ')
    expect(limits).toContain('2 of these people trained the model')
    expect(limits).toContain('2 more have the letters of somebody who trained it, under another name')
  })

  it('says the held-out figures in its table', async () => {
    const cohort = await summaryOf([...others, ...trained])
    expect(heldOutLine(cohort)).toMatch(
      /^held out, 4 people \(2 cases\): AUC 0\.7500 \(95 % .*model minus two SNPs 0\.2500/,
    )
    expect(cohortTsv(cohort)).toContain(`## ${heldOutLine(cohort)}\n`)
    const few = await summaryOf([...trained, others[0]!])
    expect(few.seen!.heldOut).toBeNull()
    expect(cohortTsv(few)).toContain('## held out: too few people of both labels for figures\n')
  })

  it('does not say that nobody trained it where letters agree', async () => {
    const cohort = await summaryOf([...others, ...alike])
    expect(cohort.limits.join(' ')).not.toContain('Nobody of it')
    expect(cohort.limits.join(' ')).toContain('2 of these people have the letters of somebody who trained the model')
    expect(heldOutLine(cohort)).toContain('held out, 4 people')
  })

  it('is no such cohort when nobody did: everybody is held out', async () => {
    const cohort = await summaryOf(others.slice(0, 3))
    expect(cohort.seen).toMatchObject({ training: 0, validation: 0, test: 1, alike: 0 })
    expect(cohort.seen!.heldOut!.metrics).toEqual(cohort.metrics)
    expect([heldOutLine(cohort), cohort.limits.at(-1)]).toEqual([null, expect.stringContaining('Nobody of it')])
    const unknown = await summaryOf(others.slice(0, 2).concat(row('x', 0, 0.1)), null)
    expect(unknown.limits.at(-1)).toContain('does not say who they were')
    const before = await summaryOf(others.slice(0, 3), { unknown: ['older'] })
    expect(before.limits.at(-1)).toMatch(/Nobody of it.*is not recorded/)
  })
})
