import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { QUIET_FLAGS, rootFlags } from './browsers.ts'

export interface AppWindow {
  /** Resolves when the user has closed the window, or the browser could not be started (then with its error). */
  readonly ended: Promise<Error | undefined>
  close(): void
}

/** Shows a URL in a browser as a window of its own, with a profile of its own below `dataDir`. */
export function openAppWindow(browser: string, url: string, dataDir: string): AppWindow {
  const child: ChildProcess = spawn(
    browser,
    [
      ...QUIET_FLAGS,
      ...rootFlags(),
      `--user-data-dir=${join(dataDir, 'browser')}`,
      '--window-size=1440,900',
      `--app=${url}`,
    ],
    { stdio: 'ignore', detached: process.platform !== 'win32' },
  )
  const ended = new Promise<Error | undefined>(done => {
    child.on('error', done)
    child.on('exit', () => done(undefined))
  })
  return { ended, close: () => killTree(child) }
}

/** Ends a detached child with everything that it started. */
export function killTree(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    if (process.platform === 'win32') child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch {
    child.kill(signal)
  }
}
