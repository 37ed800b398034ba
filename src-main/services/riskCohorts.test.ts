import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RiskCohortRow } from '../../src-shared/genome/risk.ts'
import { type JobSnapshot, quietContext } from '../../src-shared/job.ts'
import { probeFile } from '../readers/probe.ts'
import type { JobPlan } from './jobs.ts'
import { type PlanJob, unplanned } from './planner/jobPlanning.ts'
import { noRates } from './planner/jobRates.ts'
import { fileState, openJournal } from './risk/cohortJournal.ts'
import { createRiskCohorts, meantSheet, type RiskCohortsParts, tidy } from './riskCohorts.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-cohorts-'))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

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

/** Cohorts over a sheet of four files, with models that are only named and jobs that never begin. */
async function cohortsOf(name: string, plan: PlanJob = unplanned) {
  const sheet = join(folder, `${name}.tsv`)
  const results = join(folder, `${name}-results`)
  await mkdir(results)
  const samples = ['A', 'B', 'C', 'D'].map(s => ({ sample: s, path: join(folder, `${name}-${s}.bam`) }))
  for (const { path } of samples) await writeFile(path, 'reads')
  await writeFile(
    sheet,
    `sample\tbam\tlabel\n${samples.map((s, i) => `${s.sample}\t${s.path}\t${i % 2}`).join('\n')}\n`,
  )
  const started: JobSnapshot[] = []
  const model = (id: string) => ({ json: { name: id }, facts: { threshold: 0.5, trainedOnSimulated: false }, trainedPeople: { unknown: [] }, summary: { id, name: id } }) // biome-ignore format: one line
  const cohorts = createRiskCohorts({
    files: { use: async () => ({ role: 'cohort', path: sheet }) },
    jobs: {
      list: () => started,
      get: (id: string) => started.find(j => j.id === id),
      start: ({ kind, title }: JobPlan) => {
        started.push({ id: `job ${started.length}`, kind, title } as JobSnapshot)
        return started.at(-1)
      },
    },
    open: { with: (id: string, _context: unknown, work: (kept: object) => unknown) => work({ key: id, model: model(id) }) }, // biome-ignore format: one line
    folder: results,
    plan,
    rates: noRates,
    now: () => 0,
  } as unknown as RiskCohortsParts)
  const journalOf = (modelFileId: string) => join(results, `${createHash('sha256').update(JSON.stringify([sheet, modelFileId])).digest('hex').slice(0, 32)}.journal`) // biome-ignore format: one line
  return { cohorts, samples, started, journalOf }
}

describe('scores of a cohort', () => {
  it.each([false, true])('asked for twice at once run once (again: %s)', async again => {
    const { cohorts, started } = await cohortsOf(`twice-${again}`)
    const ask = () => cohorts.start({ fileId: 'f', modelFileId: 'm' }, again, quietContext())
    const [one, two, three] = await Promise.all([ask(), ask(), ask()])
    expect(started).toHaveLength(1)
    expect([two.id, three.id]).toEqual([one.id, one.id])
  })

  // Truth: a rejection that nobody handles ends a process; of the calls that come late nothing is planned.
  it('begin where their planner fails', async () => {
    let asked = 0
    const failing: PlanJob = async () => ({
      async cost() {
        asked++
        throw new Error('the computing process ended')
      },
      peakBytes: async () => undefined,
    })
    const unhandled: unknown[] = []
    const note = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      const { cohorts, started } = await cohortsOf('planner-fails', failing)
      const ask = () => cohorts.start({ fileId: 'f', modelFileId: 'm' }, false, quietContext())
      await Promise.all([ask(), ask()])
      expect([started.length, asked]).toEqual([1, 1])
      await new Promise(resolve => setImmediate(resolve))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  // Truth: the scores that were written; B was scored by the first model before its file changed, by the second after.
  it('of two models are of the same files', async () => {
    const { cohorts, samples, journalOf } = await cohortsOf('stale')
    const score = async (modelFileId: string, of: readonly number[]) => {
      const journal = await openJournal(journalOf(modelFileId), 'any')
      for (const [i, { sample, path }] of samples.entries()) {
        const row = { sample, path, label: null, probability: of[i]!, twoSnp: null, logOddsRatio: null } as unknown as RiskCohortRow // biome-ignore format: one line
        await journal.add(sample, { path, state: await fileState(path), row })
      }
    }
    await score('first', [0.1, 0.2, 0.3, 0.4])
    await writeFile(samples[1]!.path, 'other reads')
    await score('second', [0.5, 0.6, 0.7, 0.8])
    const compared = await cohorts.compare({ fileId: 'f', modelFileId: 'first' }, 'second', quietContext())
    expect(compared).toMatchObject({ people: 3, changed: 1, samples: ['A', 'C', 'D'], onlyA: 0, onlyB: 0 })
    expect([...compared.scoresA, ...compared.scoresB]).toEqual([0.1, 0.3, 0.4, 0.5, 0.7, 0.8])
  })

  it('are kept for the forty newest, beside what is being scored and what never ended', async () => {
    const results = join(folder, 'forty')
    await mkdir(results)
    for (let i = 0; i < 43; i++)
      for (const end of ['json', 'journal']) {
        await writeFile(join(results, `k${i}.${end}`), '')
        await utimes(join(results, `k${i}.${end}`), i + 1, i + 1)
      }
    await writeFile(join(results, 'open.journal'), '')
    await tidy(results, key => key === 'k0')
    const gone = ['k1', 'k2']
    const left = await readdir(results)
    for (let i = 0; i < 43; i++) expect(left.filter(n => n.startsWith(`k${i}.`)).length).toBe(gone.includes(`k${i}`) ? 0 : 2) // biome-ignore format: one line
    expect(left).toContain('open.journal')
  })
})
