import { copyFileSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { openAlignments } from './alignments.ts'
import { buildBamIndex } from './baiBuilder.ts'
import { type BamRecord, writeBam } from './bamWriter.ts'
import { type BinIndex, formatBinIndex, parseBinIndex } from './binIndex.ts'
import { BAI_BINNING, binOf, csiBinning, firstBin, firstLeaf, parentBin, reach } from './binning.ts'
import { openChecked } from './checkedFile.ts'
import { buildIndex } from './indexBuilder.ts'
import { samLines } from './samText.ts'
import { hasSamtools, random, samtools, testFolder } from './testFiles.ts'

const at = testFolder()
const context = quietContext()

async function built(path: string, format: 'auto' | 'bai' | 'csi' = 'auto') {
  const file = await openChecked(path)
  try {
    return await buildBamIndex(file, context, format)
  } finally {
    await file.close()
  }
}

/** The same index whatever the order of its bins (htslib writes them in the order of a hash table). */
const canonical = (index: BinIndex) => ({
  ...index,
  contigs: index.contigs.map(c => ({ ...c, bins: [...c.bins].sort(([a], [b]) => a - b) })),
})

/** Reads of all spans on three contigs, some unmapped with a place, some without; enough of them to fill bins of over 64 KB. */
function simulated(count: number): BamRecord[] {
  const next = random(13)
  const letters = Array.from({ length: 4096 }, () => 'ACGT'[next(4)]).join('')
  return Array.from({ length: count }, (_, i) => {
    const contig = [0, 0, 0, 2][next(4)]!
    const start = next(contig === 0 ? 3_000_000 : 40_000)
    const long = next(50) === 0
    const [cigar, length] = long ? [`50M${1000 + next(900_000)}N50M`, 100] : next(30) ? ['100M', 100] : ['*', 100]
    const from = next(3900)
    const base = { name: `r${i}`, mappingQuality: 60, sequence: letters.slice(from, from + length), qualities: Array.from({ length }, () => next(41)) } // biome-ignore format: one line
    if (next(100) === 0) return { ...base, flag: 4, contig: -1, start: -1, cigar: '*' }
    return { ...base, flag: cigar === '*' ? 4 : 0, contig, start, cigar }
  })
}

const CONTIGS = [{ name: 'chr1', length: 5_000_000 }, { name: 'empty', length: 1000 }, { name: 'chr2', length: 2_000_000 }] // biome-ignore format: a list

describe('binning (truth: the constants of the SAM and CSI specifications)', () => {
  it('numbers bins as they do', () => {
    expect([0, 1, 2, 3, 4, 5].map(firstBin)).toEqual([0, 1, 9, 73, 585, 4681])
    expect(reach(BAI_BINNING)).toBe(2 ** 29)
    expect(binOf(0, 16_384, BAI_BINNING)).toBe(4681)
    expect(binOf(16_383, 16_385, BAI_BINNING)).toBe(585)
    expect(binOf(0, 2 ** 29, BAI_BINNING)).toBe(0)
    expect(binOf(2 ** 29 - 1, 2 ** 29, BAI_BINNING)).toBe(37_448)
    expect(parentBin(4681)).toBe(585)
    expect(firstLeaf(586, BAI_BINNING)).toBe(8)
    expect(csiBinning(600_000_000)).toEqual({ minShift: 14, depth: 6 })
    expect(csiBinning(16_128)).toEqual({ minShift: 14, depth: 0 })
  })
})

describe('buildBamIndex', () => {
  it.skipIf(!hasSamtools)(
    'equals samtools index on simulated reads: bins, chunks, linear index, counts (truth: samtools, live)',
    async () => {
      writeFileSync(at('s.bam'), writeBam({ contigs: CONTIGS, records: simulated(25_000) }))
      for (const [format, option] of [
        ['bai', '-b'],
        ['csi', '-c'],
      ] as const) {
        samtools('index', option, at('s.bam'), at(`theirs.${format}`))
        const theirs = parseBinIndex(readFileSync(at(`theirs.${format}`)), 'theirs')
        const ours = parseBinIndex(formatBinIndex(await built(at('s.bam'), format)), 'ours')
        expect(canonical(ours)).toEqual(canonical(theirs))
        expect(ours.contigs[0]!.bins.size).toBeGreaterThan(10)
      }
    },
  )

  it.skipIf(!hasSamtools || !sharedData('bam'))(
    'equals samtools index on real files (truth: samtools, live)',
    async () => {
      const names = ['bam-js/1000genomes_hg00096_chr1', 'bam-js/CHM1_pacbio_clip2', 'bam-js/cg', 'bam-js/empty', 'igvjs/6mA', 'igvjs/non_actg', 'mosdepth/nanopore', 'mosdepth/big', 'gviz/gapped', 'nucleus/NA12878_small', 'pileupjs/synth3.normal.17.7500000-7515000'] // biome-ignore format: a list
      let compared = 0
      for (const name of names) {
        const path = sharedData(`bam/${name}.bam`)
        if (!path) continue
        const ours = await built(path)
        samtools('index', ours.format === 'csi' ? '-c' : '-b', path, at('real.idx'))
        expect(canonical(parseBinIndex(formatBinIndex(ours), name)), name).toEqual(canonical(parseBinIndex(readFileSync(at('real.idx')), name))) // biome-ignore format: one line
        compared += ours.contigs.length
      }
      expect(compared).toBeGreaterThan(100)
    },
  )

  it('answers queries as a full pass over the file does (truth: the records that were written)', async () => {
    const records = simulated(4000)
    writeFileSync(at('q.bam'), writeBam({ contigs: CONTIGS, records }))
    for (const format of ['bai', 'csi'] as const) {
      writeFileSync(at(`q.bam.${format}`), formatBinIndex(await built(at('q.bam'), format)))
      const file = await openAlignments(at('q.bam'), { index: at(`q.bam.${format}`) })
      const next = random(19)
      const spans = records.map(r => {
        const gap = /M(\d+)N/.exec(r.cigar)
        return { ...r, end: r.start + (r.cigar === '*' ? 1 : gap ? 100 + Number(gap[1]) : 100) }
      })
      for (let k = 0; k < 40; k++) {
        const contig = next(3)
        const start = next(CONTIGS[contig]!.length)
        const end = start + 1 + next(k % 2 ? 50 : 200_000)
        const names: string[] = []
        for await (const batch of file.reads({ contig: CONTIGS[contig]!.name, start, end }, context))
          names.push(...samLines(batch, CONTIGS).map(line => line.split('\t', 1)[0]!))
        const expected = spans.filter(r => r.contig === contig && r.start < end && r.end > start).map(r => r.name)
        expect(names.sort()).toEqual(expected.sort())
      }
      await file.close()
    }
  })

  it('chooses .csi for long contigs, and refuses what an index cannot hold', async () => {
    const record = { ...simulated(1)[0]!, contig: 0, flag: 0, cigar: '100M' }
    const far = [{ ...record, start: 600_000_000 }]
    writeFileSync(at('long.bam'), writeBam({ contigs: [{ name: 'c', length: 700_000_000 }], records: far }))
    expect(await built(at('long.bam'))).toMatchObject({ format: 'csi', binning: { minShift: 14, depth: 6 } })
    await expect(built(at('long.bam'), 'bai')).rejects.toMatchObject({ code: 'unsupported' })
    writeFileSync(at('under.bam'), writeBam({ contigs: [{ name: 'c', length: 1000 }], records: far }))
    await expect(built(at('under.bam'))).rejects.toThrow(/'r0'.*600,000,100/)
  })

  it('names the record that is out of order, and refuses a file without its end', async () => {
    const one = (name: string, contig: number, start: number) => ({ ...simulated(1)[0]!, name, contig, start, flag: 0, cigar: '100M' }) // biome-ignore format: one line
    const wrong = writeBam({ contigs: CONTIGS, records: [one('first', 0, 500), one('second', 0, 900)] })
    writeFileSync(at('sorted.bam'), wrong)
    await expect(built(at('sorted.bam'))).resolves.toMatchObject({ unplaced: 0 })
    if (hasSamtools) {
      writeFileSync(at('u.sam'), '@SQ\tSN:a\tLN:9999\n@SQ\tSN:b\tLN:9999\nx\t0\tb\t5\t9\t4M\t*\t0\t0\tACGT\t*\ny\t0\ta\t1\t9\t4M\t*\t0\t0\tACGT\t*\n') // biome-ignore format: one line
      samtools('view', '-b', '-o', at('u.bam'), at('u.sam'))
      await expect(built(at('u.bam'))).rejects.toMatchObject({ code: 'unsorted', message: expect.stringMatching(/'y' at a:1 .*after b:5/) }) // biome-ignore format: one line
      writeFileSync(
        at('v.sam'),
        '@SQ\tSN:a\tLN:9999\nx\t4\t*\t0\t0\t*\t*\t0\t0\tACGT\t*\ny\t0\ta\t1\t9\t4M\t*\t0\t0\tACGT\t*\n',
      )
      samtools('view', '-b', '-o', at('v.bam'), at('v.sam'))
      await expect(built(at('v.bam'))).rejects.toMatchObject({ code: 'unsorted' })
    }
    writeFileSync(at('cut.bam'), wrong.subarray(0, -28))
    await expect(built(at('cut.bam'))).rejects.toMatchObject({ code: 'truncated' })
    const stop = new AbortController()
    stop.abort()
    const file = await openChecked(at('sorted.bam'))
    await expect(buildBamIndex(file, { signal: stop.signal, report() {} })).rejects.toMatchObject({ code: 'cancelled' })
    await file.close()
  })
})

describe('buildIndex', () => {
  it('writes what a file needs, refuses to replace a good index, and replaces a bad one', async () => {
    writeFileSync(at('b.bam'), writeBam({ contigs: CONTIGS, records: simulated(50) }))
    expect(await buildIndex(at('b.bam'), {}, context)).toEqual({ written: [at('b.bam.bai')], warnings: [] })
    await expect(buildIndex(at('b.bam'), {}, context)).rejects.toMatchObject({ code: 'bad-input', remedy: expect.stringContaining('--force') }) // biome-ignore format: one line
    await buildIndex(at('b.bam'), { force: true }, context)
    utimesSync(at('b.bam.bai'), 1, 1)
    expect((await buildIndex(at('b.bam'), {}, context)).written).toEqual([at('b.bam.bai')])
    copyFileSync(at('b.bam'), at('b.bam.bai'))
    await buildIndex(at('b.bam'), {}, context)
    expect(parseBinIndex(readFileSync(at('b.bam.bai')), 'b').contigs).toHaveLength(3)
    expect((await buildIndex(at('b.bam'), { format: 'csi' }, context)).written).toEqual([at('b.bam.csi')])

    writeFileSync(at('f.fa'), '>a\nACGT\n>a\nAC\n')
    expect(await buildIndex(at('f.fa'), {}, context)).toMatchObject({ written: [at('f.fa.fai')], warnings: [expect.stringContaining("'a'")] }) // biome-ignore format: one line
    expect(readFileSync(at('f.fa.fai'), 'utf8')).toBe('a\t4\t3\t4\t5\n')
    writeFileSync(at('x.bed'), 'chr1\t1\t2\n')
    await expect(buildIndex(at('x.bed'), {}, context)).rejects.toMatchObject({ code: 'unsupported' })
    writeFileSync(at('ragged.fa'), '>a\nAC\nACGT\n')
    await expect(buildIndex(at('ragged.fa'), {}, context)).rejects.toMatchObject({ code: 'bad-input' })
    expect(existsSync(at('ragged.fa.fai'))).toBe(false)
  })
})
