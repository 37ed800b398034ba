import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { claimSession } from './sessionLock.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-lock-'))
  path = join(folder, 'session.lock')
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

/** A process that lives as long as this test: the one that started it. */
const OTHER = process.ppid

it('is had by one run at a time, and free after it', async () => {
  const first = await claimSession(path, OTHER)
  expect(first.taken).toBe(false)
  expect((await claimSession(path)).taken).toBe(true)
  await first.release()
  const second = await claimSession(path)
  expect(second.taken).toBe(false)
  await second.release()
  expect(await readdir(folder)).toEqual([])
})

it('is taken over from a run that is gone, that has not shown itself, or that left nonsense', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']) // ended by now
  for (const text of [String(pid), 'nonsense', '', '-1']) {
    await writeFile(path, text)
    const lock = await claimSession(path)
    expect(lock.taken).toBe(false)
    await lock.release()
  }
  await writeFile(path, String(OTHER))
  await utimes(path, 1, 1)
  expect((await claimSession(path)).taken).toBe(false)
})

it('is had by one of many that ask at once', async () => {
  const locks = await Promise.all([OTHER, 1].map(pid => claimSession(path, pid)))
  expect(locks.filter(l => !l.taken)).toHaveLength(1)
  for (const l of locks) await l.release()
})
