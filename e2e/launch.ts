import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
export const CLI = join(ROOT, 'bin', 'diploscope.mjs')
export const demoFile = (name: string): string => join(ROOT, 'assets', 'demo', name)

export type Host = 'headless' | 'electron'

export interface Workbench {
  readonly page: Page
  readonly host: Host
  /** Errors of the console, of the page, of the content policy, and requests that left the origin. Emptied by `expected`. */
  readonly problems: string[]
  /** Problems that a test brought about on purpose: those that match are taken off the list. */
  expected(...patterns: RegExp[]): void
  /** Ends the program and starts it again on the same data. `kill`: it is not asked (served programs only). */
  restart(kill?: boolean): Promise<void>
  close(): Promise<void>
}

export interface LaunchOptions {
  readonly files?: readonly string[]
  readonly dataDir?: string
  readonly roots?: readonly string[]
  readonly colorScheme?: 'light' | 'dark'
  readonly viewport?: { readonly width: number; readonly height: number }
}

/** Chromium of the system, or Playwright's own where it was installed. */
function chromiumPath(): string {
  const own = (() => {
    try {
      return chromium.executablePath()
    } catch {
      return ''
    }
  })()
  const candidates = [
    process.env['DIPLOSCOPE_CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
    own,
  ]
  const found = candidates.find(p => p && existsSync(p))
  if (!found) throw new Error('no Chromium was found; install one or set DIPLOSCOPE_CHROMIUM')
  return found
}

/** The path of Electron's binary, which its package fetches at the first start; undefined where it was not. Asking for the module would fetch it. */
export function electronBinary(): string | undefined {
  const named = join(ROOT, 'node_modules', 'electron', 'path.txt')
  if (!existsSync(named)) return undefined
  const binary = join(ROOT, 'node_modules', 'electron', 'dist', readFileSync(named, 'utf8').trim())
  return existsSync(binary) ? binary : undefined
}

/** The hosts that the flows run on here; a host that is left out is named on a line of its own. */
export function availableHosts(): readonly Host[] {
  if (electronBinary() && process.env['DIPLOSCOPE_E2E_ELECTRON'] !== '0') return ['headless', 'electron']
  process.stderr.write("SKIPPED: the flows in Electron's window, because its binary is not installed here\n")
  return ['headless']
}

const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--test-type',
]

interface Running {
  readonly page: Page
  stop(kill?: boolean): Promise<void>
}

/** Starts the program with a data folder of its own and opens its window. */
export async function launchWorkbench(host: Host, options: LaunchOptions = {}): Promise<Workbench> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
  const problems: string[] = []
  const open = () =>
    host === 'electron' ? openElectron(dataDir, options, problems) : openHeadless(dataDir, options, problems)
  let running = await open()
  return {
    host,
    problems,
    get page() {
      return running.page
    },
    expected(...patterns) {
      const left = problems.filter(p => !patterns.some(r => r.test(p)))
      problems.splice(0, problems.length, ...left)
    },
    async restart(kill) {
      await running.stop(kill)
      running = await open()
    },
    async close() {
      await running.stop()
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function openHeadless(dataDir: string, options: LaunchOptions, problems: string[]): Promise<Running> {
  const roots = (options.roots ?? []).flatMap(r => ['--root', r])
  const server = spawn(process.execPath, [CLI, 'serve', '--port', '0', ...roots, ...(options.files ?? [])], {
    cwd: ROOT,
    env: {
      ...process.env,
      DIPLOSCOPE_DATA_DIR: dataDir,
      DIPLOSCOPE_NO_BUILD: process.env['DIPLOSCOPE_NO_BUILD'] ?? '',
    },
  })
  const url = await startUrl(server)
  const browser: Browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_ARGS })
  const context = await browser.newContext({
    viewport: options.viewport ?? { width: 1440, height: 900 },
    colorScheme: options.colorScheme ?? 'light',
    acceptDownloads: true,
    reducedMotion: 'reduce',
  })
  watch(context, new URL(url).origin, problems)
  const page = await context.newPage()
  await page.goto(url)
  return {
    page,
    async stop(kill = false) {
      await browser.close()
      await end(server, kill ? 'SIGKILL' : 'SIGTERM')
    },
  }
}

