// Finds a Chromium-family browser, and for the tests installs one where that is possible.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { bin, root } from './lib.mjs'

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'brave-browser',
]
const PLACES = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['ProgramFiles', 'ProgramFiles(x86)', 'LocalAppData'].flatMap(v =>
    process.env[v]
      ? [
          path.join(process.env[v], 'Google/Chrome/Application/chrome.exe'),
          path.join(process.env[v], 'Microsoft/Edge/Application/msedge.exe'),
        ]
      : [],
  ),
}

/** The path of a browser, or undefined. DIPLOSCOPE_CHROMIUM names one outright. */
export function findChromium() {
  const named = process.env.DIPLOSCOPE_CHROMIUM
  if (named) return fs.existsSync(named) ? named : undefined
  for (const place of PLACES[process.platform] ?? []) if (fs.existsSync(place)) return place
  for (const name of NAMES)
    for (const dir of (process.env.PATH ?? '').split(path.delimiter)) {
      const full = path.join(dir, name)
      if (dir && fs.existsSync(full)) return full
    }
  return undefined
}

async function playwrightsOwn() {
  const { chromium } = await import('playwright-core')
  const own = chromium.executablePath()
  return own && fs.existsSync(own) ? own : undefined
}

/** For the tests: a system browser, Playwright's own, or one installed now (Debian package when root, Playwright's download else). */
export async function ensureChromium() {
  const found = findChromium() ?? (await playwrightsOwn())
  if (found) return found
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  if (process.platform === 'linux' && process.getuid?.() === 0 && fs.existsSync('/usr/bin/apt-get')) {
    process.stderr.write('Installing Chromium for the end-to-end tests (Debian package)…\n')
    const install = () =>
      spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], quiet).status === 0
    if (install() || (spawnSync('apt-get', ['update', '-qq'], quiet).status === 0 && install())) {
      const installed = findChromium()
      if (installed) return installed
    }
  }
  process.stderr.write('Fetching a Chromium for the end-to-end tests (Playwright)…\n')
  spawnSync(bin('playwright-core'), ['install', 'chromium-headless-shell', 'chromium'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return playwrightsOwn()
}
