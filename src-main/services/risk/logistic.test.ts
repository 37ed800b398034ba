import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DIPLOTYPE_CODES, diplotypeChar } from '../../../src-shared/genome/diplotype.ts'
import { PILEUP_DEFAULTS } from '../../../src-shared/genome/pileup.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import { COHORT_DEFAULTS } from '../../domain/cohort/cohort.ts'
import { stratifiedSplit } from '../../domain/cohort/splits.ts'
import { twoSnpCounts } from '../../domain/cohort/twoSnp.ts'
import { publishedLiability, sigmoid } from '../../domain/liability/liability.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { openAlignments } from '../../readers/alignments.ts'
import { runPileup } from '../../workers/pileupRun.ts'
import { checkModel } from '../models/checkModel.ts'
import { buildOnnx } from '../models/exportOnnx.ts'
import { factoriseModel } from '../models/factoriseModel.ts'
import { listModels } from '../models/listModels.ts'
import { openModelFolder } from '../models/modelFolder.ts'
import { readRecipe } from '../training/recipe.ts'
import { attributionTsv, openAttribution } from './attribution.ts'
import { trainClassifier } from './classify.ts'
import { genotypedSplit, parseLogisticRecipe } from './logistic.ts'
import { simulatedPeople } from './people.ts'
import { readForModel, readForModelInThread } from './readForModel.ts'
import { parseClassifyRecipe } from './recipe.ts'
import type { RiskReport } from './report.ts'
import { isRiskModel, openRiskModel, type RiskModel } from './riskModel.ts'
import { sampleTokens } from './sampleRisk.ts'
import { readSampleSheet } from './sampleSheet.ts'
import { scoreCohort } from './scoreCohort.ts'
import { noCallOf, scoreSample } from './scoreSample.ts'
import { simulateCohort } from './simulateCohort.ts'

const root = resolve(import.meta.dirname, '../../..')
const reference = join(root, 'assets/demo/synthetic-chr19.fa.gz')
const work = mkdtempSync(join(tmpdir(), 'diploscope-logistic-'))
const registry = modelRegistry(MODELS)
const FLANK = 100
const population = { seed: 3, people: 60, depth: 10, regionFlankBp: FLANK, flankEffects: 2, effectFlankBp: FLANK }
const common = { format: 'diploscope-recipe', formatVersion: 1, task: 'classify', licence: 'MIT', created: '2026-01-01T00:00:00Z', people: { from: 'simulate', reference, ...population }, flankBp: FLANK } // biome-ignore format: one line
const recipes = {
  network: { ...common, id: 'network', name: 'network', tokenizer: { vocabulary: 1200, maxPieceLength: 64, people: 4 }, model: { architecture: { width: 16, layers: 1, heads: 2, feedForward: 32, projection: 8, dropout: 0 } }, training: { seed: 1, batch: 16, epochs: 1, patience: 1, splits: 2, rate: 0.01 } }, // biome-ignore format: one line
  fitted: {
    ...common,
    id: 'two-snps',
    name: 'Two SNPs',
    model: { kind: 'logistic' },
    training: { seed: 1, splits: 2 },
  },
  published: { ...common, id: 'odds-ratios', name: 'Odds ratios', model: { kind: 'logistic', coefficients: 'published' }, training: { seed: 1, splits: 2 } }, // biome-ignore format: one line
}
const demo = (name: string) => join(root, 'assets/demo', name)
const folder = (name: keyof typeof recipes) => join(work, name)
const reportOf = (name: keyof typeof recipes) => JSON.parse(readFileSync(join(folder(name), 'report.json'), 'utf8')) as RiskReport // biome-ignore format: one line
let compute: Compute
const models = new Map<keyof typeof recipes, RiskModel>()
const train = async (recipe: object, out: string) => {
  writeFileSync(join(work, 'recipe.json'), JSON.stringify(recipe))
  return trainClassifier({ recipe: await readRecipe(join(work, 'recipe.json')), out, resume: false, threads: 1, now: 0 }, { compute, registry, note() {} }, quietContext()) // biome-ignore format: one line
}
beforeAll(async () => {
  compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 1 })
  for (const name of Object.keys(recipes) as (keyof typeof recipes)[]) {
    await train(recipes[name], folder(name))
    models.set(name, await openRiskModel(folder(name), { compute, registry }, quietContext()))
  }
}, 240_000)
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

