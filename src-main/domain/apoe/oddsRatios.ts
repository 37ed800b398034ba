import type { Diplotype, OddsRatio } from '../../../src-shared/genome/apoe.ts'

/**
 * Odds ratios against e3/e3, as printed in the abstract of Farrer et al., JAMA 1997;278:1349-1356. Only entries whose value and
 * interval stand there are listed: its African American and Hispanic figures, and the Japanese ones for e2, are not in the abstract.
 */
const FARRER = 'Farrer LA et al., JAMA 1997;278:1349-1356 (meta-analysis)'
const FARRER_SIZE = '5,930 people with Alzheimer disease and 8,607 without, all ancestries together'
const CAUCASIAN = 'Caucasian (clinic or autopsy series)'
const JAPANESE = 'Japanese'

type Entry = readonly [ancestry: string, value: number, low: number, high: number]
const FARRER_1997: Partial<Record<Diplotype, readonly Entry[]>> = {
  'e2/e2': [[CAUCASIAN, 0.6, 0.2, 2.0]],
  'e2/e3': [[CAUCASIAN, 0.6, 0.5, 0.8]],
  'e2/e4': [[CAUCASIAN, 2.6, 1.6, 4.0]],
  'e3/e4': [
    [CAUCASIAN, 3.2, 2.8, 3.8],
    [JAPANESE, 5.6, 3.9, 8.0],
  ],
  'e4/e4': [
    [CAUCASIAN, 14.9, 10.8, 20.6],
    [JAPANESE, 33.1, 13.6, 80.5],
  ],
}

/** All entries for a genotype, side by side; none is the default, nothing is multiplied, averaged or interpolated. */
export function oddsRatiosOf(genotype: Diplotype | null): OddsRatio[] {
  const entries = genotype ? (FARRER_1997[genotype] ?? []) : []
  return entries.map(([ancestry, value, low, high]) => ({
    ancestry,
    value,
    ci: [low, high] as const,
    source: FARRER,
    studySize: FARRER_SIZE,
  }))
}

const NOT_A_PROBABILITY =
  'An odds ratio compares groups of people in a study; it is not a probability and says nothing about one person.'

/** The sentence beside the table: why it is empty, or what it does not mean. */
export function oddsRatiosText(genotype: Diplotype | null): string {
  if (!genotype) return 'No genotype was called, so no odds ratio is shown.'
  if (genotype === 'e3/e3')
    return `e3/e3 is the group that the others are compared with: its odds ratio is 1 by definition.`
  if (genotype.includes('e1'))
    return 'e1 is so rare that no odds ratio with a confidence interval is known to us for it; none is shown.'
  const gaps =
    'Among African Americans and Hispanics the same study found the association with e4 weaker, with studies among African ' +
    'Americans differing from each other (p < 0.03); its figures for them, and others such as those of Belloy et al., JAMA Neurology 2023, ' +
    'are not shown because we have not checked their intervals at the source.'
  return `${NOT_A_PROBABILITY} ${gaps}`
}
