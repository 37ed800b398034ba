import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import { COHORT_DEFAULTS } from '../../domain/cohort/cohort.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { factoriseModel } from '../models/factoriseModel.ts'
import { readRecipe } from '../training/recipe.ts'
import { trainClassifier } from './classify.ts'
import { type RiskPeople, simulatedPeople } from './people.ts'
import type { RiskReport } from './report.ts'
import { checkSequence, checkStart } from './startModel.ts'
import { readTrainedPeople } from './trainedPeople.ts'

// Three small trainings on two sets of simulated people, each beginning with the one before.
const root = resolve(import.meta.dirname, '../../..')
const reference = join(root, 'assets/demo/synthetic-chr19.fa.gz')
const work = mkdtempSync(join(tmpdir(), 'diploscope-start-'))
const at = (name: string, file = '') => join(work, name, file)
const registry = modelRegistry(MODELS)
const FLANK = 100
const READ = { flankBp: FLANK, caller: 'robust' } as const
const of = (seed: number) => ({ ...COHORT_DEFAULTS, seed, people: 60, depth: 10, regionFlankBp: FLANK, flankEffects: 2, effectFlankBp: FLANK }) // biome-ignore format: one line
const peopleOf = (seed: number) => simulatedPeople({ spec: of(seed), reference, haplotypes: undefined }, FLANK, 'robust', quietContext()) // biome-ignore format: one line
let compute: Compute
let first: RiskPeople

async function train(name: string, seed: number, start?: string): Promise<void> {
  const recipe = {
    format: 'diploscope-recipe',
    formatVersion: 1,
    task: 'classify',
    id: name,
    name,
    licence: 'MIT',
    people: { from: 'simulate', reference, seed, people: 60, depth: 10, regionFlankBp: FLANK, flankEffects: 2, effectFlankBp: FLANK }, // biome-ignore format: one line
    flankBp: FLANK,
    ...(start === undefined ? {} : { start: at(start), panelFrom: 'start' }),
    tokenizer: { vocabulary: 1200, maxPieceLength: 64, people: 4 },
    model: { architecture: { width: 16, layers: 1, heads: 2, feedForward: 32, projection: 8, dropout: 0 } },
    training: { seed: 1, batch: 16, epochs: 1, patience: 2, splits: 1, rate: 0.01, warmupSteps: 5 },
  }
  writeFileSync(at(`${name}.json`), JSON.stringify(recipe))
  await trainClassifier({ recipe: await readRecipe(at(`${name}.json`)), out: at(name), resume: false, threads: 1, now: 0 }, { compute, registry, note() {} }, quietContext()) // biome-ignore format: one line
}
const limitsOf = (name: string) => (JSON.parse(readFileSync(at(name, 'model.json'), 'utf8')) as ModelJson).limits.join(' ') // biome-ignore format: one line

beforeAll(async () => {
  compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 1 })
  await train('a', 3)
  await train('b', 4, 'a')
  first = await peopleOf(3)
}, 240_000)
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

// Truth: 60 people, of whom 2 x round(30 x 0.15) are the test people of a split.
it('knows who trained the weights that a model began with, and refuses to begin with it on them', async () => {
  const list = (await readTrainedPeople(at('b'), READ))!
  const parts = first.names.map((name, i) => list.find(name, first.texts[i]!, READ))
  expect(parts.filter(p => p?.sameName && p.part !== 'test')).toHaveLength(50)
  expect(list.people).toBe(60)
  expect(list.unknown).toEqual([])
  await expect(train('c', 3, 'b')).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/^50 of these people trained 'b'/) }) // biome-ignore format: one line
})

it('says with every model after it that nobody knows who trained a start', async () => {
  cpSync(at('a'), at('bare'), { recursive: true })
  rmSync(at('bare', 'people.tsv'))
  await train('from-bare', 4, 'bare')
  expect(limitsOf('from-bare')).toContain('Who trained those is not recorded in their folder')
  await train('two-from-bare', 5, 'from-bare')
  expect(limitsOf('two-from-bare')).toContain(
    "Those began with the weights of 'a', and who trained them is not recorded",
  )
  expect((await readTrainedPeople(at('two-from-bare'), READ))!.unknown).toEqual(['a'])
})

