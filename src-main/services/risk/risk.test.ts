import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RiskCohortRow, SIMULATED_LABEL } from '../../../src-shared/genome/risk.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { contigsOf, personReads, writeIndexedBam } from '../../../test-support/apoe-people.ts'
import { sharedData } from '../../../test-support/shared-data.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import { COHORT_DEFAULTS } from '../../domain/cohort/cohort.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { checkModel } from '../models/checkModel.ts'
import { openModelFolder } from '../models/modelFolder.ts'
import { readRecipe } from '../training/recipe.ts'
import { onlyThese, trainClassifier } from './classify.ts'
import { openRiskModel, type RiskModel } from './riskModel.ts'
import { readSampleSheet } from './sampleSheet.ts'
import { cohortTsv, scoreCohort } from './scoreCohort.ts'
import { placeIn, scoreSample } from './scoreSample.ts'
import { simulateCohort } from './simulateCohort.ts'

const root = resolve(import.meta.dirname, '../../..')
const reference = join(root, 'assets/demo/synthetic-chr19.fa.gz')
const work = mkdtempSync(join(tmpdir(), 'diploscope-risk-'))
const registry = modelRegistry(MODELS)
const FLANK = 100
const recipe = {
  format: 'diploscope-recipe',
  formatVersion: 1,
  task: 'classify',
  id: 'tiny',
  name: 'tiny',
  licence: 'MIT',
  created: '2026-01-01T00:00:00Z',
  limits: ['made for a test'],
  people: { from: 'simulate', reference, seed: 3, people: 60, depth: 10, regionFlankBp: FLANK, flankEffects: 2, effectFlankBp: FLANK }, // biome-ignore format: one line
  flankBp: FLANK,
  tokenizer: { vocabulary: 1200, maxPieceLength: 64, people: 4 },
  model: { architecture: { width: 16, layers: 1, heads: 2, feedForward: 32, projection: 8, dropout: 0 } },
  training: { seed: 1, batch: 16, epochs: 2, patience: 2, splits: 2, rate: 0.01, warmupSteps: 5 },
}
let compute: Compute
let model: RiskModel
const folder = join(work, 'model')
const people = join(work, 'people')
beforeAll(async () => {
  compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 1 })
  writeFileSync(join(work, 'tiny.json'), JSON.stringify(recipe))
  await train(folder)
  model = await openRiskModel(folder, { compute, registry }, quietContext())
  await simulateCohort({ spec: { ...COHORT_DEFAULTS, seed: 9, people: 4, depth: 30, regionFlankBp: FLANK, flankEffects: 2, effectFlankBp: FLANK }, reference, haplotypes: undefined, out: people, build: 'GRCh38', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
}, 240_000)
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

const train = async (out: string, context = quietContext(), resume = false) =>
  trainClassifier({ recipe: await readRecipe(join(work, 'tiny.json')), out, resume, threads: 1, now: 0 }, { compute, registry, note() {} }, context) // biome-ignore format: one line
const bytesOf = (where: string) => ['model.json', 'weights.safetensors', 'tokenizer.model', 'CARD.md', 'metrics.jsonl', 'report.json', 'people.tsv'].map(f => `${f} ${createHash('sha256').update(readFileSync(join(where, f))).digest('hex')}`) // biome-ignore format: one line

