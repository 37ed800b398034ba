import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { availableHosts, genomeReady, launchWorkbench, soon, type Workbench } from './launch.ts'
import { tabTo } from './steps.ts'

/** The main walk without a mouse: nothing here may click. */
describe.each(availableHosts())('by keyboard alone in the %s window', host => {
  let w: Workbench
  beforeAll(async () => {
    w = await launchWorkbench(host)
    await genomeReady(w.page)
  })
  afterAll(async () => {
    expect(w.problems).toEqual([])
    await w.close()
  })
  const locus = () => w.page.locator('#locus-box').inputValue()
  const press = async (...keys: string[]) => {
    for (const key of keys) await w.page.keyboard.press(key)
  }
  /** Keys go where the focus is: it is waited for. */
  const focused = (what: Locator) =>
    expect.poll(() => what.evaluate(e => e === document.activeElement), soon).toBe(true)
  /** Types a place into the locus box; Enter leads from there to the tracks. */
  const goTo = async (text: string) => {
    await press('g')
    await focused(w.page.locator('#locus-box'))
    await w.page.keyboard.type(text)
    await press('Enter')
    await focused(w.page.locator('.genome-scroll'))
  }

  it('goes to a place: g, text, Enter; then pans, zooms and comes back', async () => {
    await goTo('chr19:44,908,001-44,909,000')
    await expect.poll(locus, soon).toBe('chr19:44,908,001-44,909,000')
    await press('ArrowRight')
    await expect.poll(locus, soon).toBe('chr19:44,908,201-44,909,200')
    await press('ArrowLeft')
    await expect.poll(locus, soon).toBe('chr19:44,908,001-44,909,000')
    await press('+')
    await expect.poll(locus, soon).toBe('chr19:44,908,251-44,908,750')
    await press('-')
    await expect.poll(locus, soon).toBe('chr19:44,908,001-44,909,000')
    await press('Control+z')
    await expect.poll(locus, soon).not.toBe('chr19:44,908,001-44,909,000')
    await press('Control+y')
    await expect.poll(locus, soon).toBe('chr19:44,908,001-44,909,000')
  })

  it('opens a position with the cursor: t, Enter, arrows, Enter', async () => {
    await goTo('chr19:44,908,664-44,908,704')
    await expect.poll(locus, soon).toMatch(/^chr19:44,908,66/)
    await press('t', 'Enter')
    const cursor = w.page.locator('.mark-cursor')
    await cursor.waitFor()
    const at = async () => Number(await cursor.getAttribute('data-position'))
    const target = 44_908_683
    for (let i = 0; i < 60 && (await at()) !== target; i++)
      await press((await at()) < target ? 'ArrowRight' : 'ArrowLeft')
    await press('Enter')
    await expect.poll(() => w.page.getByTestId('position-title').textContent(), soon).toBe('chr19:44,908,684')
    await press('Escape')
    await cursor.waitFor({ state: 'detached' })
  })

  it('walks bookmarks with [ and ]', async () => {
    await press('b')
    const here = await locus()
    await press('a')
    await expect.poll(locus, soon).not.toBe(here)
    for (let i = 0; i < 8 && (await locus()) !== here; i++) {
      const before = await locus()
      await press('[')
      await expect.poll(locus, soon).not.toBe(before)
    }
    expect(await locus()).toBe(here)
  })

  it('runs a command from the palette and reads the keys', async () => {
    await press('Control+k')
    await focused(w.page.getByRole('dialog', { name: 'Commands' }).getByRole('combobox'))
    await w.page.keyboard.type('keys')
    await press('Enter')
    await w.page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await w.page.getByText('Pan left', { exact: true }).waitFor()
    await press('Escape')
    await w.page.getByRole('dialog').waitFor({ state: 'hidden' })
  })

  it('reaches a sample by Tab and reads its report', async () => {
    await tabTo(w.page, /^SYN-E3E4$/)
    await press('Enter')
    await expect.poll(() => w.page.getByTestId('apoe-call').textContent(), soon).toBe('e3/e4')
    await tabTo(w.page, /^Export$/)
    await press('Enter')
    const item = w.page.getByRole('menuitem', { name: /^HTML/ })
    await item.waitFor()
    await press('Escape')
    await item.waitFor({ state: 'hidden' })
  })

  it('opens the file dialog and walks it', async () => {
    await press('Control+o')
    const dialog = w.page.getByRole('dialog', { name: 'Open files' })
    await dialog.getByRole('option').first().waitFor()
    await focused(dialog.getByRole('textbox', { name: 'Filter names' }))
    await press('ArrowDown', 'Escape')
    await dialog.waitFor({ state: 'hidden' })
  })
})
