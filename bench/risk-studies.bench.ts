import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ranksByMagnitude } from '../src-main/analyses/riskAttribution.ts'
import { type Compute, createCompute } from '../src-main/compute/client.ts'
import { chromosomesOf, personDrawer, readStream } from '../src-main/domain/cohort/cohort.ts'
import { ReadCounter, textOfCodes } from '../src-main/domain/cohort/counts.ts'
import { DIPLOTYPE_DEFAULTS } from '../src-main/domain/diplotype/call.ts'
import { MODELS } from '../src-main/models/kinds.ts'
import { modelRegistry } from '../src-main/models/registry.ts'
import { openAttribution } from '../src-main/services/risk/attribution.ts'
import { trainClassifier } from '../src-main/services/risk/classify.ts'
import { openPopulation } from '../src-main/services/risk/people.ts'
import { parseClassifyRecipe } from '../src-main/services/risk/recipe.ts'
import { aucsOf, deviationOf, meanOf, type RiskReport } from '../src-main/services/risk/report.ts'
import { openRiskModel } from '../src-main/services/risk/riskModel.ts'
import { readRecipe } from '../src-main/services/training/recipe.ts'
import { quietContext } from '../src-shared/job.ts'
import { pretrainingStudy } from './risk/pretraining.ts'
import { smallCohortStudy } from './risk/smallCohorts.ts'

const FLANKS = [0, 1000, 3000, 5000, 10_000, 15_000]

/**
 * Studies on simulated cohorts, as docs/risk.md reports them: `flank` (how much of the flanks the model is given), `depth` (5 against 30) and
 * `cohort` (how many people). Arguments: the names of studies (all), `--people N`, `--epochs N`, `--splits N`. Fewer epochs than the
 * recipes have: they are stated in the result. `pretraining` compares fresh with pre-trained weights (`--pretrain-steps N`). `small` trains with
 * the window's defaults on cohorts of 80, 200 and 600 people (`--seeds N` of each, from `--seed N` on). `attribution` asks the shipped model what it looks at, on simulated people it has not seen. JSON and Markdown go to dist/bench/risk-studies.
 */
export async function run({ json, args, root }: { json: boolean; args: readonly string[]; root: string }) {
  const value = (name: string, otherwise: number) => (args.includes(name) ? Number(args[args.indexOf(name) + 1]) : otherwise) // biome-ignore format: one line
  const asked = args.filter((a, i) => !a.startsWith('--') && !(args[i - 1] ?? '').startsWith('--'))
  const wants = (name: string) => asked.length === 0 || asked.includes(name)
  const folder = join(root, 'dist', 'bench', 'risk-studies')
  mkdirSync(folder, { recursive: true })
  const compute = createCompute({ threads: value('--threads', 1) })
  const base = JSON.parse(readFileSync(join(root, 'assets', 'recipes', 'risk-demo.json'), 'utf8'))
  const epochs = value('--epochs', 6)
  const splits = value('--splits', 1)
  const people = value('--people', 3000)
  const rows: Record<string, unknown>[] = []
  const study = async (name: string, change: (recipe: typeof base) => void) => {
    const recipe = structuredClone(base)
    recipe.id = `risk-study-${name}`
    recipe.training = { ...recipe.training, epochs, patience: epochs, splits }
    recipe.people = { ...recipe.people, people, seed: 31 }
    change(recipe)
    const file = join(folder, `recipe-${name}.json`)
    const out = join(folder, name)
    rmSync(out, { recursive: true, force: true })
    writeFileSync(file, JSON.stringify(recipe))
    const begun = performance.now()
    try {
      await trainClassifier({ recipe: await readRecipe(file, join(root, 'assets', 'recipes')), out, resume: false, now: 0 }, { compute, registry: modelRegistry(MODELS), note() {} }, quietContext()) // biome-ignore format: one line
    } finally {
      rmSync(file, { force: true })
    }
    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as RiskReport
    rmSync(out, { recursive: true, force: true })
    const row = summary(name, report, epochs, (performance.now() - begun) / 1000)
    rows.push(row)
    if (!json) process.stdout.write(`${markdownRow(row)}\n`)
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`)
  }
  try {
    if (!json) process.stdout.write(`${HEAD}\n`)
    if (wants('flank'))
      for (const flank of FLANKS)
        await study(`flank-${flank}`, r => {
          Object.assign(r.people, { regionFlankBp: 15_000, effectFlankBp: 5000, flankEffects: 8, depth: 10 })
          r.flankBp = flank
          r.tokenizer = { vocabulary: 1500 + Math.round(flank / 2), maxPieceLength: 128, people: 40 }
        })
    if (wants('depth'))
      for (const depth of [5, 30])
        await study(`depth-${depth}`, r => {
          r.people.depth = depth
        })
    if (wants('attribution')) rows.push(await attributionStudy(root, compute, value('--judged', 150), json))
    if (wants('pretraining')) {
      const cohorts = args.includes('--people') ? [people] : [300, 1200]
      const sizes = { cohorts, splits: value('--splits', 3), epochs: value('--epochs', 8), unlabelled: 3000, steps: value('--pretrain-steps', 2000), judged: value('--judged', 3000) } // biome-ignore format: one line
      const say = (line: string) => void (json || process.stdout.write(`${line}\n`))
      rows.push(...(await pretrainingStudy(folder, base, join(root, 'assets', 'recipes'), compute, sizes, say)))
    }
    if (asked.includes('small')) {
      const sizes = { sizes: args.includes('--people') ? [people] : [80, 200, 600], first: value('--seed', 101), seeds: value('--seeds', 4), splits: value('--splits', 3) } // biome-ignore format: one line
      const say = (line: string) => void (json || process.stdout.write(`${line}\n`))
      rows.push(...(await smallCohortStudy(folder, join(root, 'assets', 'demo', 'synthetic-chr19.fa.gz'), compute, sizes, say))) // biome-ignore format: one line
    }
    if (wants('cohort'))
      for (const n of [300, 600, 1200, 2400])
        await study(`cohort-${n}`, r => {
          r.people.people = n
        })
  } finally {
    await compute.close()
  }
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(rows, null, 2)}\n`)
  writeFileSync(
    join(folder, 'results.md'),
    `${HEAD}\n${rows
      .filter(r => 'auc' in r)
      .map(markdownRow)
      .join('\n')}\n`,
  )
  return rows
}

