import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { openAlignments } from './alignments.ts'
import { type BamRecord, writeBam } from './bamWriter.ts'
import { writeBigWig } from './bigwigWriter.ts'
import { bgzip } from './blockGzip.ts'
import { openGenes } from './genes.ts'
import { buildIndex } from './indexBuilder.ts'
import { probeFile } from './probe.ts'
import { openReference } from './reference.ts'
import { samLines } from './samText.ts'
import { openSignal } from './signal.ts'
import { VCF_COLUMNS, writeTabix } from './tabixWriter.ts'
import { random, testFolder } from './testFiles.ts'
import { writeTwoBit } from './twobitWriter.ts'
import { openVariants } from './variants.ts'

/*
 * Damaged files: every outcome is a coded error or an answer, in bounded time and memory; and of formats whose every byte is under a
 * checksum an answer is the right one. The truth is the answer of the file before it was damaged.
 */
const at = testFolder()
const context = quietContext()
const cramData = (name: string) => resolve(import.meta.dirname, '../../test-data/cram', name)

/** An answer as text, or the error. An error that is not coded fails the test at once. */
async function outcome(ask: () => Promise<unknown>): Promise<{ answer: string } | { code: string }> {
  const before = process.memoryUsage().arrayBuffers
  try {
    return { answer: JSON.stringify(await ask()) }
  } catch (error) {
    const e = error as { name?: string; code?: string; stack?: string }
    if (e.name !== 'WorkbenchError' || e.code === 'internal') throw error
    return { code: e.code ?? '' }
  } finally {
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(600 * 1024 * 1024)
  }
}

interface Case {
  /** Files by name; the first is the one that is opened. */
  readonly files: Readonly<Record<string, Uint8Array>>
  /** Damaged in turn: names of `files`. */
  readonly damage: readonly string[]
  readonly ask: (path: string) => Promise<unknown>
  /** Of `damage`, the files whose content is under checksums: an answer to one damaged must be the right one. */
  readonly checked: readonly string[]
  readonly flips: number
}

const records = Array.from({ length: 400 }, (_, i): BamRecord => ({ name: `r${i}`, flag: 0, contig: i % 2, start: i * 20, mappingQuality: 60, cigar: '20M2D10M', sequence: 'ACGTACGTACGTACGTACGTACGTACGTAC', qualities: Array.from({ length: 30 }, (_, k) => (i * 7 + k) % 40) })) // biome-ignore format: one record
const text = (s: string) => new TextEncoder().encode(s)
const vcf = writeTabix(
  ['##fileformat=VCFv4.2', '##contig=<ID=c,length=9000>', '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tyou'],
  Array.from({ length: 200 }, (_, i) => ({ contig: 'c', start: i * 40, end: i * 40 + 1, text: `c\t${i * 40 + 1}\t.\tA\tC\t9\tPASS\t.\tGT\t0|1` })), // biome-ignore format: one line
  VCF_COLUMNS,
)
const gtf = Array.from({ length: 40 }, (_, i) => `c\tx\texon\t${i * 50 + 1}\t${i * 50 + 30}\t.\t+\t.\tgene_id "g${i}"; transcript_id "t${i}";\n`).join('') // biome-ignore format: one line

async function alignments(path: string) {
  const file = await openAlignments(path, { reference: at('genome.fa') })
  try {
    const out: string[] = []
    for (const { name } of file.header.contigs.slice(0, 3))
      for await (const batch of file.reads({ contig: name, start: 0, end: 2 ** 31 - 1 }, context))
        out.push(...samLines(batch, file.header.contigs))
    return out
  } finally {
    await file.close()
  }
}

async function bases(path: string) {
  const reference = await openReference(path)
  try {
    const out: string[] = []
    for (const { name, length } of reference.contigs.slice(0, 3))
      if (length <= 1_000_000) out.push(await reference.sequence(name, 0, length))
    return out
  } finally {
    await reference.close()
  }
}

function indexed(name: string, content: Uint8Array, endings: readonly string[]) {
  return async (): Promise<Record<string, Uint8Array>> => {
    writeFileSync(at(name), content)
    await buildIndex(at(name), { force: true }, context)
    return {
      [name]: content,
      ...Object.fromEntries(endings.map(e => [`${name}${e}`, readFileSync(at(`${name}${e}`))])),
    }
  }
}

