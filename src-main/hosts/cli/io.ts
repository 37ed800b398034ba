import { once } from 'node:events'
import { asWorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Progress } from '../../../src-shared/job.ts'
import { openAtomic } from '../../storage/atomic.ts'
import type { CliIo } from './command.ts'

/** A line every few seconds when stderr is not a terminal; ten pictures a second when it is. */
const LINE_EVERY_MS = 3000
const BAR_EVERY_MS = 100

/** Prints progress with rate and time left on stderr. */
export function progressPrinter(
  stderr: NodeJS.WriteStream,
  now: () => number,
): { report(p: Progress): void; end(): void } {
  const started = now()
  let last = started
  let drawn = false
  return {
    report(p) {
      const t = now()
      if (t - last < (stderr.isTTY ? BAR_EVERY_MS : LINE_EVERY_MS)) return
      last = t
      const seconds = (t - started) / 1000
      const rate = p.done / seconds
      const left = p.total > 0 && rate > 0 ? `${Math.max(0, (p.total - p.done) / rate).toFixed(0)} s left` : ''
      const share =
        p.total > 0
          ? `${Math.min(100, (100 * p.done) / p.total)
              .toFixed(0)
              .padStart(3)} %`
          : `${p.done}`
      if (stderr.isTTY) {
        const filled = p.total > 0 ? Math.round((24 * Math.min(p.done, p.total)) / p.total) : 0
        stderr.write(`\r\x1b[K${p.phase} [${'#'.repeat(filled).padEnd(24)}] ${share} ${rate.toFixed(0)}/s ${left}`)
        drawn = true
      } else stderr.write(`${p.phase}: ${share} ${rate.toFixed(0)}/s ${left}\n`)
    },
    end() {
      if (drawn) stderr.write('\r\x1b[K')
      drawn = false
    },
  }
}

/** The real process as a command sees it. */
export function processIo(signal: AbortSignal, quiet: boolean): CliIo & { end(): void } {
  const printer = progressPrinter(process.stderr, Date.now)
  const write = async (bytes: Uint8Array | string) => {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain', { signal })
  }
  // `diploscope pileup … | head` closes the pipe early: that is the reader's right, not our fault.
  process.stdout.on('error', error => {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
    const e = asWorkbenchError(Object.assign(error, { path: 'standard output' }))
    process.stderr.write(`diploscope: ${e.code}: ${e.message} - ${e.remedy}\n`)
    process.exit(3)
  })
  return {
    context: { signal, report: p => { if (!quiet) printer.report(p) } }, // biome-ignore format: one line
    stdin: process.stdin,
    write,
    async output(path, produce) {
      // Under this name our own stdout may be a pipe, which cannot be renamed onto.
      if (path === undefined || path === '/dev/stdout') return produce(write)
      const file = await openAtomic(path)
      try {
        await produce(bytes => file.write(bytes))
        await file.commit()
      } finally {
        await file.abandon()
      }
    },
    note(line) {
      if (!quiet) process.stderr.write(`${line}\n`)
    },
    quiet,
    end: () => printer.end(),
  }
}
