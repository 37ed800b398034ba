import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { COHORT_DEFAULTS } from '../../domain/cohort/cohort.ts'
import { simulatedPeople } from './people.ts'
import { sheetPeople } from './sheetPeople.ts'
import { simulateCohort } from './simulateCohort.ts'

const reference = resolve(import.meta.dirname, '../../../assets/demo/synthetic-chr19.fa.gz')
const work = mkdtempSync(join(tmpdir(), 'diploscope-sheet-'))
const spec = { ...COHORT_DEFAULTS, seed: 4, people: 20, depth: 6, regionFlankBp: 50 }
const folder = join(work, 'people')
const sheet = join(folder, 'samples.tsv')
beforeAll(async () => {
  await simulateCohort({ spec, reference, haplotypes: undefined, out: folder, build: 'GRCh38', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
  await simulateCohort({ spec: { ...spec, people: 1, depth: 12 }, reference, haplotypes: undefined, out: join(work, 'other'), build: 'GRCh37', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
})
afterAll(() => rmSync(work, { recursive: true, force: true }))
const read = (path: string) => sheetPeople({ sheet: path, reference, simulated: true, depth: '6' }, 50, 'robust', quietContext()) // biome-ignore format: one line
const changed = (line: string) => {
  const path = join(folder, `changed-${Math.random().toString(36).slice(2)}.tsv`)
  writeFileSync(path, `${readFileSync(sheet, 'utf8').trimEnd()}\n${line}\n`)
  return path
}

// Truth: the same people simulated without files.
it('reads the people of a sheet from their BAMs as they were simulated', async () => {
  const [fromFiles, direct] = [await read(sheet), await simulatedPeople({ spec, reference, haplotypes: undefined }, 50, 'robust', quietContext())] // biome-ignore format: one line
  expect(fromFiles.texts).toEqual(direct.texts)
  expect([fromFiles.names, fromFiles.labels, fromFiles.reference]).toEqual([
    direct.names,
    direct.labels,
    direct.reference,
  ])
})

it('names the row that cannot be trained on', async () => {
  writeFileSync(join(folder, 'broken.bam'), 'no BAM')
  await expect(read(changed('x\tbroken.bam\t1'))).rejects.toMatchObject({
    message: expect.stringMatching(/line 22 .*'x'/),
  })
  await expect(read(changed(`y\t${join(work, 'other/bam/SIM-000001.bam')}\t1`))).rejects.toMatchObject({ code: 'build', message: expect.stringMatching(/line 22 .*GRCh37/) }) // biome-ignore format: one line
  await expect(read(changed('z\tgone.bam\t1'))).rejects.toMatchObject({ code: 'not-found', message: expect.stringMatching(/line 22/) }) // biome-ignore format: one line
  const few = join(folder, 'few.tsv')
  writeFileSync(few, readFileSync(sheet, 'utf8').split('\n').slice(0, 8).join('\n'))
  await expect(read(few)).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/at least 10 of each class/) }) // biome-ignore format: one line
})
