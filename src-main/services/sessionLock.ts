import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { asWorkbenchError } from '../../src-shared/ipc/errors.ts'

/** The owner of a session shows this often that it lives; after four times that it is taken for dead. */
const BEAT_MS = 15_000

export interface SessionLock {
  /** Another run of the program has the session now. */
  readonly taken: boolean
  release(): Promise<void>
}

/**
 * Claims `path` for this process: two runs that save into one session would overwrite each other's work. The lock of a process that
 * is gone, or has not shown itself for a minute (its number may be another's by now), is taken over.
 */
export async function claimSession(
  path: string,
  pid = process.pid,
  now: () => number = Date.now,
): Promise<SessionLock> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(path, String(pid), { flag: 'wx', mode: 0o600 })
      return held(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw asWorkbenchError(error)
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''))
    if (owner === pid) return held(path)
    if (await lives(path, owner, now())) return { taken: true, release: async () => {} }
    await rm(path, { force: true })
  }
  return { taken: true, release: async () => {} } // others claim it at this very moment
}

/** Whether a process that lives has claimed `path`, this one included. */
export async function isClaimed(path: string, now: () => number = Date.now): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return lives(path, Number(text), now())
}

async function lives(path: string, owner: number, now: number): Promise<boolean> {
  const beat = await stat(path).then(
    s => s.mtimeMs,
    () => 0,
  )
  return isAlive(owner) && now - beat < 4 * BEAT_MS
}

function held(path: string): SessionLock {
  const beat = setInterval(() => {
    const t = new Date()
    utimes(path, t, t).catch(() => undefined) // removed by hand: the next start takes it over
  }, BEAT_MS)
  beat.unref()
  return {
    taken: false,
    async release() {
      clearInterval(beat)
      await rm(path, { force: true })
    },
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
