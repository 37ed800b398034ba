import { valueText } from '../../report/labNumbers.ts'
import type { Crossover } from '../crossover.ts'
import { FULL, SPARSE } from './lengthSettings.ts'

export const MODELS = [
  { model: FULL, name: 'full attention' },
  { model: SPARSE, name: 'block-sparse attention' },
] as const

/** How a measure is told. */
export const MEASURES = [
  { measure: 'peakBytes', format: 'bytes', noun: 'Peak memory', less: 'smaller', as: 'large as full attention', more: 'more memory', unit: 'peak memory' }, // biome-ignore format: a table
  {
    measure: 'seconds',
    format: 'seconds',
    noun: 'Time',
    less: 'faster',
    as: 'fast as full attention',
    more: 'more time',
    unit: 'time of a run',
  },
] as const
export type Measure = (typeof MEASURES)[number]

export const bp = (value: number): string => `${valueText(value, 'base-pairs')} bp`
/** An interpolated length is not known to more than two digits. */
export const about = (value: number): string => `about ${valueText(Number(value.toPrecision(2)), 'base-pairs')} bp`

export const NOT_KNOWN = 'not known'

/** Between lengths where it is more there may be one where it is less. */
const andBelow = ({ only }: { readonly only: boolean }): string => (only ? '' : ', and at some below')

export function crossoverText(found: Crossover): string {
  switch (found.kind) {
    case 'at':
      return `from ${about(found.x)} on${andBelow(found)}`
    case 'between':
      return `from between ${bp(found.low)} and ${bp(found.high)} on${andBelow(found)}`
    case 'always':
      return 'at every measured length'
    case 'never':
      return 'at no measured length'
    case 'not-at-the-end':
      return 'at some of the measured lengths, not at the greatest'
    case 'unknown':
      return NOT_KNOWN
  }
}
