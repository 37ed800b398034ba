// `npm start`: all the set-up, then the workbench: in Electron where its binary is present or can be fetched, else served locally
// and shown in a Chromium-family browser as an app window, else as a URL. `--headless` skips Electron, `--no-open` only prints the URL.
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { ensureBuilt, ensureDependencies, root } from './lib.mjs'

ensureDependencies()
await ensureBuilt(['main', 'renderer'])

const args = process.argv.slice(2)
const take = name => {
  const at = args.indexOf(name)
  if (at >= 0) args.splice(at, 1)
  return at >= 0
}
const headless = take('--headless')
const noOpen = take('--no-open')

/** The path of Electron's binary. It is fetched once; a failure is remembered for a day, so that an offline start stays quick. */
function electronBinary() {
  const folder = path.join(root, 'node_modules', 'electron')
  const present = () => {
    const override = process.env.ELECTRON_OVERRIDE_DIST_PATH
    const named = path.join(folder, 'path.txt')
    const name = fs.existsSync(named)
      ? fs.readFileSync(named, 'utf8').trim()
      : process.platform === 'win32'
        ? 'electron.exe'
        : 'electron'
    const full = path.join(override ?? path.join(folder, 'dist'), name)
    return fs.existsSync(full) ? full : undefined
  }
  const found = present()
  if (found) return found
  const failure = path.join(root, 'node_modules', '.diploscope-no-electron')
  if (fs.existsSync(failure) && Date.now() - fs.statSync(failure).mtimeMs < 24 * 3600_000) return undefined
  process.stderr.write("Fetching Electron's binary…\n")
  const installer = path.join(folder, 'install.js')
  if (fs.existsSync(installer))
    spawnSync(process.execPath, [installer], { cwd: folder, stdio: 'ignore', timeout: 180_000 })
  const fetched = present()
  if (!fetched) fs.writeFileSync(failure, '')
  return fetched
}

const display = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
const electron = headless || !display ? undefined : electronBinary()
let child
if (electron) {
  const env = { ...process.env }
  delete env.ELECTRON_RUN_AS_NODE
  // Chromium's own sandbox refuses to run as root; the page stays sandboxed by policy.
  const flags = process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : []
  child = spawn(electron, [...flags, root, ...args], { stdio: 'inherit', env })
} else {
  if (!headless)
    process.stderr.write(
      `${display ? "Electron's binary is not here and could not be fetched" : 'There is no display'}: serving the workbench on this machine instead.\n`,
    )
  const { findChromium } = await import('./chromium.mjs')
  const open = !noOpen && display && findChromium() ? ['--open'] : []
  child = spawn(process.execPath, [path.join(root, 'bin', 'diploscope.mjs'), 'serve', ...open, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, DIPLOSCOPE_NO_BUILD: '1' },
  })
  let said = ''
  child.stdout.on('data', d => {
    if (said.includes('\n')) return
    said += d
    if (!said.includes('\n')) return
    const { url } = JSON.parse(said.split('\n')[0])
    process.stdout.write(
      open.length
        ? `The workbench is open in a window; its address, for another one: ${url}\n`
        : `Open the workbench in a browser: ${url}\n`,
    )
    process.stdout.write('Ctrl+C ends it.\n')
  })
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 0 : (code ?? 1)))
