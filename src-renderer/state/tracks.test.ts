import { describe, expect, it } from 'vitest'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import type { ProjectDocument } from '../../src-shared/project.ts'
import { clampTo, genomeFile, lengthConflict, sampleTitle } from './tracks.ts'

const file = (id: string, contigs: readonly Contig[], more: Partial<OpenedFile['facts']> = {}): OpenedFile =>
  ({ id, name: `${id}.bam`, role: 'sample', facts: { contigs, build: 'unknown', samples: [], ...more } }) as unknown as OpenedFile // biome-ignore format: one thought
const document = (referenceFileId: string | null) => ({ view: { referenceFileId } }) as unknown as ProjectDocument

const chr8 = { name: 'chr8', length: 145_138_636 }
const chr19 = { name: '19', length: 58_617_616 }

/** Truth: contigs written by hand; lengths of GRCh37 and GRCh38 as their assembly reports have them. */
describe('the genome that is shown', () => {
  it('has the contigs of every open file, those of the first sample first, and knows the build by any of them', () => {
    const first = file('a', [chr8])
    const files = [first, file('b', [{ name: '8', length: 9 }, chr19])]
    const genome = genomeFile(document(null), files)
    expect(genome?.facts.contigs).toEqual([chr8, chr19])
    expect(genome?.facts.build).toBe('GRCh38')
    expect(genomeFile(document(null), [...files])).toBe(genome)
    expect(genomeFile(document(null), [first])).toBe(first)
  })
  it('is bounded by a reference in use', () => {
    const files = [file('a', [chr8]), file('b', [chr19])]
    expect(genomeFile(document('b'), files)).toBe(files[1])
  })
  it('is said to be of another build where a contig has another length', () => {
    const old = file('old', [{ name: '8', length: 146_364_022 }])
    expect(lengthConflict(old, file('new', [chr8]))).toMatch(
      /^8 has 146,364,022 bp here, but 145,138,636 bp in new\.bam/,
    )
    expect(lengthConflict(file('x', [chr19, chr8]), file('new', [chr8]))).toBeUndefined()
  })
})

describe('names and places', () => {
  it('names the file where two have reads of one sample', () => {
    const [a, b] = [file('a', [], { samples: ['P'] }), file('b', [], { samples: ['P'] })]
    expect(sampleTitle(a, [a])).toBe('P')
    expect(sampleTitle(a, [a, b])).toBe('P · a')
  })
  it('puts the base that was asked for in the middle', () => {
    // 1-based 1,000 is 0-based 999: 40 bases have two middles, of which it is the first.
    expect(clampTo({ contig: 'chr8', start: 999, end: 1000 }, [chr8])).toEqual({
      contig: 'chr8',
      start: 979,
      end: 1019,
    })
  })
})
