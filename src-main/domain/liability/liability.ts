import { DIPLOTYPES, type Diplotype, HAPLOTYPES, type Haplotype } from '../../../src-shared/genome/apoe.ts'
import { oddsRatiosOf } from '../apoe/oddsRatios.ts'

/** log odds of disease = intercept + that of the APOE genotype + the sum over the flank's variants of copies · logOdds. */
export interface Liability {
  readonly genotypeLogOdds: Readonly<Record<Diplotype, number>>
  readonly source: string
}

/**
 * Natural logarithm of the published odds ratio against e3/e3 (Farrer et al., JAMA 1997, Caucasian series). e1 has none: it is taken as e3,
 * and e1/e2, e1/e4 as e2/e3 and e3/e4. An assumption of the simulation, never shown as a finding.
 */
export function publishedLiability(): Liability {
  const entry = (genotype: Diplotype): number => {
    const known = oddsRatiosOf(genotype).find(o => o.ancestry.startsWith('Caucasian'))
    return known ? Math.log(known.value) : 0
  }
  const asE3 = (h: Haplotype): Haplotype => (h === 'e1' ? 'e3' : h)
  return {
    source: 'odds ratios of Farrer LA et al., JAMA 1997;278:1349-1356, Caucasian series, against e3/e3; e1 taken as e3',
    genotypeLogOdds: Object.fromEntries(
      DIPLOTYPES.map(d => {
        const [a, b] = d.split('/').map(h => asE3(h as Haplotype)) as [Haplotype, Haplotype]
        return [d, entry(diplotypeName(a, b))]
      }),
    ) as Record<Diplotype, number>,
  }
}

/** The lower number first. */
export const diplotypeName = (a: Haplotype, b: Haplotype): Diplotype =>
  HAPLOTYPES.indexOf(a) <= HAPLOTYPES.indexOf(b) ? `${a}/${b}` : `${b}/${a}`

/** A discrete distribution of log odds without the intercept in the population. */
export interface ScoreMass {
  readonly score: number
  readonly probability: number
}

/** Scores that differ by less are one: rounding of sums of logarithms. */
const GRID = 1e9

/** Distribution of the genotype's log odds under Hardy-Weinberg from haplotype frequencies (they need not sum to 1). */
export function genotypeMass(liability: Liability, frequencies: Readonly<Record<Haplotype, number>>): ScoreMass[] {
  const total = HAPLOTYPES.reduce((sum, h) => sum + frequencies[h], 0)
  const mass: ScoreMass[] = []
  for (const a of HAPLOTYPES)
    for (const b of HAPLOTYPES)
      mass.push({
        score: liability.genotypeLogOdds[diplotypeName(a, b)],
        probability: (frequencies[a] * frequencies[b]) / (total * total),
      })
  return merged(mass)
}

/** Adds independent diallelic sites in Hardy-Weinberg proportion: exact, by convolution, equal scores merged. */
export function withEffects(
  mass: readonly ScoreMass[],
  effects: readonly { readonly frequency: number; readonly logOdds: number }[],
): ScoreMass[] {
  let out = merged(mass)
  for (const { frequency: f, logOdds } of effects) {
    if (logOdds === 0) continue
    const copies = [(1 - f) ** 2, 2 * f * (1 - f), f * f]
    out = merged(
      out.flatMap(m => copies.map((p, n) => ({ score: m.score + n * logOdds, probability: m.probability * p }))),
    )
  }
  return out
}

function merged(mass: readonly ScoreMass[]): ScoreMass[] {
  const by = new Map<number, number>()
  for (const { score, probability } of mass) {
    const key = Math.round(score * GRID) / GRID
    by.set(key, (by.get(key) ?? 0) + probability)
  }
  return [...by].map(([score, probability]) => ({ score, probability })).sort((a, b) => a.score - b.score)
}

export const sigmoid = (z: number): number => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)))

/** The intercept at which the population's share of cases is `prevalence`, by bisection to 1e-12. */
export function interceptFor(mass: readonly ScoreMass[], prevalence: number): number {
  let low = -60
  let high = 60
  while (high - low > 1e-12) {
    const middle = (low + high) / 2
    const share = mass.reduce((sum, m) => sum + m.probability * sigmoid(middle + m.score), 0)
    if (share < prevalence) low = middle
    else high = middle
    if (middle === low && middle === high) break
  }
  return (low + high) / 2
}

/** AUC when each group is ranked by its own share of cases. */
function aucOf(groups: readonly { readonly cases: number; readonly controls: number }[]): number {
  let cases = 0
  let controls = 0
  let wins = 0
  const share = (g: { cases: number; controls: number }) => g.cases / (g.cases + g.controls)
  for (const group of groups.filter(g => g.cases + g.controls > 0).sort((a, b) => share(a) - share(b))) {
    wins += group.cases * (controls + group.controls / 2)
    cases += group.cases
    controls += group.controls
  }
  return wins / (cases * controls)
}

/** The best AUC of a score that knows the genotype alone, while independent sites add `others` to the log odds. Exact. */
export function genotypeOnlyAuc(
  genotypes: readonly ScoreMass[],
  others: readonly ScoreMass[],
  intercept: number,
): number {
  return aucOf(
    genotypes.map(g => {
      const p = others.reduce((sum, o) => sum + o.probability * sigmoid(intercept + g.score + o.score), 0)
      return { cases: g.probability * p, controls: g.probability * (1 - p) }
    }),
  )
}

/**
 * The AUC of the true liability between cases and controls of the population: no score of the genotype can do better (Neyman and Pearson:
 * the likelihood ratio of case to control rises with the log odds). The same in every case-control sample of it. Exact for the discrete mass.
 */
export function optimalAuc(mass: readonly ScoreMass[], intercept: number): number {
  return aucOf(
    mass.map(({ score, probability }) => {
      const p = sigmoid(intercept + score)
      return { cases: probability * p, controls: probability * (1 - p) }
    }),
  )
}
