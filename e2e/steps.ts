import { readFileSync } from 'node:fs'
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { genomeReady, slow, soon, type Workbench } from './launch.ts'

/** Steps that several flows take. Each ends when its effect is there. */

export const locusBox = (page: Page): Locator => page.getByRole('textbox', { name: 'Locus or gene' })

/** The tracks show what the box names: nothing is on its way there. */
export async function arrived(page: Page, locus: string | RegExp): Promise<void> {
  const shown = () => page.locator('.genome-scroll').getAttribute('data-shown')
  const named = () => locusBox(page).inputValue()
  await expect.poll(named, slow).toMatch(locus)
  await expect.poll(async () => (await shown()) === (await named()), slow).toBe(true)
}

/** Types a place into the box, and waits until the box was left and the tracks show it. */
export async function goTo(page: Page, locus: string): Promise<void> {
  const box = locusBox(page)
  await box.fill(locus)
  await box.press('Enter')
  // What stands in the box while it has the focus is what was typed.
  await expect.poll(() => box.evaluate(e => e !== document.activeElement), soon).toBe(true)
  await arrived(page, locus)
}

/** Runs the first command that these words find. */
export async function palette(page: Page, words: string): Promise<void> {
  await page.keyboard.press('Control+k')
  const dialog = page.getByRole('dialog', { name: 'Commands' })
  await dialog.getByRole('combobox').fill(words)
  await page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'hidden' })
}

/** What a click saves. `ending`: of its name, where more than one file comes. */
export async function downloaded(page: Page, click: () => Promise<void>, ending = '') {
  const [file] = await Promise.all([
    page.waitForEvent('download', d => d.suggestedFilename().endsWith(ending)),
    click(),
  ])
  const bytes = readFileSync(await file.path())
  return { name: file.suggestedFilename(), bytes, text: bytes.toString() }
}

/** Light to dark or back. */
export async function switchTheme(page: Page, to: 'light' | 'dark'): Promise<void> {
  await page.getByRole('button', { name: 'Light or dark theme' }).click()
  await page.locator(`html[data-mantine-color-scheme="${to}"]`).waitFor()
}

/** Tabs until the focused element has this name, as `label` or else its text; fails after a whole round. */
export async function tabTo(page: Page, name: RegExp, limit = 120): Promise<void> {
  for (let i = 0; i < limit; i++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const e = document.activeElement
      return e?.getAttribute('aria-label') ?? e?.textContent ?? ''
    })
    if (name.test(focused)) return
  }
  throw new Error(`no Tab leads to ${name}`)
}

/** Everything is on disk; then the program ends and starts again. `kill`: it is not asked. */
export async function restart(w: Workbench, kill?: boolean): Promise<void> {
  await expect.poll(() => w.page.locator('[data-save]').getAttribute('data-save')).toBe('saved')
  await w.restart(kill)
  await genomeReady(w.page)
}
