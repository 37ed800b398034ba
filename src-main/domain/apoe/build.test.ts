import { describe, expect, it } from 'vitest'
import type { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { chooseBuild, chooseContig } from './build.ts'

const L37 = 59_128_983 // GRC: GRCh37 chromosome 19
const L38 = 58_617_616 // GRC: GRCh38 chromosome 19

describe('the build comes from the length of chromosome 19', () => {
  it.each([
    ['chr19', L37, 'GRCh37'],
    ['19', L37, 'GRCh37'],
    ['NC_000019.9', L37, 'GRCh37'],
    ['chr19', L38, 'GRCh38'],
    ['19', L38, 'GRCh38'],
    ['NC_000019.10', L38, 'GRCh38'],
  ] as const)('%s of %i bp is %s', (name, length, build) => {
    const made = chooseBuild(
      [
        { name: 'chr1', length: 5 },
        { name, length },
      ],
      'auto',
    )
    expect(made).toEqual({ build, confirmed: true, contigs: [name] })
    expect(chooseBuild([{ name, length }], build)).toEqual(made)
  })

  const refusal = (run: () => unknown) => {
    try {
      run()
    } catch (error) {
      return error as WorkbenchError
    }
    throw new Error('did not refuse')
  }

  it('refuses a contradiction and names both', () => {
    const e = refusal(() => chooseBuild([{ name: 'chr19', length: L38 }], 'GRCh37'))
    expect(e.code).toBe('build')
    expect(e.message).toContain('GRCh37')
    expect(e.message).toContain('GRCh38')
  })

  it('refuses an unknown length with auto, and asks for --build', () => {
    const e = refusal(() => chooseBuild([{ name: 'chr19', length: 61_431_566 }], 'auto'))
    expect(e.code).toBe('build')
    expect(e.remedy).toContain('--build')
  })

  it('refuses a header without chromosome 19, which no option can mend', () => {
    for (const contigs of [[{ name: 'chrII', length: 813_184 }], []]) {
      const e = refusal(() => chooseBuild(contigs, 'auto'))
      expect(e.code).toBe('build')
      expect(e.remedy).not.toContain('--build')
    }
    expect(refusal(() => chooseBuild([{ name: 'chr1', length: L38 }], 'GRCh38')).code).toBe('build')
  })

  it('goes on with an unknown length when told, unconfirmed', () => {
    expect(chooseBuild([{ name: 'chr19', length: 100 }], 'GRCh37')).toEqual({
      build: 'GRCh37',
      confirmed: false,
      contigs: ['chr19'],
    })
  })

  it('keeps both names of a header that has both; refuses a header of both builds until told', () => {
    const both = [
      { name: '19', length: L37 },
      { name: 'chr19', length: L37 },
    ]
    expect(chooseBuild(both, 'auto').contigs).toEqual(['19', 'chr19'])
    const mixed = [
      { name: '19', length: L37 },
      { name: 'chr19', length: L38 },
    ]
    expect(refusal(() => chooseBuild(mixed, 'auto')).message).toContain('both builds')
    expect(chooseBuild(mixed, 'GRCh38').contigs).toEqual(['chr19'])
  })

  it('uses the name that has reads, and says so only where there was a choice', () => {
    expect(chooseContig([{ contig: 'chr19', reads: 0 }])).toEqual({ contig: 'chr19', note: undefined })
    const made = chooseContig([
      { contig: '19', reads: 0 },
      { contig: 'chr19', reads: 12 },
    ])
    expect(made.contig).toBe('chr19')
    expect(made.note).toContain("'chr19' was used")
    expect(made.note).toContain("'19' (0)")
  })
})
