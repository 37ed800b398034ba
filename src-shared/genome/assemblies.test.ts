import { describe, expect, it } from 'vitest'
import { buildOfAccession, CHR19_LENGTH, otherBuildNote } from './assemblies.ts'

// Truth: NCBI's assembly reports GCF_000001405.25 (GRCh37.p13) and GCF_000001405.40 (GRCh38.p14).
describe('builds by accession', () => {
  it('are told by the version, of chromosomes only', () => {
    for (const [name, build] of [
      ['NC_000001.10', 'GRCh37'],
      ['NC_000001.11', 'GRCh38'],
      ['NC_000007.13', 'GRCh37'],
      ['NC_000007.14', 'GRCh38'],
      ['NC_000019.9', 'GRCh37'],
      ['NC_000019.10', 'GRCh38'],
      ['NC_000021.8', 'GRCh37'],
      ['NC_000024.10', 'GRCh38'],
      ['NC_000019.8', 'unknown'],
      ['NC_000025.1', 'unknown'],
      ['NC_000000.10', 'unknown'],
      ['NC_012920.1', 'unknown'],
      ['chr19', 'unknown'],
    ] as const)
      expect(buildOfAccession(name), name).toBe(build)
  })

  it('are cautioned about only where the header is known to be of the other', () => {
    const header = (length: number) => [{ name: 'chr1', length: 5 }, { name: '19', length }] // biome-ignore format: one line
    expect(otherBuildNote('NC_000019.9:45411941-45411941', header(CHR19_LENGTH.GRCh38))).toContain('of GRCh37')
    expect(otherBuildNote('NC_000001.11', header(CHR19_LENGTH.GRCh37))).toContain('chromosome 1 of GRCh38')
    expect(otherBuildNote('NC_000019.9:5', header(CHR19_LENGTH.GRCh37))).toBeUndefined()
    expect(otherBuildNote('NC_000019.9:5', header(77))).toBeUndefined()
    expect(otherBuildNote('chr19:5', header(CHR19_LENGTH.GRCh38))).toBeUndefined()
  })
})
