import { readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { bgzip } from './blockGzip.ts'
import { openGenes } from './genes.ts'
import { testFolder } from './testFiles.ts'

const at = testFolder()

async function read(content: string | Uint8Array) {
  writeFileSync(at('genes'), content)
  return openGenes(at('genes'), quietContext())
}

const gtf = (rows: string[]) => rows.map(row => row.replaceAll(' | ', '\t')).join('\n')
const GTF = gtf([
  '#!genome-build GRCh38',
  'chr19 | x | gene | 101 | 500 | . | + | . | gene_id "G1.3"; gene_name "APOE"; gene_type "protein_coding";',
  'chr19 | x | transcript | 101 | 500 | . | + | . | gene_id "G1.3"; transcript_id "T1.1"; gene_name "APOE"; transcript_type "protein_coding";',
  'chr19 | x | exon | 301 | 500 | . | + | . | gene_id "G1.3"; transcript_id "T1.1"; exon_number 2',
  'chr19 | x | exon | 101 | 200 | . | + | . | gene_id "G1.3"; transcript_id "T1.1";',
  'chr19 | x | CDS | 151 | 200 | . | + | 0 | gene_id "G1.3"; transcript_id "T1.1";',
  'chr19 | x | CDS | 301 | 397 | . | + | 1 | gene_id "G1.3"; transcript_id "T1.1";',
  'chr19 | x | stop_codon | 398 | 400 | . | + | 0 | gene_id "G1.3"; transcript_id "T1.1";',
  'chr19 | x | exon | 901 | 950 | . | - | . | gene_id "G2"; transcript_id "T2";',
  'chrX | x | exon | 1 | 9 | . | . | . | gene_id "G3"; transcript_id "T3"; gene_name "APOE2"',
])

describe('openGenes', () => {
  it.each([
    ['plain', GTF],
    ['gzip', gzipSync(GTF)],
    ['bgzip', bgzip(GTF, 100)],
  ])('reads GTF, %s (truth: worked by hand)', async (_, content) => {
    // biome-ignore format: one line
    const genes = await read(content)
    expect(genes).toMatchObject({ format: 'GTF', geneCount: 3, transcriptCount: 3, malformed: { count: 0 } })
    const { transcripts, omitted } = genes.range({ contig: '19', start: 0, end: 1000 })
    expect(omitted).toBe(0)
    expect(transcripts).toEqual([
      { geneName: 'APOE', geneId: 'G1.3', transcriptId: 'T1.1', biotype: 'protein_coding', start: 100, end: 500, strand: '+', exons: Int32Array.of(100, 200, 300, 500), codingStart: 150, codingEnd: 400 },
      { geneName: 'G2', geneId: 'G2', transcriptId: 'T2', biotype: '', start: 900, end: 950, strand: '-', exons: Int32Array.of(900, 950), codingStart: 900, codingEnd: 900 },
    ]) // biome-ignore format: one transcript a line
    expect(genes.range({ contig: 'chr19', start: 500, end: 900 }).transcripts).toEqual([])
    expect(genes.range({ contig: 'chr19', start: 499, end: 901 }).transcripts).toHaveLength(2)
    expect(genes.range({ contig: 'chr19', start: 0, end: 1000 }, 1)).toMatchObject({ omitted: 1 })
  })

  it('finds by name, identifier with and without version, transcript, beginning, in that order', async () => {
    const genes = await read(GTF)
    const names = (query: string, limit = 9) => genes.search(query, limit).map(hit => hit.name)
    expect(names('apoe')).toEqual(['APOE', 'APOE2'])
    expect(names('apoe', 1)).toEqual(['APOE'])
    expect(names('G1')).toEqual(['APOE'])
    expect(names('g1.3')).toEqual(['APOE'])
    expect(names('T2')).toEqual(['G2'])
    expect(names('POE')).toEqual(['APOE', 'APOE2'])
    expect(names('  ')).toEqual([])
    expect(genes.search('APOE', 1)[0]).toEqual({ name: 'APOE', geneId: 'G1.3', biotype: 'protein_coding', interval: { contig: 'chr19', start: 100, end: 500 }, strand: '+' }) // biome-ignore format: one line
  })

  it('counts malformed lines and names the first (truth: worked by hand)', async () => {
    const bad = ['chr1 | x | exon | 9 | 5 | . | + | . | gene_id "A"; transcript_id "B"', 'short', 'chr1 | x | exon | a | 5 | . | + | . | x', 'chr1 | x | exon | 1 | 5 | . | + | . | gene_id "A"'] // biome-ignore format: one line
    const genes = await read(`${GTF}\n${gtf(bad)}\n`)
    expect(genes.malformed).toEqual({ count: 4, firstLine: 11, firstReason: 'an end (5) before its start (9)' })
    await expect(read(gtf([GTF.split('\n')[1]!.replace('gene_id "G1.3"', 'x "y"')]))).rejects.toMatchObject({ code: 'bad-input' }) // biome-ignore format: one line
    await expect(read('hello\nworld\n')).rejects.toMatchObject({ code: 'wrong-type' })
    await expect(read('')).rejects.toMatchObject({ code: 'wrong-type' })
    await expect(read(gzipSync(GTF).subarray(0, 150))).rejects.toMatchObject({ code: 'truncated' })
  })

  it('reads GFF3 with children before parents, and BED12 (truth: the same gene by hand)', async () => {
    const gff = await read(
      gtf([
        '##gff-version 3',
        'chr19 | x | exon | 101 | 200 | . | + | . | Parent=t1',
        'chr19 | x | CDS | 151 | 200 | . | + | 0 | ID=c;Parent=t1',
        'chr19 | x | mRNA | 101 | 500 | . | + | . | ID=t1;Parent=g1',
        'chr19 | x | exon | 301 | 500 | . | + | . | Parent=t1',
        'chr19 | x | CDS | 301 | 400 | . | + | 1 | ID=c;Parent=t1',
        'chr19 | x | gene | 101 | 500 | . | + | . | ID=g1;Name=AP%4FE;biotype=protein_coding',
        'chr19 | x | enhancer | 550 | 560 | . | . | . | ID=e1;Name=no gene',
        'chr19 | x | tRNA_gene | 601 | 700 | . | - | . | ID=g2;Name=lone',
      ]),
    )
    const bed = await read(
      'chr19\t100\t500\tAPOE\t0\t+\t150\t400\t0\t2\t100,200,\t0,200,\nchr19\t600\t700\tlone\t0\t-\n',
    )
    for (const genes of [gff, bed]) {
      const [apoe, lone] = genes.range({ contig: 'chr19', start: 0, end: 999 }).transcripts
      expect(apoe).toMatchObject({ geneName: 'APOE', start: 100, end: 500, strand: '+', exons: Int32Array.of(100, 200, 300, 500), codingStart: 150, codingEnd: 400 }) // biome-ignore format: one line
      expect(lone).toMatchObject({ geneName: 'lone', exons: Int32Array.of(600, 700), strand: '-' })
      expect(lone!.codingStart).toBe(lone!.codingEnd)
    }
    expect((await read('chr1\t5\t9\tx\t0\t+\t5\t9\t0\t2\t3,3\t0,2\nchr1\t1\t2\tok\n')).malformed).toMatchObject({ count: 1, firstReason: 'a block outside the interval' }) // biome-ignore format: one line
  })

  const real = sharedData('apoe/gencode.v24.APOE_locus.GRCh38.gtf')
  it.skipIf(!real)('agrees with the lines of GENCODE v24 (truth: counted line by line)', async () => {
    const genes = await openGenes(real!, quietContext())
    const rows = readFileSync(real!, 'utf8').split('\n').map(line => line.split('\t')) // biome-ignore format: one line
    const of = (type: string) => rows.filter(row => row[2] === type)
    expect(genes).toMatchObject({ geneCount: of('gene').length, transcriptCount: of('transcript').length, malformed: { count: 0 } }) // biome-ignore format: one line
    const { transcripts } = genes.range({ contig: 'chr19', start: 0, end: 60_000_000 })
    expect(transcripts.reduce((n, t) => n + t.exons.length / 2, 0)).toBe(of('exon').length)
    for (const row of of('transcript')) {
      const id = /transcript_id "([^"]+)"/.exec(row[8]!)![1]!
      const t = transcripts.find(x => x.transcriptId === id)!
      expect([t.start + 1, t.end, t.strand]).toEqual([Number(row[3]), Number(row[4]), row[6]])
      const coding = [...of('CDS'), ...of('stop_codon')].filter(r => r[8]!.includes(`"${id}"`))
      if (coding.length > 0) expect([t.codingStart + 1, t.codingEnd]).toEqual([Math.min(...coding.map(r => Number(r[3]))), Math.max(...coding.map(r => Number(r[4])))]) // biome-ignore format: one line
    }
    expect(genes.search('APOE', 3)[0]).toMatchObject({ name: 'APOE', interval: { contig: 'chr19', start: 44_905_753, end: 44_909_393 } }) // biome-ignore format: one line
  })

  const yeast = sharedData('yeast/R64-1-1_genes.gff.gz')
  it.skipIf(!yeast)(
    'reads a file whose features have no type, and finds a name among several (truth: its line)',
    async () => {
      const genes = await openGenes(yeast!, quietContext())
      expect(genes.search('ATP8', 1)[0]).toMatchObject({ name: 'Q0080 (ATP8 AAP1)', interval: { contig: 'chrM', start: 27_644, end: 28_106 } }) // biome-ignore format: one line
      expect(genes.geneCount).toBe(5680)
    },
  )
})