const cram = (version: string) => ({
  [`${version}.cram`]: readFileSync(cramData(`${version}.cram`)),
  [`${version}.cram.crai`]: readFileSync(cramData(`${version}.cram.crai`)),
})
const fasta = text(`>a x\n${'ACGTNacgt\n'.repeat(60)}>b\nACGT\n`)

const cases: Record<string, () => Promise<Case>> = {
  'BAM': async () => ({ files: await indexed('f.bam', writeBam({ contigs: [{ name: 'c', length: 9000 }, { name: 'd', length: 9000 }], records }), ['.bai'])(), damage: ['f.bam', 'f.bam.bai'], ask: alignments, checked: ['f.bam'], flips: 48 }),
  'BAM, building its index': async () => ({ files: { 'i.bam': writeBam({ contigs: [{ name: 'c', length: 9000 }, { name: 'd', length: 9000 }], records }) }, damage: ['i.bam'], ask: async p => { await buildIndex(p, { force: true }, context); return readFileSync(`${p}.bai`).toString('base64') }, checked: ['i.bam'], flips: 48 }),
  'CRAM 3.0': async () => ({ files: cram('version30'), damage: ['version30.cram', 'version30.cram.crai'], ask: alignments, checked: ['version30.cram'], flips: 48 }),
  'CRAM 2.1, without checksums': async () => ({ files: cram('version21'), damage: ['version21.cram', 'version21.cram.crai'], ask: alignments, checked: [], flips: 60 }),
  'FASTA': async () => ({ files: await indexed('f.fa', fasta, ['.fai'])(), damage: ['f.fa', 'f.fa.fai'], ask: bases, checked: [], flips: 60 }),
  'bgzip FASTA': async () => ({ files: await indexed('g.fa.gz', bgzip(fasta, 100), ['.fai', '.gzi'])(), damage: ['g.fa.gz', 'g.fa.gz.fai', 'g.fa.gz.gzi'], ask: bases, checked: ['g.fa.gz'], flips: 48 }),
  '2bit': async () => ({ files: { 'f.2bit': writeTwoBit([{ name: 'a', length: 900, runs: [{ start: 9, sequence: 'ACGTnnacgt'.repeat(40) }] }, { name: 'b', length: 9, runs: [] }]) }, damage: ['f.2bit'], ask: bases, checked: [], flips: 80 }),
  'bigWig': async () => ({ files: { 'f.bw': writeBigWig([{ name: 'c', length: 9000 }], [{ contig: 'c', starts: records.map((_, i) => 20 * i), ends: records.map((_, i) => 20 * i + 9), values: records.map((_, i) => i) }]) }, damage: ['f.bw'], ask: async p => { const f = await openSignal(p); try { return [...(await f.bins({ contig: 'c', start: 0, end: 9000 }, 9, context)).mean] } finally { await f.close() } }, checked: [], flips: 60 }),
  'VCF with tabix': async () => ({ files: { 'f.vcf.gz': vcf.data, 'f.vcf.gz.tbi': vcf.index }, damage: ['f.vcf.gz', 'f.vcf.gz.tbi'], ask: async p => { const f = await openVariants(p, context); try { return await f.region({ contig: 'c', start: 900, end: 5000 }, context, { sample: 'you' }) } finally { await f.close() } }, checked: ['f.vcf.gz'], flips: 60 }),
  'GTF': async () => ({ files: { 'f.gtf': text(gtf) }, damage: ['f.gtf'], ask: async p => { const g = await openGenes(p, context); return [g.malformed, g.range({ contig: 'c', start: 0, end: 9000 })] }, checked: [], flips: 60 }),
  'GTF in gzip': async () => ({ files: { 'f.gtf.gz': gzipSync(gtf) }, damage: ['f.gtf.gz'], ask: async p => (await openGenes(p, context)).range({ contig: 'c', start: 0, end: 9000 }), checked: ['f.gtf.gz'], flips: 60 }),
} // biome-ignore format: a table, one case a line

