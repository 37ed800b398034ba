import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { LabResult } from '../src-shared/lab/result.ts'
import { availableHosts, axeProblems, genomeReady, launchWorkbench, slow, soon, type Workbench } from './launch.ts'
import { downloaded, restart, tabTo } from './steps.ts'

const RECIPE = 'Low rank: a first look'

const rowsOf = (tsv: string) => {
  const lines = tsv.split('\n').filter(l => l !== '' && !l.startsWith('#'))
  return lines.slice(1).map(l => l.split('\t'))
}

/** Small recipes from the window to their answers. Truth: the saved result itself, its points counted and its numbers compared. */
describe.each(availableHosts())('the lab in the %s window', host => {
  let w: Workbench
  let dataDir: string
  let folder: string
  let saved: LabResult
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
    folder = mkdtempSync(join(tmpdir(), 'diploscope-e2e-lab-'))
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

  const lab = () => w.page.getByTestId('lab')
  const page = (state?: string) => w.page.locator(`[data-testid="lab-page"]${state ? `[data-state="${state}"]` : ''}`)
  const figures = () => page().locator('[data-testid^="figure-"]')
  const results = () => w.page.getByTestId('lab-results').locator('tbody tr')
  const overview = async () => {
    await w.page.getByRole('navigation', { name: 'Project' }).getByRole('button', { name: 'What attention costs' }).click() // biome-ignore format: one line
    await w.page.getByTestId('experiment-length').waitFor(soon)
  }
  const run = async (recipe: string) => {
    await overview()
    await lab().getByRole('button', { name: new RegExp(`^Run ${recipe}`) }).click() // biome-ignore format: one line
    await page().waitFor(soon)
  }
  const points = async () => Number(await page().getAttribute('data-points'))

  it('runs an experiment to figures and a verdict, with where it was measured under each', async () => {
    await overview()
    for (const name of ['length', 'low-rank', 'effect', 'compression', 'sparse-parity'])
      await expect
        .poll(() => w.page.getByTestId(`experiment-${name}`).locator('.lab-question').textContent())
        .toMatch(/\?$/)
    expect(await axeProblems(w.page)).toEqual([])
    await run(RECIPE)
    await page('done').waitFor(slow)
    // The question, its answer and the figure that shows it are on the first screen.
    const answer = w.page.getByTestId('lab-answer')
    await expect.poll(() => answer.textContent()).toMatch(/^(Wins|Loses|Open|Not alike everywhere)\. LRT is .*Linformer is /) // biome-ignore format: one line
    const box = await figures().first().locator('svg[role="img"]').boundingBox()
    expect(box!.y + 100).toBeLessThan(w.page.viewportSize()!.height)
    const verdicts = w.page.getByTestId('lab-verdicts').locator('li')
    await expect.poll(() => verdicts.count()).toBeGreaterThan(0)
    // A word, not colour alone.
    for (const text of await verdicts.allTextContents()) expect(text).toMatch(/^(Holds|Does not hold|Open)\. /)
    await expect.poll(() => figures().count()).toBeGreaterThan(0)
    for (const figure of await figures().all()) {
      await expect.poll(() => figure.locator('svg[role="img"]').count()).toBe(1)
      await expect
        .poll(() => figure.getByTestId('lab-foot').textContent())
        .toMatch(/Measured on .*cpu; .*\d+\.\d+\.\d+/)
    }
    expect(await axeProblems(w.page)).toEqual([])
  })

  it('gives the result, its points, figures and tables to files', async () => {
    const json = await downloaded(w.page, () => page().getByRole('button', { name: 'Save the result as JSON' }).click())
    saved = JSON.parse(json.text) as LabResult
    expect(saved).toMatchObject({ format: 'diploscope-lab', formatVersion: 1, experiment: 'low-rank', state: 'done' })
    expect(saved.points).toHaveLength(saved.total)
    await expect.poll(points).toBe(saved.total)
    const tsv = await downloaded(w.page, () => page().getByRole('button', { name: 'Save the points as TSV' }).click())
    expect(tsv.text).toContain(saved.machine.processor)
    const ids = new Set(saved.points.map(p => p.id))
    expect(ids.size).toBe(saved.total)
    const figure = figures().first()
    const svg = await downloaded(w.page, () => figure.getByRole('button', { name: /as SVG/ }).click())
    expect(svg.text).toContain('role="img"')
    expect(svg.text).toContain('research use only')
    expect(svg.text).toContain(saved.recipe.sha256.slice(0, 16))
    // The machine stands in the picture, broken into lines.
    expect(svg.text).toContain('>Measured on ')
    const title = await figure.locator('h3').textContent()
    expect(svg.text).toContain('<title>')
    // What is drawn, what the table shows and what the file holds are the same points.
    await figure.getByRole('button', { name: /^Show as table/ }).click()
    await figure.locator('tbody tr').first().waitFor(soon)
    const shown = await figure.locator('tbody tr').count()
    const table = await downloaded(w.page, () => figure.getByRole('button', { name: /TSV/ }).click())
    expect(table.text).toMatch(/^# Diploscope .*lab, /)
    expect(table.text).toContain(`# ${`Diploscope`}`)
    expect(table.text.split('\n')[0]).toContain(title ?? 'no title')
    expect(rowsOf(table.text)).toHaveLength(shown)
    await figure.getByRole('button', { name: /^Show as figure/ }).click()
  })

  it('prints the answer alone, on white, and gives the window back', async () => {
    await w.page.emulateMedia({ media: 'print' })
    await w.page.evaluate(() => window.dispatchEvent(new Event('beforeprint')))
    const sheet = w.page.getByTestId('print-sheet')
    await expect.poll(() => sheet.isVisible()).toBe(true)
    await expect.poll(() => w.page.locator('.titlebar').isVisible()).toBe(false)
    await expect.poll(() => sheet.getByRole('button').count()).toBe(0)
    await expect.poll(() => sheet.locator('svg[role="img"]').count()).toBe(await figures().count())
    await expect.poll(() => sheet.getByTestId('lab-foot').count()).toBe(await figures().count())
    const white = await sheet.evaluate(e => getComputedStyle(e).backgroundColor)
    expect(white).toBe('rgb(255, 255, 255)')
    await w.page.evaluate(() => window.dispatchEvent(new Event('afterprint')))
    await w.page.emulateMedia({ media: 'screen' })
    await sheet.waitFor({ state: 'detached' })
  })

  it('sets the result of another machine beside its own, and refuses what is none', async () => {
    const other = { ...saved, id: 'elsewhere', machine: { ...saved.machine, processor: 'Imaginary 64-core' } }
    writeFileSync(join(folder, 'none.json'), JSON.stringify({ ...other, points: 'many' }))
    const input = w.page.getByTestId('lab-import').first()
    const dropped = await w.page.evaluateHandle(text => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([text], 'elsewhere.json', { type: 'application/json' }))
      return transfer
    }, JSON.stringify(other))
    await w.page.dispatchEvent('.lab', 'drop', { dataTransfer: dropped })
    const figure = figures()
      .filter({ has: w.page.locator('svg[aria-label*="Imaginary 64-core"]') })
      .first()
    await figure.waitFor(soon)
    await expect.poll(() => figure.getByTestId('lab-foot').textContent()).toContain('Imaginary 64-core')
    await input.setInputFiles(join(folder, 'none.json'))
    const notice = w.page.locator('.toasts .error-card')
    await notice.waitFor(soon)
    await expect.poll(() => notice.textContent()).toContain('points')
    await w.page.locator('.toasts').getByRole('button', { name: 'Dismiss' }).last().click()
    await overview()
    const row = results().filter({ hasText: 'imported' })
    await row.getByRole('button', { name: /^Remove / }).click()
    const dialog = w.page.getByRole('dialog', { name: 'Remove this result?' })
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click()
    await expect.poll(() => row.count(), soon).toBe(0)
    await expect.poll(() => results().count()).toBe(1)
  })

  it('stops where it is told to, keeps what it has, and goes on with the rest', async () => {
    await run(RECIPE)
    await expect.poll(points, slow).toBeGreaterThan(0)
    await page().getByRole('button', { name: /^Cancel/ }).click() // biome-ignore format: one line
    await page('partial').waitFor(slow)
    const save = () => downloaded(w.page, () => page().getByRole('button', { name: 'Save the result as JSON' }).click())
    const before = JSON.parse((await save()).text) as LabResult
    expect(before.points.length).toBeLessThan(before.total)
    await restart(w)
    await overview()
    await results().filter({ hasText: 'stopped' }).getByRole('button', { name: /^Resume/ }).click() // biome-ignore format: one line
    await page('done').waitFor(slow)
    const after = JSON.parse((await save()).text) as LabResult
    expect(after.id).toBe(before.id)
    expect(after.points).toHaveLength(before.total)
    const finished = before.points.filter(p => p.state === 'done')
    for (const p of finished) expect(after.points.find(q => q.id === p.id)?.measures).toEqual(p.measures)
  })

  it('measures the rates of the machine, and says what a model will cost', async () => {
    await overview()
    const answer = w.page.getByTestId('estimate-answer')
    await answer.waitFor(soon)
    await expect.poll(() => answer.textContent()).toContain('typical rates')
    await w.page.getByRole('button', { name: /^Calibrate/ }).click()
    const calibration = w.page.getByTestId('calibration')
    await calibration.getByRole('button', { name: /^Cancel/ }).waitFor(soon)
    await calibration.getByRole('button', { name: /^Calibrate/ }).waitFor(slow)
    // The button comes back before the rates do.
    const ended = async () =>
      `${await calibration.getAttribute('data-calibrated')} ${await calibration.getAttribute('data-job')}`
    await expect.poll(ended, soon).toMatch(/true|failed|cancelled/)
    // A machine on which others work is not measured: its rates would be wrong. The card says just that; no other failure passes.
    const measured = (await calibration.getAttribute('data-calibrated')) === 'true'
    if (measured) await expect.poll(() => calibration.locator('dt').count()).toBeGreaterThan(0)
    else await expect.poll(() => calibration.locator('.error-card').textContent()).toMatch(/busy.*other programs used \d+ % of the processor/is) // biome-ignore format: one line
    await expect
      .poll(() => answer.textContent(), soon)
      .toContain(measured ? 'measured on this machine' : 'typical rates')
    await expect.poll(() => answer.getAttribute('data-fits')).toBe('true')
    // What no machine holds is refused with what would do.
    await w.page.getByLabel('Batch').fill('60000')
    await expect.poll(() => answer.getAttribute('data-fits'), soon).toBe('false')
    await expect.poll(() => answer.textContent()).toMatch(/Does not fit/)
    expect(await axeProblems(w.page)).toEqual([])
    await w.page.getByRole('button', { name: 'Predicted against measured' }).click()
    const accuracy = w.page.getByTestId('accuracy-page')
    // Points measured before the calibration have no prediction.
    await accuracy.locator('.empty').waitFor(soon)
    await w.page.keyboard.press('Escape')
    await w.page.getByTestId('experiment-length').waitFor(soon)
  })

  it('opens the layers of a model when asked to', async () => {
    await w.page.getByRole('button', { name: 'Look at the layers of a model' }).click()
    await w.page.getByTestId('compression').locator('tbody tr').first().waitFor(soon)
    expect(await axeProblems(w.page)).toEqual([])
  })

  it('is walked by keys alone', async () => {
    const press = async (...keys: string[]) => {
      for (const key of keys) await w.page.keyboard.press(key)
    }
    await w.page.getByRole('button', { name: 'Back to the browser' }).focus()
    await press('Enter')
    await lab().waitFor({ state: 'detached' })
    await w.page.locator('.genome-scroll').focus()
    await press('e')
    await lab().waitFor(soon)
    await tabTo(w.page, /^Open the latest result/)
    await press('Enter')
    await page('done').waitFor(soon)
    await tabTo(w.page, /^Show as table/)
    await press('Enter')
    await expect.poll(() => figures().first().locator('tbody tr').count()).toBeGreaterThan(0)
    // Arrows do not move the browser behind.
    const locus = () => w.page.locator('#locus-box').inputValue()
    const here = await locus()
    await press('ArrowRight')
    expect(await locus()).toBe(here)
    await press('Escape')
    await w.page.getByTestId('experiment-length').waitFor(soon)
    await press('Control+k')
    const dialog = w.page.getByRole('dialog', { name: 'Commands' })
    await expect.poll(() => dialog.getByRole('combobox').evaluate(e => e === document.activeElement), soon).toBe(true)
    await w.page.keyboard.type(RECIPE)
    await dialog.getByRole('option', { name: new RegExp(RECIPE) }).waitFor(soon)
    await press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await press('Escape')
    await lab().waitFor({ state: 'detached' })
  })
})
