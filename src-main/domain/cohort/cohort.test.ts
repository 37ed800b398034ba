import { describe, expect, it } from 'vitest'
import { SITE_POSITION } from '../../../src-shared/genome/apoe.ts'
import { diplotypeChar, HAPLOTYPE_TOKENS } from '../../../src-shared/genome/diplotype.ts'
import { SeededRandom } from '../../../test-support/random.ts'
import { callDiplotypes, DIPLOTYPE_DEFAULTS } from '../diplotype/call.ts'
import { COHORT_DEFAULTS, chromosomesOf, personDrawer, populationOf, readStream, simulatedStretch } from './cohort.ts' // biome-ignore format: one line
import { ReadCounter, textOfCodes } from './counts.ts'
import { filled, panelOf, throughPanel } from './panel.ts'
import { readRecords } from './readRecords.ts'
import { assertDisjoint, stratifiedSplit } from './splits.ts'
import { genotypeOfText, snpOffsets, twoSnpCounts } from './twoSnp.ts'
import { countedPool } from './variants.ts'

const spec = { ...COHORT_DEFAULTS, people: 400, regionFlankBp: 400, flankEffects: 4, effectFlankBp: 400 }
const { start, end } = simulatedStretch(spec)
const random = new SeededRandom('locus')
const letters = Array.from({ length: end - start }, () => random.pick('ACGT'))
letters[SITE_POSITION.GRCh38.rs429358 - start] = 'T'
letters[SITE_POSITION.GRCh38.rs7412 - start] = 'C'
const population = populationOf(spec, letters.join(''), start, countedPool(start))

describe('people', () => {
  const draw = personDrawer(population)
  const people = Array.from({ length: spec.people }, (_, i) => draw(i))

  it('have the share of cases that was asked for; a person does not depend on how many there are', () => {
    expect(people.filter(p => p.label === 1)).toHaveLength(200)
    expect(personDrawer(populationOf({ ...spec, people: 3 }, population.reference, start, population.pool))(77)).toEqual(people[77]) // biome-ignore format: one line
  })

  // Truth: in a case-control sample the odds ratio of e4 carriers against e3/e3 stays that of the liability (about 3.2 to 4 with homozygotes).
  it('carry the risk of the liability', () => {
    const more = Array.from({ length: 4000 }, (_, i) => draw(i))
    const count = (genotype: string, label: number) => more.filter(p => p.genotype === genotype && p.label === label).length // biome-ignore format: one line
    const odds = (count('e3/e4', 1) * count('e3/e3', 0)) / (count('e3/e4', 0) * count('e3/e3', 1))
    const error = Math.sqrt([1, 0].flatMap(l => ['e3/e4', 'e3/e3'].map(g => 1 / count(g, l))).reduce((a, b) => a + b)) // biome-ignore format: one line
    // Collapsing over the flank's effects draws an odds ratio towards 1 by a few per cent.
    expect(Math.abs(Math.log(odds) - Math.log(3.2))).toBeLessThan(3 * error + 0.1)
  })

  it('show their true genotype at high depth', () => {
    const counter = new ReadCounter(population.letters.length)
    for (const person of people.slice(0, 12)) {
      const c = counter.call(chromosomesOf(population, person), 60, readStream(population, person), population.from, population.to, DIPLOTYPE_DEFAULTS) // biome-ignore format: one line
      expect(genotypeOfText(textOfCodes(c.codes), spec.regionFlankBp)).toBe(person.genotype)
    }
  })
})

// Truth: the slow way; every base of every written read counted one by one.
it.each([2, 12, 40])('counts at depth %i what the written reads hold', depth => {
  const person = personDrawer(population)(3)
  const chromosomes = chromosomesOf(population, person)
  const length = population.letters.length
  const counts = new Uint32Array(length * HAPLOTYPE_TOKENS.length)
  for (const r of readRecords(readStream(population, person), new SeededRandom(1).next, chromosomes, depth, start, 'x'))
    for (let i = 0; i < r.sequence.length; i++)
      if (r.qualities[i]! >= 13) counts[(r.start - start + i) * HAPLOTYPE_TOKENS.length + 'ACGT'.indexOf(r.sequence[i]!)]! += 1 // biome-ignore format: one line
  const slow = callDiplotypes({ contig: 'chr19', start, end, counts })
  const fast = new ReadCounter(length).call(chromosomes, depth, readStream(population, person), 0, length, DIPLOTYPE_DEFAULTS) // biome-ignore format: one line
  expect(fast.codes).toEqual(slow.codes)
  expect([fast.covered, fast.heterozygous, fast.bases]).toEqual([slow.covered, slow.heterozygous, slow.depth.reduce((a, b) => a + b)]) // biome-ignore format: one line
})

