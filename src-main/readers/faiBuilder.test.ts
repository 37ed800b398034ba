import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { bgzip } from './blockGzip.ts'
import { openChecked } from './checkedFile.ts'
import { buildFai } from './faiBuilder.ts'
import { formatFai, formatGzi, parseFai, parseGzi } from './faiIndex.ts'
import { hasSamtools, random, samtools, testFolder } from './testFiles.ts'

const at = testFolder()

async function built(content: string | Uint8Array) {
  writeFileSync(at('x.fa'), content)
  const file = await openChecked(at('x.fa'))
  try {
    return await buildFai(file, quietContext())
  } finally {
    await file.close()
  }
}

/** What `samtools faidx` 1.16.1 wrote for these files, or undefined where it refused them. */
const SAMTOOLS: readonly (readonly [string, string | undefined])[] = [
  ['>a\n>b\nACGT\n', 'b\t4\t6\t4\t5\n'],
  ['>a\nACGT\nAC\n\n>b x\nAC\nAC\n', 'a\t6\t3\t4\t5\nb\t4\t17\t2\t3\n'],
  ['>a\nAC\nACGT\n', undefined],
  ['>a\r\nACGT\r\nAC\r\n', 'a\t6\t4\t4\t6\n'],
  ['>a\nACGT\n>a\nAC\n', 'a\t4\t3\t4\t5\n'],
  ['>a\nACGT\n>b\n', undefined],
  ['ACGT\n', undefined],
  ['', undefined],
  ['>a\nAC\nA\nAC\n', undefined],
  ['>a\nAC GT\nACGTA\nAC', 'a\t11\t3\t4\t6\n'],
  ['> a b\nACGT\n\nACGT\n', undefined],
  ['>\nACGT\n', '\t4\t2\t4\t5\n'],
  ['>a\nACGT\n>', 'a\t4\t3\t4\t5\n'],
  ['>a\n\nACGT\n', undefined],
]

