import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import { COHORT_DEFAULTS } from '../../domain/cohort/cohort.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { openRiskModel, type RiskModel } from './riskModel.ts'
import { placeIn, scoreSample } from './scoreSample.ts'
import { simulateCohort } from './simulateCohort.ts'

// The shipped model on a simulated person.
const root = resolve(import.meta.dirname, '../../..')
const work = mkdtempSync(join(tmpdir(), 'diploscope-score-'))
const path = join(work, 'people/bam/SIM-000001.bam')
let compute: Compute
let model: RiskModel
beforeAll(async () => {
  compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 1 })
  model = await openRiskModel(join(root, 'assets/models/apoe-risk-demo'), { compute, registry: modelRegistry(MODELS) }, quietContext()) // biome-ignore format: one line
  await simulateCohort({ spec: { ...COHORT_DEFAULTS, seed: 9, people: 1, depth: 15, regionFlankBp: 3000 }, reference: join(root, 'assets/demo/synthetic-chr19.fa.gz'), haplotypes: undefined, out: join(work, 'people'), build: 'GRCh38', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
})
afterAll(async () => {
  await model.close()
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

// Truth: the name in the header, which the simulation wrote.
it('says when the sheet calls a sample otherwise than its file does', async () => {
  const limitsAs = async (sample?: string) => (await scoreSample({ path, sample, evidence: 0 }, model, quietContext())).limits.join(' ') // biome-ignore format: one line
  expect(await limitsAs('Another')).toContain("names this sample 'SIM-000001', not 'Another'")
  for (const same of [undefined, 'SIM-000001']) expect(await limitsAs(same)).not.toContain('names this sample')
})

// Truth: mid-ranks by hand. A logistic model gives most people one of a few values.
it('places a score among equal ones in their middle', () => {
  expect(placeIn([0.2, 0.4, 0.4, 0.4, 0.9], 0.4)).toBe(0.5)
  const ends = [0.2, 0.2, 0.2, 0.9, 0.9]
  expect([0.1, 0.2, 0.55, 0.9, 1].map(x => placeIn(ends, x))).toEqual([0, 0.25, 0.625, 0.875, 1])
  expect(placeIn([0.5, 0.5, 0.5], 0.5)).toBe(0.5)
})
