import { describe, expect, it } from 'vitest'
import { FREQUENCY_KEYS, frequenciesOf, infoValue, isCommon, minorShare } from './frequencies.ts'

/** Shares rounded to 12 digits, or what is wrong. */
const shares = (info: string, alleles: number) => {
  const found = frequenciesOf(info, alleles, FREQUENCY_KEYS)
  return 'shares' in found ? [...found.shares].map(s => Number(s.toFixed(12))) : found
}

describe('frequencies of a record', () => {
  it.each([
    ['one source', 'FREQ=1000Genomes:0.75,0.25;COMMON', 2, [0.75, 0.25]],
    ['the mean of two', 'RS=1;FREQ=A:0.6,0.4|B:0.8,0.2', 2, [0.7, 0.3]],
    ['a dot is 0, and the mean is normalised', 'FREQ=A:0.9,0.1|B:.,0.2', 2, [0.75, 0.25]],
    ['sources with another number of alleles are left out', 'FREQ=A:0.5,0.5|B:0.7,0.2,0.1', 3, [0.7, 0.2, 0.1]],
    ['none with the right number', 'FREQ=A:0.5,0.5', 3, { ignored: 'frequency-alleles' }],
    ['all zero, which once gave NaN', 'FREQ=A:0,0|B:.,.', 2, { ignored: 'zero-frequency' }],
    ['the alternative never seen', 'FREQ=A:1,0', 2, { ignored: 'alternative-absent' }],
    ['scientific notation', 'FREQ=A:0.999,1e-3', 2, [0.999, 0.001]],
    ['a word', 'FREQ=A:0.5,x', 2, { malformed: "FREQ 'A:0.5,x'" }],
    ['above 1', 'FREQ=A:0.5,1.5', 2, { malformed: "FREQ 'A:0.5,1.5'" }],
    ['CAF', 'CAF=0.9,.,0.1', 3, [0.9, 0, 0.1]],
    ['CAF in brackets', 'CAF=[0.9,0.1]', 2, [0.9, 0.1]],
    ['AF: the reference has the rest', 'AF=0.25,0.125', 3, [0.625, 0.25, 0.125]],
    ['GMAF of one alternative', 'GMAF=0.25', 2, [0.75, 0.25]],
    ['GMAF of two', 'GMAF=0.25', 3, { ignored: 'minor-allele-unknown' }],
    ['FREQ before the others', 'AF=0.1;FREQ=A:0.5,0.5;GMAF=0.2', 2, [0.5, 0.5]],
    ['none', 'DP=3;XFREQ=A:0.5,0.5', 2, { ignored: 'no-frequency' }],
  ])('%s', (_name, info, alleles, expected) => {
    expect(shares(info, alleles)).toEqual(expected)
  })

  it('COMMON is a flag or 1, wherever it stands; not 0, not part of a name', () => {
    expect(['COMMON', 'A=1;COMMON', 'COMMON=1;B', 'A;COMMON;B'].map(isCommon)).toEqual([true, true, true, true])
    expect(['COMMON=0', 'UNCOMMON', 'COMMONX', 'A=COMMON', ''].map(isCommon)).toEqual([false, false, false, false, false]) // biome-ignore format: one line
    expect(infoValue('AA=1;A=2', 'A')).toBe('2')
  })

  it('the minor share is the second largest', () => {
    expect(minorShare(Float64Array.of(0.2, 0.7, 0.1))).toBe(0.2)
  })
})
