import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
import { downloaded } from './steps.ts'

const PEOPLE = 60
/** So many that the training is under way when the window is loaded anew and the program is killed. */
const EPOCHS = 40
/** Half a minute on two idle cores; on busy ones many times that. */
const long = { timeout: 900_000 }
const LABEL = /trained on simulated people; not for use on people/i
const run = promisify(execFile)

/** Fine-tuning on simulated people. Truth of every number: the files that the training writes. */
describe.each(availableHosts())('fine-tuning in the %s window', host => {
  let w: Workbench
  let dataDir: string
  let folder: string

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
    folder = mkdtempSync(join(tmpdir(), 'diploscope-e2e-tune-'))
    const cohort = join(folder, 'cohort')
    await run(process.execPath, [CLI, 'simulate', 'cohort', '--reference', demoFile('synthetic-chr19.fa.gz'), '--out', cohort, '--people', String(PEOPLE), '--depth', '14', '--seed', '7', '--region-flank', '300'], { cwd: ROOT }) // biome-ignore format: one line
    const sheet = readFileSync(join(cohort, 'samples.tsv'), 'utf8').trim()
    writeFileSync(join(cohort, 'faulty.tsv'), `${sheet}\nGONE\tbam/gone.bam\t1\t.\t0\t\nBARE\tcohort.json\t\t.\t0\t\n`)
    const files = [demoFile('synthetic-chr19.fa.gz'), join(cohort, 'samples.tsv'), join(cohort, 'faulty.tsv')]
    w = await launchWorkbench(host, { dataDir, files })
    await genomeReady(w.page)
  })
  afterAll(async () => {
    await w?.close()
    for (const path of [dataDir, folder]) rmSync(path, { recursive: true, force: true, maxRetries: 10 })
  })
  afterEach(() => {
    expect(w.problems).toEqual([])
  })

  const choose = async (sheet: string) => {
    await w.page.getByRole('navigation', { name: 'Project' }).getByRole('button', { name: sheet, exact: true }).click()
    await w.page.getByTestId('cohort-title').getByText(sheet).waitFor(soon)
  }
  const plots = () => w.page.getByTestId('tune-plots')
  const line = (state: string) => w.page.locator(`[data-testid="tune-list"] li[data-state="${state}"]`)
  const trained = (file: string) => {
    const [id = ''] = readdirSync(join(dataDir, 'trained'))
    return readFileSync(join(dataDir, 'trained', id, file), 'utf8')
  }
  const steps = async () => Number(await w.page.getByTestId('tune-curves').getAttribute('data-steps'))
  const lookAtIt = async () => {
    await genomeReady(w.page)
    await choose('samples.tsv')
    await w.page.getByTestId('tune-list').locator('.link').first().click()
    await plots().waitFor(soon)
  }

  it('refuses a sheet with rows at fault, and names them', async () => {
    await choose('faulty.tsv')
    await w.page.getByRole('button', { name: 'Fine-tune on these people…' }).click()
    const refusal = w.page.getByTestId('tune-refusal')
    await refusal.getByText("2 rows of 'faulty.tsv' cannot be trained on").waitFor(soon)
    await expect.poll(async () => (await refusal.locator('tbody tr').allTextContents()).map(t => Number.parseInt(t, 10))).toEqual([PEOPLE + 2, PEOPLE + 3]) // biome-ignore format: one line
    await expect.poll(() => w.page.getByTestId('tune-form').count()).toBe(0)
  })

  it('names a field that cannot be, and says what the settings cost', async () => {
    await choose('samples.tsv')
    await w.page.getByRole('button', { name: 'Fine-tune on these people…' }).click()
    const form = w.page.getByTestId('tune-form')
    await form.getByText('not for use on people').waitFor(soon)
    const set = (label: string, value: string) => form.getByLabel(label).fill(value)
    await set('Flank', '300')
    await set('Splits', '2')
    await set('Epochs at most', String(EPOCHS))
    await set('Early stopping', String(EPOCHS))
    await set('Batch', '6')
    await form.getByText('Network, tokenizer and more').click()
    await set('Pieces', '600')
    await set('Width', '16')
    await set('Heads', '3')
    await form.getByText('16 is not divisible by 3 heads').first().waitFor(soon)
    await expect.poll(() => w.page.getByTestId('tune-start').isDisabled()).toBe(true)
    await set('Heads', '2')
    // 30 of each label: 70 % by class to the nearest person, 20 and 20, in batches of 6.
    await expect.poll(() => w.page.getByTestId('tune-cost').getAttribute('data-steps')).toBe(String(Math.floor((PEOPLE - 4 * Math.round(30 * 0.15)) / 6) * EPOCHS * 2)) // biome-ignore format: one line
    await w.page.getByTestId('tune-time').waitFor(slow)
    await expect
      .poll(async () => Number(await w.page.getByTestId('tune-time').getAttribute('data-seconds')))
      .toBeGreaterThan(0)
    expect(await axeProblems(w.page)).toEqual([])
  })

  it('trains with live curves, through a reload of the window, a kill of the program, and going on', async () => {
    await w.page.getByTestId('tune-start').click()
    await w.page.getByTestId('tune-curves').waitFor(slow)
    await plots().getByText(LABEL).waitFor(soon)
    await w.page.reload()
    await lookAtIt()
    await w.page.getByTestId('tune-curves').waitFor(soon)
    await line('running').waitFor(soon)
    const before = await steps()
    await expect.poll(steps, slow).toBeGreaterThan(before)
    await w.restart(true)
    await lookAtIt()
    await line('stopped')
      .getByRole('button', { name: /^Go on/ })
      .click()
    await line('done').waitFor(long)
    const lines = trained('metrics.jsonl').trim().split('\n').filter(l => l.includes('"loss"')) // biome-ignore format: one line
    await expect.poll(steps, soon).toBe(lines.length)
  }, 1_200_000)

  it('shows figures beside the baselines and the optimum, and the card, and gives them to files', async () => {
    await plots().getByText('Figures', { exact: true }).click()
    type Report = { splits: { metrics: Record<string, { auc: { auc: number } }>; confusion: Record<string, number> }[] }
    const report = JSON.parse(trained('report.json')) as Report
    for (const [i, split] of report.splits.entries())
      for (const by of ['model', 'two-snp', 'odds-ratio', 'optimum']) {
        const cell = w.page.locator(`[data-testid="tune-figures"] tr[data-split="${i + 1}"] td[data-model="${by}"]`)
        await expect.poll(async () => Number(await cell.getAttribute('data-auc'))).toBe(split.metrics[by]!.auc.auc)
      }
    const calls = async () => (await w.page.getByTestId('tune-confusion').locator('tbody tr').first().locator('td').allTextContents()).slice(1, 5).map(Number) // biome-ignore format: one line
    const { truePositives, falseNegatives, falsePositives, trueNegatives } = report.splits[0]!.confusion
    await expect.poll(calls).toEqual([truePositives, falseNegatives, falsePositives, trueNegatives])
    await plots().getByText('not independent').first().waitFor(soon)
    expect(await axeProblems(w.page)).toEqual([])
    await plots().getByText('Card', { exact: true }).click()
    await w.page.getByTestId('tune-card').getByText(LABEL).first().waitFor(soon)
    const card = await downloaded(w.page, () => plots().getByRole('button', { name: 'Save the model card' }).click())
    expect(card.text).toBe(trained('CARD.md'))
  })

  it('scores the cohort with the new model, and says who of it trained the model', async () => {
    await plots().getByText('Figures', { exact: true }).click()
    await plots().getByRole('button', { name: 'Score the cohort with it' }).click()
    await w.page.locator('[data-testid="cohort-state"][data-state="done"]').waitFor(slow)
    const seen = w.page.getByTestId('cohort-seen')
    await seen.waitFor(soon)
    const test = 2 * Math.round(30 * 0.15)
    await expect.poll(() => seen.getAttribute('data-fitted')).toBe(String(PEOPLE - test))
    const held = w.page.getByTestId('cohort-held-out')
    await expect.poll(() => held.getAttribute('data-n')).toBe(String(test))
    const { splits } = JSON.parse(trained('report.json')) as { splits: { metrics: { model: { auc: { auc: number } } } }[] } // biome-ignore format: one line
    await expect
      .poll(async () => Number(await held.getAttribute('data-auc')))
      .toBeCloseTo(splits[0]!.metrics.model.auc.auc, 10)
    const rows = w.page.getByTestId('cohort-metrics').locator('tbody tr')
    const people = (which: string) => rows.filter({ hasText: which }).first().locator('td').nth(1).textContent()
    await expect.poll(() => people(', everybody')).toBe(String(PEOPLE))
    await expect.poll(() => people(', held out')).toBe(String(test))
    await expect
      .poll(() => w.page.getByTestId('cohort-against').first().textContent())
      .toMatch(/^Held out: model minus two SNPs/)
    // What is saved says it too.
    for (const name of [/TSV/, /SVG/]) {
      const file = await downloaded(w.page, () => w.page.locator('.cohort-right').getByRole('button', { name }).click())
      expect(file.text).toContain(`${PEOPLE - test} of these people trained the model`)
    }
    expect(await axeProblems(w.page)).toEqual([])
  })
})
