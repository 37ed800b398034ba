import { appendFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { TwoBitFile } from '@gmod/twobit'
import { LocalFile } from 'generic-filehandle2'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { bgzip } from './blockGzip.ts'
import { openChecked } from './checkedFile.ts'
import { buildFai } from './faiBuilder.ts'
import { formatFai, formatGzi } from './faiIndex.ts'
import { openReference } from './reference.ts'
import { hasSamtools, random, samtools, testFolder } from './testFiles.ts'
import { writeTwoBit } from './twobitWriter.ts'

const at = testFolder()
const next = random(11)
const letters = (n: number) => Array.from({ length: n }, () => 'ACGTacgtN'[next(9)]).join('')
const GENOME = { chr1: letters(100_003), two: letters(61), odd: letters(60) }

const wrapped = (width: number, end = '\n') =>
  Object.entries(GENOME)
    .map(([name, s]) => `>${name} text${end}${s.match(new RegExp(`.{1,${width}}`, 'g'))!.join(end)}${end}`)
    .join('')

async function withIndex(path: string, content: string | Uint8Array): Promise<string> {
  writeFileSync(path, content)
  const file = await openChecked(path)
  const { entries, gzi } = await buildFai(file, quietContext())
  await file.close()
  writeFileSync(`${path}.fai`, formatFai(entries))
  if (gzi) writeFileSync(`${path}.gzi`, formatGzi(gzi))
  return path
}

const kinds: Record<string, () => Promise<string>> = {
  plain: () => withIndex(at('plain.fa'), wrapped(60)),
  crlf: () => withIndex(at('crlf.fa'), wrapped(70, '\r\n')),
  'one line a contig': () => withIndex(at('long.fa'), wrapped(1_000_000)),
  bgzip: () => withIndex(at('b.fa.gz'), bgzip(wrapped(50), 999)),
  '2bit': async () => {
    const contigs = Object.entries(GENOME).map(([name, sequence]) => ({ name, length: sequence.length, runs: [{ start: 0, sequence }] })) // biome-ignore format: one line
    writeFileSync(at('g.2bit'), writeTwoBit(contigs))
    return at('g.2bit')
  },
}

describe.each(Object.keys(kinds))('openReference: %s', kind => {
  it('gives the bases that were written, and refuses what is outside (truth: the string itself)', async () => {
    const reference = await openReference(await kinds[kind]!())
    expect(reference.contigs).toEqual(Object.entries(GENOME).map(([name, s]) => ({ name, length: s.length })))
    for (const [name, sequence] of Object.entries(GENOME)) {
      expect(await reference.sequence(name, 0, sequence.length)).toBe(sequence)
      for (let i = 0; i < 100; i++) {
        const start = next(sequence.length)
        const end = start + next(Math.min(400, sequence.length - start) + 1)
        expect(await reference.sequence(name, start, end)).toBe(sequence.slice(start, end))
      }
      await expect(reference.sequence(name, 0, sequence.length + 1)).rejects.toMatchObject({ code: 'region' })
    }
    expect(await reference.sequence('1', 5, 9, { upperCase: true })).toBe(GENOME.chr1.slice(5, 9).toUpperCase())
    for (const [start, end] of [[-1, 3], [4, 3], [0.5, 3], [0, Number.NaN]] as const) // biome-ignore format: one line
      await expect(reference.sequence('chr1', start, end)).rejects.toMatchObject({ code: 'region' })
    await expect(reference.sequence('chr7', 0, 1)).rejects.toThrow(/chr7.*it has chr1, two, odd/)
    await reference.close()
  })
})

describe('openReference refuses', () => {
  const fai = (text: string, index: string) => {
    writeFileSync(at('r.fa'), text)
    writeFileSync(at('r.fa.fai'), index)
    return openReference(at('r.fa'))
  }

  it('a FASTA without index, naming the command that builds it', async () => {
    writeFileSync(at('none.fa'), wrapped(60))
    await expect(openReference(at('none.fa'))).rejects.toMatchObject({ code: 'no-index', remedy: expect.stringMatching(/diploscope index .*none\.fa/) }) // biome-ignore format: one line
    writeFileSync(at('none.fa.gz'), bgzip(wrapped(60)))
    writeFileSync(at('none.fa.gz.fai'), 'chr1\t9\t6\t60\t61\n')
    await expect(openReference(at('none.fa.gz'))).rejects.toMatchObject({ code: 'no-index', message: /\.gzi/ as never })
  })

  it('an index of another file', async () => {
    await expect(fai('>a\nACGT\n', 'a\t400\t3\t60\t61\n')).rejects.toMatchObject({ code: 'bad-index' })
    const shifted = await fai('>a\nACGTACGT\nACGTACGT\n', 'a\t12\t3\t6\t7\n')
    await expect(shifted.sequence('a', 0, 12)).rejects.toMatchObject({ code: 'bad-index' })
    await shifted.close()
    const overHeader = await fai('>a\nAC\n>b\nACGT\n', 'a\t5\t3\t9\t10\n')
    await expect(overHeader.sequence('a', 0, 5)).rejects.toMatchObject({ code: 'bad-index' })
    await overHeader.close()
  })

  it('an index older than the file, and a file that changed while open', async () => {
    const path = await withIndex(at('old.fa'), wrapped(60))
    utimesSync(`${path}.fai`, new Date(), new Date(Date.now() - 3_600_000))
    await expect(openReference(path)).rejects.toMatchObject({ code: 'bad-index', message: /older/ as never })
    utimesSync(`${path}.fai`, new Date(), new Date())
    const reference = await openReference(path)
    appendFileSync(path, 'ACGT\n')
    await expect(reference.sequence('two', 0, 1)).rejects.toMatchObject({ code: 'changed' })
    await reference.close()
  })

  it('other files', async () => {
    for (const [content, code] of [
      ['', 'wrong-type'],
      ['hello', 'wrong-type'],
      ['\x1f\x8b\x08\x00rest', 'wrong-type'],
    ] as const) {
      // biome-ignore format: one line
      writeFileSync(at('o'), content)
      await expect(openReference(at('o'))).rejects.toMatchObject({ code })
    }
    await expect(openReference(at('absent'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(openReference(at('.'))).rejects.toMatchObject({ code: 'wrong-type' })
  })

  it('2bit files cut anywhere or with wild counts, in bounded memory', async () => {
    const whole = writeTwoBit([{ name: 'a', length: 500, runs: [{ start: 10, sequence: letters(400) }] }])
    for (let size = 4; size < whole.length; size += 7) {
      writeFileSync(at('cut.2bit'), whole.subarray(0, size))
      await expect(openReference(at('cut.2bit')), `${size} bytes`).rejects.toMatchObject({ code: 'truncated' })
    }
    for (const offset of [4, 8, 18, 22, 26, 30, 34]) {
      const wild = whole.slice()
      wild.fill(0xff, offset, offset + 4)
      writeFileSync(at('wild.2bit'), wild)
      const outcome = openReference(at('wild.2bit')).then(async r => r.sequence(r.contigs[0]!.name, 0, 100))
      await outcome.then(
        sequence => expect(sequence).toHaveLength(100),
        error => expect(error).toMatchObject({ name: 'WorkbenchError', code: /truncated|corrupt|unsupported|region/ }),
      )
    }
  })
})

describe.skipIf(!hasSamtools)('openReference against samtools faidx', () => {
  it.skipIf(!sharedData('bam/nucleus/ucsc.hg19.chr20.unittest.fasta.gz'))('on a real bgzip FASTA', async () => {
    const path = sharedData('bam/nucleus/ucsc.hg19.chr20.unittest.fasta.gz')!
    const reference = await openReference(path)
    const { name, length } = reference.contigs[0]!
    for (const [start, end] of [
      [0, 70],
      [100_000, 100_500],
      [length - 999, length],
      [65_250, 65_300],
    ] as const) {
      // biome-ignore format: one line
      const lines = samtools('faidx', path, `${name}:${start + 1}-${end}`).split('\n').slice(1).join('')
      expect(await reference.sequence(name, start, end)).toBe(lines)
    }
    await reference.close()
  })
})

describe('openTwoBit', () => {
  it('equals @gmod/twobit on masks and N (truth: an independent decoder)', async () => {
    const sequence = letters(5000)
    writeFileSync(at('p.2bit'), writeTwoBit([{ name: 'c', length: 9000, runs: [{ start: 1234, sequence }] }]))
    const peer = new TwoBitFile({ filehandle: new LocalFile(at('p.2bit')) })
    const reference = await openReference(at('p.2bit'))
    for (let i = 0; i < 200; i++) {
      const start = next(9000)
      const end = start + 1 + next(9000 - start)
      expect(await reference.sequence('c', start, end)).toBe(await peer.getSequence('c', start, end))
    }
    await reference.close()
  })

  it('reads a big-endian file (truth: every 32-bit word of a little-endian one turned)', async () => {
    const little = writeTwoBit([{ name: 'four', length: 16, runs: [{ start: 4, sequence: 'ACGTacgtAC' }] }])
    const big = Uint8Array.from(little)
    const turn = (offset: number) => big.set(little.slice(offset, offset + 4).reverse(), offset)
    for (const offset of [0, 4, 8, 12, 21]) turn(offset)
    for (let offset = 25; offset < little.length - 4; offset += 4) turn(offset)
    writeFileSync(at('big.2bit'), big)
    const reference = await openReference(at('big.2bit'))
    expect(await reference.sequence('four', 0, 16)).toBe('NNNNACGTacgtACNN')
    expect(readFileSync(at('big.2bit'))[0]).toBe(0x1a)
    await reference.close()
  })
})

// Truth: the content; without its index a BAM given as reference was answered with 'build it with diploscope index', which made a .bai.
it('calls a bgzip file of another kind no reference, before its index is looked for', async () => {
  writeFileSync(at('reads.bam'), bgzip(Uint8Array.of(66, 65, 77, 1, 0, 0, 0, 0, 0, 0, 0, 0)))
  writeFileSync(at('table.vcf.gz'), bgzip('##fileformat=VCFv4.2\n'))
  writeFileSync(at('plain.fa.gz'), bgzip('>a\nACGT\n'))
  await expect(openReference(at('reads.bam'))).rejects.toMatchObject({ code: 'wrong-type' })
  await expect(openReference(at('table.vcf.gz'))).rejects.toMatchObject({ code: 'wrong-type' })
  await expect(openReference(at('plain.fa.gz'))).rejects.toMatchObject({ code: 'no-index' })
})