describe.each(Object.keys(cases))('damaged %s', kind => {
  it('is told or answered, never a crash, a hang or a lie', async () => {
    for (const name of ['genome.fa', 'genome.fa.fai']) copyFileSync(cramData(name), at(name))
    const { files, damage, ask, checked, flips } = await cases[kind]!()
    const write = () => {
      for (const [name, bytes] of Object.entries(files)) writeFileSync(at(name), bytes)
    }
    const path = at(Object.keys(files)[0]!)
    write()
    const right = await outcome(() => ask(path))
    expect(right).toHaveProperty('answer')
    const next = random(kind.length)
    let refused = 0
    for (const name of damage) {
      const whole = files[name]!
      const attempt = async (bytes: Uint8Array, how: string) => {
        write()
        writeFileSync(at(name), bytes)
        const [got] = [await outcome(() => ask(path)), await outcome(() => probeFile(path))]
        if ('code' in got) refused++
        else if (checked.includes(name)) expect(got, how).toEqual(right)
      }
      for (let k = 0; k < flips; k++) {
        const bytes = Uint8Array.from(whole)
        const place = k % 3 === 0 ? next(Math.min(64, whole.length)) : next(whole.length)
        bytes[place]! ^= 1 << next(8)
        await attempt(bytes, `${name}, byte ${place}`)
      }
      // Wild 32-bit values where counts and lengths like to be.
      for (let k = 0; k < flips / 3; k++) {
        const bytes = Uint8Array.from(whole)
        bytes.set([0xff, 0xff, 0xff, k % 2 ? 0x7f : 0xff], next(Math.max(1, Math.min(whole.length - 4, k % 4 ? 200 : whole.length)))) // biome-ignore format: one line
        await attempt(bytes, `${name}, wild`)
      }
      for (let k = 0; k < flips / 4; k++) await attempt(whole.subarray(0, next(whole.length)), `${name}, cut`)
    }
    expect(refused).toBeGreaterThan(5)
  })
})

describe.skipIf(!sharedData('bam'))('the real files, damaged', () => {
  const real: [string, readonly string[], (path: string) => Promise<unknown>][] = [
    ['apoe/ENCSR653DFZ_rnaseq_APOE.GRCh38.bam', ['.bai'], alignments],
    ['malformed/7.quickcheck.cram30.ok.cram', [], probeFile],
    ['malformed/6.quickcheck.cram21.ok.cram', [], probeFile],
    ['bigwig/test.bw', [], async p => { const f = await openSignal(p); try { return [...(await f.bins({ contig: f.contigs[0]!.name, start: 0, end: 100_000 }, 9, context)).mean] } finally { await f.close() } }],
    ['apoe/apoe.vcf.gz', ['.tbi'], async p => { const f = await openVariants(p, context); try { return (await f.region({ contig: '19', start: 0, end: 59_000_000 }, context)).count } finally { await f.close() } }],
    ['bam/nucleus/ucsc.hg19.chr20.unittest.fasta.gz', ['.fai', '.gzi'], async p => { const r = await openReference(p); try { return await r.sequence('chr20', 10_000_000, 10_000_400) } finally { await r.close() } }],
  ] // biome-ignore format: a table, one case a line
  it.each(real.filter(([name]) => sharedData(name)))('%s', async (name, endings, ask) => {
    const source = sharedData(name)!
    for (const file of ['genome.fa', 'genome.fa.fai']) copyFileSync(cramData(file), at(file))
    const whole = readFileSync(source)
    const path = at('real')
    for (const ending of endings) writeFileSync(`${path}${ending}`, readFileSync(`${source}${ending}`))
    const next = random(name.length)
    for (let k = 0; k < 25; k++) {
      const bytes = k % 3 === 2 ? whole.subarray(0, next(whole.length)) : Uint8Array.from(whole)
      if (k % 3 !== 2) for (let flips = 1 + next(3); flips > 0; flips--) bytes[next(bytes.length)]! ^= 1 << next(8)
      writeFileSync(path, bytes)
      for (const ending of endings) writeFileSync(`${path}${ending}`, readFileSync(`${source}${ending}`))
      await outcome(() => ask(path))
      await outcome(() => probeFile(path))
    }
  })
})