it('names no folder of this machine in what is given away', () => {
  for (const file of ['model.json', 'CARD.md', 'REPORT.md', 'report.json', 'people.tsv'])
    for (const folder of [work, root]) expect(readFileSync(at('b', file), 'utf8')).not.toContain(folder)
  const { provenance } = JSON.parse(readFileSync(at('b', 'model.json'), 'utf8')) as ModelJson
  expect(provenance.dataset).toMatchObject({ start: 'a' })
  expect(JSON.parse(String(provenance.recipe))).toMatchObject({ start: 'a', people: { reference: 'synthetic-chr19.fa.gz', seed: 4 } }) // biome-ignore format: one line
})

it('counts those who only may have trained it, and refuses a name alone where people are not simulated', async () => {
  const twins: RiskPeople = { ...first, names: first.names.map(n => `other ${n}`) }
  expect((await checkStart(at('a'), READ, twins)).limit).toMatch(/ (\d+) of these people have all the letters of somebody who trained those, under another name\.$/) // biome-ignore format: one line
  // Letters that nobody has: one base of the gene is another in everybody.
  const others: RiskPeople = { ...first, texts: first.texts.map(t => `${t.slice(0, 500)}${t[500] === 'A' ? 'C' : 'A'}${t.slice(501)}`) } // biome-ignore format: one line
  expect((await checkStart(at('a'), READ, others)).limit).toContain('50 of these people have the name of somebody who trained those, with other letters') // biome-ignore format: one line
  await expect(checkStart(at('a'), READ, { ...others, simulated: false })).rejects.toMatchObject({ message: expect.stringMatching(/^50 of these people trained 'a' \(50 of them by name alone/) }) // biome-ignore format: one line
  // What begins with it says so in all that is shown of it.
  const report = JSON.parse(readFileSync(at('b', 'report.json'), 'utf8')) as RiskReport
  expect(limitsOf('b')).toContain(report.startNote!)
})

it('compares all letters of the region where the flanks are as long, those of the gene elsewhere', async () => {
  const mirrored = [...first.reference].reverse().join('')
  const flanks = `${mirrored.slice(0, FLANK)}${first.reference.slice(FLANK, -FLANK)}${mirrored.slice(-FLANK)}`
  const model = JSON.parse(readFileSync(at('a', 'model.json'), 'utf8')) as ModelJson
  // With flanks of 100 bp the gene outweighs them: a model of the flanks alone would not.
  await checkSequence(at('a'), { reference: flanks, referenceNote: '' }, FLANK)
  const wide = 1000
  const long = 'ACGT'.repeat(wide / 4)
  const gene = first.reference.slice(FLANK, -FLANK)
  cpSync(at('a'), at('wide'), { recursive: true })
  writeFileSync(at('wide', 'model.json'), JSON.stringify({ ...model, risk: { ...model.risk, flankBp: wide, reference: `${long}${gene}${long}` } })) // biome-ignore format: one line
  const shifted = `C${long.slice(0, -1)}`
  await expect(checkSequence(at('wide'), { reference: `${shifted}${gene}${shifted}`, referenceNote: '' }, wide)).rejects.toMatchObject({ message: expect.stringContaining("of the region's letters") }) // biome-ignore format: one line
  await checkSequence(at('wide'), { reference: first.reference, referenceNote: '' }, FLANK)
})

it('leaves a smaller copy with the list of who trained it', async () => {
  await factoriseModel({ folder: at('b'), out: at('smaller'), method: 'svd', choice: { keptEnergy: 0.5 }, seed: 1, now: 0 }, registry, quietContext()) // biome-ignore format: one line
  expect(readFileSync(at('smaller', 'people.tsv'))).toEqual(readFileSync(at('b', 'people.tsv')))
  await expect(checkStart(at('smaller'), READ, first)).rejects.toMatchObject({ message: expect.stringMatching(/^50 of these people trained/) }) // biome-ignore format: one line
})
