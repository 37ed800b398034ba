import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cancelled, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { noPrinter, type PrintPdf } from '../../services/reportExport.ts'
import { killTree } from './appWindow.ts'
import { findBrowser, QUIET_FLAGS, rootFlags } from './browsers.ts'

const TIMEOUT_MS = 45_000

/**
 * Prints a self-contained HTML document to PDF with an installed Chromium-family browser in headless mode: offline, with a profile
 * that is thrown away, ended with all its processes when it lasts too long or the signal says so.
 * @throws WorkbenchError `engine-missing` (no browser, or it fails), `cancelled`
 */
export function chromiumPrinter(find: () => string | undefined = findBrowser, timeoutMs = TIMEOUT_MS): PrintPdf {
  return async (html, signal) => {
    throwIfCancelled(signal)
    const browser = find()
    if (!browser) throw noPrinter()
    const folder = await mkdtemp(join(tmpdir(), 'diploscope-pdf-'))
    try {
      const page = join(folder, 'report.html')
      const pdf = join(folder, 'report.pdf')
      await writeFile(page, html, { mode: 0o600 })
      await run(browser, printArguments(folder, page, pdf), signal, timeoutMs)
      const bytes = await readFile(pdf).catch(() => undefined)
      if (bytes?.subarray(0, 5).toString('latin1') !== '%PDF-') throw failed('it made no PDF')
      return new Uint8Array(bytes)
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
    }
  }
}

const printArguments = (folder: string, page: string, pdf: string): readonly string[] => [
  '--headless',
  ...QUIET_FLAGS,
  ...rootFlags(),
  '--disable-gpu',
  '--disable-dev-shm-usage',
  // Whatever the document names outside of itself leads nowhere.
  '--host-resolver-rules=MAP * ~NOTFOUND',
  '--proxy-server=http://127.0.0.1:9',
  '--proxy-bypass-list=<-loopback>',
  `--user-data-dir=${join(folder, 'profile')}`,
  '--no-pdf-header-footer',
  `--print-to-pdf=${pdf}`,
  pathToFileURL(page).href,
]

const failed = (why: string) =>
  new WorkbenchError('engine-missing', `the browser could not print the PDF: ${why}`, 'export HTML and print it from any browser') // biome-ignore format: one sentence

function run(browser: string, args: readonly string[], signal: AbortSignal, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(browser, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: process.platform !== 'win32' })
    let errors = ''
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (text: string) => {
      errors = (errors + text).slice(-2000)
    })
    const end = (settle: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      process.removeListener('exit', kill)
      kill()
      settle()
    }
    const kill = () => killTree(child, 'SIGKILL')
    const stop = () => end(() => reject(cancelled()))
    const timer = setTimeout(() => end(() => reject(failed(`it took over ${timeoutMs / 1000} s`))), timeoutMs)
    signal.addEventListener('abort', stop, { once: true })
    process.once('exit', kill)
    child.on('error', error => end(() => reject(failed(error.message))))
    child.on('exit', code => {
      const last = errors.trim().split('\n').at(-1)?.slice(0, 200) ?? ''
      end(() => (code === 0 ? resolve() : reject(failed(last || `exit ${code}`))))
    })
  })
}
