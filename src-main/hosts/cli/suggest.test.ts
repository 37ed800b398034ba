import { expect, it } from 'vitest'
import { nearest } from './suggest.ts'

const names = ['apoe', 'pileup', 'predict', 'plan', 'receptive-field', 'min-base-quality', 'min-mapping-quality']

// Truth: by hand.
it.each([
  ['pilup', 'pileup'],
  ['pielup', 'pileup'],
  ['PREDICT', 'predict'],
  ['receptive', 'receptive-field'],
  ['min-base-qual', 'min-base-quality'],
  ['min-maping-quality', 'min-mapping-quality'],
  ['aope', 'apoe'],
  ['sample.bam', undefined],
  ['', undefined],
  ['x', undefined],
  ['x'.repeat(100_000), undefined],
])('%.20s: %s', (word, name) => expect(nearest(word, names)).toBe(name))
