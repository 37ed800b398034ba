import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { freemem, totalmem } from 'node:os'

/** What stays free for the rest of the machine whatever a point takes. */
export const reserveBytes = (machineBytes: number = totalmem()): number => Math.max(0.5e9, 0.1 * machineBytes)

/** What programs can get now without others losing theirs. */
export const availableBytes = (): number => process.availableMemory?.() ?? freemem()

/** How often a compute process is looked at: a run-away allocation of 2 GB/s overshoots by half a gigabyte. */
export const WATCH_MS = 250

/** Resident bytes of another process; undefined where it is gone or the system does not tell cheaply (Windows). */
export async function residentBytes(pid: number): Promise<number | undefined> {
  if (process.platform === 'linux') {
    const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined)
    const kilobytes = text && /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]
    return kilobytes ? Number(kilobytes) * 1024 : undefined
  }
  if (process.platform === 'win32') return undefined
  return new Promise(resolve =>
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, stdout) => {
      const kilobytes = Number.parseInt(stdout, 10)
      resolve(error || !Number.isFinite(kilobytes) ? undefined : kilobytes * 1024)
    }),
  )
}
