import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Compute } from '../../src-main/compute/client.ts'
import { chromosomesOf, personDrawer, readStream } from '../../src-main/domain/cohort/cohort.ts'
import { ReadCounter, textOfCodes } from '../../src-main/domain/cohort/counts.ts'
import { cleaner, encoderOf, learnedPanel } from '../../src-main/domain/cohort/encoding.ts'
import { SPECIALS, tokenizerOf } from '../../src-main/domain/cohort/peopleTokenizer.ts'
import { DIPLOTYPE_DEFAULTS } from '../../src-main/domain/diplotype/call.ts'
import { pairedDeLong } from '../../src-main/domain/statistics/pairedDeLong.ts'
import { rocAuc } from '../../src-main/domain/statistics/rocAuc.ts'
import { loadTokenizer } from '../../src-main/domain/tokenizer/tokenizer.ts'
import { MODELS } from '../../src-main/models/kinds.ts'
import { modelRegistry } from '../../src-main/models/registry.ts'
import { trainSplit } from '../../src-main/services/risk/classify.ts'
import { trainMaskedTokens } from '../../src-main/services/risk/maskedTokens.ts'
import { caseLogits, openForward } from '../../src-main/services/risk/network.ts'
import { openPopulation, simulatedPeople } from '../../src-main/services/risk/people.ts'
import { parseClassifyRecipe } from '../../src-main/services/risk/recipe.ts'
import { readRecipe } from '../../src-main/services/training/recipe.ts'
import { quietContext } from '../../src-shared/job.ts'

export interface PretrainingSizes {
  /** Labelled people of each cohort. */
  readonly cohorts: readonly number[]
  readonly splits: number
  readonly epochs: number
  /** People without labels, in no cohort, on whom masked tokens are trained. */
  readonly unlabelled: number
  readonly steps: number
  /** People who are in nothing else, on whom every network is judged. */
  readonly judged: number
}

interface Arm {
  readonly auc: number
  readonly ci95: readonly [number, number] | undefined
  readonly epoch: number
  readonly logits: Float64Array
}

const HELD_OUT = 200
const f = (x: number | undefined | null, digits = 3) => (x === undefined || x === null ? 'none' : x.toFixed(digits))

/**
 * What pre-training by masked tokens does to the AUC: the recipe of the shipped model on smaller cohorts, from fresh weights and from weights that
 * were pre-trained on other people of the same population, without labels. Tokenizer, network, people, splits, order of batches and epochs are the same; the one
 * difference is the weights that a training begins with (the head for classes is fresh in both). All are judged on the same further people.
 */
