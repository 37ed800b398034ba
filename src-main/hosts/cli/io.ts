import { once } from 'node:events'
import { asWorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Progress } from '../../../src-shared/job.ts'
import { roughDuration } from '../../../src-shared/lab/costText.ts'
import { Pace } from '../../services/pace.ts'
import { openAtomic } from '../../storage/atomic.ts'
import type { CliIo } from './command.ts'

/** A line every few seconds when stderr is not a terminal; ten pictures a second when it is. */
const LINE_EVERY_MS = 3000
const BAR_EVERY_MS = 100

/** Prints on stderr how far the work is, and how long still: `scoring samples: 45 %, about 2 min left`, `lines: 1,462 in 3 s`. */
export function progressPrinter(
  stderr: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>,
  now: () => number,
): { report(p: Progress): void; end(): void } {
  const started = now()
  const pace = new Pace()
  let last = started
  let drawn = false
  return {
    report(p) {
      const t = now()
      const left = pace.left(p, t)
      if (t - last < (stderr.isTTY ? BAR_EVERY_MS : LINE_EVERY_MS)) return
      last = t
      const far = p.total > 0 ? shareText(p, left) : countText(p, (t - started) / 1000)
      if (stderr.isTTY) {
        const filled = p.total > 0 ? Math.round((24 * Math.min(p.done, p.total)) / p.total) : 0
        const bar = p.total > 0 ? ` [${'#'.repeat(filled).padEnd(24)}]` : ''
        stderr.write(`\r\x1b[K${p.phase}${bar} ${far}`)
        drawn = true
      } else stderr.write(`${p.phase}: ${far}\n`)
    },
    end() {
      if (drawn) stderr.write('\r\x1b[K')
      drawn = false
    },
  }
}

const shareText = ({ done, total }: Progress, left: number | undefined): string =>
  `${Math.min(100, Math.floor((100 * done) / total))} %${left === undefined || done >= total ? '' : `, about ${roughDuration(left)} left`}`

/** Without a total whole numbers count something; others are shares of an unknown whole, which tell nobody anything. */
const countText = ({ done }: Progress, seconds: number): string =>
  Number.isInteger(done) && done > 0 ? `${done.toLocaleString('en-US')} in ${roughDuration(seconds)}` : `${roughDuration(seconds)} so far` // biome-ignore format: one thought

/** A message can list hundreds of faults of one file. */
const MOST_CHARACTERS = 1000

/** For a line of stderr: names of files can hold line feeds, and sequences that command a terminal. */
export const oneLine = (text: string): string =>
  (text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text)
    .replace(/\s+/g, ' ')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\x00-\x1f\x7f-\x9f]/g, '\ufffd')
    .trim()

/** What becomes of an output that cannot be written to, and of a fault that nobody caught: never a stack. */
export function guardProcess(debug: boolean): void {
  const refuse = (error: unknown, code: number) => {
    const e = asWorkbenchError(error)
    process.stderr.write(`diploscope: ${e.code}: ${oneLine(e.message)} - ${oneLine(e.remedy)}\n`)
    if (debug) process.stderr.write(`${(error as Error | undefined)?.stack ?? String(error)}\n`)
    process.exit(code)
  }
  // `diploscope pileup … | head` closes the pipe early: that is the reader's right, not our fault.
  process.stdout.on('error', error => {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
    refuse(Object.assign(error, { path: 'standard output' }), 3)
  })
  process.stderr.on('error', () => undefined) // nobody is left to be told
  process.on('uncaughtException', error => refuse(error, 1))
}

/** The real process as a command sees it. */
export function processIo(signal: AbortSignal, quiet: boolean): CliIo & { end(): void } {
  const printer = progressPrinter(process.stderr, Date.now)
  const write = async (bytes: Uint8Array | string) => {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain', { signal })
  }
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
      if (!quiet) process.stderr.write(`${line.startsWith(' ') ? '  ' : ''}${oneLine(line)}\n`)
    },
    quiet,
    end: () => printer.end(),
  }
}