describe('buildFai', () => {
  it('indexes or refuses as samtools faidx 1.16.1 did (truth: its recorded output)', async () => {
    for (const [content, expected] of SAMTOOLS) {
      if (expected === undefined)
        await expect(built(content), JSON.stringify(content)).rejects.toMatchObject({ name: 'WorkbenchError', code: /bad-input|truncated/ }) // biome-ignore format: one line
      else expect(formatFai((await built(content)).entries), JSON.stringify(content)).toBe(expected)
    }
  })

  it('says what it left out and where a line is ragged', async () => {
    expect((await built('>a\nAC\n>a\nGT\n>c\n>d\nA\n')).warnings).toEqual([
      "'a' comes a second time; the first one is kept",
      "'c' has no sequence and is left out",
    ])
    await expect(built('>a\nAC\nACG\n')).rejects.toThrow(/line 3 .* longer/)
    await expect(built('>a\nACG\nAC\nACG\n')).rejects.toThrow(/line 4 .* shorter/)
    await expect(built('@r\nACG\n+\nIII\n')).rejects.toMatchObject({ code: 'wrong-type' })
  })

  it.skipIf(!hasSamtools)('equals samtools faidx byte for byte on random files (truth: samtools, live)', async () => {
    const next = random(5)
    const pieces = ['>a', '>b c', '>a', 'ACGT', 'ACGT', 'ACGT', 'AC', 'acgtn', 'A C', '\r', '', '@q', '>', ';x']
    let accepted = 0
    for (let i = 0; i < 150; i++) {
      const lines = Array.from({ length: 1 + next(7) }, () => pieces[next(i % 3 ? 8 : pieces.length)]!)
      const content = `>z\nACGT\n${lines.join(next(4) ? '\n' : '\r\n')}${next(2) ? '\n' : ''}`
      let theirs: string | undefined
      writeFileSync(at('s.fa'), content)
      try {
        samtools('faidx', at('s.fa'), '--fai-idx', at(`s${i}.fai`))
        theirs = readFileSync(at(`s${i}.fai`), 'utf8')
        accepted++
      } catch {
        theirs = undefined
      }
      const ours = await built(content).then(b => formatFai(b.entries), () => undefined) // biome-ignore format: one line
      expect(ours, JSON.stringify(content)).toBe(theirs)
    }
    expect(accepted).toBeGreaterThan(20)
  })

  it.skipIf(!hasSamtools)(
    'writes .fai and .gzi of a bgzip FASTA byte for byte as samtools (truth: samtools, live)',
    async () => {
      const next = random(7)
      const lines = Array.from({ length: 4000 }, () => Array.from({ length: 60 }, () => 'ACGTn'[next(5)]).join(''))
      for (const blockBytes of [500, 60_000]) {
        const packed = bgzip(
          `>one\n${lines.slice(0, 3000).join('\n')}\n>two x\n${lines.slice(3000).join('\n')}\n`,
          blockBytes,
        )
        writeFileSync(at('s.fa.gz'), packed)
        samtools('faidx', at('s.fa.gz'))
        const ours = await built(packed)
        expect(formatFai(ours.entries)).toBe(readFileSync(at('s.fa.gz.fai'), 'utf8'))
        expect(Buffer.from(formatGzi(ours.gzi!)).equals(readFileSync(at('s.fa.gz.gzi')))).toBe(true)
      }
    },
  )

  it('refuses gzip, and bgzip without its end', async () => {
    await expect(built(Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]))).rejects.toMatchObject({ code: 'unsupported' }) // biome-ignore format: one line
    const whole = bgzip('>a\nACGT\n')
    await expect(built(whole.subarray(0, whole.length - 28))).rejects.toMatchObject({ code: 'truncated' })
  })

  const shipped = ['bam/nucleus/ucsc.hg19.chr20.unittest.fasta.gz', 'bam/gviz/test.fa', 'cram/igvjs/hg19_test.fasta', 'apoe/APOE_gene_GRCh38_chr19_44905754-44909681.fa'] // biome-ignore format: one line
  it.skipIf(!sharedData(shipped[0]!))(
    'equals the indexes that came with real files (truth: their makers)',
    async () => {
      let compared = 0
      for (const name of shipped) {
        const path = sharedData(name)
        if (!path || !sharedData(`${name}.fai`)) continue
        const file = await openChecked(path)
        const ours = await buildFai(file, quietContext())
        await file.close()
        expect(formatFai(ours.entries)).toBe(readFileSync(`${path}.fai`, 'utf8'))
        if (ours.gzi) {
          // Older bgzip also listed the end-of-file block: our entries are its first ones.
          const theirs = parseGzi(readFileSync(`${path}.gzi`), `${path}.gzi`, file.size)
          expect(theirs.packed.subarray(0, ours.gzi.packed.length)).toEqual(ours.gzi.packed)
          expect(theirs.unpacked.subarray(0, ours.gzi.packed.length)).toEqual(ours.gzi.unpacked)
          expect(theirs.packed.length - ours.gzi.packed.length).toBeLessThanOrEqual(1)
        }
        compared++
      }
      expect(compared).toBeGreaterThanOrEqual(3)
    },
  )
})

describe('parseFai, parseGzi', () => {
  it('reads back what was written (truth: round trip)', () => {
    const entries = [{ name: 'a', length: 100, offset: 3, lineBases: 60, lineBytes: 61 }]
    expect(parseFai(formatFai(entries), 'x.fai')).toEqual(entries)
    const gzi = { packed: Float64Array.of(0, 30, 2 ** 40), unpacked: Float64Array.of(0, 65280, 2 ** 41) }
    expect(parseGzi(formatGzi(gzi), 'x.gzi', 2 ** 41)).toEqual(gzi)
  })

  it('refuses what cannot be true, naming the line', () => {
    const parse = (text: string) => () => parseFai(text, 'x.fai', 200)
    expect(parse('')).toThrow(/empty/)
    expect(parse('a\t1\t2\n')).toThrow(/line 1/)
    expect(parse('a\t1\t3\t60\t61\nb\tx\t3\t60\t61\n')).toThrow(/line 2/)
    expect(parse('a\t9\t3\t0\t1\n')).toThrow(/widths/)
    expect(parse('a\t500\t3\t60\t61\n')).toThrow(/beyond the end/)
    expect(() => parseGzi(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255), 'x.gzi', 9)).toThrow(/count/)
  })
})
