import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { VCF_COLUMNS, writeTabix } from './tabixWriter.ts'
import { random, testFolder } from './testFiles.ts'
import { openVariants } from './variants.ts'

const at = testFolder()
const context = quietContext()
const HEADER = ['##fileformat=VCFv4.3', '##contig=<ID=chr1,length=100000>', '##contig=<ID=2>', '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tme\tyou'] // biome-ignore format: a list

/** Data lines of a text by going over all of them: the slow twin. */
function naive(text: string, contig: string, start: number, end: number): string[] {
  return text.split('\n').filter(line => {
    const f = line.split('\t')
    if (line.startsWith('#') || f[0] !== contig) return false
    const from = Number(f[1]) - 1
    const to = Math.max(from + f[3]!.length, Number(/(?:^|;)END=(\d+)/.exec(f[7]!)?.[1] ?? 0))
    return from < end && to > start
  })
}

const spelled = (v: Awaited<ReturnType<Awaited<ReturnType<typeof openVariants>>['region']>>) =>
  Array.from({ length: v.count }, (_, i) =>
    [v.contig, v.starts[i]! + 1, v.ids[i] || '.', v.references[i], v.alternatives[i]!.join(',') || '.'].join('\t'),
  )
const five = (lines: string[]) => lines.map(line => line.split('\t').slice(0, 5).join('\t'))

const files = ['apoe/apoe.vcf.gz', 'vcf/S4.vcf.gz', 'vcf/1000G.chr17_7500000-7515000.vcf', 'vcf/multi_allelic.vcf', 'vcf/example.vcf', 'reference/b37_chr1_dbsnp135_exome.vcf'] // biome-ignore format: a list
describe.each(files)('openVariants: %s', name => {
  const path = sharedData(name)
  it.skipIf(!path)('gives the lines that overlap (truth: every line of the file looked at)', async () => {
    const bytes = readFileSync(path!)
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
    const file = await openVariants(path!, context)
    const rows = text.split('\n').filter(line => line !== '' && !line.startsWith('#')).map(line => line.split('\t')) // biome-ignore format: one line
    const next = random(31)
    let compared = 0
    for (let k = 0; k < 25; k++) {
      const row = rows[next(rows.length)]!
      const start = Math.max(0, Number(row[1]) - 1 - next(k % 2 ? 3 : 20_000))
      const end = start + 1 + next(k % 3 ? 5 : 50_000)
      const found = await file.region({ contig: row[0]!, start, end }, context, file.samples[0] ? { sample: file.samples[0] } : {}) // biome-ignore format: one line
      const expected = naive(text, row[0]!, start, end)
      expect(spelled(found)).toEqual(five(expected))
      expect(found.malformed.count).toBe(0)
      if (found.genotypes) expect(found.genotypes.texts).toEqual(expected.map(line => (line.split('\t')[8]!.split(':').includes('GT') ? line.split('\t')[9]!.split(':')[0] : '.'))) // biome-ignore format: one line
      compared += expected.length
    }
    expect(compared).toBeGreaterThan(5)
    await file.close()
  })
})