describe('a logistic model of the two SNPs', () => {
  // Truth: the baselines that a network's report has of the same people, splits and seed.
  it('has the figures of the baselines in the report of a network, split by split, to the last bit', () => {
    const network = reportOf('network')
    for (const [name, baseline] of [
      ['fitted', 'two-snp'],
      ['published', 'odds-ratio'],
    ] as const) {
      const own = reportOf(name)
      expect(own.splits.map(s => s.metrics.model)).toEqual(network.splits.map(s => s.metrics[baseline]))
      expect(own.splits.map(s => s.metrics['two-snp'])).toEqual(network.splits.map(s => s.metrics['two-snp']))
      expect(own.splits.map(s => s.people)).toEqual(network.splits.map(s => s.people))
    }
  })

  // Truth: the baseline in the network's score of the same file; e4 carriers by the published odds ratio, by hand.
  it('scores a file as the baseline beside a network does, here and in a thread', async () => {
    for (const file of ['synthetic-e3e3.bam', 'synthetic-e3e4.bam']) {
      const beside = await scoreSample({ path: demo(file), evidence: 0 }, models.get('network')!, quietContext())
      const own = await scoreSample({ path: demo(file), evidence: 5, read: readForModelInThread }, models.get('fitted')!, quietContext()) // biome-ignore format: one line
      expect(own.probability).toBe(beside.baseline.twoSnp)
      expect(own).toMatchObject({ noCall: null, tokens: null, genotype: beside.genotype, coverage: { unseen: 0 } })
      const odds = await scoreSample({ path: demo(file), evidence: 0 }, models.get('published')!, quietContext())
      const { intercept } = await coefficients('published')
      expect(odds.probability).toBe(sigmoid(intercept + publishedLiability().genotypeLogOdds[beside.genotype!]))
    }
  })

  // Truth: coefficient times copies; the logit without any copy is the intercept.
  it('attributes exactly: each site adds its coefficient a copy, and the rest of the region nothing', async () => {
    const model = models.get('fitted')!
    const { intercept, coefficients: [a, b] } = await coefficients('fitted') // biome-ignore format: one line
    const request = { path: demo('synthetic-e3e4.bam') }
    const { cleaned } = await readForModel(request, model, quietContext())
    const letters = [...cleaned.text]
    const het = DIPLOTYPE_CODES.find(c => c.allele1 === 'C' && c.allele2 === 'T')!.char
    for (const { from } of model.spans(cleaned.text)) letters[from] = het
    const text = letters.join('')
    expect(twoSnpCounts(text, FLANK)).toEqual([1, 1])
    const attributor = await openAttribution(model, { compute, registry }, quietContext())
    const { signal } = new AbortController()
    const { occlusion } = await attributor.attribute(text, signal)
    const [first, second] = model.spans(text).map(s => s.from)
    expect([...occlusion].flatMap((x, at) => (x === 0 ? [] : [at]))).toEqual([first, second])
    expect(occlusion[first!]).toBeCloseTo(a, 12)
    expect(occlusion[second!]).toBeCloseTo(b, 12)
    const [logit] = await model.logits([model.encoder.ids(text)], signal)
    expect(logit! - occlusion[first!]! - occlusion[second!]!).toBeCloseTo(intercept, 12)
    const { evidence } = await scoreSample({ ...request, evidence: 5 }, model, quietContext())
    expect(evidence.map(e => e.site)).toEqual(['rs429358'])
    expect(evidence[0]!.logitChange).toBeCloseTo(a, 12)
    const table = await attributionTsv(request, model, attributor, [], quietContext())
    expect(table.trim().split('\n')).toHaveLength(3)
    expect(table).toMatch(/\t\.\n$/)
  })

  // Truth: the published odds ratios of e2/e4, e2/e3, e3/e4 and e3/e3, by hand.
  it('attributes published odds ratios site by site, and says of no gradient that it is the same', async () => {
    const model = models.get('published')!
    const { cleaned } = await readForModel({ path: demo('synthetic-e3e3.bam') }, model, quietContext())
    const letters = [...cleaned.text]
    const [first, second] = model.spans(cleaned.text).map(s => s.from) as [number, number]
    for (const at of [first, second]) letters[at] = diplotypeChar('C', 'T')
    const attributor = await openAttribution(model, { compute, registry }, quietContext())
    const { occlusion, gradient } = await attributor.attribute(letters.join(''), new AbortController().signal)
    const { genotypeLogOdds: odds } = publishedLiability()
    expect(occlusion[first]).toBeCloseTo(odds['e2/e4'] - odds['e2/e3'], 12)
    expect(occlusion[second]).toBeCloseTo(odds['e2/e4'] - odds['e3/e4'], 12)
    expect(Math.abs(occlusion[first]! + occlusion[second]! - odds['e2/e4'])).toBeGreaterThan(0.01)
    expect(gradient).toBeNull()
  })

  it('is listed and checked like any other model, and says what it reads', async () => {
    for (const name of ['fitted', 'published'] as const)
      expect(await checkModel(folder(name), registry, quietContext())).toMatchObject({ kind: 'logistic', problems: [], parameters: name === 'fitted' ? 3 : 11 }) // biome-ignore format: one line
    expect((await listModels([work])).map(m => [m.id, m.kind, m.problem])).toContainEqual(['two-snps', 'logistic', undefined]) // biome-ignore format: one line
    const card = readFileSync(join(folder('fitted'), 'CARD.md'), 'utf8')
    expect(card).toContain('alleles of rs429358 and rs7412')
    expect(card).toMatch(/60 people, \d+ cases; region 3,811 bp \(flank 100\).*; 2 sites read/)
    expect(card).toContain('trained on simulated people; not for use on people')
  })

  // Truth: the network's own baseline column for the same people.
  it('scores a cohort, with the figures of the baseline', async () => {
    const out = join(work, 'people')
    await simulateCohort({ spec: { ...COHORT_DEFAULTS, ...population, seed: 9, people: 24, depth: 30 }, reference, haplotypes: undefined, out, build: 'GRCh38', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
    const sheet = await readSampleSheet(join(out, 'samples.tsv'))
    const own = await scoreCohort({ sheet }, models.get('fitted')!, quietContext())
    const beside = await scoreCohort({ sheet }, models.get('network')!, quietContext())
    expect(own.rows.map(r => r.probability)).toEqual(beside.rows.map(r => r.twoSnp))
    expect(own.metrics?.model?.auc).toEqual(beside.metrics?.['two-snp']?.auc)
    expect(own.paired?.['two-snp']).toMatchObject({ difference: 0 })
  })

  // Truth: the graph in ONNX Runtime against the sum here.
  it('runs as an ONNX graph with the same numbers', async () => {
    const model = await openModelFolder(folder('fitted'))
    const { intercept, coefficients: [a, b] } = await coefficients('fitted') // biome-ignore format: one line
    try {
      const { bytes } = await buildOnnx(model, registry, { batch: 1 }, quietContext())
      const session = await compute.load({ bytes }, { workload: 'fixed', device: 'cpu' })
      const out = await session.run({ features: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(2, 1) } })
      const [control, one] = out['classLogits']!.data as Float32Array
      expect(control).toBeCloseTo(0, 12)
      expect(one).toBeCloseTo(intercept + 2 * a + b, 5)
      await session.close()
    } finally {
      await model.close()
    }
  })

  it('gives no score where a site is bare, and needs no other base', async () => {
    const model = models.get('fitted')!
    const people = await simulatedPeople({ spec: { ...COHORT_DEFAULTS, ...population, people: 1 }, reference, haplotypes: undefined }, FLANK, 'robust', quietContext()) // biome-ignore format: one line
    const sites = model.spans('').map(s => s.from)
    const only = (kept: readonly number[]) => [...people.texts[0]!].map((c, i) => (kept.includes(i) ? c : 'N')).join('')
    const { read } = await readForModel({ path: demo('synthetic-e3e3.bam') }, model, quietContext())
    const call = (text: string) => noCallOf({ ...read, text, covered: 2 }, model, false, model.encoder.ids(text).length)
    expect(call(only(sites))).toBeNull()
    expect(call(only(sites.slice(0, 1)))).toMatchObject({ code: 'low-coverage', message: expect.stringContaining('rs7412 is not covered') }) // biome-ignore format: one line
    expect(call(only([]))).toMatchObject({ message: expect.stringContaining('rs429358 and rs7412 are not covered') })
  })

  // Truth: the threshold of an APOE call, 8 reads; the depth of the file's columns at the two sites, by the pileup.
  it('gives no score where a site is read too seldom to see a second allele', async () => {
    const model = models.get('fitted')!
    const path = demo('synthetic-e3e4.bam')
    const { read, ids } = await readForModel({ path }, model, quietContext())
    const call = (...siteDepths: [number, number]) => noCallOf({ ...read, siteDepths }, model, false, ids.length)
    expect(call(8, 8)).toBeNull()
    expect(call(1, 30)).toMatchObject({ code: 'low-coverage', message: expect.stringMatching(/rs429358 has a depth of 1, .*at least 8/) }) // biome-ignore format: one line
    expect(call(30, 7)).toMatchObject({
      code: 'low-coverage',
      message: expect.stringContaining('rs7412 has a depth of 7'),
    })
    const file = await openAlignments(path)
    const depths: number[] = []
    for (const from of model.spans('').map(s => read.region.start + s.from)) await runPileup(file, { ...read.region, start: from, end: from + 1 }, PILEUP_DEFAULTS, quietContext(), columns => void depths.push(...columns.depth)) // biome-ignore format: one line
    await file.close()
    expect(read.siteDepths).toEqual(depths)
  })

  // Truth: G is no allele of rs429358, and a deletion none of rs7412: nothing of either is e3/e3.
  it.each(['fitted', 'published'] as const)(
    'gives no score (%s) where a site holds no APOE allele, nor learns from it',
    async name => {
      const model = models.get(name)!
      const { read } = await readForModel({ path: demo('synthetic-e3e3.bam') }, model, quietContext())
      const sites = model.spans('').map(s => s.from)
      const withLetter = (at: number, letter: string) => read.text.slice(0, at) + letter + read.text.slice(at + 1)
      const strange = [withLetter(sites[0]!, 'G'), withLetter(sites[1]!, diplotypeChar('DEL', 'DEL'))]
      for (const text of strange)
        expect(noCallOf({ ...read, text }, model, false, model.encoder.ids(text).length)?.code).toBe('other-sequence')
      const labels = Uint8Array.from({ length: 60 }, (_, i) => i % 2)
      const whole = stratifiedSplit(labels, 1, 0)
      const out = whole.train[3]!
      const texts = Array.from(labels, (_, i) => (i === out ? strange[0]! : read.text))
      const left = await genotypedSplit({ texts, labels }, 1, 0, FLANK)
      expect(left).toEqual({ ...whole, train: whole.train.filter(i => i !== out) })
      const none = Array.from(labels, (_, i) => (whole.test.includes(i) ? strange[1]! : read.text))
      await expect(genotypedSplit({ texts: none, labels }, 1, 0, FLANK)).rejects.toMatchObject({ code: 'bad-input' })
    },
  )
})

// Truth: the recipe of the demonstration model, whose baseline it is.
it('comes with a recipe on the people and splits of the demonstration model', async () => {
  const own = parseLogisticRecipe(await readRecipe(join(root, 'assets/recipes/risk-logistic.json')))
  const demonstration = parseClassifyRecipe(await readRecipe(join(root, 'assets/recipes/risk-demo.json')))
  expect(own.people).toEqual(demonstration.people)
  // The letters of the gene alone are those of many people: nobody could be told from somebody who trained it.
  expect(own.flankBp).toBe(demonstration.flankBp)
  expect(own.training).toMatchObject({ seed: demonstration.training.seed, splits: demonstration.training.splits })
  for (const model of models.values()) expect(isRiskModel(model.json)).toBe(true)
})

// Truth: the two sites of the region, one base each.
it('shows its two sites where a network shows tokens, and no gradient beside what is exact', async () => {
  const model = models.get('fitted')!
  const attributor = async () => Promise.reject(new Error('nobody needs it'))
  const file = { path: demo('synthetic-e3e4.bam'), indexPath: undefined, referencePath: undefined }
  const tokens = await sampleTokens(file, { model, key: '', attributor }, quietContext())
  const sites = model.spans('').map(s => tokens.region.start + s.from)
  expect(sites).toEqual([44_908_683, 44_908_821])
  expect([[...tokens.starts], [...tokens.ends], [...tokens.differs]]).toEqual([sites, sites.map(s => s + 1), [1, 0]])
  expect(tokens).toMatchObject({ limit: 2, unknown: 0, gradient: null })
})

// A score that was kept is shown again only while all that it shows is the same.
it('has another key of its scores with another threshold, and with other people of its training', async () => {
  const keyAfter = async (name: string, change: (copy: string) => void) => {
    const copy = join(work, `key-${name}`)
    cpSync(folder('fitted'), copy, { recursive: true })
    change(copy)
    return (await openRiskModel(copy, { compute, registry }, quietContext())).scoreKey
  }
  const own = models.get('fitted')!.scoreKey
  expect(await keyAfter('same', () => {})).toBe(own)
  const threshold = await keyAfter('threshold', copy => {
    const path = join(copy, 'model.json')
    const json = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...json, risk: { ...json.risk, threshold: 0.123 } }))
  })
  const unlisted = await keyAfter('people', copy => rmSync(join(copy, 'people.tsv')))
  expect(new Set([own, threshold, unlisted]).size).toBe(3)
})

