import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { availableHosts, axeProblems, genomeReady, launchWorkbench, slow, soon, type Workbench } from './launch.ts'
import { downloaded } from './steps.ts'

const LAYER = 'transformer.0.0.fn.1.to_out'

/** The demo's model made smaller in the window. Truth: the folder that was written, its parameters counted by the formula. */
describe.each(availableHosts())('a smaller model in the %s window', host => {
  let w: Workbench
  let dataDir: string
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
    w = await launchWorkbench(host, { dataDir, colorScheme: 'dark' })
    await genomeReady(w.page)
    await w.page.getByRole('navigation', { name: 'Project' }).getByRole('button', { name: 'What attention costs' }).click() // biome-ignore format: one line
    await w.page.getByRole('button', { name: 'Look at the layers of a model' }).click(soon)
    await panel().locator('tbody tr').first().waitFor(slow)
  })
  afterAll(async () => {
    await w?.close()
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 })
  })
  afterEach(() => {
    expect(w.problems).toEqual([])
  })
  const panel = () => w.page.getByTestId('compression')
  const totals = async () => Number((await panel().getByTestId('compression-totals').locator('b').first().textContent())!.replaceAll(',', '')) // biome-ignore format: one line

  it('shows every layer with its spectrum; the slider answers keys, a layer takes a rank of its own', async () => {
    await expect.poll(() => panel().locator('tbody svg[role="img"]').count()).toBe(26)
    const before = await totals()
    await panel().getByRole('slider').focus()
    for (let i = 0; i < 20; i++) await w.page.keyboard.press('ArrowLeft')
    await expect.poll(totals).toBeLessThan(before)
    await panel().getByText('Attention and feed-forward', { exact: true }).click()
    await panel().getByLabel('Kept energy in percent').fill('100')
    await panel()
      .getByText(/No layer would become smaller/)
      .waitFor(soon)
    await panel()
      .getByRole('combobox', { name: `How ${LAYER} is factorised` })
      .selectOption('rank')
    await panel().getByLabel(`Rank of ${LAYER}`).fill('5')
    // 48 x 48 becomes 5·(48 + 48); the demo's model has 94,691 parameters.
    await expect.poll(totals).toBe(94_691 - 48 * 48 + 5 * 96)
    expect(await axeProblems(w.page)).toEqual([])
  })

  it('makes and measures it, opens it beside the others, and stays where the figures are', async () => {
    await panel().getByRole('button', { name: 'Compress and measure' }).click()
    const report = panel().getByTestId('compression-report')
    await report.waitFor(slow)
    await expect.poll(() => report.textContent()).toMatch(/It predicts the same\.|It is another model/)
    const row = (name: string) => report.locator('tr', { hasText: name }).first().locator('td')
    await expect.poll(() => row('Parameters').nth(2).textContent()).toBe('92,867')
    await expect.poll(() => report.textContent()).toContain('metrics of the original do not hold')
    await w.page.getByRole('navigation', { name: 'Project' }).getByText('demo-tracks-smaller').waitFor(soon)
    const [id] = readdirSync(join(dataDir, 'compressions'))
    const folder = join(dataDir, 'compressions', id!, 'demo-tracks-smaller')
    expect(existsSync(join(folder, 'weights.safetensors'))).toBe(true)
    const json = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'))
    expect(json.architecture.ranks).toEqual({ [LAYER]: 5 })
    expect(json.weights.parameters).toBe(92_867)
    expect(await axeProblems(w.page)).toEqual([])
    const tsv = await downloaded(w.page, () => report.getByRole('button', { name: 'Save this report as TSV' }).click())
    expect(tsv.text).toContain('parameters\t94691\t92867')
    await report.getByRole('button', { name: 'Open in the project' }).click()
    await w.page.getByTestId('model-title').getByText(/factorised to 100 % of the energy of some layers, one layer chosen apart/).waitFor(soon) // biome-ignore format: one line
  })

  it('removes it when asked twice: its folder, its report, its line in the project', async () => {
    await w.page.getByRole('navigation', { name: 'Project' }).getByRole('button', { name: 'What attention costs' }).click() // biome-ignore format: one line
    const report = panel().getByTestId('compression-report')
    const button = report.getByRole('button', { name: /^Remove / })
    await button.click(soon)
    const dialog = w.page.getByRole('dialog', { name: 'Remove this smaller model?' })
    await dialog.getByRole('button', { name: 'Keep it' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(readdirSync(join(dataDir, 'compressions'))).toHaveLength(1)
    await button.click()
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click()
    await report.waitFor({ state: 'detached' })
    await panel().waitFor(soon)
    await expect.poll(() => readdirSync(join(dataDir, 'compressions'))).toEqual([])
    await w.page.getByRole('navigation', { name: 'Project' }).getByText('demo-tracks-smaller').waitFor({ state: 'detached' }) // biome-ignore format: one line
  })
})
