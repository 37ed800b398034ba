import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, describe, expect, it } from 'vitest'
import { SIMULATED_LABEL } from '../../../../src-shared/genome/risk.ts'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { quietContext } from '../../../../src-shared/job.ts'
import { runCommand } from '../../../../test-support/run-command.ts'
import { sharedData } from '../../../../test-support/shared-data.ts'
import { parseArguments } from '../arguments.ts'
import type { CliIo } from '../command.ts'
import { command as score } from './score.ts'
import { command as simulate } from './simulate.ts'

const root = resolve(import.meta.dirname, '../../../..')
const model = join(root, 'assets/models/apoe-risk-demo')
const demo = (name: string) => join(root, 'assets/demo', name)
const work = mkdtempSync(join(tmpdir(), 'diploscope-score-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

// Truth: the demo's people are e3/e3 and e3/e4 by construction; e4 raises the risk (odds ratio 3.2).
describe('score with the shipped model', () => {
  it('scores both demo samples, the carrier of e4 higher, and says what the model was trained on', async () => {
    const run = await runCommand(score, demo('synthetic-e3e3.bam'), demo('synthetic-e3e4.bam'), '--model', model, '--json') // biome-ignore format: one line
    expect(run.code).toBe(0)
    const [first, second] = JSON.parse(run.out)
    expect([first.genotype, second.genotype]).toEqual(['e3/e3', 'e3/e4'])
    expect(second.probability).toBeGreaterThan(first.probability + 0.1)
    expect(second.baseline.twoSnp).toBeGreaterThan(first.baseline.twoSnp)
    expect(second.baseline.logOddsRatio).toBeCloseTo(Math.log(3.2), 12)
    expect(second.evidence[0]).toMatchObject({ rank: 1, site: 'rs429358' })
    for (const s of [first, second]) {
      expect(s.model.name).toContain(SIMULATED_LABEL)
      expect(s.limits.join(' ')).toContain(SIMULATED_LABEL)
      expect(s.coverage.covered / s.coverage.positions).toBeGreaterThan(0.99)
    }
    const table = await runCommand(score, demo('synthetic-e3e4.bam'), '--model', model)
    expect(table.out).toContain(SIMULATED_LABEL)
    expect(table.out).toMatch(/Evidence\s+1\. chr19:44,908,684/)
  })

  const rna = sharedData('apoe/ENCSR653DFZ_rnaseq_APOE.GRCh38.bam')
  it.skipIf(!rna)('ends with 5 on reads of RNA, the genotype given all the same', async () => {
    const run = await runCommand(score, rna!, '--model', model, '--json')
    expect(run.code).toBe(5)
    expect(JSON.parse(run.out)).toMatchObject({ probability: null, noCall: { code: 'rna' } })
  })

  it('refuses what cannot be meant', async () => {
    await expect(runCommand(score, '--model', model)).rejects.toMatchObject({ code: 'wrong-usage' })
    await expect(runCommand(score, 'a.bam', '--samples', 's.tsv', '--model', model)).rejects.toMatchObject({ code: 'wrong-usage' }) // biome-ignore format: one line
    await expect(runCommand(score, demo('synthetic-e3e4.bam'), '--model', demo('.'))).rejects.toMatchObject({ code: 'not-found' }) // biome-ignore format: one line
    await expect(runCommand(score, demo('synthetic-e3e4.bam'), '--model', join(root, 'assets/models/demo-tracks'))).rejects.toMatchObject({ code: 'bad-model' }) // biome-ignore format: one line
    await expect(runCommand(score, demo('synthetic-e3e4.bam'), '--model', model, '--build', 'GRCh37')).rejects.toMatchObject({ code: 'build' }) // biome-ignore format: one line
  })
})

// Truth: the demo's file is there, the other is not: exit 3 is never without its line, and the table holds who could be scored.
it('says of a sheet with a row at fault that it is, after the others are in the table', async () => {
  const sheet = join(work, 'faulty.tsv')
  writeFileSync(sheet, `sample\tbam\nthere\t${demo('synthetic-e3e4.bam')}\ngone\t${join(work, 'gone.bam')}\n`)
  let table = ''
  const write = async (bytes: Uint8Array | string) => {
    table += bytes.toString()
  }
  const io: CliIo = { context: quietContext(), stdin: Readable.from([]), write, output: async (_path, produce) => produce(write), note() {}, quiet: true } // biome-ignore format: one line
  const call = score.run(parseArguments(score, ['--samples', sheet, '--model', model]), io)
  await expect(call).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(/^1 of the 2 samples .*gone\.bam/) }) // biome-ignore format: one line
  expect(table).toContain('\nthere\t')
})