describe('training', () => {
  // Truth: a second run, and one that was stopped twice: the bytes must be the same.
  it('stopped and resumed gives the bytes of an uninterrupted run', async () => {
    const again = join(work, 'again')
    for (const after of [1, 4]) {
      const stop = new AbortController()
      let steps = 0
      const run = trainClassifier({ recipe: await readRecipe(join(work, 'tiny.json')), out: again, resume: after > 1, threads: 1, now: 0 }, { compute, registry, note() {}, onStep: () => ++steps >= after && stop.abort() }, { signal: stop.signal, report() {} }) // biome-ignore format: one line
      await expect(run).rejects.toMatchObject({ code: 'cancelled' })
    }
    await train(again, quietContext(), true)
    expect(bytesOf(again)).toEqual(bytesOf(folder))
  }, 240_000)

  it('writes an intact folder that says what it was trained on', async () => {
    expect(await checkModel(folder, registry, quietContext())).toMatchObject({ problems: [], kind: 'linformer' })
    expect(model.json.name).toContain(SIMULATED_LABEL)
    expect(readFileSync(join(folder, 'CARD.md'), 'utf8')).toContain(SIMULATED_LABEL)
    // Truth: the recipe.
    expect(readFileSync(join(folder, 'CARD.md'), 'utf8')).toMatch(/- Data: 60 people, 30 cases; region 3,811 bp \(flank 100\); depth [^;]+; (\d+ sites|whole diplotypes) read; reference: /) // biome-ignore format: one line
    expect(readFileSync(join(folder, 'REPORT.md'), 'utf8')).toMatch(/Best possible AUC .*\*\*0\.\d{4}\*\*/)
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))
    expect(report.splits).toHaveLength(2)
    for (const s of report.splits) {
      expect(Object.keys(s.metrics)).toEqual(['model', 'two-snp', 'odds-ratio', 'optimum'])
      expect(new Set(Object.values(s.metrics as Record<string, { n: number }>).map(m => m.n)).size).toBe(1)
    }
  })

  // Truth: at a rate of next to nothing the weights stay what they were taken over as.
  it('starts from another folder: its tokenizer, its longest sequence and its weights', async () => {
    const { splits, ...training } = recipe.training
    const others = { ...recipe.people, seed: 4 }
    writeFileSync(join(work, 'start.json'), JSON.stringify({ ...recipe, people: others, start: 'model', training: { ...training, splits: 1, epochs: 1, rate: 1e-12, weightDecay: 0 } })) // biome-ignore format: one line
    const out = join(work, 'started')
    await trainClassifier({ recipe: await readRecipe(join(work, 'start.json')), out, resume: false, threads: 1, now: 0 }, { compute, registry, note() {} }, quietContext()) // biome-ignore format: one line
    expect(readFileSync(join(out, 'tokenizer.model'))).toEqual(readFileSync(join(folder, 'tokenizer.model')))
    const [from, to] = await Promise.all([openModelFolder(folder), openModelFolder(out)])
    try {
      expect(to.json.architecture).toEqual(from.json.architecture)
      for (const name of from.weights.entries.keys()) {
        const [a, b] = [(await from.weights.read(name)).data, (await to.weights.read(name)).data]
        for (let i = 0; i < a.length; i++) if (Math.abs(Number(a[i]) - Number(b[i])) > 1e-6) throw new Error(`${name}[${i}]: ${a[i]}, ${b[i]}`) // biome-ignore format: one line
      }
    } finally {
      await Promise.all([from.close(), to.close()])
    }
    expect(splits).toBe(2)
    expect(to.json.limits[1]).toContain(`began with the weights of ${from.json.name}`)
  }, 240_000)

  it('does not start from a model that these very people trained, nor from one of another sequence', async () => {
    const started = async (change: object) => {
      writeFileSync(join(work, 'same.json'), JSON.stringify({ ...recipe, start: 'model', ...change }))
      return trainClassifier({ recipe: await readRecipe(join(work, 'same.json')), out: join(work, 'same'), resume: false, threads: 1, now: 0 }, { compute, registry, note() {} }, quietContext()) // biome-ignore format: one line
    }
    // Truth: 60 people, of whom 2 x round(30 x 0.15) are the test people of the model's split.
    await expect(started({})).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/^50 of these people trained 'tiny'/) }) // biome-ignore format: one line
    // Of other flanks the letters of the gene tell.
    await expect(started({ flankBp: 50 })).rejects.toMatchObject({ message: expect.stringMatching(/^50 of these people trained 'tiny'/) }) // biome-ignore format: one line
    const other = join(work, 'other.fa')
    const letters = 'ACGT'
    writeFileSync(other, `>chr19:44905000-44910000\n${Array.from({ length: 5001 }, (_, i) => letters[(i * 7 + (i >> 3)) % 4]).join('')}\n`) // biome-ignore format: one line
    writeFileSync(`${other}.fai`, 'chr19:44905000-44910000\t5001\t25\t5001\t5002\n')
    await expect(started({ people: { ...recipe.people, reference: other } })).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('another sequence') }) // biome-ignore format: one line
  })

  it('throws where a person of the test would be seen in training or early stopping', () => {
    const guard = onlyThese({ train: Int32Array.of(0, 1), validation: Int32Array.of(2), test: Int32Array.of(3) })
    guard.training(Int32Array.of(1, 0))
    guard.stopping(Int32Array.of(2))
    for (const person of [2, 3]) expect(() => guard.training(Int32Array.of(person))).toThrow(`person ${person}`)
    for (const person of [0, 3]) expect(() => guard.stopping(Int32Array.of(person))).toThrow(`person ${person}`)
  })

  it('refuses a finished model, other files, and fields that nobody knows', async () => {
    await expect(train(folder)).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('finished') }) // biome-ignore format: one line
    await expect(train(people)).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('other files') }) // biome-ignore format: one line
    writeFileSync(join(work, 'odd.json'), JSON.stringify({ ...recipe, flank: 5 }))
    const odd = readRecipe(join(work, 'odd.json')).then(r => trainClassifier({ recipe: r, out: join(work, 'odd'), resume: false, now: 0 }, { compute, registry, note() {} }, quietContext())) // biome-ignore format: one line
    await expect(odd).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('flank') })
  })
})

