import { describe, expect, it } from 'vitest'
import { PILEUP_DEFAULTS, type PileupOptions, READ_FATES } from '../../../src-shared/genome/pileup.ts'
import { judgeRead } from './filter.ts'

const fate = (flags: number, changes: Partial<PileupOptions> = {}, mappingQuality = 60) => {
  const verdict = judgeRead(flags, mappingQuality, { ...PILEUP_DEFAULTS, ...changes })
  return `${READ_FATES[verdict.fate]}${verdict.entersEngine ? ' enters' : ''}`
}

// Truth: the order of tests in pysam 0.20 libcalignmentfile.pyx, and the naming rule of the ledger.
describe('the filters of the steppers', () => {
  it('samtools: flags, required flags, mapping quality, orphans', () => {
    expect(fate(0x3)).toBe('kept enters')
    expect(fate(0x803)).toBe('kept enters')
    expect(fate(0x104)).toBe('unmapped')
    expect(fate(0x700)).toBe('secondary')
    expect(fate(0x600)).toBe('qc-fail')
    expect(fate(0x400)).toBe('duplicate')
    expect(fate(0x10, { flagFilter: 0x10 })).toBe('other-flag')
    expect(fate(0x3, { flagRequire: 0x40 })).toBe('flag-require')
    expect(fate(0x43, { flagRequire: 0xc0 })).toBe('kept enters')
    expect(fate(0x3, { minMappingQuality: 61 })).toBe('mapping-quality')
    expect(fate(0x3, { minMappingQuality: 61 }, 255)).toBe('kept enters')
    expect(fate(0x1)).toBe('orphan')
    expect(fate(0x1, { keepOrphans: true })).toBe('kept enters')
  })

  it('all looks at the filtered flags only, nofilter at nothing', () => {
    const strict = { flagRequire: 0x40, minMappingQuality: 61 }
    expect(fate(0x1, { ...strict, stepper: 'all' })).toBe('kept enters')
    expect(fate(0x400, { stepper: 'all' })).toBe('duplicate')
    expect(fate(0x700, { ...strict, stepper: 'nofilter' })).toBe('kept enters')
  })

  it('an unmapped read that no filter removes reaches the engine, which drops it', () => {
    expect(fate(0x4, { stepper: 'nofilter' })).toBe('unmapped enters')
    expect(fate(0x4, { flagFilter: 0 })).toBe('unmapped enters')
    expect(fate(0x5, { flagFilter: 0 })).toBe('unmapped')
  })
})
