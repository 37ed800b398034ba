import { appendFile, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RiskCohortRow, RiskSheetRow } from '../../../src-shared/genome/risk.ts'
import { changedSince, entryNow, fileState, type JournalEntry, openJournal, readJournal } from './cohortJournal.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-journal-'))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

const row = (sample: string, probability: number) => ({ sample, probability, label: null }) as RiskCohortRow
const entry = (sample: string, probability: number): JournalEntry => ({ path: `${sample}.bam`, state: 's', row: row(sample, probability) }) // biome-ignore format: one line
const line = (sample: string, e: JournalEntry) => JSON.stringify([sample, e])

// Truth: the lines that were written.
describe('the journal of a cohort', () => {
  it('keeps whole lines, the last of each sample, and leaves out the line that a kill cut off', async () => {
    const path = join(folder, 'a.journal')
    const failure: JournalEntry = { path: 'B.bam', state: 's', failure: { line: 3, sample: 'B', code: 'corrupt', message: 'broken' } } // biome-ignore format: one line
    const lines = ['model', line('A', entry('A', 0.1)), line('B', failure), line('A', entry('A', 0.2)), line('C', entry('C', 0.3)).slice(0, 20)] // biome-ignore format: one line
    await writeFile(path, lines.join('\n'))
    const left = await readJournal(path)
    expect([...left.keys()]).toEqual(['A', 'B'])
    expect(left.get('A')).toEqual(entry('A', 0.2))
    expect((await readJournal(join(folder, 'absent'))).size).toBe(0)
  })

  it('is gone on with under the same model, and begun anew under another', async () => {
    const path = join(folder, 'b.journal')
    const first = await openJournal(path, 'model 1')
    await first.add('A', entry('A', 0.1))
    await appendFile(path, '["B",{"pa') // killed
    const again = await openJournal(path, 'model 1')
    expect([...again.known.keys()]).toEqual(['A'])
    await again.add('B', entry('B', 0.4))
    expect((await readFile(path, 'utf8')).trim().split('\n')).toEqual(['model 1', line('A', entry('A', 0.1)), line('B', entry('B', 0.4))]) // biome-ignore format: one line
    expect((await openJournal(path, 'model 2')).known.size).toBe(0)
    expect((await readJournal(path)).size).toBe(0)
  })

  it('gives an entry the label and line of the sheet as it is now, and none to a sample of another file', () => {
    const sheet: RiskSheetRow = { line: 7, sample: 'A', path: 'A.bam', label: 1, covariates: {} }
    expect(entryNow(entry('A', 0.1), sheet)?.row).toMatchObject({ label: 1, probability: 0.1 })
    const failed: JournalEntry = { path: 'A.bam', state: 's', failure: { line: 2, sample: 'A', code: 'corrupt', message: 'x' } } // biome-ignore format: one line
    expect(entryNow(failed, sheet)?.failure?.line).toBe(7)
    expect(entryNow(entry('A', 0.1), { ...sheet, path: 'other.bam' })).toBeUndefined()
    expect(entryNow(undefined, sheet)).toBeUndefined()
  })

  it('knows which files changed, were touched or vanished since; others are as they were', async () => {
    const names = ['same', 'longer', 'touched', 'gone', 'new']
    const rows = names.map((sample, i): RiskSheetRow => ({ line: i + 2, sample, path: join(folder, `${sample}.bam`), label: null, covariates: {} })) // biome-ignore format: one line
    for (const r of rows) await writeFile(r.path, 'reads')
    const entries = new Map<string, JournalEntry>()
    for (const r of rows.slice(0, 4)) entries.set(r.sample, { path: r.path, state: await fileState(r.path), row: row(r.sample, 0.5) }) // biome-ignore format: one line
    expect(await changedSince(entries, rows)).toEqual([])
    await appendFile(join(folder, 'longer.bam'), 'more')
    await utimes(join(folder, 'touched.bam'), new Date(), new Date(Date.now() + 5000))
    await rm(join(folder, 'gone.bam'))
    expect(await changedSince(entries, rows)).toEqual(['longer', 'touched', 'gone'])
  })
})