describe('what a logistic model is not', () => {
  it.each([
    ['no flank', { ...recipes.fitted, flankBp: undefined }, /recipe.flankBp/],
    ['a start', { ...recipes.fitted, start: folder('network') }, /recipe.start .*begins with no other model/],
    ['a tokenizer', { ...recipes.fitted, tokenizer: { vocabulary: 100 } }, /recipe.tokenizer .*no tokens/],
    ['other coefficients', { ...recipes.fitted, model: { kind: 'logistic', coefficients: 'mine' } }, /coefficients is .*mine/], // biome-ignore format: one line
    ['epochs', { ...recipes.fitted, training: { seed: 1, splits: 1, epochs: 3 } }, /training.epochs is not a field/],
  ])('a recipe with %s is refused by field', async (_, recipe, message) => {
    await expect(train(recipe, join(work, 'refused'))).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(message) }) // biome-ignore format: one line
  })

  it('nothing is fine-tuned from it, and nothing of it is made smaller', async () => {
    await expect(train({ ...recipes.network, id: 'x', start: folder('fitted') }, join(work, 'tuned'))).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('logistic model of two SNPs') }) // biome-ignore format: one line
    await expect(factoriseModel({ folder: folder('fitted'), out: join(work, 'small'), method: 'svd', choice: { rank: 1 }, seed: 1, now: 0 }, registry, quietContext())).rejects.toMatchObject({ code: expect.stringMatching(/unsupported|bad-input/) }) // biome-ignore format: one line
  })
})

async function coefficients(name: 'fitted' | 'published') {
  const model = await openModelFolder(folder(name))
  try {
    const of = async (tensor: string) => (await model.weights.read(tensor)).data as Float64Array
    return { intercept: (await of('intercept'))[0]!, coefficients: (await of('coefficients')) as unknown as [number, number] } // biome-ignore format: one line
  } finally {
    await model.close()
  }
}