async function openElectron(dataDir: string, options: LaunchOptions, problems: string[]): Promise<Running> {
  const { _electron } = await import('playwright-core')
  const binary = electronBinary()
  if (!binary) throw new Error("Electron's binary is not installed")
  const app = await _electron.launch({
    executablePath: binary,
    args: [ROOT, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...(options.files ?? [])],
    env: { ...(process.env as Record<string, string>), DIPLOSCOPE_DATA_DIR: dataDir },
    colorScheme: options.colorScheme ?? 'light',
  })
  watch(app.context(), 'app://', problems)
  const page = await app.firstWindow()
  return { page, stop: () => app.close() }
}

/** The address on the first line of the program's output. */
function startUrl(server: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    let out = ''
    let err = ''
    server.stderr?.on('data', d => {
      err += d
    })
    server.stdout?.on('data', d => {
      out += d
      const line = out.split('\n', 1)[0] ?? ''
      if (!out.includes('\n')) return
      const { url } = JSON.parse(line) as { url: string }
      done(url)
    })
    server.once('exit', code => fail(new Error(`the server ended with ${code}: ${err}`)))
  })
}

async function end(server: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (server.exitCode !== null) return
  const gone = new Promise<void>(done => server.once('exit', () => done()))
  server.kill(signal)
  const timer = setTimeout(() => server.kill('SIGKILL'), 8000)
  await gone
  clearTimeout(timer)
}

/** Everything that a page must not do is noted. */
function watch(context: BrowserContext, origin: string, list: string[]) {
  const problems = {
    // What repeats is one problem.
    push(text: string) {
      if (!list.includes(text)) list.push(text)
    },
  }
  context.on('console', m => {
    if (m.type() === 'error') problems.push(`console: ${m.text()}`)
  })
  context.on('weberror', e => problems.push(`page: ${e.error().stack ?? e.error().message}`))
  const own = (url: string) => url.startsWith(origin) || /^(data|blob|devtools):/.test(url)
  context.on('request', r => {
    if (!own(r.url())) problems.push(`left the origin: ${r.url()}`)
  })
  context.on('requestfailed', r => {
    // A request that the page itself took back is no failure.
    if (r.failure()?.errorText !== 'net::ERR_ABORTED') problems.push(`failed: ${r.url()} ${r.failure()?.errorText}`)
  })
  void context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', e =>
      console.error(`content policy: ${e.violatedDirective} ${e.blockedURI}`),
    )
  })
}

const run = promisify(execFile)

/** Runs the command line and gives its JSON. Exit code 5 is a no-call, which has JSON too. */
export async function cliJson(...args: readonly string[]): Promise<unknown> {
  try {
    const { stdout } = await run(process.execPath, [CLI, ...args, '--json'], { cwd: ROOT, maxBuffer: 64 * 1024 ** 2 })
    return JSON.parse(stdout)
  } catch (error) {
    const { stdout } = error as { stdout?: string }
    if (stdout) return JSON.parse(stdout)
    throw error
  }
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Violations of axe that are serious or critical, in words; the page's content policy allows no script tag, so it is evaluated. */
export async function axeProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource)
  return page.evaluate(async () => {
    const axe = (
      window as unknown as {
        axe: {
          run(): Promise<{
            violations: { id: string; impact: string; nodes: { target: unknown; failureSummary: string }[] }[]
          }>
        }
      }
    ).axe
    const { violations } = await axe.run()
    return violations
      .filter(v => v.impact === 'serious' || v.impact === 'critical')
      .flatMap(v => v.nodes.map(n => `${v.id}: ${JSON.stringify(n.target)} ${n.failureSummary.replace(/\s+/g, ' ')}`))
  })
}

/** The window is connected and the genome browser stands. */
export async function ready(page: Page): Promise<void> {
  await page.locator('.app[data-connection="ready"]').waitFor()
}

export async function genomeReady(page: Page): Promise<void> {
  await ready(page)
  await page.locator('.genome-scroll[data-ready="true"]').waitFor()
}
