import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ApoeReport } from '../src-shared/genome/apoe.ts'
import {
  availableHosts,
  axeProblems,
  cliJson,
  demoFile,
  genomeReady,
  launchWorkbench,
  slow,
  soon,
  type Workbench,
} from './launch.ts'
import { arrived, downloaded, goTo, locusBox, palette, restart, switchTheme } from './steps.ts'

/** The walk of a first day, on the demo project. Truth of every number: the command line on the same file. */
describe.each(availableHosts())('the demo project in the %s window', host => {
  let w: Workbench
  let dataDir: string
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
    w = await launchWorkbench(host, { dataDir })
    await genomeReady(w.page)
  })
  afterAll(async () => {
    await w?.close()
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 })
  })
  afterEach(() => {
    expect(w.problems).toEqual([])
  })

  const box = () => locusBox(w.page)
  const tree = () => w.page.getByRole('navigation', { name: 'Project' })
  const inspector = () => w.page.getByRole('complementary', { name: 'Inspector' })
  const openSample = async (name: string) => {
    await tree().getByRole('button', { name, exact: true }).click()
    await w.page.getByTestId('apoe-call').waitFor()
  }

  it('is open at first start, and says everywhere that it is synthetic', async () => {
    await tree().getByText('SYN-E3E4').waitFor()
    await tree().getByText('SYN-E3E3').waitFor()
    // The project, two samples, genes, variants, signal and reference.
    await expect.poll(() => w.page.locator('.synthetic').count()).toBeGreaterThanOrEqual(7)
    const labels = w.page.locator('.igv-track-label')
    await expect.poll(() => labels.count(), soon).toBeGreaterThanOrEqual(9)
    for (const text of await labels.allTextContents()) expect(text).toContain('synthetic')
  })

  it.each([
    ['SYN-E3E3', 'synthetic-e3e3.bam', 'e3/e3'],
    ['SYN-E3E4', 'synthetic-e3e4.bam', 'e3/e4'],
  ])('reports %s as the command line does', async (sample, file, genotype) => {
    const cli = (await cliJson('apoe', demoFile(file))) as ApoeReport
    expect(cli.genotype).toBe(genotype)
    await openSample(sample)
    await expect.poll(() => w.page.getByTestId('apoe-call').textContent(), soon).toBe(genotype)
    await expect.poll(() => w.page.getByTestId('apoe-confidence').textContent()).toBe(String(cli.confidence))
    for (const site of ['rs429358', 'rs7412'] as const) {
      const cells = await w.page.locator(`[data-site="${site}"] td`).allTextContents()
      const s = cli.sites[site]
      expect(cells[1]).toBe(s.genotype)
      expect(cells[2]).toBe(String(s.quality))
      expect(cells[3]).toBe(String(s.depth))
      for (const [base, n] of Object.entries(s.counts)) if (n > 0) expect(cells[4]).toContain(`${base} ${n}`)
    }
    for (const limit of cli.limits) await w.page.getByTestId('apoe-limits').getByText(limit, { exact: true }).waitFor()
    await inspector().getByText('synthetic', { exact: true }).first().waitFor()
    const pictures = w.page.getByTestId('apoe-report').locator('.picture svg')
    await expect.poll(() => pictures.count()).toBeGreaterThanOrEqual(2)
  })

  it('shows odds ratios side by side with none chosen, for a called genotype that has them', async () => {
    await openSample('SYN-E3E4')
    const odds = w.page.getByTestId('apoe-odds')
    for (const group of ['Caucasian', 'Japanese'])
      await odds
        .getByRole('radio', { name: new RegExp(group) })
        .first()
        .waitFor({ state: 'attached' })
    await expect.poll(() => odds.getByRole('radio', { name: 'All' }).isChecked()).toBe(true)
  })

  it('opens the position of a base that is clicked in any track', async () => {
    await openSample('SYN-E3E4')
    await w.page.locator('[data-site="rs429358"] button').click()
    await expect.poll(() => w.page.getByTestId('position-title').textContent(), soon).toBe('chr19:44,908,684')
    await expect.poll(() => w.page.getByTestId('position-depth').textContent(), soon).toBe('34')
    await arrived(w.page, /^chr19:44,908,/)
    // A click beside the mark, at the height of each track, moves the selection by that many bases.
    const m = (await w.page.locator('.mark-selected[data-position="44908683"]').boundingBox())!
    const tracks = w.page.locator('.igv-viewport')
    let clicked = 0
    for (const track of await tracks.all()) {
      const b = await track.boundingBox()
      // Tracks whose middle is on the screen.
      if (!b || b.height < 12 || b.y + b.height / 2 > 780) continue
      const away = clicked % 2 === 0
      await w.page.mouse.click(m.x + m.width * (away ? 3.5 : 0.5), b.y + b.height / 2)
      const title = away ? 'chr19:44,908,687' : 'chr19:44,908,684'
      await expect.poll(() => w.page.getByTestId('position-title').textContent(), soon).toBe(title)
      // Longer than a double click, which zooms.
      await w.page.waitForTimeout(450)
      clicked++
    }
    expect(clicked).toBeGreaterThanOrEqual(5)
  })

  it('shows every read of a base with why it counts or not; the ledger adds up', async () => {
    const rows = w.page.getByTestId('ledger').locator('[data-count]')
    await rows.first().waitFor()
    const numbers = await rows.evaluateAll(list => list.map(e => Number(e.getAttribute('data-count'))))
    const [fetched, ...rest] = numbers
    expect(rest.reduce((s, n) => s + n, 0)).toBe(fetched)
    const table = w.page.getByTestId('reads').getByRole('table')
    await expect.poll(() => table.locator('tbody tr').count()).toBe(fetched)
    await table.getByRole('button', { name: /^BQ/ }).click()
    const qualities = async () =>
      (await table.locator('tbody tr td:nth-child(3)').allTextContents()).map(t => Number(t.split('→').at(-1)))
    await expect.poll(async () => (await qualities()).every((q, i, all) => i === 0 || all[i - 1]! >= q)).toBe(true)
  })

  it('counts again when an option changes', async () => {
    await openSample('SYN-E3E4')
    await w.page.locator('[data-site="rs429358"] button').click()
    await inspector()
      .getByRole('button', { name: /^Options/ })
      .click()
    await inspector().getByText('no filter', { exact: true }).click()
    const duplicates = w.page.getByTestId('ledger').locator('[data-reason="duplicate"]')
    await expect.poll(() => duplicates.count(), soon).toBe(0)
    await inspector().getByRole('button', { name: "Back to pysam's defaults" }).click()
    await expect.poll(() => duplicates.count(), soon).toBe(1)
    await inspector()
      .getByRole('button', { name: /^Options/ })
      .click()
  })

  it('goes to a locus, a gene and APOE; undo and redo walk back and forth', async () => {
    await goTo(w.page, 'chr19:44,900,001-44,902,000')
    await w.page.getByRole('button', { name: 'APOE', exact: true }).click()
    await arrived(w.page, 'chr19:44,905,354-44,909,793')
    await w.page.keyboard.press('Control+z')
    await expect.poll(() => box().inputValue(), soon).toBe('chr19:44,900,001-44,902,000')
    await w.page.keyboard.press('Control+y')
    await expect.poll(() => box().inputValue(), soon).toBe('chr19:44,905,354-44,909,793')
    await box().fill('APOE')
    await w.page.getByRole('listbox', { name: 'Genes' }).getByRole('option', { name: /APOE/ }).first().click()
    await arrived(w.page, /^chr19:44,90[45],\d{3}-44,9(09|10),\d{3}$/)
  })

  it('pans by drag, as one step of undo', async () => {
    await w.page.getByRole('button', { name: 'APOE', exact: true }).click()
    await arrived(w.page, 'chr19:44,905,354-44,909,793')
    await w.page.mouse.move(700, 400)
    await w.page.mouse.down()
    await w.page.mouse.move(600, 400, { steps: 8 })
    await w.page.mouse.up()
    await expect.poll(() => box().inputValue(), soon).not.toBe('chr19:44,905,354-44,909,793')
    await arrived(w.page, /^chr19:/)
    await w.page.keyboard.press('Control+z')
    await expect.poll(() => box().inputValue(), soon).toBe('chr19:44,905,354-44,909,793')
  })

  it('says in the box why a locus cannot be shown', async () => {
    await box().fill('chr99:1-100')
    await box().press('Enter')
    await w.page.getByText(/chr99/).first().waitFor()
    await box().press('Escape')
  })

  it('hides a track and undoes it', async () => {
    const labels = w.page.locator('.igv-track-label')
    await arrived(w.page, /^chr19:/)
    const before = await labels.count()
    await tree().getByRole('checkbox', { name: 'Signal' }).first().click()
    await expect.poll(() => labels.count(), soon).toBe(before - 1)
    await w.page.keyboard.press('Control+z')
    await expect.poll(() => labels.count(), soon).toBe(before)
  })

  it('lets figures, tables and reports leave with their provenance', async () => {
    await openSample('SYN-E3E4')
    const download = (click: () => Promise<void>) => downloaded(w.page, click)
    const menu = async (name: RegExp) => {
      await inspector().getByRole('button', { name: 'Export' }).click()
      await w.page.getByRole('menuitem', { name }).click()
    }
    const json = await download(() => menu(/^JSON/))
    const report = JSON.parse(json.bytes.toString()) as { genotype?: string; report?: { genotype?: string } }
    expect(report.genotype ?? report.report?.genotype).toBe('e3/e4')
    const html = await download(() => menu(/^HTML/))
    expect(html.bytes.toString()).toContain('e3/e4')
    expect(html.bytes.toString()).not.toMatch(/(src|href)="https?:/)
    const tsv = await download(() => w.page.getByTestId('apoe-evidence').getByRole('button', { name: /TSV/ }).click())
    expect(tsv.bytes.toString()).toMatch(/^# Diploscope \d/)
    expect(tsv.bytes.toString()).toContain('synthetic-e3e4.bam')
    const svg = await download(() =>
      w.page
        .getByTestId('apoe-evidence')
        .getByRole('button', { name: /as SVG/ })
        .click(),
    )
    expect(svg.bytes.toString()).toMatch(/^<svg[^>]*><metadata>Diploscope/)
    const png = await download(() =>
      w.page
        .getByTestId('apoe-evidence')
        .getByRole('button', { name: /as PNG/ })
        .click(),
    )
    expect(png.bytes.subarray(1, 4).toString()).toBe('PNG')
  })

  it('passes axe in both themes, with dialogs open too', async () => {
    const { page } = w
    const check = async (what: string) => expect({ what, found: await axeProblems(page) }).toEqual({ what, found: [] })
    await openSample('SYN-E3E4')
    await check('report, light')
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').waitFor()
    await check('palette')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    await check('keys')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('p')
    await page.getByRole('region', { name: 'Plots' }).getByRole('table').waitFor()
    await check('plots')
    await page.locator('[data-site="rs7412"] button').click()
    await page.getByTestId('ledger').waitFor()
    await check('position, light')
    await switchTheme(page, 'dark')
    await check('position, dark')
    await openSample('SYN-E3E3')
    await check('report, dark')
    await switchTheme(page, 'light')
    await page.keyboard.press('p')
  })

  it('comes back as it was after a restart', async () => {
    await goTo(w.page, 'chr19:44,908,600-44,908,900')
    await openSample('SYN-E3E3')
    await tree().getByRole('checkbox', { name: 'Variants' }).click()
    await w.page.keyboard.press('b')
    const here = await box().inputValue()
    await restart(w)
    await expect.poll(() => box().inputValue()).toBe(here)
    await expect.poll(() => w.page.getByTestId('apoe-call').textContent(), soon).toBe('e3/e3')
    await expect.poll(() => tree().getByRole('checkbox', { name: 'Variants' }).isChecked()).toBe(false)
    await w.page.getByRole('button', { name: 'Bookmarks' }).click()
    await w.page.getByRole('menuitem', { name: here }).waitFor()
    await w.page.keyboard.press('Escape')
  })

  it('tries the devices that models can run on, by running on them', async () => {
    await genomeReady(w.page)
    await palette(w.page, 'about diploscope')
    const about = w.page.getByRole('dialog', { name: 'About Diploscope' })
    await about.getByRole('button', { name: 'Try the devices that models run on' }).click()
    const rows = w.page.getByTestId('devices').locator('tbody tr')
    await rows.first().waitFor(slow)
    await expect.poll(() => rows.count()).toBe(3)
    const cells = await rows.first().locator('td').allTextContents()
    expect(cells.slice(0, 2)).toEqual(['cpu', 'yes'])
    expect(await axeProblems(w.page)).toEqual([])
    await w.page.keyboard.press('Escape')
  })
})