// Truth: the qualities themselves; a base of quality q is wrong with 10^(-q/10).
it('errs as often as its qualities say', () => {
  const person = personDrawer(population)(5)
  const chromosomes = chromosomesOf(population, person)
  const seen = new Map<number, [number, number]>()
  const both = (i: number) => 'ACGT'[chromosomes[0][i]!]!
  for (const r of readRecords(readStream(population, person), new SeededRandom(2).next, chromosomes, 120, start, 'x'))
    for (let i = 0; i < 150; i++) {
      const at = r.start - start + i
      if (chromosomes[0][at] !== chromosomes[1][at]) continue
      const entry = seen.get(r.qualities[i]!) ?? [0, 0]
      entry[0]++
      if (both(at) !== r.sequence[i]) entry[1]++
      seen.set(r.qualities[i]!, entry)
    }
  expect([...seen.keys()].sort((a, b) => a - b)).toEqual([2, 11, 25, 37])
  for (const [quality, [n, wrong]] of seen) {
    const expected = 10 ** (-quality / 10)
    expect(Math.abs(wrong / n - expected)).toBeLessThan(4 * Math.sqrt(expected / n))
  }
})

describe('splits', () => {
  const labels = Array.from({ length: 200 }, (_, i) => (i % 5 === 0 ? 1 : 0))
  it('share nobody, keep the shares of the classes, and differ by number', () => {
    const split = stratifiedSplit(labels, 7, 0)
    const all = [...split.train, ...split.validation, ...split.test].sort((a, b) => a - b)
    expect(all).toEqual(Array.from({ length: 200 }, (_, i) => i))
    expect([split.train, split.validation, split.test].map(p => [p.length, p.filter(i => labels[i] === 1).length])).toEqual([[140, 28], [30, 6], [30, 6]]) // biome-ignore format: one line
    expect(stratifiedSplit(labels, 7, 1).test).not.toEqual(split.test)
    expect(stratifiedSplit(labels, 7, 0)).toEqual(split)
  })
  it('refuses a person in two parts, and classes that are too small', () => {
    const bad = { train: Int32Array.of(1, 2), validation: Int32Array.of(3), test: Int32Array.of(2) }
    expect(() => assertDisjoint(bad)).toThrow(/person 2/)
    expect(() => stratifiedSplit([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1, 0)).toThrow(/1 people with label 1/)
  })
})

describe('panel', () => {
  const reference = 'ACGTACGTAC'
  const het = diplotypeChar('A', 'G')
  // Truth: by hand.
  it('keeps what enough people have, and gives the reference elsewhere', () => {
    const people = [`${het}CGTACGTAC`, `${het}CGTACGTAC`, 'ACGTACGTAC', 'ACTTACGTAC', 'ANGTACGTAC']
    const panel = panelOf(people, reference, 0.4)
    expect(panel.sites).toEqual([{ offset: 0, characters: het }])
    expect(throughPanel(`${het}CTTNCGTAC`, reference, panel)).toEqual({ text: `${het}CGTACGTAC`, unseen: 1, uncoveredSites: 0 }) // biome-ignore format: one line
    expect(throughPanel('NCGTACGTAC', reference, panel)).toEqual({ text: reference, unseen: 0, uncoveredSites: 1 })
    expect(throughPanel('GCGTACGTAC', reference, panel)).toEqual({ text: reference, unseen: 1, uncoveredSites: 0 })
    expect(filled('NCGTNN', 'ACGTAC', 'reference')).toBe('ACGTAC')
    expect(filled('NC', 'AC', 'N')).toBe('NC')
  })
})

describe('two SNPs in a text', () => {
  const [first, second] = snpOffsets(0)
  const text = (a: string, b: string) => {
    const t = Array.from({ length: 3611 }, () => 'A')
    t[first] = a
    t[second] = b
    return t.join('')
  }
  const het = diplotypeChar('C', 'T')
  // Truth: the table of site genotypes and diplotypes (rows rs429358, columns rs7412).
  it.each([
    ['T', 'C', 'e3/e3', [0, 0]],
    ['T', het, 'e2/e3', [0, 1]],
    ['T', 'T', 'e2/e2', [0, 2]],
    [het, 'C', 'e3/e4', [1, 0]],
    [het, het, 'e2/e4', [1, 1]],
    [het, 'T', 'e1/e2', [1, 2]],
    ['C', 'C', 'e4/e4', [2, 0]],
    ['C', het, 'e1/e4', [2, 1]],
    ['C', 'T', 'e1/e1', [2, 2]],
  ])('%s %s is %s', (a, b, genotype, counts) => {
    // biome-ignore format: a table
    expect(genotypeOfText(text(a, b), 0)).toBe(genotype)
    expect(twoSnpCounts(text(a, b), 0)).toEqual(counts)
  })
  it('has none without cover or with another letter', () => {
    expect(genotypeOfText(text('N', 'C'), 0)).toBeNull()
    expect(twoSnpCounts(text('N', 'C'), 0)).toBeUndefined()
    expect(genotypeOfText(text('G', 'C'), 0)).toBeNull()
    expect(twoSnpCounts(text('G', 'C'), 0)).toEqual([0, 0])
  })
})
