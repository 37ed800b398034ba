import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Compute } from '../../src-main/compute/client.ts'
import { MODELS } from '../../src-main/models/kinds.ts'
import { modelRegistry } from '../../src-main/models/registry.ts'
import { trainClassifier } from '../../src-main/services/risk/classify.ts'
import { aucsOf, deviationOf, meanOf, type RiskReport } from '../../src-main/services/risk/report.ts'
import { readRecipe } from '../../src-main/services/training/recipe.ts'
import { tuneDefaults } from '../../src-shared/genome/tune.ts'
import { quietContext } from '../../src-shared/job.ts'

export interface SmallCohorts {
  readonly sizes: readonly number[]
  /** Cohorts of each size, from this seed on: other people, other neutral variants. */
  readonly first: number
  readonly seeds: number
  readonly splits: number
}

/** Two-sided 95 % points of Student's t with 1, 2 … degrees of freedom. */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045,
]
const MOST_COHORTS = T95.length + 1

/** Student's 95 % interval of a mean; null where there is one value, which says nothing of its spread. At most 30 values. */
export function meanInterval(values: readonly number[]): readonly [number, number] | null {
  const t = T95[values.length - 2]
  if (t === undefined) return null
  const half = (t * deviationOf(values)) / Math.sqrt(values.length)
  return [meanOf(values) - half, meanOf(values) + half]
}

/**
 * What the window's own defaults make of small cohorts in which the two SNPs alone act, where no network can be better than they are. Cohorts are
 * independent, the splits of one are not: the interval is Student's, over the means of the cohorts.
 */
export async function smallCohortStudy(
  folder: string,
  reference: string,
  compute: Compute,
  { sizes, first, seeds, splits }: SmallCohorts,
  say: (line: string) => void,
): Promise<Record<string, unknown>[]> {
  if (seeds > MOST_COHORTS)
    throw new Error(`${seeds} cohorts of each size are too many: --seeds ${MOST_COHORTS} at most`)
  const rows: Record<string, unknown>[] = []
  say(
    '| people | epochs at most | stop after | share for a site | cohorts x splits | model AUC | two SNPs | model - two SNPs, by cohort | mean (95 %) |',
  )
  say('|---|---|---|---|---|---|---|---|---|')
  for (const people of sizes) {
    const { network, vocabulary, flankBp, batch, epochs, patience, stopBy, rate, warmupSteps, panelShare } = tuneDefaults({ cases: people / 2, controls: people / 2 }) // biome-ignore format: one line
    const differences: number[] = []
    const aucs: number[] = []
    const baselines: number[] = []
    for (let seed = first; seed < first + seeds; seed++) {
      const recipe = {
        format: 'diploscope-recipe',
        formatVersion: 1,
        task: 'classify',
        id: 'small',
        name: 'small',
        licence: 'MIT',
        people: { from: 'simulate', reference, seed, people, depth: 30, regionFlankBp: flankBp },
        flankBp,
        panelShare,
        tokenizer: { vocabulary, maxPieceLength: 64, people: 100 },
        model: { architecture: { ...network, dropout: 0 } },
        training: { seed: 1, splits, batch, epochs, patience, stopBy, rate, warmupSteps },
      }
      const file = join(folder, 'small.recipe.json')
      const out = join(folder, 'small')
      mkdirSync(folder, { recursive: true })
      writeFileSync(file, JSON.stringify(recipe))
      rmSync(out, { recursive: true, force: true })
      await trainClassifier({ recipe: await readRecipe(file), out, resume: false, now: 0 }, { compute, registry: modelRegistry(MODELS), note() {} }, quietContext()) // biome-ignore format: one line
      const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as RiskReport
      rmSync(out, { recursive: true, force: true })
      const [model, twoSnp] = [meanOf(aucsOf(report, 'model')), meanOf(aucsOf(report, 'two-snp'))]
      aucs.push(model)
      baselines.push(twoSnp)
      differences.push(model - twoSnp)
    }
    const mean = meanOf(differences)
    const ci95 = meanInterval(differences)
    const signed = (x: number) => `${x >= 0 ? '+' : ''}${x.toFixed(3)}`
    rows.push({ study: 'small', people, epochs, patience, panelShare, seeds, splits, model: meanOf(aucs), twoSnp: meanOf(baselines), differences, mean, ci95 }) // biome-ignore format: one line
    say(`| ${people} | ${epochs} | ${patience} | ${panelShare} | ${seeds} x ${splits} | ${meanOf(aucs).toFixed(3)} | ${meanOf(baselines).toFixed(3)} | ${differences.map(signed).join(', ')} | ${signed(mean)} (${ci95 ? `${signed(ci95[0])} to ${signed(ci95[1])}` : 'no interval'}) |`) // biome-ignore format: one line
  }
  return rows
}
