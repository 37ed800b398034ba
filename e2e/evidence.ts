import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeEach } from 'vitest'

/** What is kept of a window until it is closed. */
interface Watched {
  readonly page: () => Page
  /** What the console and the program said, oldest first. */
  readonly log: readonly string[]
  /** A test has begun since it was opened. One that never saw a test was being made ready when that failed. */
  tested: boolean
}

const LINES_SHOWN = 15
const watched = new Set<Watched>()
let inTest = false

/** Notes a window; what it gives is called before the window is closed. */
export function watchWindow(page: () => Page, log: readonly string[]): () => Promise<void> {
  const one = { page, log, tested: inTest }
  watched.add(one)
  return async () => {
    if (!one.tested) await saveEvidence('making ready')
    watched.delete(one)
  }
}

/** What is open above the page, what alarms, and where the focus is: in words, because files may not outlive the machine. */
const inWords = (page: Page) =>
  page.evaluate(() => {
    const text = (e: Element | null) => (e?.textContent ?? '').replace(/\s+/g, ' ').trim().slice(0, 300)
    const all = [
      ...document.querySelectorAll('[role="dialog"], [role="alert"], [role="listbox"], .error-card, .toasts'),
    ]
    const focus = document.activeElement === document.body ? null : document.activeElement
    const name = focus?.getAttribute('aria-label') ?? text(focus).slice(0, 80)
    return [
      focus ? `focus: <${focus.tagName.toLowerCase()}> ${name}` : 'focus: nowhere',
      ...all.filter(e => text(e) !== '').map(e => `${e.getAttribute('role') ?? e.className}: ${text(e)}`),
    ]
  })

/** Writes a picture, the page and its tree of access for each open window into a folder that is named in the output. */
export async function saveEvidence(what: string): Promise<void> {
  for (const { page, log } of watched) {
    const folder = mkdtempSync(join(tmpdir(), 'diploscope-e2e-failed-'))
    const save = (name: string, content: string) => writeFileSync(join(folder, name), content)
    const failed = (error: unknown) => [`could not be read: ${String(error).split('\n')[0]}`]
    save('log.txt', `${log.join('\n')}\n`)
    const limit = { timeout: 30_000 }
    // A page that hangs answers nothing.
    const hangs = new Promise<string[]>(done => setTimeout(done, limit.timeout, ['the page does not answer']))
    const words = await Promise.race([inWords(page()).catch(failed), hangs])
    const more = await Promise.allSettled([
      page().screenshot({ path: join(folder, 'window.png'), ...limit }),
      Promise.race([page().content(), hangs]).then(html => save('page.html', String(html))),
      page().locator('body').ariaSnapshot(limit).then(tree => save('access.txt', tree)),
    ]) // biome-ignore format: one line each
    const missing = more.flatMap(m => (m.status === 'rejected' ? failed(m.reason) : []))
    const lines = [...words, ...missing, ...log.slice(-LINES_SHOWN)].map(l => `    ${l}\n`)
    process.stderr.write(`FAILED: ${what}\n  the window is kept in ${folder}\n${lines.join('')}`)
  }
}

beforeEach(({ task, onTestFailed, onTestFinished }) => {
  inTest = true
  for (const one of watched) one.tested = true
  onTestFailed(() => saveEvidence(task.name))
  onTestFinished(() => {
    inTest = false
  })
})
