import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { probeFile } from '../../readers/probe.ts'
import { folderSheet, sheetToFillIn } from './folderSheet.ts'
import { parseSampleSheet, readSampleSheet } from './sampleSheet.ts'

const demo = (name: string) => resolve(import.meta.dirname, '../../../assets/demo', name)
const work = mkdtempSync(join(tmpdir(), 'diploscope-folder-'))
const folder = join(work, 'reads')
const put = (from: string, to: string, index = true) => {
  copyFileSync(demo(from), join(folder, to))
  if (index) copyFileSync(demo(`${from}.bai`), join(folder, `${to}.bai`))
}
beforeAll(() => {
  mkdirSync(join(folder, 'below'), { recursive: true })
  put('synthetic-e3e3.bam', 's2.bam')
  put('synthetic-e3e4.bam', 's10.bam')
  put('synthetic-e3e4.bam', 's11.bam')
  put('synthetic-e3e4.bam', 'bare.bam', false)
  writeFileSync(join(folder, 'broken.bam'), 'no BAM')
  writeFileSync(join(folder, 'notes.txt'), 'x')
})
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

// Truth: the files as they were put there; the names in the demo's read groups.
describe('a folder of alignment files as a cohort', () => {
  it('has a row a file, by name, under the name of the read groups, without labels; nothing is written into it', async () => {
    const before = readdirSync(folder).sort()
    const sheet = await folderSheet([folder])
    expect(sheet.rows.map(r => [r.line, r.sample, r.path, r.label])).toEqual([
      [0, 'SYN-E3E3', join(folder, 's2.bam'), null],
      [0, 'SYN-E3E4', join(folder, 's10.bam'), null],
    ])
    expect(sheet.cautions).toEqual([])
    expect(readdirSync(folder).sort()).toEqual(before)
    expect(await readSampleSheet(folder)).toEqual(sheet)
  })

  it('lists what cannot be used, each with its file and the way out', async () => {
    const { problems } = await folderSheet([folder])
    expect(problems.map(p => [p.line, p.sample, p.code])).toEqual([
      [0, 'SYN-E3E4', 'no-index'],
      [0, 'broken', 'wrong-type'],
      [0, 'SYN-E3E4', 'bad-input'],
    ])
    expect(problems[0]!.message).toMatch(/bare\.bam' has no index: open the file and build it, or run samtools index/)
    expect(problems[2]!.message).toBe(`'${join(folder, 's11.bam')}' is of sample 'SYN-E3E4', as '${join(folder, 's10.bam')}' is already; save a sheet and give each a name of its own`) // biome-ignore format: one line
  })

  it('becomes a sheet to fill in, which is read as the same people', async () => {
    const sheet = await folderSheet([folder])
    const text = sheetToFillIn(sheet, 'reads')
    const again = parseSampleSheet(text, join(work, 'elsewhere.tsv'))
    expect(again.rows.map(r => [r.sample, r.path, r.label])).toEqual(sheet.rows.map(r => [r.sample, r.path, null]))
    expect(text).toContain('## left out: broken: wrong-type')
  })

  it('is a cohort for the file registry, synthetic where its files say so; another folder is not', async () => {
    expect(await probeFile(folder)).toMatchObject({ kind: 'samples', index: 'not-needed', synthetic: true })
    await expect(probeFile(join(folder, 'below'))).rejects.toMatchObject({ code: 'wrong-type', message: expect.stringMatching(/without BAM or CRAM/) }) // biome-ignore format: one line
    await expect(folderSheet([join(folder, 'below')])).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/no BAM or CRAM file/) }) // biome-ignore format: one line
    await expect(folderSheet([join(work, 'gone')])).rejects.toMatchObject({ code: 'not-found' })
  })

  it('says when an index is older than its file', async () => {
    const later = new Date(Date.now() + 60_000)
    utimesSync(join(folder, 's2.bam'), later, later)
    const { problems } = await folderSheet([folder])
    expect(problems.find(p => p.sample === 'SYN-E3E3')).toMatchObject({ code: 'bad-index', message: expect.stringMatching(/s2\.bam\.bai' is stale/) }) // biome-ignore format: one line
  })
})