describe('score of a sample', () => {
  const bam = (i: number) => join(people, 'bam', `SIM-00000${i}.bam`)
  it('gives probability, interval, place, baselines, coverage and what must be said', async () => {
    const s = await scoreSample({ path: bam(1), evidence: 10 }, model, quietContext())
    expect(s.noCall).toBeNull()
    expect(s.probability).toBeGreaterThan(0)
    expect(s.probability).toBeLessThan(1)
    expect(s.interval!.low).toBeLessThanOrEqual(s.interval!.observed)
    expect(s.interval!.high).toBeGreaterThanOrEqual(s.interval!.observed)
    expect(s.coverage).toMatchObject({ positions: 3611 + 2 * FLANK, covered: 3611 + 2 * FLANK, uncovered: 0 })
    expect(s.coverage.sameSequence).toBeGreaterThan(0.99)
    expect(s.genotype).toBe(readFileSync(join(people, 'samples.tsv'), 'utf8').split('\n')[1]!.split('\t')[3])
    expect(s.limits.some(l => l.includes(SIMULATED_LABEL))).toBe(true)
    expect(s.limits).toContain('made for a test')
    expect(s.limits).toContain('The file says of itself that its reads are synthetic.')
    expect(JSON.parse(JSON.stringify(s))).toEqual(s)
  })

  // Truth: the slow way; a sample whose stretch is the reference is scored anew from its text.
  it('evidence is the change of the logit when a stretch becomes the reference, largest first', async () => {
    for (const i of [1, 2, 3, 4]) {
      const s = await scoreSample({ path: bam(i), evidence: 100 }, model, quietContext())
      const sizes = s.evidence.map(e => Math.abs(e.logitChange))
      expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
      if (s.genotype === 'e3/e4') expect(s.evidence.some(e => e.site?.includes('rs429358'))).toBe(true)
      for (const e of s.evidence) expect(e.interval.end).toBeGreaterThan(e.interval.start)
    }
  })

  it('refuses files of another build, and says what does not fit as a no-call', async () => {
    await expect(scoreSample({ path: bam(1), build: 'GRCh37', evidence: 0 }, model, quietContext())).rejects.toMatchObject({ code: 'build' }) // biome-ignore format: one line
    // 700 bp on each side of the SNPs only: about 1.5 of the 3.8 kb are covered.
    const short = await writeIndexedBam(join(work, 'short.bam'), personReads('GRCh38', ['e3', 'e4'], 30, 'short'), contigsOf('GRCh38')) // biome-ignore format: one line
    const s = await scoreSample({ path: short, evidence: 5 }, model, quietContext())
    expect(s).toMatchObject({ probability: null, interval: null, noCall: { code: 'low-coverage' }, evidence: [] })
    expect(s.noCall!.message).toMatch(/at least 80\.0 % are needed/)
    expect(s.genotype).toBe('e3/e4')
  })

  const rna = sharedData('apoe/ENCSR653DFZ_rnaseq_APOE.GRCh38.bam')
  it.skipIf(!rna)('refuses reads of RNA', async () => {
    expect((await scoreSample({ path: rna!, evidence: 0 }, model, quietContext())).noCall).toMatchObject({
      code: 'rna',
    })
  })

  // Truth: by construction; a slice of unknown letters is drawn anew, so that three of four letters differ from the demo's.
  it('reads the two SNPs alone on another sequence, and gives no interval that would not hold', async () => {
    const slice = join(work, 'slice.fa')
    writeFileSync(slice, `>chr19:44904001-44911000\n${'N'.repeat(7000)}\n`)
    writeFileSync(`${slice}.fai`, 'chr19:44904001-44911000\t7000\t25\t7000\t7001\n')
    const out = join(work, 'foreign')
    await simulateCohort({ spec: { ...COHORT_DEFAULTS, seed: 77, people: 2, depth: 30, regionFlankBp: FLANK }, reference: slice, haplotypes: undefined, out, build: 'GRCh37', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
    const s = await scoreSample({ path: join(out, 'bam', 'SIM-000001.bam'), evidence: 10 }, model, quietContext())
    expect(s).toMatchObject({ noCall: null, interval: null, place: null, build: 'GRCh37' })
    expect(s.probability).toBeGreaterThan(0)
    expect(s.coverage.sameSequence).toBeLessThan(0.5)
    expect(s.genotype).toBe(readFileSync(join(out, 'samples.tsv'), 'utf8').split('\n')[1]!.split('\t')[3])
    expect(s.limits.join(' ')).toMatch(/another sequence.*not calibrated/)
    expect(s.evidence.every(e => e.site?.startsWith('rs'))).toBe(true)
  })

  it('finds a place in a distribution by interpolation', () => {
    expect([-1, 0, 1, 2.5, 4, 9].map(x => placeIn([0, 2, 3, 4], x))).toEqual([0, 0, 1 / 6, 0.5, 1, 1])
  })

  it('refuses a model whose tokenizer is another one, and folders that are no risk models', async () => {
    const other = join(work, 'other-tokenizer')
    cpSync(folder, other, { recursive: true })
    const bytes = readFileSync(join(other, 'tokenizer.model'))
    writeFileSync(join(other, 'tokenizer.model'), bytes.subarray(0, bytes.length - 40))
    await expect(openRiskModel(other, { compute, registry }, quietContext())).rejects.toMatchObject({ code: 'bad-model', message: expect.stringContaining('SHA-256') }) // biome-ignore format: one line
    copyFileSync(join(folder, 'tokenizer.model'), join(other, 'tokenizer.model'))
    const json = JSON.parse(readFileSync(join(other, 'model.json'), 'utf8'))
    writeFileSync(join(other, 'model.json'), JSON.stringify({ ...json, risk: undefined }))
    await expect(openRiskModel(other, { compute, registry }, quietContext())).rejects.toMatchObject({ code: 'bad-model', message: expect.stringContaining('no risk model') }) // biome-ignore format: one line
    const { risk } = json
    for (const broken of [
      { distribution: { ...risk.distribution, cases: {} } },
      { distribution: { ...risk.distribution, all: [0, null] } },
      { calibration: [null] },
      { calibration: [{ ...risk.calibration[0], ci95: 'x' }] },
    ]) {
      writeFileSync(join(other, 'model.json'), JSON.stringify({ ...json, risk: { ...risk, ...broken } }))
      await expect(openRiskModel(other, { compute, registry }, quietContext())).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/distribution|calibration/) }) // biome-ignore format: one line
    }
  })
})