const HEAD = '| study | region bp | tokens | sites read | people | epochs | model AUC (95 %) | two SNPs | model - two SNPs (95 %) | optimum, these people | optimum, exact | s |\n|---|---|---|---|---|---|---|---|---|---|---|---|' // biome-ignore format: one line

function summary(name: string, report: RiskReport, epochs: number, seconds: number) {
  const first = report.splits[0]!
  const model = aucsOf(report, 'model')
  return {
    name,
    regionBp: report.regionBp,
    tokens: report.tokens?.most ?? null,
    sites: report.panelSites,
    people: report.people,
    epochs,
    splits: report.splits.length,
    auc: meanOf(model),
    deviation: deviationOf(model),
    ci95: first.metrics.model?.auc?.ci95,
    twoSnp: meanOf(aucsOf(report, 'two-snp')),
    difference: first.modelMinusTwoSnp,
    optimumHere: meanOf(aucsOf(report, 'optimum')),
    optimum: report.optimum?.auc,
    seconds,
  }
}

function markdownRow(row: Record<string, unknown>): string {
  const r = row as ReturnType<typeof summary>
  const f = (x: number | undefined) => (x === undefined ? 'none' : x.toFixed(3))
  return `| ${r.name} | ${r.regionBp} | ${r.tokens} | ${r.sites} | ${r.people} | ${r.epochs} | ${f(r.auc)} (${r.ci95?.map(f).join(' to ')}) | ${f(r.twoSnp)} | ${f(r.difference?.difference)} (${r.difference?.ci95?.map(f).join(' to ')}) | ${f(r.optimumHere)} | ${f(r.optimum)} | ${r.seconds.toFixed(0)} |` // biome-ignore format: one line
}

/**
 * Where the shipped model looks: mean size of occlusion and of gradient times embedding at each site that it reads, over people of the same
 * population who were in no split of its training.
 */
async function attributionStudy(root: string, compute: Compute, judged: number, json: boolean) {
  const folder = join(root, 'assets', 'models', 'apoe-risk-demo')
  const deps = { compute, registry: modelRegistry(MODELS) }
  const model = await openRiskModel(folder, deps, quietContext())
  const attributor = await openAttribution(model, deps, quietContext())
  const recipe = parseClassifyRecipe(await readRecipe(join(root, 'assets', 'recipes', 'risk-demo.json')))
  if (recipe.people.kind !== 'simulate') throw new Error('the demonstration recipe does not simulate')
  const { spec } = recipe.people
  const { population } = await openPopulation(spec, recipe.people.reference, recipe.people.haplotypes, quietContext())
  const draw = personDrawer(population)
  const counter = new ReadCounter(population.letters.length)
  const length = model.facts.reference.length
  const sums = { occlusion: new Float64Array(length), gradient: new Float64Array(length) }
  for (let i = 0; i < judged; i++) {
    const person = draw(spec.people + i)
    const counted = counter.call(chromosomesOf(population, person), spec.depth, readStream(population, person), population.from, population.to, DIPLOTYPE_DEFAULTS) // biome-ignore format: one line
    const { text } = model.encoder.clean(textOfCodes(counted.codes))
    const found = await attributor.attribute(text, quietContext().signal)
    for (let p = 0; p < length; p++) {
      sums.occlusion[p]! += Math.abs(found.occlusion[p]!) / judged
      sums.gradient[p]! += Math.abs(found.gradient![p]!) / judged
    }
  }
  const ranks = { occlusion: ranksByMagnitude(sums.occlusion), gradient: ranksByMagnitude(sums.gradient) }
  const causal = new Map(model.facts.causalSites.map(c => [c.offset, c.name]))
  const effects = new Map(population.variants.map(v => [v.offset - population.from, v]))
  const table = (model.facts.panel ?? [])
    .map(({ offset }) => ({
      position: population.start + population.from + offset + 1,
      name: causal.get(offset) ?? 'neutral',
      oddsRatio: effects.get(offset) ? Math.exp(effects.get(offset)!.logOdds) : null,
      occlusion: sums.occlusion[offset]!,
      occlusionRank: ranks.occlusion[offset]!,
      gradient: sums.gradient[offset]!,
      gradientRank: ranks.gradient[offset]!,
    }))
    .sort((a, b) => b.occlusion - a.occlusion)
  if (!json) {
    process.stdout.write(`\n| chr19 (GRCh38) | site | odds ratio a copy | mean size of occlusion (logit) | rank of ${length} bases | gradient x embedding | rank |\n|---|---|---|---|---|---|---|\n`) // biome-ignore format: one line
    for (const t of table) process.stdout.write(`| ${t.position.toLocaleString('en-US')} | ${t.name} | ${t.oddsRatio?.toFixed(3) ?? 'published'} | ${t.occlusion.toFixed(4)} | ${t.occlusionRank} | ${t.gradient.toExponential(2)} | ${t.gradientRank} |\n`) // biome-ignore format: one line
  }
  await attributor.close()
  await model.close()
  return { name: 'attribution', judged, table }
}
