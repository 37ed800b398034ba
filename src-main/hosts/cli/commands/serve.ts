import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { asWorkbenchError, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { defaultDataDir } from '../../../services/dataDir.ts'
import { createServices } from '../../../services/services.ts'
import { isLoopback } from '../../headless/access.ts'
import { openAppWindow } from '../../headless/appWindow.ts'
import { findBrowser } from '../../headless/browsers.ts'
import { chromiumPrinter } from '../../headless/printPdf.ts'
import { startHeadless } from '../../headless/server.ts'
import { type CliCommand, EXIT, type ParsedArgs } from '../command.ts'
import { programRoot, shippedRecipesDir } from '../programRoot.ts'

/** SIGTERM to exit, whatever hangs. */
const EXIT_WITHIN_MS = 4_500

async function existing(path: string): Promise<string> {
  try {
    await stat(path)
  } catch (error) {
    throw asWorkbenchError(error)
  }
  return resolve(path)
}

function checkedHost(args: ParsedArgs, note: (line: string) => void): string {
  const host = args.text('host') ?? '127.0.0.1'
  if (isLoopback(host)) return host
  if (!args.flag('i-know-this-is-not-private'))
    throw new WorkbenchError('wrong-usage', `--host ${host} lets other machines reach the workbench, without encryption`, 'use 127.0.0.1 and an ssh tunnel, or add --i-know-this-is-not-private') // biome-ignore format: one sentence
  note(`Warning: other machines can reach the workbench at ${host}, and what is sent is not encrypted.`)
  return host
}

/** A log may be sent to others: what is quoted, and whatever looks like a path, stays out of it. */
export const withoutNames = (message: string): string =>
  message
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/'[^']*'|"[^"]*"/g, "'…'")
    .replaceAll(/(?:[A-Za-z]:)?[\\/][^\s:,]+/g, '…')

export const command: CliCommand = {
  name: 'serve',
  summary: 'Serves the workbench to a browser on this machine, until it is stopped.',
  usage: '[FILE…] [--port N] [--host 127.0.0.1] [--open] [--project FILE]',
  options: {
    port: { value: 'N', help: 'port to listen on (default: any free one)' },
    host: { value: 'ADDRESS', help: 'address to listen on (default: 127.0.0.1)' },
    'i-know-this-is-not-private': { help: 'allow an address that other machines can reach' },
    open: { help: 'open the workbench as a window of an installed Chromium-family browser' },
    project: { value: 'FILE', help: 'open this project file instead of the last session' },
    root: { value: 'DIR', help: 'another folder that may be browsed (default: home and the working folder)' },
  },
  notes:
    'The first line on stdout is {"url": …, "pid": …}. Whoever has the url may read the files that are opened.\n' +
    'DIPLOSCOPE_DATA_DIR: where sessions, uploads and job lists are kept.',
  async run(args, io) {
    const port = args.integer('port', 0, { min: 0, max: 65_535 })
    const threads = args.text('threads') === undefined ? undefined : args.integer('threads', 1, { min: 1, max: 1024 })
    const host = checkedHost(args, io.note)
    const files = await Promise.all(args.positionals.map(existing))
    const project = args.text('project')
    const projectFile = project === undefined ? undefined : await existing(project)
    const more = args.text('root')
    const program = programRoot()
    const dataDir = defaultDataDir()
    const fault = (error: unknown, where: string) => {
      const e = asWorkbenchError(error)
      process.stderr.write(
        `diploscope: ${e.code}: ${where}: ${withoutNames(e.message)} - run with --debug to see more\n`,
      )
      if (args.flag('debug')) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    }

    const services = await createServices({
      dataDir,
      demoDir: join(program, 'assets', 'demo'),
      modelsDir: join(program, 'assets', 'models'),
      recipesDir: shippedRecipesDir(program),
      host: 'headless',
      dialogs: 'browse',
      version: process.env['DIPLOSCOPE_VERSION'] ?? 'unknown',
      versions: { node: process.versions.node, v8: process.versions.v8 },
      ...(threads === undefined ? {} : { threads }),
      start: { files, ...(projectFile ? { projectFile } : {}) },
      roots: [homedir(), ...(more ? [await existing(more)] : [])],
      printPdf: chromiumPrinter(),
      fault,
    })
    let stopped = false
    const headless = await startHeadless({
      services,
      host,
      port,
      rendererDir: join(program, 'dist', 'renderer'),
      fault,
    }).catch(async error => {
      await services.close()
      throw error
    })
    await io.write(`${JSON.stringify({ url: headless.url, pid: process.pid })}\n`)

    const until = new Promise<void>(done => {
      const { signal } = io.context
      if (signal.aborted) done()
      else signal.addEventListener('abort', () => done(), { once: true })
      process.once('SIGHUP', () => done()) // the terminal was closed
    })
    const browser = args.flag('open') ? findBrowser() : undefined
    const window = browser ? openAppWindow(browser, headless.launchUrl(), dataDir) : undefined
    if (args.flag('open') && !browser) io.note(`No Chromium-family browser was found. Open ${headless.url}`)
    void window?.ended.then(error => {
      if (error && !stopped) io.note(`The browser could not be started (${error.message}). Open ${headless.url}`)
    })
    await until
    stopped = true
    setTimeout(() => process.exit(EXIT.done), EXIT_WITHIN_MS).unref()
    window?.close()
    await Promise.all([headless.close(), services.close()])
    return EXIT.done
  },
}