// Truth: the sheet and labels that the simulation wrote.
it('simulates a cohort and scores it by its sheet', async () => {
  const out = join(work, 'cohort')
  const made = await runCommand(simulate, 'cohort', '--reference', demo('synthetic-chr19.fa.gz'), '--out', out, '--people', '6', '--depth', '8', '--seed', '2', '--region-flank', '3000', '--build', 'GRCh37', '--json') // biome-ignore format: one line
  expect(JSON.parse(made.out)).toMatchObject({ simulated: true, people: 6, cases: 3 })
  expect(existsSync(join(out, 'bam', 'SIM-000006.bam.bai'))).toBe(true)
  const run = await runCommand(score, '--samples', join(out, 'samples.tsv'), '--model', model, '--json')
  expect(run.code).toBe(0)
  const cohort = JSON.parse(run.out)
  const sheet = readFileSync(join(out, 'samples.tsv'), 'utf8').trim().split('\n').slice(1).map(l => l.split('\t')) // biome-ignore format: one line
  expect(cohort.rows.map((r: { sample: string; label: number; build: string }) => [r.sample, r.label, r.build])).toEqual(sheet.map(s => [s[0], Number(s[2]), 'GRCh37'])) // biome-ignore format: one line
  expect(cohort.metrics.model.n).toBe(6)
  const { metrics, paired } = cohort
  for (const baseline of ['two-snp', 'odds-ratio'] as const)
    expect([paired[baseline].aucA, paired[baseline].aucB]).toEqual([metrics.model.auc.auc, metrics[baseline].auc.auc])
  expect(cohort.cautions).toContain('3 cases; at least 10 of each class are needed')
  // A table that cannot be written costs no score: the next run takes them over, and only then they go.
  const table = join(work, 'table.tsv')
  const argv = ['--samples', join(out, 'samples.tsv'), '--model', model, '--out', table]
  const full = async () => {
    throw new WorkbenchError('no-space', 'no room', 'make some')
  }
  const io = { context: quietContext(), stdin: Readable.from([]), write: full, output: full, note() {}, quiet: false }
  await expect(score.run(parseArguments(score, argv), io)).rejects.toMatchObject({ code: 'no-space' })
  expect(existsSync(`${table}.unfinished`)).toBe(true)
  const again = await runCommand(score, ...argv)
  expect(again.notes.join()).toContain('6 samples (6 taken over from a run that was stopped)')
  expect(existsSync(`${table}.unfinished`)).toBe(false)
  // A folder without a sheet is the same people without labels; a folder with one is its sheet.
  const bare = await runCommand(score, join(out, 'bam'), '--model', model, '--json')
  const { rows, metrics: none, failures } = JSON.parse(bare.out)
  const unlabelled = (r: object) => ({ ...r, label: null })
  expect([rows, none, failures]).toEqual([cohort.rows.map(unlabelled), null, []])
  expect(JSON.parse((await runCommand(score, out, '--model', model, '--json')).out).rows).toEqual(cohort.rows)
  await expect(runCommand(score, out, demo('synthetic-e3e4.bam'), '--model', model)).rejects.toMatchObject({ code: 'wrong-usage' }) // biome-ignore format: one line
  await expect(runCommand(score, demo('.'), '--model', model, '--index', 'x.bai')).rejects.toMatchObject({ code: 'wrong-usage' }) // biome-ignore format: one line
  await expect(runCommand(simulate, 'cohort', '--reference', demo('synthetic-chr19.fa.gz'), '--out', out)).rejects.toMatchObject({ code: 'bad-input' }) // biome-ignore format: one line
  await expect(runCommand(simulate, 'reads', '--reference', 'x', '--out', out)).rejects.toMatchObject({ code: 'wrong-usage' }) // biome-ignore format: one line
})
