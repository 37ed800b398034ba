import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { parseBinIndex } from './binIndex.ts'
import { bgzip } from './blockGzip.ts'
import { openChecked } from './checkedFile.ts'
import { buildIndex } from './indexBuilder.ts'
import { buildVcfTabix } from './tabixBuilder.ts'
import { random, testFolder } from './testFiles.ts'
import { openVariants } from './variants.ts'

const at = testFolder()
const context = quietContext()

async function built(path: string) {
  const file = await openChecked(path)
  try {
    return parseBinIndex(await buildVcfTabix(file, context), path)
  } finally {
    await file.close()
  }
}

const vcf = (rows: string[]) => bgzip(`##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n${rows.map(row => `${row}\n`).join('')}`, 3000) // biome-ignore format: one line

describe('buildVcfTabix', () => {
  it.skipIf(!sharedData('apoe/apoe.vcf.gz.tbi'))(
    'equals the indexes that came with real files (truth: tabix)',
    async () => {
      for (const name of ['apoe/apoe.vcf.gz', 'vcf/S4.vcf.gz']) {
        const theirs = parseBinIndex(readFileSync(sharedData(`${name}.tbi`)!), name)
        const ours = await built(sharedData(name)!)
        expect(ours.names).toEqual(theirs.names)
        for (const [i, { bins, linear, counts }] of ours.contigs.entries()) {
          const other = theirs.contigs[i]!
          // Leaves without a line: older htslib repeats the offset before them, 1.16 the one after, as we do.
          expect(linear).toHaveLength(other.linear.length)
          expect(linear.filter((offset, k) => offset < other.linear[k]!)).toEqual([])
          expect(new Set(linear)).toEqual(new Set(other.linear))
          expect([...bins].sort(([a], [b]) => a - b)).toEqual([...other.bins].sort(([a], [b]) => a - b))
          if (other.counts) expect(counts).toEqual(other.counts)
        }
        expect(
          gunzipSync(readFileSync(sharedData(`${name}.tbi`)!))
            .subarray(0, 4)
            .toString('latin1'),
        ).toBe('TBI\x01')
      }
    },
  )

  it('answers queries as a pass over all lines does (truth: the lines that were written)', async () => {
    const next = random(3)
    const rows = [0, 1].flatMap(c => Array.from({ length: 1500 }, (_, i) => ({ contig: `c${c}`, start: i * 37, end: i % 100 ? i * 37 + 1 : i * 37 + 9000 }))) // biome-ignore format: one line
    writeFileSync(at('a.vcf.gz'), vcf(rows.map(r => `${r.contig}\t${r.start + 1}\t.\tA\tC\t.\t.\t${r.end > r.start + 1 ? `END=${r.end}` : '.'}`))) // biome-ignore format: one line
    expect((await buildIndex(at('a.vcf.gz'), {}, context)).written).toEqual([at('a.vcf.gz.tbi')])
    const file = await openVariants(at('a.vcf.gz'), context)
    for (let k = 0; k < 40; k++) {
      const contig = `c${next(2)}`
      const start = next(55_000)
      const end = start + 1 + next(2000)
      const expected = rows.filter(r => r.contig === contig && r.start < end && r.end > start).map(r => r.start)
      expect([...(await file.region({ contig, start, end }, context)).starts]).toEqual(expected)
    }
    await file.close()
  })

  it('refuses what is not sorted, naming the line', async () => {
    const refused = async (rows: string[]) => {
      writeFileSync(at('u.vcf.gz'), vcf(rows))
      return built(at('u.vcf.gz'))
    }
    const row = (contig: string, position: string) => `${contig}\t${position}\t.\tA\tC\t.\t.\t.`
    await expect(refused([row('a', '9'), row('a', '8')])).rejects.toMatchObject({ code: 'unsorted', message: expect.stringContaining('line 4') }) // biome-ignore format: one line
    await expect(refused([row('a', '9'), row('b', '8'), row('a', '10')])).rejects.toMatchObject({ code: 'unsorted' })
    await expect(refused([row('a', 'x')])).rejects.toMatchObject({ code: 'bad-input' })
    await expect(refused([row('a', '999999999')])).rejects.toMatchObject({ code: 'unsupported' })
    expect((await refused([])).contigs).toEqual([])
  })
})
