import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES: readonly string[] = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
  'microsoft-edge-stable',
  'msedge',
  'brave-browser',
  'vivaldi',
]

const MAC = ['Google Chrome', 'Chromium', 'Microsoft Edge', 'Brave Browser', 'Vivaldi'].map(
  name => `Applications/${name}.app/Contents/MacOS/${name}`,
)
const WINDOWS: readonly string[] = [
  'Google\\Chrome\\Application\\chrome.exe',
  'Microsoft\\Edge\\Application\\msedge.exe',
  'Chromium\\Application\\chrome.exe',
  'BraveSoftware\\Brave-Browser\\Application\\brave.exe',
]

/** A Chromium-family browser of this machine: DIPLOSCOPE_BROWSER, else the first that is installed; undefined when there is none. */
export function findBrowser(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const named = env['DIPLOSCOPE_BROWSER']
  if (named !== undefined) return named !== '' && isProgram(named) ? named : undefined
  const folders = (env['PATH'] ?? '').split(delimiter).filter(Boolean)
  const onPath = () => NAMES.flatMap(n => folders.map(f => join(f, n)))
  if (platform === 'win32')
    return [env['ProgramFiles'], env['ProgramFiles(x86)'], env['LOCALAPPDATA']]
      .flatMap(f => (f ? WINDOWS.map(w => join(f, w)) : []))
      .find(isProgram)
  if (platform === 'darwin')
    return [...MAC.flatMap(m => [`/${m}`, join(env['HOME'] ?? '/', m)]), ...onPath()].find(isProgram)
  return onPath().find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What keeps a browser of ours to itself and off the network. */
export const QUIET_FLAGS: readonly string[] = [
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-domain-reliability',
  '--disable-breakpad',
  '--metrics-recording-only',
  '--password-store=basic',
  '--use-mock-keychain',
  '--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,InterestFeedContentSuggestions',
]

/** Chromium's sandbox refuses to run as root. */
export const rootFlags = (): readonly string[] =>
  process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox', '--test-type'] : []
