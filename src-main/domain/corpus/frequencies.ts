/** Where the frequencies of a record's alleles come from, in the order in which they are looked for. */
export const FREQUENCY_KEYS = ['FREQ', 'CAF', 'AF', 'GMAF'] as const
export type FrequencyKey = (typeof FREQUENCY_KEYS)[number]

/** Why a record is not used. */
export const IGNORED_REASONS = {
  'not-common': 'not COMMON',
  'no-alternative': 'no alternative allele',
  'no-frequency': 'no frequency',
  'frequency-alleles': 'no source gives as many frequencies as there are alleles',
  'minor-allele-unknown': 'GMAF does not tell which of several alternatives is the minor allele',
  'zero-frequency': 'all frequencies are 0',
  'alternative-absent': 'no alternative has a frequency above 0',
  'not-a-sequence': 'no alternative is a sequence of A C G T N',
  'reference-unknown': 'the reference is N there',
  'reference-differs': 'the reference has another base there',
} as const
export type IgnoredReason = keyof typeof IGNORED_REASONS

export type AlleleFrequencies =
  | { readonly key: FrequencyKey /** Of REF, then of each ALT; they sum to 1. */; readonly shares: Float64Array }
  | { readonly ignored: IgnoredReason }
  | { readonly malformed: string }

/** The value of a key of INFO; '' for a flag, undefined where it is absent. */
export function infoValue(info: string, key: string): string | undefined {
  for (let at = info.indexOf(key); at >= 0; at = info.indexOf(key, at + 1)) {
    if (at > 0 && info.charCodeAt(at - 1) !== 59) continue
    const end = at + key.length
    const next = info[end]
    if (next === undefined || next === ';') return ''
    if (next !== '=') continue
    const stop = info.indexOf(';', end)
    return info.slice(end + 1, stop < 0 ? undefined : stop)
  }
  return undefined
}

/** dbSNP's mark of a site whose minor allele reaches 1 % somewhere: a flag, or COMMON=1 in builds 138 to 151. */
export function isCommon(info: string): boolean {
  const value = infoValue(info, 'COMMON')
  return value === '' || value === '1'
}

/**
 * Shares of REF and the alternatives from INFO.
 * `FREQ` (dbSNP 152 and later): the mean over its sources, '.' is 0; a source with another number of values than there are alleles is left out.
 * `CAF` (dbSNP 137 to 151): REF and alternatives. `AF` (VCF 4.x): alternatives; REF has the rest. `GMAF` (dbSNP 132 to 136): one number for
 * the minor allele, which is not named: taken for the alternative where there is one. The pair that is seen is the same
 * if it was the reference's, and so is the share of heterozygotes; the two kinds of homozygotes would be exchanged.
 */
export function frequenciesOf(info: string, alleles: number, keys: readonly FrequencyKey[]): AlleleFrequencies {
  for (const key of keys) {
    const value = infoValue(info, key)
    if (value === undefined || value === '' || value === '.') continue
    const found = READ[key](value, alleles)
    if ('shares' in found) return normalized(key, found.shares)
    return found
  }
  return { ignored: 'no-frequency' }
}

type Raw = { readonly shares: Float64Array } | { readonly ignored: IgnoredReason } | { readonly malformed: string }

const READ: Readonly<Record<FrequencyKey, (value: string, alleles: number) => Raw>> = {
  FREQ(value, alleles) {
    const shares = new Float64Array(alleles)
    let sources = 0
    for (const source of value.split('|')) {
      const numbers = numbersOf(source.slice(source.lastIndexOf(':') + 1))
      if (!numbers) return { malformed: `FREQ '${source.slice(0, 40)}'` }
      if (numbers.length !== alleles) continue
      sources++
      for (let i = 0; i < alleles; i++) shares[i] = shares[i]! + numbers[i]!
    }
    return sources === 0 ? { ignored: 'frequency-alleles' } : { shares: shares.map(s => s / sources) }
  },
  CAF(value, alleles) {
    const numbers = numbersOf(value.replace(/^\[|\]$/g, ''))
    if (!numbers) return { malformed: `CAF '${value.slice(0, 40)}'` }
    return numbers.length === alleles ? { shares: Float64Array.from(numbers) } : { ignored: 'frequency-alleles' }
  },
  AF(value, alleles) {
    const numbers = numbersOf(value)
    if (!numbers) return { malformed: `AF '${value.slice(0, 40)}'` }
    if (numbers.length !== alleles - 1) return { ignored: 'frequency-alleles' }
    const sum = numbers.reduce((a, b) => a + b, 0)
    return { shares: Float64Array.from([Math.max(0, 1 - sum), ...numbers]) }
  },
  GMAF(value, alleles) {
    const [minor, ...more] = numbersOf(value) ?? []
    if (minor === undefined || more.length > 0) return { malformed: `GMAF '${value.slice(0, 40)}'` }
    return alleles === 2 ? { shares: Float64Array.of(1 - minor, minor) } : { ignored: 'minor-allele-unknown' }
  },
}

/** undefined where one is no number in 0..1. */
function numbersOf(text: string): number[] | undefined {
  const numbers = text.split(',').map(t => (t === '.' ? 0 : /^[\d.]+(e[+-]?\d+)?$/i.test(t) ? Number(t) : Number.NaN))
  return numbers.every(n => n >= 0 && n <= 1) ? numbers : undefined
}

function normalized(key: FrequencyKey, shares: Float64Array): AlleleFrequencies {
  const sum = shares.reduce((a, b) => a + b, 0)
  if (sum === 0) return { ignored: 'zero-frequency' }
  const scaled = shares.map(s => s / sum)
  return scaled.subarray(1).some(s => s > 0) ? { key, shares: scaled } : { ignored: 'alternative-absent' }
}

/** Share of the second most frequent allele. */
export function minorShare(shares: Float64Array): number {
  return shares.toSorted((a, b) => b - a)[1] ?? 0
}
