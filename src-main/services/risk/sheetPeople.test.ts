import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { sharedData } from '../../../test-support/shared-data.ts'
import { COHORT_DEFAULTS } from '../../domain/cohort/cohort.ts'
import { simulatedPeople } from './people.ts'
import { sheetPeople } from './sheetPeople.ts'
import { simulateCohort } from './simulateCohort.ts'

const reference = resolve(import.meta.dirname, '../../../assets/demo/synthetic-chr19.fa.gz')
const work = mkdtempSync(join(tmpdir(), 'diploscope-sheet-'))
const spec = { ...COHORT_DEFAULTS, seed: 4, people: 20, depth: 6, regionFlankBp: 50, flankEffects: 4, effectFlankBp: 50, flankEffectOdds: 1.7 } // biome-ignore format: one line
const folder = join(work, 'people')
const sheet = join(folder, 'samples.tsv')
beforeAll(async () => {
  await simulateCohort({ spec, reference, haplotypes: undefined, out: folder, build: 'GRCh38', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
  await simulateCohort({ spec: { ...spec, people: 1, depth: 12 }, reference, haplotypes: undefined, out: join(work, 'other'), build: 'GRCh37', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
})
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))
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

// Truth: the liability from which the same people were drawn.
it('knows the true liability of simulated people from the files beside the sheet, and of nobody else', async () => {
  const [fromFiles, direct] = [await read(sheet), await simulatedPeople({ spec, reference, haplotypes: undefined }, 50, 'robust', quietContext())] // biome-ignore format: one line
  expect(fromFiles.truth?.genotypes).toEqual(direct.truth!.genotypes)
  for (const [i, l] of direct.truth!.logOdds.entries()) expect(fromFiles.truth!.logOdds[i]).toBeCloseTo(l, 4)
  expect(fromFiles.truth).toMatchObject({ optimalAuc: direct.truth!.optimalAuc, prevalence: direct.truth!.prevalence, causalSites: direct.truth!.causalSites }) // biome-ignore format: one line
  const unsaid = changed('')
  writeFileSync(unsaid, readFileSync(sheet, 'utf8').replaceAll('\te3/e3\t', '\t.\t'))
  expect((await read(unsaid)).truth).toBeUndefined()
})

it('calls people simulated of whom the files say so, whatever the recipe says', async () => {
  const claimed = await sheetPeople({ sheet, reference, simulated: false, depth: '6' }, 50, 'robust', quietContext())
  expect(claimed.simulated).toBe(true)
})

it('does not read again who was read before a stop, but reads a file that changed', async () => {
  const journal = join(work, 'people.journal')
  const at = (progress: number[], stopAt: number) => {
    const stop = new AbortController()
    const context = { signal: stop.signal, report: ({ done }: { done: number }) => { progress.push(done); if (done >= stopAt) stop.abort() } } // biome-ignore format: one line
    return sheetPeople({ sheet, reference, simulated: true, depth: '6' }, 50, 'robust', context, journal)
  }
  await expect(at([], 7)).rejects.toMatchObject({ code: 'cancelled' })
  const before = readFileSync(journal, 'utf8').trimEnd().split('\n')
  expect(before.length).toBe(1 + 7)
  appendFileSync(journal, '["cut off by a ki')
  const touched = join(folder, 'bam', 'SIM-000003.bam')
  utimesSync(touched, new Date(1e12), new Date(1e12))
  const { ino } = statSync(journal)
  const whole = await at([], Number.POSITIVE_INFINITY)
  // Taken over whole or not at all: another file under the name, closed to others as before.
  const { ino: now, mode } = statSync(journal)
  expect(now).not.toBe(ino)
  expect(mode & 0o777).toBe(0o600)
  expect(whole.texts).toEqual((await read(sheet)).texts)
  // Seven from before, thirteen others, and the one whose file changed once more.
  expect(readFileSync(journal, 'utf8').trimEnd().split('\n').length).toBe(1 + 7 + 13 + 1)
})

const rna = sharedData('apoe/ENCSR653DFZ_rnaseq_APOE.GRCh38.bam')
it.skipIf(!rna)('names the row of reads of RNA', async () => {
  await expect(read(changed(`r\t${rna}\t1`))).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/line 22 .*'r': .*reads of RNA/) }) // biome-ignore format: one line
})

it('refuses one person under two names', async () => {
  for (const end of ['', '.bai']) copyFileSync(join(folder, `bam/SIM-000003.bam${end}`), join(folder, `twin.bam${end}`))
  await expect(read(changed('twin\ttwin.bam\t1'))).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/line 22 .*'twin': .*'SIM-000003'.*\(line 4\).*the same person twice/) }) // biome-ignore format: one line
})

// Truth: the people as they were read, but for what the header of one says of its reads.
it('does not call people simulated because some of the files say so', async () => {
  const journal = join(work, 'mixed', 'people.journal')
  const of = (simulated: boolean) => sheetPeople({ sheet, reference, simulated, depth: '6' }, 50, 'robust', quietContext(), journal) // biome-ignore format: one line
  await of(false)
  const lines = readFileSync(journal, 'utf8').split('\n')
  writeFileSync(journal, lines.map((l, i) => (i === 5 ? l.replace('"synthetic":true', '"synthetic":false') : l)).join('\n')) // biome-ignore format: one line
  await expect(of(false)).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/line 6 .*'SIM-000005': its header does not say that its reads are synthetic/) }) // biome-ignore format: one line
  expect((await of(true)).simulated).toBe(true)
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
