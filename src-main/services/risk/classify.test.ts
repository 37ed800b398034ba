import { getEventListeners } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import { COHORT_DEFAULTS } from '../../domain/cohort/cohort.ts'
import { stratifiedSplit } from '../../domain/cohort/splits.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { peopleRowsInThread } from '../../workers/peopleRowsClient.ts'
import { readRecipe } from '../training/recipe.ts'
import { trainSplit } from './classify.ts'
import { type RiskPeople, simulatedPeople } from './people.ts'
import { parseClassifyRecipe } from './recipe.ts'

// One split of a small training, repeated with people whose letters were changed.
const reference = resolve(import.meta.dirname, '../../../assets/demo/synthetic-chr19.fa.gz')
const work = mkdtempSync(join(tmpdir(), 'diploscope-classify-'))
const FLANK = 50
const SEED = 1
const population = { seed: 3, people: 60, depth: 12, regionFlankBp: FLANK, flankEffects: 2, effectFlankBp: FLANK }
let compute: Compute
let people: RiskPeople
beforeAll(async () => {
  compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 1 })
  people = await simulatedPeople({ spec: { ...COHORT_DEFAULTS, ...population }, reference, haplotypes: undefined }, FLANK, 'robust', quietContext()) // biome-ignore format: one line
  const recipe = {
    format: 'diploscope-recipe',
    formatVersion: 1,
    task: 'classify',
    id: 'split',
    name: 'split',
    licence: 'MIT',
    people: { from: 'simulate', reference, ...population },
    flankBp: FLANK,
    tokenizer: { vocabulary: 1200, maxPieceLength: 64, people: 100 },
    model: { architecture: { width: 16, layers: 1, heads: 2, feedForward: 32, projection: 8, dropout: 0 } },
    training: { seed: SEED, batch: 16, epochs: 3, patience: 3, splits: 1, rate: 0.01, warmupSteps: 5 },
  }
  writeFileSync(join(work, 'split.json'), JSON.stringify(recipe))
})
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

async function split(of: RiskPeople, name: string, resume = false) {
  const file = await readRecipe(join(work, 'split.json'))
  const request = { recipe: file, out: join(work, name), resume, threads: 1, now: 0 }
  const deps = { compute, registry: modelRegistry(MODELS), note() {} }
  const { weights, tokenizer, panel } = await trainSplit(0, { request, recipe: parseClassifyRecipe(file), seed: SEED, people: of, deps, context: quietContext() }) // biome-ignore format: one line
  const log = readFileSync(join(work, name, 'split-1', 'metrics.jsonl'), 'utf8')
  return { weights, tokenizer: Buffer.from(tokenizer).toString('base64'), panel, log }
}

/** Some people with the letters of others. */
const swapped = (who: Int32Array, from: Int32Array): RiskPeople => ({
  ...people,
  texts: people.texts.map((text, i) => {
    const place = who.indexOf(i)
    // People with the most unlike letters: whoever stands at the other end.
    return place < 0 ? text : people.texts.filter((t, j) => from.includes(j) && t !== text).at(-1 - (place % 5))!
  }),
})

// Truth: a change of the test people's letters must change nothing that is learned; one of the training people's must.
it('learns nothing of the test people: panel, tokenizer, log and weights stay when their letters change', async () => {
  const { train, test } = stratifiedSplit(people.labels, SEED, 0)
  const changed = swapped(test, train)
  expect(changed.texts.filter((t, i) => t !== people.texts[i])).toHaveLength(test.length)
  const plain = await split(people, 'plain')
  expect(await split(changed, 'test-changed')).toEqual(plain)
  const control = await split(swapped(train.slice(0, 10), test), 'training-changed')
  expect(control.weights).not.toEqual(plain.weights)
  expect(control.log).not.toBe(plain.log)
})

it('does not go on with a training of other reference letters', async () => {
  const other = { ...people, reference: `${people.reference[0] === 'A' ? 'C' : 'A'}${people.reference.slice(1)}` }
  await expect(split(other, 'plain', true)).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('another recipe') }) // biome-ignore format: one line
})

it('listens for a stop only while a thread encodes', async () => {
  const { signal } = new AbortController()
  await peopleRowsInThread({ texts: people.texts, training: Int32Array.of(0, 1, 2), reference: people.reference, panelShare: 0.01, uncovered: 'reference', tokenizer: { vocabulary: 1200, maxPieceLength: 64, people: 3, seed: 1 } }, { signal, report() {} }) // biome-ignore format: one line
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})