export async function pretrainingStudy(
  folder: string,
  base: Record<string, unknown>,
  recipes: string,
  compute: Compute,
  sizes: PretrainingSizes,
  say: (line: string) => void,
): Promise<Record<string, unknown>[]> {
  const context = quietContext()
  const deps = { compute, registry: modelRegistry(MODELS), note() {} }
  const work = join(folder, 'pretraining')
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  const write = (name: string, recipe: unknown) => {
    writeFileSync(join(work, name), JSON.stringify(recipe))
    return readRecipe(join(work, name), recipes)
  }
  const people = base['people'] as Record<string, unknown>
  const most = Math.max(...sizes.cohorts)
  const classify = (n: number, more: Record<string, unknown>) => ({
    ...base,
    id: 'risk-study-pretraining',
    people: { ...people, people: n, seed: 31 },
    training: { ...(base['training'] as object), epochs: sizes.epochs, patience: sizes.epochs, splits: sizes.splits },
    ...more,
  })
  const source = parseClassifyRecipe(await write('source.json', classify(most, {}))).people
  if (source.kind !== 'simulate') throw new Error('the recipe does not simulate')
  const { flankBp, panelShare, architecture } = parseClassifyRecipe(await write('source.json', classify(most, {})))
  const { population } = await openPopulation(source.spec, source.reference, source.haplotypes, context)
  const draw = personDrawer(population)
  const counter = new ReadCounter(population.letters.length)
  const cut = source.spec.regionFlankBp - flankBp
  const [from, to] = [population.from + cut, population.to - cut]
  const drawn = (first: number, n: number) =>
    Array.from({ length: n }, (_, i) => {
      const person = draw(first + i)
      const called = counter.call(chromosomesOf(population, person), source.spec.depth, readStream(population, person), from, to, DIPLOTYPE_DEFAULTS) // biome-ignore format: one line
      return { label: person.label, logOdds: person.logOdds, text: textOfCodes(called.codes) }
    })
  const reference = population.reference.slice(from, to)
  const unlabelled = drawn(most, sizes.unlabelled + HELD_OUT).map(p => p.text)
  const judged = drawn(most + sizes.unlabelled + HELD_OUT, sizes.judged)
  const judgedLabels = judged.map(p => p.label)

  // Pre-training: what the model reads of people without labels, one line each.
  const clean = cleaner(reference, learnedPanel(unlabelled.slice(0, sizes.unlabelled), reference, panelShare), 'reference') // biome-ignore format: one line
  const lines = unlabelled.map(t => clean(t).text)
  writeFileSync(join(work, 'train.txt'), `${lines.slice(0, sizes.unlabelled).join('\n')}\n`)
  writeFileSync(join(work, 'valid.txt'), `${lines.slice(sizes.unlabelled).join('\n')}\n`)
  const { vocabulary, maxPieceLength, people: of } = base['tokenizer'] as { vocabulary: number; maxPieceLength: number; people: number } // biome-ignore format: one line
  const bytes = tokenizerOf(lines.slice(0, of), { vocabulary, maxPieceLength, seed: 1 }, context)
  writeFileSync(join(work, 'tokenizer.model'), bytes)
  const tokenizer = loadTokenizer(bytes)
  const longest = lines.reduce((n, t) => Math.max(n, tokenizer.encode(t).ids.length + 2), 0)
  const maxTokens = Math.ceil((1.1 * longest + 8) / 8) * 8
  let begun = performance.now()
  const { dropout: _none, ...network } = architecture as Record<string, unknown>
  const masked = await trainMaskedTokens(
    {
      recipe: await write('masked.json', {
        format: 'diploscope-recipe',
        formatVersion: 1,
        task: 'masked-tokens',
        id: 'risk-study-masked',
        name: 'masked tokens of simulated people',
        licence: 'MIT',
        corpus: { train: join(work, 'train.txt'), valid: join(work, 'valid.txt'), source: 'simulated people' },
        tokenizer: { file: join(work, 'tokenizer.model') },
        model: { kind: 'linformer', maxTokens, architecture: { ...network, dropout: 0 } },
        training: { seed: 1, batch: 16, steps: sizes.steps, validateEvery: Math.ceil(sizes.steps / 8), validateRows: 128, checkpointEvery: sizes.steps, rate: 0.002, warmupSteps: 100, factor: 0.9995 }, // biome-ignore format: one line
      }),
      out: join(work, 'masked'),
      resume: false,
      now: 0,
    },
    deps,
    context,
  )
  const heldOut = (masked.metrics as { heldOut: Record<string, number> }).heldOut
  const pretrainSeconds = (performance.now() - begun) / 1000
  say(`pre-trained on ${sizes.unlabelled} people without labels, ${sizes.steps} steps of 16 rows, ${pretrainSeconds.toFixed(0)} s; ${tokenizer.size} pieces, ${longest} tokens a person at most; held out, bits a nucleotide: ${Object.entries(heldOut).map(([n, b]) => `${n} ${b.toFixed(5)}`).join('; ')}`) // biome-ignore format: one line

  const optimum = rocAuc(
    judged.map(p => p.logOdds),
    judgedLabels,
  )
  const rows: Record<string, unknown>[] = []
  say(`judged on ${sizes.judged} further people: optimum ${f(optimum?.auc)}`)
  say('| labelled people | split | fresh weights (95 %) | best epoch | pre-trained (95 %) | best epoch | pre-trained - fresh (95 %, DeLong, paired) | p | s |\n|---|---|---|---|---|---|---|---|---|') // biome-ignore format: one line
  for (const n of sizes.cohorts) {
    const cohort = await simulatedPeople({ ...source, spec: { ...source.spec, people: n } }, flankBp, 'robust', context)
    for (let which = 0; which < sizes.splits; which++) {
      begun = performance.now()
      const arm = async (name: string, more: Record<string, unknown>): Promise<Arm> => {
        const file = await write(`${name}.json`, classify(n, more))
        const recipe = parseClassifyRecipe(file)
        const out = join(work, `${name}-${n}-${which}`)
        const request = { recipe: file, out, resume: false, now: 0 }
        const trained = await trainSplit(which, { request, recipe, seed: recipe.training.seed, people: cohort, deps, context }) // biome-ignore format: one line
        const encoder = encoderOf(loadTokenizer(trained.tokenizer), cleaner(reference, trained.panel, recipe.uncovered))
        const forward = await openForward(compute, trained.network, 'classLogits', 64, trained.maxTokens)
        const ids = judged.map(p => encoder.ids(encoder.clean(p.text).text))
        const logits = await caseLogits(forward, trained.weights, ids, { batch: 64, length: trained.maxTokens, pad: SPECIALS.pad }, context.signal) // biome-ignore format: one line
        await forward.session.close()
        rmSync(out, { recursive: true, force: true })
        const auc = rocAuc(logits, judgedLabels)!
        const perEpoch = trained.steps / sizes.epochs
        return { auc: auc.auc, ci95: auc.ci95Logit, epoch: Math.round(trained.keptStep / perEpoch), logits }
      }
      const fresh = await arm('fresh', { tokenizer: { file: join(work, 'tokenizer.model') } })
      const start = await arm('pre-trained', { start: join(work, 'masked') })
      const d = pairedDeLong(start.logits, fresh.logits, judgedLabels)!
      const of = ({ auc, ci95, epoch }: Arm) => ({ auc, ci95, epoch })
      rows.push({ name: 'pretraining', people: n, split: which + 1, fresh: of(fresh), pretrained: of(start), difference: { difference: d.difference, ci95: d.ci, z: d.z, p: d.p }, optimum: optimum?.auc, heldOut, sizes }) // biome-ignore format: one line
      const shown = (a: Arm) => `${f(a.auc)} (${a.ci95?.map(x => f(x)).join(' to ')}) | ${a.epoch}`
      say(`| ${n} | ${which + 1} | ${shown(fresh)} | ${shown(start)} | ${d.difference >= 0 ? '+' : ''}${f(d.difference)} (${d.ci?.map(x => f(x)).join(' to ') ?? 'no interval'}) | ${d.p === null ? 'none' : d.p < 0.001 ? d.p.toExponential(0) : f(d.p)} | ${((performance.now() - begun) / 1000).toFixed(0)} |`) // biome-ignore format: one line
    }
  }
  rmSync(work, { recursive: true, force: true })
  return rows
}