describe('openVariants', () => {
  const next = random(41)
  const lines = Array.from({ length: 3000 }, (_, i) => {
    const contig = i < 2000 ? 'chr1' : '2'
    const position = 1 + (i < 2000 ? i * 40 : (i - 2000) * 7)
    const long = i % 500 === 3
    return {
      contig,
      start: position - 1,
      end: long ? position + 20_000 : position,
      text: `${contig}\t${position}\t.\tA\t${long ? '<DEL>' : 'C,G'}\t${next(99)}\tPASS\t${long ? `END=${position + 20_000}` : 'DP=1'}\tGT:DP\t${['0|1', './.', '1/2', '1'][next(long ? 2 : 4)]}:3\t0/0:1`,
    } // biome-ignore format: one line
  })
  const text = `${[...HEADER, ...lines.map(line => line.text)].join('\n')}\n`

  it('reads plain, gzip and bgzip alike, through .tbi (truth: every line looked at)', async () => {
    const { data, index } = writeTabix(HEADER, lines, VCF_COLUMNS)
    writeFileSync(at('a.vcf.gz'), data)
    writeFileSync(at('a.vcf.gz.tbi'), index)
    writeFileSync(at('b.vcf'), text)
    writeFileSync(at('c.vcf.gz'), gzipSync(text))
    for (const name of ['a.vcf.gz', 'b.vcf', 'c.vcf.gz']) {
      const file = await openVariants(at(name), context)
      expect(file.samples).toEqual(['me', 'you'])
      for (let k = 0; k < 30; k++) {
        const contig = k % 3 ? 'chr1' : '2'
        const start = next(k % 3 ? 80_000 : 7000)
        const end = start + 1 + next(3000)
        const found = await file.region({ contig: k % 2 ? contig.replace('chr', '') : contig, start, end }, context)
        expect(spelled(found).map(s => s.split('\t')[1])).toEqual(naive(text, contig, start, end).map(s => s.split('\t')[1])) // biome-ignore format: one line
      }
      expect((await file.region({ contig: 'chr9', start: 0, end: 9 }, context)).count).toBe(0)
      expect(await file.region({ contig: 'chr1', start: 0, end: 99_999 }, context, { limit: 10 })).toMatchObject({ count: 10, omitted: 1990 }) // biome-ignore format: one line
      await expect(file.region({ contig: 'chr1', start: 0, end: 9 }, context, { sample: 'x' })).rejects.toMatchObject({ code: 'not-found' }) // biome-ignore format: one line
      await file.close()
    }
  })

  it('reads genotypes and counts malformed lines (truth: worked by hand)', async () => {
    const row = (position: string, reference: string, alternatives: string, gt: string) => `chr1\t${position}\trs1\t${reference}\t${alternatives}\t.\t.\t.\tGT\t${gt}\t.` // biome-ignore format: one line
    const rows = [row('5', 'A', 'C,T', '1|2'), row('6', 'AG', '.', '0/0'), row('x', 'A', 'C', '0/1'), row('7', 'A', 'C', '0/3'), row('8', 'A', 'C', '.'), 'chr1\t9', row('10', 'A', 'C', '1')] // biome-ignore format: a list
    writeFileSync(at('g.vcf'), [...HEADER, ...rows].join('\n'))
    const file = await openVariants(at('g.vcf'), context)
    const found = await file.region({ contig: '1', start: 0, end: 100 }, context, { sample: 'me' })
    expect([...found.starts]).toEqual([4, 5, 7, 9])
    expect([...found.ends]).toEqual([5, 7, 8, 10])
    expect(found.genotypes).toEqual({
      texts: ['1|2', '0/0', '.', '1'],
      first: Int16Array.of(1, 0, -1, 1),
      second: Int16Array.of(2, 0, -1, -1),
      ploidy: Uint8Array.of(2, 2, 1, 1),
      phased: Uint8Array.of(1, 0, 0, 0),
    })
    expect(found.malformed).toEqual({ count: 3, firstLine: 7, firstReason: "a position 'x'" })
    await file.close()
  })

  it('refuses what it cannot read', async () => {
    writeFileSync(at('n.vcf.gz'), writeTabix(HEADER, lines, VCF_COLUMNS).data)
    await expect(openVariants(at('n.vcf.gz'), context)).rejects.toMatchObject({ code: 'no-index' })
    writeFileSync(at('n.vcf.gz.tbi'), 'rubbish')
    await expect(openVariants(at('n.vcf.gz'), context)).rejects.toMatchObject({ code: 'bad-index' })
    writeFileSync(at('h.vcf'), HEADER.slice(0, 2).join('\n'))
    await expect(openVariants(at('h.vcf'), context)).rejects.toMatchObject({ code: 'truncated' })
    writeFileSync(at('t.vcf'), 'chr1\t5\n')
    await expect(openVariants(at('t.vcf'), context)).rejects.toMatchObject({ code: 'wrong-type' })
  })
})
