import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openAtomic } from '../storage/atomic.ts'
import { prepareDataDir } from './dataDir.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'diploscope-data-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

it('removes what a write that was killed left behind, and nothing else', async () => {
  // A write that is never finished is what a kill leaves.
  const unfinished = await openAtomic(join(folder, 'session.diploscope.json'))
  await unfinished.write('half')
  const [left] = readdirSync(folder)
  const aged = (name: string) => {
    const hoursAgo = Date.now() / 1000 - 7200
    utimesSync(join(folder, name), hoursAgo, hoursAgo)
  }
  for (const name of ['jobs.json', '.hidden', 'my.part']) writeFileSync(join(folder, name), '')
  await prepareDataDir(folder)
  expect(readdirSync(folder)).toContain(left) // young: another window may be writing it
  for (const name of readdirSync(folder)) aged(name)
  await prepareDataDir(folder)
  expect(readdirSync(folder).sort()).toEqual(['.hidden', 'jobs.json', 'my.part'])
  await unfinished.abandon()
})
