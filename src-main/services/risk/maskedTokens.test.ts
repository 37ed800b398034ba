import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { SeededRandom } from '../../../test-support/random.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import { MODELS } from '../../models/kinds.ts'
import { linformer } from '../../models/linformer.ts'
import { modelRegistry } from '../../models/registry.ts'
import { checkModel } from '../models/checkModel.ts'
import { readRecipe } from '../training/recipe.ts'
import { parseMaskedRecipe } from './maskedRecipe.ts'
import { trainMaskedTokens } from './maskedTokens.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-masked-'))
const registry = modelRegistry(MODELS)
const recipe = {
  format: 'diploscope-recipe',
  formatVersion: 1,
  task: 'masked-tokens',
  id: 'tiny-mlm',
  name: 'tiny',
  licence: 'MIT',
  created: '2026-01-01T00:00:00Z',
  corpus: { train: 'train.txt', valid: 'valid.txt' },
  tokenizer: { vocabulary: 120, maxPieceLength: 8, sentences: 40 },
  model: { maxTokens: 24, architecture: { width: 16, layers: 1, heads: 2, feedForward: 16, projection: 8, dropout: 0.1 } }, // biome-ignore format: one line
  training: { seed: 1, batch: 4, steps: 12, validateEvery: 4, validateRows: 8, checkpointEvery: 4, rate: 0.01, warmupSteps: 2 }, // biome-ignore format: one line
}
let compute: Compute
beforeAll(() => {
  compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 1 })
  const random = new SeededRandom('sentences')
  const sentence = () => Array.from({ length: 120 }, () => random.pick('ACGT徐阿')).join('')
  writeFileSync(join(work, 'train.txt'), `${Array.from({ length: 40 }, sentence).join('\n')}\n`)
  writeFileSync(join(work, 'valid.txt'), `${Array.from({ length: 10 }, sentence).join('\n')}\n`)
  writeFileSync(join(work, 'recipe.json'), JSON.stringify(recipe))
})
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})
const run = async (out: string, options: { stopAfter?: number; resume?: boolean; notes?: string[] } = {}) => {
  const stop = new AbortController()
  let steps = 0
  return trainMaskedTokens(
    { recipe: await readRecipe(join(work, 'recipe.json')), out, resume: options.resume ?? false, threads: 1, now: 0 },
    { compute, registry, note: line => options.notes?.push(line), onStep: () => ++steps === options.stopAfter && stop.abort() }, // biome-ignore format: one line
    { signal: stop.signal, report() {} },
  )
}
const digests = (out: string) => ['model.json', 'weights.safetensors', 'tokenizer.model', 'metrics.jsonl', 'report.json'].map(f => `${f} ${createHash('sha256').update(readFileSync(join(out, f))).digest('hex')}`) // biome-ignore format: one line

describe('masked-token training', () => {
  // Truth: a second run that was stopped; the bytes must be the same.
  it('stopped and resumed gives the bytes of an uninterrupted run, an intact folder, and says whether it beats counting', async () => {
    const notes: string[] = []
    const result = await run(join(work, 'whole'), { notes })
    await expect(run(join(work, 'parts'), { stopAfter: 6 })).rejects.toMatchObject({ code: 'cancelled' })
    await run(join(work, 'parts'), { resume: true })
    expect(digests(join(work, 'parts'))).toEqual(digests(join(work, 'whole')))
    expect(await checkModel(join(work, 'whole'), registry, quietContext())).toMatchObject({ problems: [] })
    const { heldOut, beatsAll } = result.metrics as { heldOut: Record<string, number>; beatsAll: boolean }
    expect(Object.keys(heldOut)).toEqual(['model', 'unigram', 'bigram', expect.stringContaining('5-mers'), expect.stringContaining('6-mers')]) // biome-ignore format: one line
    // Truth: six letters drawn with equal chances have log2(6) = 2.585 bits each; nobody can be far below on held-out text.
    for (const bits of Object.values(heldOut)) expect(bits).toBeGreaterThan(2.4)
    expect(heldOut['Markov, 4 before (5-mers)']!).toBeCloseTo(Math.log2(6), 0)
    expect(notes.at(-1)).toContain(beatsAll ? 'below all' : 'NOT below all')
  }, 240_000)

  it('names the line and the character of a corpus that is no diplotype text', async () => {
    for (const [bad, message] of [
      ['ACGT\nACgT\n', /line 2, character 3 .* 'g'/],
      ['ACGT\r\n', /carriage return/],
      ['ACRT\n', /'R'/],
      ['', /no sentence/],
    ] as const) {
      // biome-ignore format: one line
      writeFileSync(join(work, 'bad.txt'), bad)
      writeFileSync(join(work, 'bad.json'), JSON.stringify({ ...recipe, corpus: { train: 'bad.txt', valid: 'valid.txt' } })) // biome-ignore format: one line
      const out = join(work, `bad-${Math.random().toString(36).slice(2)}`)
      const failing = readRecipe(join(work, 'bad.json')).then(r => trainMaskedTokens({ recipe: r, out, resume: false, now: 0 }, { compute, registry, note() {} }, quietContext())) // biome-ignore format: one line
      await expect(failing).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(message) })
    }
  })
})

// Truth: the published size, about 138 million parameters (Greenformers, chapter 5), of which 25,165,824 are E and F; 32,000 pieces.
it('the published recipe can be read and has the published size', async () => {
  const file = resolve(import.meta.dirname, '../../../assets/recipes/risk-pretrain-paper.json')
  const paper = parseMaskedRecipe(await readRecipe(file))
  const { parameters } = linformer.configure({ ...paper.architecture, vocabulary: 32_000, maxTokens: paper.maxTokens, padToken: 4, tokenHead: 'tied' }) // biome-ignore format: one line
  const size = (of: (name: string) => boolean) => parameters.filter(p => of(p.name)).reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0) // biome-ignore format: one line
  expect(size(n => /\.[EF]$/.test(n))).toBe(25_165_824)
  expect(size(() => true) / 1e6).toBeCloseTo(138, 0)
  expect(paper.training).toMatchObject({ steps: 200_000, batch: 256, schedule: { rate: 1e-4, factor: 0.999991 } })
})
