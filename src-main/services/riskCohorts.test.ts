import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { probeFile } from '../readers/probe.ts'
import { meantSheet } from './riskCohorts.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-cohorts-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const written = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

describe('what a sample sheet is (truth: what was written)', () => {
  it.each([
    ['plain.tsv', 'sample\tbam\tlabel\nA\ta.bam\t1\n', false],
    ['hash.tsv', '##made=by hand\n#Sample\tlabel\tpath\r\nA\t1\ta.bam\r\n', false],
    ['cram.tsv', 'cram\tsample\na.cram\tA\n', false],
    ['simulated.tsv', 'sample\tbam\tsource\nA\ta.bam\tsimulated\n', true],
  ])('%s', async (name, text, synthetic) => {
    expect(await probeFile(await written(name, text))).toMatchObject({
      kind: 'samples',
      synthetic,
      index: 'not-needed',
    })
  })

  it('is not taken from a table without a column of files, nor from BED and VCF', async () => {
    await expect(probeFile(await written('none.tsv', 'sample\tlabel\nA\t1\n'))).rejects.toMatchObject({ code: 'wrong-type' }) // biome-ignore format: one line
    expect(await probeFile(await written('a.bed', 'chr1\t0\t100\tsample\n'))).toMatchObject({ kind: 'genes' })
    const vcf = '##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tsample\tbam\n'
    expect(await probeFile(await written('a.vcf', vcf))).toMatchObject({ kind: 'vcf' })
  })

  it('is meant by a folder that holds samples.tsv, and by nothing else', async () => {
    const cohort = join(folder, 'cohort')
    await mkdir(cohort)
    expect(await meantSheet(cohort)).toBe(cohort)
    await writeFile(join(cohort, 'samples.tsv'), 'sample\tbam\nA\ta.bam\n')
    expect(await meantSheet(cohort)).toBe(join(cohort, 'samples.tsv'))
    expect(await meantSheet(join(folder, 'plain.tsv'))).toBe(join(folder, 'plain.tsv'))
  })
})
