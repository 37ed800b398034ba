import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { type BamRecord, writeBam } from './bamWriter.ts'
import { writeBigWig } from './bigwigWriter.ts'
import { bgzip } from './blockGzip.ts'
import { openChecked } from './checkedFile.ts'
import { buildIndex } from './indexBuilder.ts'
import { probeFile } from './probe.ts'
import { VCF_COLUMNS, writeTabix } from './tabixWriter.ts'
import { testFolder } from './testFiles.ts'
import { writeTwoBit } from './twobitWriter.ts'

const at = testFolder()
const context = quietContext()
const CHR19 = { name: '19', length: 58_617_616 }
const read = (name: string, start: number): BamRecord => ({ name, flag: 0, contig: 0, start, mappingQuality: 9, cigar: '4M', sequence: 'ACGT' }) // biome-ignore format: one line
const bam = (...records: BamRecord[]) => writeBam({ contigs: [CHR19], headerLines: ['@RG\tID:1\tSM:me', '@RG\tID:2\tSM:me', '@CO\tsynthetic: made up'], records }) // biome-ignore format: one line

async function probed(name: string, content: string | Uint8Array) {
  writeFileSync(at(name), content)
  return probeFile(at(name))
}

describe('probeFile tells what a file is from its content (truth: what was written)', () => {
  it('alignments, with the state of their index', async () => {
    const missing = await probed('a.txt', bam(read('r', 5)))
    expect(missing).toMatchObject({ kind: 'bam', compression: 'bgzip', index: 'missing', contigs: [CHR19], contigCount: 1, build: 'GRCh38', samples: ['me'], sortOrder: 'coordinate', synthetic: true }) // biome-ignore format: one line
    expect(missing.indexName).toBeUndefined()
    expect(missing.sizeBytes).toBe(readFileSync(at('a.txt')).length)
    await buildIndex(at('a.txt'), {}, context)
    expect(await probeFile(at('a.txt'))).toMatchObject({ index: 'ok', indexName: 'a.txt.bai', remarks: [] })
    utimesSync(at('a.txt.bai'), 1, 1)
    expect(await probeFile(at('a.txt'))).toMatchObject({ index: 'stale', remarks: [expect.stringContaining('older')] })
    await buildIndex(at('a.txt'), {}, context)

    writeFileSync(at('other.bam'), writeBam({ contigs: [CHR19, { name: '20', length: 9 }], records: [] }))
    await buildIndex(at('other.bam'), {}, context)
    copyFileSync(at('other.bam.bai'), at('a.txt.bai'))
    expect(await probeFile(at('a.txt'))).toMatchObject({ index: 'foreign', remarks: [expect.stringContaining('2 contigs')] }) // biome-ignore format: one line
    // The same contigs, other blocks: random qualities do not compress, so that blocks begin elsewhere.
    const many = Array.from({ length: 3000 }, (_, i) => read(`${i}_${Math.imul(i, 2654435761)}`, i * 50))
    writeFileSync(at('big.bam'), bam(...many))
    await buildIndex(at('big.bam'), {}, context)
    copyFileSync(at('big.bam.bai'), at('a.txt.bai'))
    expect(await probeFile(at('a.txt'))).toMatchObject({ index: 'foreign' })
    writeFileSync(at('a.txt.bai'), readFileSync(at('big.bam.bai')).subarray(0, 100))
    expect(await probeFile(at('a.txt'))).toMatchObject({ index: 'unreadable' })
  })

  it('a header of 60,000 contigs', async () => {
    const contigs = Array.from({ length: 60_000 }, (_, i) => ({ name: `scaffold_${i}`, length: 1000 + i }))
    const facts = await probed('scaffolds.bam', writeBam({ contigs, records: [] }))
    expect(facts).toMatchObject({ contigCount: 60_000, build: 'unknown' })
    expect(facts.contigs).toEqual(contigs.slice(0, 5000))
  })

  it('references, variants, signals, genes, projects, models', async () => {
    expect(await probed('r', '>chr19 synthetic\nACGT\n')).toMatchObject({ kind: 'fasta', compression: 'none', index: 'missing', synthetic: true }) // biome-ignore format: one line
    await buildIndex(at('r'), {}, context)
    expect(await probeFile(at('r'))).toMatchObject({ index: 'ok', indexName: 'r.fai', contigs: [{ name: 'chr19', length: 4 }] }) // biome-ignore format: one line
    writeFileSync(at('z'), bgzip('>a\nACGT\n'))
    expect(await probeFile(at('z'))).toMatchObject({ kind: 'fasta', compression: 'bgzip', index: 'missing' })
    await buildIndex(at('z'), {}, context)
    expect(await probeFile(at('z'))).toMatchObject({ index: 'ok' })
    renameSync(at('z.gzi'), at('gone.gzi'))
    expect(await probeFile(at('z'))).toMatchObject({ index: 'missing' })
    expect(await probed('t', writeTwoBit([{ ...CHR19, runs: [] }]))).toMatchObject({ kind: '2bit', index: 'not-needed', build: 'GRCh38' }) // biome-ignore format: one line
    const head = ['##fileformat=VCFv4.2', '##contig=<ID=19,length=58617616>', '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tyou'] // biome-ignore format: a list
    expect(await probed('v', `${head.join('\n')}\n`)).toMatchObject({ kind: 'vcf', index: 'not-needed', samples: ['you'], contigs: [CHR19], build: 'GRCh38' }) // biome-ignore format: one line
    const packed = writeTabix(head, [{ contig: '19', start: 4, end: 5, text: '19\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1' }], VCF_COLUMNS) // biome-ignore format: one line
    expect(await probed('p', packed.data)).toMatchObject({ kind: 'vcf', compression: 'bgzip', index: 'missing' })
    writeFileSync(at('p.tbi'), packed.index)
    expect(await probeFile(at('p'))).toMatchObject({ index: 'ok', indexName: 'p.tbi' })
    const bigWig = writeBigWig([CHR19], [{ contig: '19', starts: [1], ends: [5], values: [2] }])
    expect(await probed('b', bigWig)).toMatchObject({ kind: 'bigwig', contigs: [CHR19], build: 'GRCh38' })
    const gtf = 'chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id "a"; transcript_id "b";\n'
    expect(await probed('g', `#!genome-build GRCh38.p13\n${gtf}`)).toMatchObject({ kind: 'genes', build: 'GRCh38', remarks: ['Gene models: GTF.'] }) // biome-ignore format: one line
    expect(await probed('gz', gzipSync(gtf))).toMatchObject({ kind: 'genes', compression: 'gzip' })
    expect(await probed('bed', 'track name=x\nchr1\t5\t9\tname\n')).toMatchObject({ kind: 'genes' })
    expect(await probed('bg', 'chr1\t5\t9\t0.5\n')).toMatchObject({ kind: 'bedgraph' })
    expect(await probed('s', '@HD\tVN:1.6\n')).toMatchObject({ kind: 'sam', remarks: [expect.stringContaining('samtools sort')] }) // biome-ignore format: one line
    expect(await probed('j', '{ "format": "diploscope-project", "version": 1 }')).toMatchObject({ kind: 'project' })
    expect(await probed('o', Uint8Array.of(8, 9, 0x12, 4, 1, 2, 3, 4))).toMatchObject({ kind: 'onnx' })
    mkdirSync(at('model'))
    await expect(probeFile(at('model'))).rejects.toMatchObject({ code: 'wrong-type' })
    writeFileSync(at('model', 'model.json'), '{}')
    expect(await probeFile(at('model'))).toMatchObject({ kind: 'model', sizeBytes: 2 })
  })
})

