import { describe, expect, it } from 'vitest'
import type { GeneHit } from '../../src-shared/genome/genes.ts'
import { resolveLocus } from './locus.ts'

const contigs = [
  { name: 'chr19', length: 58_617_616 },
  { name: 'chrX', length: 1000 },
  { name: 'HLA-A*01:01', length: 3000 },
]
const gene = (name: string, start: number, end: number, contig = '19'): GeneHit => ({
  fileId: 'f',
  name,
  geneId: `ENSG0000${name}.5`,
  biotype: '',
  interval: { contig, start, end },
  strand: '+',
})
const APOE = gene('APOE', 44_905_795, 44_909_393)
const genes = [gene('APOEP1', 10, 20), APOE, gene('chrX', 1, 2)]
const search = async (query: string) =>
  genes.filter(g => g.name.toLowerCase().includes(query.toLowerCase()) || g.geneId.startsWith(query))
const at = async (text: string) => {
  const r = await resolveLocus(text, contigs, search)
  return r.kind === 'locus' ? [r.interval.contig, r.interval.start, r.interval.end] : r
}
const codeOf = (text: string) =>
  resolveLocus(text, contigs, search).then(
    () => 'fine',
    e => (e as { code: string }).code,
  )

// Truth: samtools' region text, 1-based with both ends included, as 0-based half-open.
describe('the locus box', () => {
  it.each([
    ['chr19:44905796-44909393', 'chr19', 44_905_795, 44_909_393],
    ['chr19:44,905,796-44,909,393', 'chr19', 44_905_795, 44_909_393],
    ['19:5-9', 'chr19', 4, 9],
    ['CHR19:5-9', 'chr19', 4, 9],
    ['Chr19:5-9', 'chr19', 4, 9],
    ['NC_000019.10:5-9', 'chr19', 4, 9],
    ['x:1-10', 'chrX', 0, 10],
    ['  chr19:5-9 ', 'chr19', 4, 9],
    ['chr19 5 9', 'chr19', 4, 9],
    ['chr19 5-9', 'chr19', 4, 9],
    ['chr19:44,908,684', 'chr19', 44_908_683, 44_908_684],
    ['chr19:44908684-', 'chr19', 44_908_683, 58_617_616],
    ['chrx', 'chrX', 0, 1000],
    ['HLA-A*01:01', 'HLA-A*01:01', 0, 3000],
    ['hla-a*01:01:5-9', 'HLA-A*01:01', 4, 9],
  ])('%s is %s:%d-%d', async (text, contig, start, end) => {
    expect(await at(text)).toEqual([contig, start, end])
  })

  it('finds a gene whatever its case, the exact name first, with room on both sides and in the contig', async () => {
    const r = await resolveLocus('apoe', contigs, search)
    expect(r).toMatchObject({ kind: 'gene', hit: { name: 'APOE' }, others: [{ name: 'APOEP1' }] })
    expect(r.interval).toEqual({ contig: 'chr19', start: 44_905_795 - 360, end: 44_909_393 + 360 })
    expect((await resolveLocus('apoep1', contigs, search)).interval).toEqual({ contig: 'chr19', start: 0, end: 120 })
  })

  it('finds a gene by its identifier, with or without a version', async () => {
    expect(await resolveLocus('ENSG0000APOE', contigs, search)).toMatchObject({ hit: { name: 'APOE' } })
    expect(await resolveLocus('ENSG0000APOE.5', contigs, search)).toMatchObject({ hit: { name: 'APOE' } })
  })

  it('prefers a contig to a gene of its name', async () => {
    expect(await at('chrX')).toEqual(['chrX', 0, 1000])
  })

  it.each([
    ['', 'region'],
    ['   ', 'region'],
    ['chr19:9-5', 'region'],
    ['chr19:0-5', 'region'],
    ['chr19:99,999,999-100,000,000', 'region'],
    ['chr7:5-9', 'not-found'],
    ['nonsense', 'not-found'],
    ['x'.repeat(900), 'not-found'],
  ])("'%s' is refused as %s", async (text, code) => {
    expect(await codeOf(text)).toBe(code)
  })

  it('still finds genes where no contig is known', async () => {
    expect((await resolveLocus('apoe', [], search)).interval.contig).toBe('19')
  })
})
