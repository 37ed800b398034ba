import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DIPLOTYPES, type Diplotype } from '../../../src-shared/genome/apoe.ts'
import type { RiskSheetRow } from '../../../src-shared/genome/risk.ts'
import { riskRegion } from '../../domain/cohort/locus.ts'
import { snpOffsets } from '../../domain/cohort/twoSnp.ts'
import { isSynthetic, openAlignments } from '../../readers/alignments.ts'
import type { RiskPeople } from './people.ts'

const MAX_BYTES = 1024 * 1024

/** What `simulate cohort` writes beside its sheet, as far as it is needed here. */
interface CohortFile {
  readonly optimalAuc: number
  readonly twoSnpOptimalAuc: number
  readonly intercept: number
  readonly prevalence: number
  readonly flankEffectOdds: number
  readonly genotypeOddsRatios: Readonly<Record<string, number>>
  readonly effects: readonly { readonly id: string; readonly position: number; readonly oddsRatio: number }[]
}

/**
 * The true liability of simulated people, from the cohort.json beside their sheet and its columns `genotype` and `effect_alleles`: log odds =
 * intercept + that of the genotype + net copies of the effects, all of one size. Undefined where the files do not say enough.
 */
export async function sheetTruth(
  sheetPath: string,
  rows: readonly RiskSheetRow[],
  flankBp: number,
): Promise<RiskPeople['truth']> {
  const file = await cohortFile(join(dirname(sheetPath), 'cohort.json'))
  if (!file) return undefined
  const size = Math.log(file.flankEffectOdds)
  // A sum of copies tells the liability only where every effect has the same size.
  if (file.effects.some(e => Math.abs(Math.abs(Math.log(e.oddsRatio)) - Math.abs(size)) > 1e-3)) return undefined
  const genotypes: Diplotype[] = []
  const logOdds = new Float64Array(rows.length)
  for (const [i, { covariates }] of rows.entries()) {
    const genotype = DIPLOTYPES.find(d => d === covariates['genotype'])
    const ratio = genotype && file.genotypeOddsRatios[genotype]
    const copies = Number(covariates['effect_alleles'])
    if (!genotype || typeof ratio !== 'number' || covariates['effect_alleles'] === '' || !Number.isInteger(copies)) return undefined // biome-ignore format: one line
    genotypes.push(genotype)
    logOdds[i] = file.intercept + Math.log(ratio) + copies * Math.abs(size)
  }
  const region = riskRegion('GRCh38', flankBp)
  const [first, second] = snpOffsets(flankBp)
  const effects = file.effects
    .map(e => ({ offset: e.position - 1 - region.start, name: e.id }))
    .filter(e => e.offset >= 0 && e.offset < region.end - region.start)
  return {
    genotypes,
    logOdds,
    prevalence: file.prevalence,
    optimalAuc: file.optimalAuc,
    twoSnpOptimalAuc: file.twoSnpOptimalAuc,
    causalSites: [{ offset: first, name: 'rs429358' }, { offset: second, name: 'rs7412' }, ...effects].sort((a, b) => a.offset - b.offset), // biome-ignore format: one line
    description: file as unknown as Readonly<Record<string, unknown>>,
  }
}

/** Whether a sheet says of all its people that they are simulated: by the file beside it, or by every row. */
export async function declaredSimulated(sheetPath: string, rows: readonly RiskSheetRow[]): Promise<boolean> {
  if (await cohortFile(join(dirname(sheetPath), 'cohort.json'))) return true
  return rows.length > 0 && rows.every(r => r.covariates['source'] === 'simulated')
}

/** Whether a sheet came from `simulate cohort`: by the file beside it, by what any of its rows says, or by the reads of its first sample. */
export async function saysSimulated(sheetPath: string, rows: readonly RiskSheetRow[]): Promise<boolean> {
  if (await declaredSimulated(sheetPath, rows)) return true
  if (rows.some(r => r.covariates['source'] === 'simulated')) return true
  const [first] = rows
  const file = first && (await openAlignments(first.path).catch(() => undefined)) // whoever reads it says what is wrong with it
  try {
    return file !== undefined && isSynthetic(file.header.text)
  } finally {
    await file?.close()
  }
}

async function cohortFile(path: string): Promise<CohortFile | undefined> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0
  if (size === 0 || size > MAX_BYTES) return undefined
  try {
    const json = JSON.parse(await readFile(path, 'utf8')) as Partial<CohortFile>
    const numbers = [json.optimalAuc, json.twoSnpOptimalAuc, json.intercept, json.prevalence, json.flankEffectOdds]
    if (numbers.some(x => typeof x !== 'number' || !Number.isFinite(x)) || !json.genotypeOddsRatios || !Array.isArray(json.effects)) return undefined // biome-ignore format: one line
    return json as CohortFile
  } catch {
    return undefined // a file of that name that is something else
  }
}
