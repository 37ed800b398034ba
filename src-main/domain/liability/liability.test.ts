import { expect, it } from 'vitest'
import { SeededRandom } from '../../../test-support/random.ts'
import { rocAuc } from '../statistics/rocAuc.ts'
import { genotypeMass, genotypeOnlyAuc, interceptFor, optimalAuc, publishedLiability, sigmoid, withEffects } from './liability.ts' // biome-ignore format: one line

const FREQUENCIES = { e1: 1, e2: 375, e3: 3879, e4: 753 }

// Truth: closed form of a two-point liability. With q exposed and risks r0, r1: AUC = 1/2 + (P(E|case) - P(E|control)) / 2.
it('the best AUC of a two-point liability', () => {
  const [q, r0, r1] = [0.3, 0.05, 0.2]
  const logit = (p: number) => Math.log(p / (1 - p))
  const mass = [{ score: 0, probability: 1 - q }, { score: logit(r1) - logit(r0), probability: q }] // biome-ignore format: one line
  const exposedCases = (q * r1) / (q * r1 + (1 - q) * r0)
  const exposedControls = (q * (1 - r1)) / (q * (1 - r1) + (1 - q) * (1 - r0))
  expect(optimalAuc(mass, logit(r0))).toBeCloseTo(0.5 + (exposedCases - exposedControls) / 2, 12)
  expect(optimalAuc([{ score: 1, probability: 1 }], 0)).toBe(0.5)
})

// Truth: the published table; genotype frequencies under Hardy-Weinberg by hand.
it('uses the published odds ratios, e1 as e3', () => {
  const { genotypeLogOdds } = publishedLiability()
  expect(
    Object.fromEntries(Object.entries(genotypeLogOdds).map(([g, l]) => [g, Number(Math.exp(l).toFixed(6))])),
  ).toEqual({
    'e1/e1': 1,
    'e1/e2': 0.6,
    'e1/e3': 1,
    'e1/e4': 3.2,
    'e2/e2': 0.6,
    'e2/e3': 0.6,
    'e2/e4': 2.6,
    'e3/e3': 1,
    'e3/e4': 3.2,
    'e4/e4': 14.9, // biome-ignore format: a table
  })
  const mass = genotypeMass(publishedLiability(), FREQUENCIES)
  expect(mass.reduce((s, m) => s + m.probability, 0)).toBeCloseTo(1, 12)
  expect(mass.find(m => Math.abs(m.score - Math.log(14.9)) < 1e-6)!.probability).toBeCloseTo((753 / 5008) ** 2, 12)
})

// Truth: definition; the population's mean risk is the prevalence that was asked for.
it('finds the intercept of a prevalence', () => {
  const mass = genotypeMass(publishedLiability(), FREQUENCIES)
  const a = interceptFor(mass, 0.1)
  expect(mass.reduce((s, m) => s + m.probability * sigmoid(a + m.score), 0)).toBeCloseTo(0.1, 10)
})

// Truth: the slow way, by drawing people; and case-control sampling leaves the AUC as it is.
it('the exact AUC is that of drawn people, with and without effects in the flank', () => {
  const genotypes = genotypeMass(publishedLiability(), FREQUENCIES)
  const effects = [{ frequency: 0.3, logOdds: 0.5 }, { frequency: 0.45, logOdds: -0.4 }, { frequency: 0.2, logOdds: 0 }] // biome-ignore format: one line
  const mass = withEffects(genotypes, effects)
  const a = interceptFor(mass, 0.2)
  const random = new SeededRandom('people')
  const [scores, genotypeScores, labels] = [[] as number[], [] as number[], [] as number[]]
  const drawGenotype = () => {
    let u = random.next()
    for (const m of genotypes) {
      u -= m.probability
      if (u < 0) return m.score
    }
    return genotypes.at(-1)!.score
  }
  for (let i = 0; i < 40_000; i++) {
    const g = drawGenotype()
    let s = g
    for (const e of effects) for (const _ of [0, 1]) if (random.chance(e.frequency)) s += e.logOdds
    scores.push(s)
    genotypeScores.push(g)
    labels.push(random.chance(sigmoid(a + s)) ? 1 : 0)
  }
  const drawn = rocAuc(scores, labels)!
  expect(Math.abs(drawn.auc - optimalAuc(mass, a))).toBeLessThan(3 * Math.sqrt(drawn.variance!))
  const alone = rocAuc(genotypeScores, labels)!
  const exact = genotypeOnlyAuc(genotypes, withEffects([{ score: 0, probability: 1 }], effects), a)
  expect(Math.abs(alone.auc - exact)).toBeLessThan(3 * Math.sqrt(alone.variance!))
  expect(exact).toBeLessThan(optimalAuc(mass, a))
})

// Truth: without other effects both are the same thing.
it('genotype alone is the optimum when nothing else acts', () => {
  const genotypes = genotypeMass(publishedLiability(), FREQUENCIES)
  const a = interceptFor(genotypes, 0.1)
  expect(genotypeOnlyAuc(genotypes, [{ score: 0, probability: 1 }], a)).toBeCloseTo(optimalAuc(genotypes, a), 12)
})
