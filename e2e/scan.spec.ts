import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  availableHosts,
  axeProblems,
  CLI,
  demoFile,
  genomeReady,
  launchWorkbench,
  ROOT,
  slow,
  soon,
  type Workbench,
} from './launch.ts'
import { downloaded, goTo, palette } from './steps.ts'

const MODEL = join(ROOT, 'assets', 'models', 'demo-tracks')
/** Positions scanned, and the first of them, 1-based. */
const SPAN = 12
const REGION = { contig: 'chr19', first: 44_908_678, last: 44_908_689 }

const run = promisify(execFile)

/** A TSV without its comments, as `contig:pos:ref>alt -> value` of the first track. */
function effectsOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter(l => l !== '' && !l.startsWith('#'))
  const head = lines[0]?.split('\t') ?? []
  const at = (name: string) => head.indexOf(name)
  const value = head.findIndex((h, i) => i > at('alt') && h !== 'state')
  return new Map(
    lines.slice(1).map(l => {
      const cells = l.split('\t')
      return [
        `${cells[at('contig')]}:${cells[at('pos')]}:${cells[at('ref')]}>${cells[at('alt')]}`,
        Number(cells[value]),
      ]
    }),
  )
}

/** On the demo project, which opens a model: from a click on a base to what a model says of every change near it. Truth of every number: `mutate --method naive` of the command line. */
describe.each(availableHosts())('mutation scans in the %s window', host => {
  let w: Workbench
  let dataDir: string
  let folder: string
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
    folder = mkdtempSync(join(tmpdir(), 'diploscope-e2e-scan-'))
    w = await launchWorkbench(host, { dataDir })
    await genomeReady(w.page)
  })
  afterAll(async () => {
    await w?.close()
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 })
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  afterEach(() => {
    expect(w.problems).toEqual([])
  })

  const plots = () => w.page.getByTestId('scan-plots')
  const heatmap = () => w.page.getByTestId('scan-heatmap')
  const readout = () => w.page.getByTestId('scan-readout')
  /** Clicks the base in the middle of the view, until the browser has arrived there and it is the one wanted. */
  const clickMiddle = async (wanted: string | RegExp) => {
    const viewport = w.page.locator('.igv-viewport').nth(1)
    const title = w.page.getByTestId('position-title')
    const click = async () => {
      const b = (await viewport.boundingBox())!
      await w.page.mouse.click(b.x + b.width / 2, b.y + b.height / 2)
      await w.page.waitForTimeout(100)
      return (await title.count()) > 0 ? await title.textContent() : ''
    }
    // Longer apart than a double click, which zooms.
    await expect.poll(click, { ...soon, interval: 900 }).toMatch(wanted)
  }
  const openForm = async () => {
    const button = w.page.getByRole('button', { name: 'Scan mutations here' })
    await button.click()
    await w.page.getByTestId('scan-setup').getByLabel('Span (bp)').waitFor()
  }
  const scanOf = (bp: number) => async () => {
    const setup = w.page.getByTestId('scan-setup')
    await setup.getByLabel('Span (bp)').fill(String(bp))
    await setup.getByLabel('Span (bp)').press('Tab')
    await setup.getByRole('button', { name: /^Scan chr19/ }).click()
  }
  const download = async (click: () => Promise<void>) => (await downloaded(w.page, click)).text

  it('starts at the base that was clicked and fills a heatmap', async () => {
    await goTo(w.page, 'chr19:44,908,664-44,908,704')
    await clickMiddle('chr19:44,908,684')
    await openForm()
    expect(await axeProblems(w.page)).toEqual([])
    await scanOf(SPAN)()
    await heatmap().waitFor(slow)
    await expect.poll(() => plots().getAttribute('data-state'), slow).toBe('done')
    await expect.poll(() => heatmap().getAttribute('data-exact'), soon).toBe(String(SPAN * 3))
    await expect
      .poll(() => w.page.getByTestId('scan-status').textContent())
      .toContain(`${SPAN * 3} of ${SPAN * 3} exact`)
    // The clicked base is pointed at, and the sample's own variant there is named.
    await expect.poll(() => readout().textContent(), soon).toMatch(/chr19:44,908,684 T>A\s+SAD/)
    await expect.poll(() => readout().textContent(), soon).toMatch(/SYN-E3E4: (C\/T|T\/C)/)
    await expect.poll(() => w.page.locator('.synthetic').count()).toBeGreaterThanOrEqual(4)
  })

  it('shows the numbers of full passes by the command line, and exports them', async () => {
    const out = join(folder, 'cli.tsv')
    await run(process.execPath, [CLI, 'mutate', '--model', MODEL, '--reference', demoFile('synthetic-chr19.fa.gz'), '--region', `${REGION.contig}:${REGION.first}-${REGION.last}`, '--tracks', '0', '--bins', 'all', '--method', 'naive', '--out', out, '--quiet'], { cwd: ROOT }) // biome-ignore format: one command
    const truth = effectsOf(readFileSync(out, 'utf8'))
    expect(truth.size).toBe(SPAN * 3)
    const text = await download(() => plots().getByRole('button', { name: /TSV/ }).click())
    expect(text).toMatch(/^# /)
    const shown = effectsOf(text)
    expect([...shown.keys()].sort()).toEqual([...truth.keys()].sort())
    const largest = Math.max(...[...truth.values()].map(Math.abs))
    for (const [key, value] of truth) expect(Math.abs(shown.get(key)! - value)).toBeLessThan(1e-3 * largest)
    const svg = await download(() =>
      plots()
        .getByRole('button', { name: /as SVG/ })
        .click(),
    )
    expect(svg).toMatch(/^<svg[^>]*><metadata>Diploscope/)
    expect(svg).toContain('44,908,68')
    // The scale's end is the largest effect.
    await expect.poll(async () => Number(await heatmap().getAttribute('data-range'))).toBeCloseTo(largest, 3)
  })

  it('is walked by keys, read by hover, and moves the browser by a click', async () => {
    await heatmap().focus()
    const title = w.page.getByTestId('scan-title')
    await w.page.keyboard.press('Home')
    await expect.poll(() => title.textContent(), soon).toContain('chr19:44,908,678')
    await w.page.keyboard.press('ArrowRight')
    await expect.poll(() => title.textContent(), soon).toContain('chr19:44,908,679')
    const before = await title.textContent()
    await w.page.keyboard.press('ArrowDown')
    await expect.poll(() => title.textContent(), soon).not.toBe(before)
    await w.page.getByTestId('scan-profile').locator('svg[role="img"]').waitFor()
    const cursor = w.page.locator('.mark-cursor')
    await expect.poll(() => cursor.getAttribute('data-position'), soon).toBe('44908678')
    const cell = (await w.page.locator('.scan-cell').boundingBox())!
    // One column to the right, by mouse: hover reads, a click points.
    await w.page.mouse.move(cell.x + cell.width * 1.5, cell.y + cell.height / 2)
    await expect.poll(() => readout().textContent(), soon).toContain('chr19:44,908,680')
    await expect.poll(() => title.textContent(), soon).toContain('chr19:44,908,679')
    await w.page.mouse.click(cell.x + cell.width * 1.5, cell.y + cell.height / 2)
    await expect.poll(() => title.textContent(), soon).toContain('chr19:44,908,680')
    await expect.poll(() => cursor.getAttribute('data-position'), soon).toBe('44908679')
    // The browser has the mutation's effect and the scan's letters as tracks.
    const labels = w.page.locator('.igv-track-label')
    await expect
      .poll(async () => (await labels.allTextContents()).join('|'), soon)
      .toMatch(/Mutation effect.*synthetic/)
    await expect.poll(async () => (await labels.allTextContents()).join('|')).toContain('what each base adds')
  })

  it('verifies on demand and shows the agreement', async () => {
    await w.page.getByRole('button', { name: 'Verify' }).click()
    const found = w.page.getByTestId('scan-verified')
    await found.waitFor(slow)
    await expect.poll(() => found.textContent()).toMatch(/Rank correlation(1\.0|0\.9999)/)
    expect(await axeProblems(w.page)).toEqual([])
    await palette(w.page, 'light or dark')
    await w.page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
    expect(await axeProblems(w.page)).toEqual([])
    await palette(w.page, 'light or dark')
    await w.page.locator('html[data-mantine-color-scheme="light"]').waitFor()
  })

  it('is cancelled, kept as partial over a new start, and goes on', async () => {
    await w.page.getByRole('button', { name: 'chr19:44,908,684', exact: true }).click()
    await openForm()
    await scanOf(400)()
    await plots()
      .getByText(/of 1,200 exact/)
      .waitFor(slow)
    await expect.poll(async () => Number(await heatmap().getAttribute('data-exact')), slow).toBeGreaterThan(3)
    await plots().getByRole('button', { name: 'Cancel scan' }).click()
    await plots().getByText('partial', { exact: true }).waitFor(slow)
    const kept = Number(await heatmap().getAttribute('data-exact'))
    expect(kept).toBeGreaterThan(3)
    expect(kept).toBeLessThan(1200)
    await w.restart()
    await genomeReady(w.page)
    await palette(w.page, 'scans that were made')
    const entry = w.page
      .getByTestId('scan-list')
      .locator('li[data-state="cancelled"], li[data-state="partial"]')
      .first()
    await entry.getByText(/partial/).waitFor()
    await entry
      .getByRole('button', { name: /44,908/ })
      .first()
      .click()
    await heatmap().waitFor(slow)
    await expect.poll(async () => Number(await heatmap().getAttribute('data-exact')), soon).toBeGreaterThanOrEqual(kept)
    await plots().getByText('partial', { exact: true }).waitFor()
    const there = Number(await heatmap().getAttribute('data-exact'))
    await plots().getByRole('button', { name: 'Resume' }).click()
    await expect.poll(async () => Number(await heatmap().getAttribute('data-exact')), slow).toBeGreaterThan(there)
    await plots().getByRole('button', { name: 'Cancel scan' }).click()
    await plots().getByText('partial', { exact: true }).waitFor(slow)
  })

  it('scores the variants of a VCF in a table', async () => {
    await goTo(w.page, 'chr19:44,908,664-44,908,704')
    await palette(w.page, 'effects of the variants')
    await w.page.getByRole('button', { name: 'Score the variants' }).click()
    const table = w.page.getByTestId('variant-table')
    await table.waitFor(slow)
    const rows = table.locator('tbody tr')
    await expect.poll(async () => (await rows.count()) > 1 && !(await w.page.getByRole('button', { name: 'Cancel scoring' }).isVisible()), slow).toBe(true) // biome-ignore format: one question
    const all = await rows.count()
    // Largest first, then the same from below.
    const values = async () =>
      (await rows.locator('td:last-child').allTextContents()).filter(t => t !== '–').map(Number)
    await table.getByRole('button', { name: /DNASE/ }).click()
    await expect.poll(async () => await table.locator('th[aria-sort="descending"]').count(), soon).toBe(1)
    await expect.poll(async () => { const v = await values(); return v.every((x, i) => i === 0 || Math.abs(v[i - 1]!) >= Math.abs(x) || v[i - 1]! >= x) }, soon).toBe(true) // biome-ignore format: one question
    await w.page.getByRole('textbox', { name: 'Filter' }).fill('44,908,684'.replaceAll(',', ''))
    await expect.poll(() => rows.count(), soon).toBeLessThan(all)
    await rows.first().getByRole('button').click()
    await expect.poll(() => w.page.locator('.mark-selected').getAttribute('data-position'), soon).toBe('44908683')
    const tsv = await download(() => w.page.getByTestId('variant-plots').getByRole('button', { name: /TSV/ }).click())
    expect(tsv).toContain('44908684')
    expect(await axeProblems(w.page)).toEqual([])
  })

  it('attributes the view, and measures a receptive field with its control', async () => {
    await palette(w.page, 'attribution of the view')
    await w.page
      .getByTestId('attribution')
      .getByText(/first-order estimate/)
      .waitFor(slow)
    await expect.poll(async () => (await w.page.locator('.igv-track-label').allTextContents()).join('|'), soon).toContain('Gradient') // biome-ignore format: one question
    await palette(w.page, 'receptive field')
    const screen = w.page.getByTestId('field-screen')
    await screen.getByLabel('Sequences').fill('1')
    await screen.getByRole('button', { name: 'Measure' }).click()
    await w.page.getByTestId('field-medians').waitFor(slow)
    await expect
      .poll(() => w.page.getByTestId('field-map').textContent())
      .toMatch(/Control \(nothing mutated\): median 0, largest 0/)
    await expect.poll(() => w.page.getByTestId('field-medians').locator('tbody tr').count()).toBe(9)
    expect(await axeProblems(w.page)).toEqual([])
    await w.page.keyboard.press('Escape')
  })

  it('says what is wrong with a place that cannot be scanned', async () => {
    await goTo(w.page, 'chr19:1,000,001-1,000,041')
    await clickMiddle('chr19:1,000,021')
    await openForm()
    await scanOf(SPAN)()
    const card = w.page.getByTestId('scan-setup').getByRole('alert')
    await card.waitFor(slow)
    await expect.poll(() => card.textContent()).toMatch(/N/)
    // At the end of the contig the span moves inside it.
    await goTo(w.page, 'chr19:58,617,577-58,617,616')
    await w.page.keyboard.press('t')
    await clickMiddle(/chr19:58,617,5/)
    const setup = w.page.getByTestId('scan-setup')
    await setup.getByLabel('Span (bp)').fill('200')
    await setup.getByLabel('Span (bp)').press('Tab')
    await setup.getByRole('button', { name: 'Scan chr19:58,617,417-58,617,616', exact: true }).waitFor()
  })
})
