import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { availableHosts, genomeReady, launchWorkbench, type Workbench } from './launch.ts'

const soon = { timeout: 15_000 }

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
  /** Types a place into the locus box; Enter leads from there to the tracks. */
  const goTo = async (text: string) => {
    await press('g')
    await w.page.keyboard.type(text)
    await press('Enter')
    const inTracks = () => w.page.locator('.genome-scroll').evaluate(e => e === document.activeElement)
    await expect.poll(inTracks, soon).toBe(true)
  }
  /** Tabs until the focused element has this name; fails after a whole round. */
  const tabTo = async (name: RegExp, limit = 120) => {
    for (let i = 0; i < limit; i++) {
      await press('Tab')
      const focused = await w.page.evaluate(() => {
        const e = document.activeElement
        return e ? `${e.getAttribute('aria-label') ?? ''}|${e.textContent ?? ''}` : ''
      })
      if (name.test(focused)) return
    }
    throw new Error(`no Tab leads to ${name}`)
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
      await press('[')
      await w.page.waitForTimeout(250)
    }
    expect(await locus()).toBe(here)
  })

  it('runs a command from the palette and reads the keys', async () => {
    await press('Control+k')
    await w.page.getByRole('dialog', { name: 'Commands' }).waitFor()
    await w.page.keyboard.type('keys')
    await press('Enter')
    await w.page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await w.page.getByText('Pan left', { exact: true }).waitFor()
    await press('Escape')
    await w.page.getByRole('dialog').waitFor({ state: 'hidden' })
  })

  it('reaches a sample by Tab and reads its report', async () => {
    await tabTo(/\|SYN-E3E4$/)
    await press('Enter')
    await expect.poll(() => w.page.getByTestId('apoe-call').textContent(), soon).toBe('e3/e4')
    await tabTo(/\|Export$/)
    await press('Enter')
    await w.page.getByRole('menuitem', { name: /^HTML/ }).waitFor()
    await press('Escape')
  })

  it('opens the file dialog and walks it', async () => {
    await press('Control+o')
    const dialog = w.page.getByRole('dialog', { name: 'Open files' })
    await dialog.waitFor()
    await dialog.getByRole('option').first().waitFor()
    await press('ArrowDown', 'Escape')
    await dialog.waitFor({ state: 'hidden' })
  })
})
