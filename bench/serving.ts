import type { ChildProcess } from 'node:child_process'
import type { Page } from 'playwright-core'

/** Chromium without a graphics card, whose own traffic is off. */
export const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--test-type'] // biome-ignore format: one line

/** The window is connected, the genome browser stands, and no track is still loading. */
export async function usable(page: Page): Promise<void> {
  await page.locator('.app[data-connection="ready"]').waitFor()
  await page.locator('.genome-scroll[data-ready="true"]').waitFor()
  await drawn(page)
}

/** No track shows igv's own spinner, twice in a row. */
export async function drawn(page: Page): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    quiet = (await page.locator('.igv-loading-spinner-container:visible').count()) === 0 ? quiet + 1 : 0
    await page.waitForTimeout(15)
  }
}

/** The address that a started program prints. */
export function firstUrl(child: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    let out = ''
    child.stdout?.on('data', d => {
      out += d
      const url = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+?(?=["\s])/.exec(out)?.[0]
      if (url) done(url)
    })
    child.once('exit', code => fail(new Error(`ended with ${code}`)))
  })
}

export async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise(done => child.once('exit', done))
  child.kill('SIGTERM')
  await gone
}