describe('probeFile refuses, coded and at once', () => {
  it('what is not a file, or not one of ours', async () => {
    if (process.platform !== 'win32') {
      execFileSync('mkfifo', [at('pipe')])
      await expect(probeFile(at('pipe'))).rejects.toMatchObject({ code: 'wrong-type', message: /a pipe/ as never })
      await expect(openChecked('/dev/zero')).rejects.toMatchObject({ code: 'wrong-type' })
    }
    await expect(probeFile(at('absent'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(probeFile(at('absent\0'))).rejects.toMatchObject({ name: 'WorkbenchError' })
    await expect(probed('empty', '')).rejects.toMatchObject({ code: 'wrong-type', message: /empty/ as never })
    for (const content of [
      'hello',
      'a,b,c\n1,2,3\n',
      '{"a":1}',
      '\0\0\0\0\0',
      'chr1\t9\t5\n',
      '##fileformat=VCFv4.2\n',
    ])
      await expect(probed('odd', content), content).rejects.toMatchObject({ code: /wrong-type|truncated/ })
    await expect(probed('gz', gzipSync('>a\nACGT\n'))).rejects.toMatchObject({ code: 'unsupported' })
    await expect(probed('bcf', bgzip('BCF\x02\x02'))).rejects.toMatchObject({ code: 'unsupported', remedy: /bcftools/ as never }) // biome-ignore format: one line
    await expect(probed('bai', 'BAI\x01\0\0\0\0')).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('what may not be read', async context => {
    context.skip(process.getuid?.() === 0, 'root may read everything')
    context.skip(process.platform === 'win32', 'Windows has other permissions')
    writeFileSync(at('secret'), bam())
    chmodSync(at('secret'), 0)
    await expect(probeFile(at('secret'))).rejects.toMatchObject({ code: 'permission' })
  })

  it('files that lack their end', async () => {
    await expect(probed('cut.bam', bam().subarray(0, -28))).rejects.toMatchObject({ code: 'truncated' })
    await expect(probed('cut.vcf.gz', bgzip('##fileformat=VCFv4.2\n#CHROM\tPOS\n').subarray(0, -28))).rejects.toMatchObject({ code: 'truncated' }) // biome-ignore format: one line
  })

  // samtools quickcheck's own verdicts, from its test suite (all.expected lists the bad ones).
  const expected = sharedData('malformed/all.expected')
  it.skipIf(!expected)(
    'the bad files of samtools quickcheck, and takes the good ones (truth: its verdicts)',
    async () => {
      const bad = readFileSync(expected!, 'utf8').split('\n').filter(Boolean)
      expect(bad.length).toBeGreaterThan(3)
      for (const name of ['3.quickcheck.ok.bam', '4.quickcheck.ok.bam', '6.quickcheck.cram21.ok.cram', '7.quickcheck.cram30.ok.cram']) // biome-ignore format: a list
      expect(await probeFile(sharedData(`malformed/${name}`)!)).toMatchObject({ kind: name.endsWith('bam') ? 'bam' : 'cram' }) // biome-ignore format: one line
      for (const name of bad) {
        const outcome = await probeFile(sharedData(`malformed/${name}`)!).catch(error => error)
        // A header without contigs is no damage to us, but it is told.
        if (name.includes('notargets')) expect(outcome.remarks.join(' ')).toContain('no contigs')
        else expect(outcome).toMatchObject({ name: 'WorkbenchError', code: /truncated|corrupt/ })
      }
    },
  )
})

// Truth: the header that is written here.
it('calls a file synthetic only where its header says so of the whole file', async () => {
  const contigs = [{ name: 'chr1', length: 100 }]
  const told = async (...headerLines: string[]) => {
    writeFileSync(at('synthetic.bam'), writeBam({ contigs, records: [], headerLines }))
    return (await probeFile(at('synthetic.bam'))).synthetic
  }
  expect(await told('@CO\tsynthetic: made by a script')).toBe(true)
  expect(await told('@RG\tID:a\tSM:one\tDS:synthetic: made by a script')).toBe(true)
  expect(await told('@CO\taligned beside synthetic spike-ins')).toBe(false)
  expect(await told('@RG\tID:synthetic\tSM:one')).toBe(false)
})
