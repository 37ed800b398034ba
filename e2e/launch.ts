import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { watchWindow } from './evidence.ts'

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
export const CLI = join(ROOT, 'bin', 'diploscope.mjs')
export const demoFile = (name: string): string => join(ROOT, 'assets', 'demo', name)

/** How long to wait for what the window does by itself: a busy machine is no failure. */
export const soon = { timeout: 60_000 }
/** The same for what is computed. */
export const slow = { timeout: 300_000 }

/** How many times slower the window's processor shall seem, to find what depends on its speed: DIPLOSCOPE_E2E_THROTTLE=4. */
const THROTTLE = Number(process.env['DIPLOSCOPE_E2E_THROTTLE'] ?? 1)

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

/** What a window reports, each emptied or read by its owner. */
interface Heard {
  readonly problems: string[]
  /** What the console and the program said. */
  readonly log: string[]
}

interface Running {
  readonly page: Page
  stop(kill?: boolean): Promise<void>
}

/** Starts the program with a data folder of its own and opens its window. */
export async function launchWorkbench(host: Host, options: LaunchOptions = {}): Promise<Workbench> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
  const heard: Heard = { problems: [], log: [] }
  const { problems } = heard
  const open = () =>
    host === 'electron' ? openElectron(dataDir, options, heard) : openHeadless(dataDir, options, heard)
  let running = await open()
  const closing = watchWindow(() => running.page, heard.log)
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
      await closing()
      await running.stop()
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

async function openHeadless(dataDir: string, options: LaunchOptions, heard: Heard): Promise<Running> {
  const roots = (options.roots ?? []).flatMap(r => ['--root', r])
  const server = spawn(process.execPath, [CLI, 'serve', '--port', '0', ...roots, ...(options.files ?? [])], {
    cwd: ROOT,
    env: {
      ...process.env,
      DIPLOSCOPE_DATA_DIR: dataDir,
      DIPLOSCOPE_NO_BUILD: process.env['DIPLOSCOPE_NO_BUILD'] ?? '',
    },
  })
  server.stderr?.on('data', d => heard.log.push(`program: ${String(d).trimEnd()}`))
  let browser: Browser | undefined
  const stop = async (kill = false) => {
    await browser?.close()
    await end(server, kill ? 'SIGKILL' : 'SIGTERM')
  }
  try {
    const url = await startUrl(server)
    browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_ARGS })
    const context = await browser.newContext({
      viewport: options.viewport ?? { width: 1440, height: 900 },
      colorScheme: options.colorScheme ?? 'light',
      acceptDownloads: true,
      reducedMotion: 'reduce',
    })
    context.setDefaultTimeout(soon.timeout)
    watch(context, new URL(url).origin, heard)
    const page = await context.newPage()
    if (THROTTLE > 1)
      await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: THROTTLE })
    await page.goto(url)
    return { page, stop }
  } catch (error) {
    await stop(true)
    throw error
  }
}

async function openElectron(dataDir: string, options: LaunchOptions, heard: Heard): Promise<Running> {
  const { _electron } = await import('playwright-core')
  const binary = electronBinary()
  if (!binary) throw new Error("Electron's binary is not installed")
  const app = await _electron.launch({
    executablePath: binary,
    args: [ROOT, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...(options.files ?? [])],
    env: { ...(process.env as Record<string, string>), DIPLOSCOPE_DATA_DIR: dataDir },
    colorScheme: options.colorScheme ?? 'light',
  })
  app.process().stderr?.on('data', d => heard.log.push(`program: ${String(d).trimEnd()}`))
  watch(app.context(), 'app://', heard)
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
  const timer = setTimeout(() => server.kill('SIGKILL'), soon.timeout)
  await gone
  clearTimeout(timer)
}

/** Everything that a page must not do is noted. */
function watch(context: BrowserContext, origin: string, heard: Heard) {
  const problems = {
    push(text: string) {
      heard.log.push(text)
      // What repeats is one problem.
      if (!heard.problems.includes(text)) heard.problems.push(text)
    },
  }
  context.on('console', m => {
    if (m.type() !== 'error') heard.log.push(`console: ${m.type()} ${m.text()}`)
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
    // A colour half way to another is nobody's choice.
    const passing = document.getAnimations().filter(a => a.effect?.getComputedTiming().iterations !== Infinity)
    await Promise.allSettled(passing.map(a => a.finished))
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
  await page.locator('.app[data-connection="ready"]').waitFor(slow)
}

export async function genomeReady(page: Page): Promise<void> {
  await ready(page)
  await page.locator('.genome-scroll[data-ready="true"]').waitFor(slow)
}
