import { describe, expect, it } from 'vitest'
import { contigFit } from './files.ts'

describe('contigFit (truth: lengths of GRCh37 and GRCh38 as published)', () => {
  const grch38 = [
    { name: 'chr1', length: 248_956_422 },
    { name: 'chr19', length: 58_617_616 },
    { name: 'chrM', length: 16_569 },
  ]

  it('finds contigs under aliases', () => {
    const fit = contigFit([{ name: '19', length: 58_617_616 }, { name: 'MT', length: 0 }], grch38) // biome-ignore format: one line
    expect(fit).toEqual({ state: 'fits', shared: 2, missing: [], conflicts: [] })
  })

  it('tells another build by one length', () => {
    const fit = contigFit([{ name: 'chr19', length: 59_128_983 }, { name: 'chrM', length: 16_569 }], grch38) // biome-ignore format: one line
    expect(fit.state).toBe('foreign')
    expect(fit.conflicts).toEqual([{ name: 'chr19', length: 59_128_983, assemblyLength: 58_617_616 }])
  })

  it('names what is missing', () => {
    expect(contigFit([{ name: 'chr1', length: 248_956_422 }, { name: 'chrUn', length: 5 }], grch38)).toMatchObject({ state: 'partly', missing: ['chrUn'] }) // biome-ignore format: one line
    expect(contigFit([{ name: 'chrIV', length: 1 }], grch38).state).toBe('foreign')
    expect(contigFit([], grch38).state).toBe('fits')
  })
})