describe('cohort', () => {
  const sheetOf = (lines: readonly string[]) => {
    const path = join(people, `sheet-${lines.length}-${Math.random().toString(36).slice(2)}.tsv`)
    writeFileSync(path, ['sample\tbam\tlabel', ...lines].join('\n'))
    return readSampleSheet(path)
  }
  const good = [1, 2, 3, 4].map(i => `p${i}\tbam/SIM-00000${i}.bam\t${i % 2}`)

  // Truth: each sample scored by itself.
  it('gives the scores of its samples, names what fails, and goes on', async () => {
    const other = join(work, 'people37')
    await simulateCohort({ spec: { ...COHORT_DEFAULTS, seed: 9, people: 1, depth: 20, regionFlankBp: FLANK }, reference, haplotypes: undefined, out: other, build: 'GRCh37', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
    writeFileSync(join(people, 'broken.bam'), 'no BAM')
    const sheet = await sheetOf([...good, 'gone\tbam/none.bam\t1', 'broken\tbroken.bam\t0', `mixed\t${other}/bam/SIM-000001.bam\t1`, 'p1\tx.bam\t1']) // biome-ignore format: one line
    const cohort = await scoreCohort({ sheet }, model, quietContext())
    expect(cohort.rows.map(r => r.sample)).toEqual(['p1', 'p2', 'p3', 'p4'])
    expect(cohort.failures.map(f => [f.line, f.sample, f.code])).toEqual([[6, 'gone', 'not-found'], [7, 'broken', expect.any(String)], [8, 'mixed', 'build'], [9, 'p1', 'bad-input']]) // biome-ignore format: one line
    for (const [i, row] of cohort.rows.entries()) {
      const alone = await scoreSample({ path: join(people, 'bam', `SIM-00000${i + 1}.bam`), evidence: 0 }, model, quietContext()) // biome-ignore format: one line
      expect(row).toMatchObject({ probability: alone.probability, twoSnp: alone.baseline.twoSnp, genotype: alone.genotype }) // biome-ignore format: one line
    }
    expect(cohort.metrics!.model!.n).toBe(4)
    expect(cohort.cautions).toContain('2 cases; at least 10 of each class are needed')
    const text = cohortTsv(cohort)
    expect(text).toContain(SIMULATED_LABEL)
    expect(text.split('\n').filter(l => !l.startsWith('##'))).toHaveLength(1 + 4 + 1)
    expect(text).toMatch(/## failed: line 6 gone: not-found/)
  })

  it('goes on after a stop without scoring anybody again, and to the same table', async () => {
    const sheet = await sheetOf(good)
    const journal = join(work, 'table.tsv.unfinished')
    const stop = new AbortController()
    const first: RiskCohortRow[] = []
    const stopped = scoreCohort({ sheet, journal }, model, { signal: stop.signal, report() {} }, row => {
      first.push(row)
      if (first.length === 2) stop.abort()
    })
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' })
    // What a kill in the middle of a line leaves.
    writeFileSync(journal, `${readFileSync(journal, 'utf8')}["p3",{"sta`)
    const whole = await scoreCohort({ sheet, journal }, model, quietContext())
    expect(whole.resumed).toBe(2)
    expect(whole.rows).toEqual((await scoreCohort({ sheet }, model, quietContext())).rows)
    // It stays until its owner has the result elsewhere.
    expect(readFileSync(journal, 'utf8').trim().split('\n')).toHaveLength(1 + good.length)
  })
})
