import { execFile } from 'node:child_process'
import { linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RiskCohort, RiskScore } from '../src-shared/genome/risk.ts'
import {
  availableHosts,
  axeProblems,
  CLI,
  cliJson,
  demoFile,
  genomeReady,
  launchWorkbench,
  ROOT,
  slow,
  soon,
  type Workbench,
} from './launch.ts'
import { downloaded, restart } from './steps.ts'

const MODEL = join(ROOT, 'assets', 'models', 'apoe-risk-demo')
const LABEL = /trained on simulated people; not for use on people/i

const run = promisify(execFile)

/** The numbers that rows begin with. */
const linesOf = (rows: readonly string[]) => rows.map(t => Number.parseInt(t, 10))

/** A sample of the demo under the demonstration model. Truth of every number: `score` of the command line on the same file. */
describe.each(availableHosts())('the risk score of a sample in the %s window', host => {
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

  const tree = () => w.page.getByRole('navigation', { name: 'Project' })
  const result = () => w.page.getByTestId('risk-result')
  const openSample = async (name: string) => {
    await tree().getByRole('button', { name, exact: true }).click()
    await w.page.locator('.inspector-head h2', { hasText: name }).waitFor()
  }
  const truth = async (file: string) =>
    (await cliJson('score', demoFile(file), '--model', MODEL, '--evidence', '1000')) as RiskScore

  it('needs a model, and opens the one that comes with the program where one stands', async () => {
    await openSample('SYN-E3E3')
    await w.page.getByRole('button', { name: 'Open the demonstration model' }).click()
    await w.page.getByTestId('risk-label').getByText(LABEL).waitFor()
    await w.page.locator('.inspector-head h2', { hasText: 'SYN-E3E3' }).waitFor()
    expect(await result().count()).toBe(0) // nothing is scored unasked
  })

  it.each([
    ['SYN-E3E3', 'synthetic-e3e3.bam'],
    ['SYN-E3E4', 'synthetic-e3e4.bam'],
  ])('scores %s as the command line does', async (name, file) => {
    const cli = await truth(file)
    await openSample(name)
    await w.page.getByTestId('risk-score').click()
    const probability = w.page.getByTestId('risk-probability')
    await probability.waitFor(slow)
    await expect.poll(async () => Number(await probability.getAttribute('data-value'))).toBe(cli.probability)
    await expect.poll(() => probability.textContent()).toBe(`${(100 * cli.probability!).toFixed(1)} %`)
    await expect
      .poll(() => w.page.getByTestId('risk-place').textContent())
      .toContain(`Above ${(100 * cli.place!.all).toFixed(1)} %`)
    const baseline = w.page.getByTestId('risk-baseline')
    await expect.poll(() => baseline.textContent()).toContain(`${(100 * cli.baseline.twoSnp!).toFixed(1)} %`)
    const read = w.page.getByTestId('risk-evidence')
    await expect.poll(() => read.textContent()).toContain(cli.coverage.meanDepth.toFixed(1))
    await expect.poll(() => read.textContent()).toContain(`${cli.tokens!.count} of at most ${cli.tokens!.limit}`)
    for (const limit of cli.limits) await w.page.getByTestId('risk-limits').getByText(limit, { exact: true }).waitFor()
    const rows = w.page.getByTestId('risk-attribution').locator('tbody tr')
    await expect.poll(() => rows.count()).toBe(cli.evidence.length)
    if (cli.evidence[0])
      await expect.poll(() => rows.first().textContent()).toContain(cli.evidence[0].logitChange.toFixed(3))
  })

  it('gives every number to a file that says what the model was trained on', async () => {
    const cli = await truth('synthetic-e3e4.bam')
    const json = await downloaded(w.page, () => result().getByRole('button', { name: 'Save the score as JSON, every number' }).click()) // biome-ignore format: one line
    const saved = JSON.parse(json.text) as { label: string; score: RiskScore; provenance: string[] }
    expect(saved.label).toMatch(LABEL)
    const { path: _p, model: _m, ...numbers } = saved.score
    const { path: _q, model: _n, ...expected } = cli
    expect(numbers).toEqual(expected)
    const tsv = await downloaded(w.page, () => w.page.getByTestId('risk-baseline').getByRole('button', { name: /TSV/ }).click()) // biome-ignore format: one line
    expect(tsv.text).toMatch(LABEL)
    expect(tsv.text).toContain(`probability\t${cli.probability}`)
    const svg = await downloaded(w.page, () =>
      w.page.getByTestId('risk-strip').getByRole('button', { name: /SVG/ }).click(),
    )
    expect(svg.text).toMatch(LABEL)
  })

  it('shows tokens and attribution as tracks, and walks from a stretch to its place', async () => {
    const cli = await truth('synthetic-e3e4.bam')
    const labels = w.page.locator('.igv-track-label')
    await result().getByRole('button', { name: 'Show tokens and attribution in the browser' }).click()
    await expect
      .poll(async () => (await labels.allTextContents()).filter(t => /^(Tokens|Risk logit)/.test(t)).length, soon)
      .toBe(3)
    for (const text of (await labels.allTextContents()).filter(t => /^(Tokens|Risk logit)/.test(t)))
      expect(text).toContain('trained on simulated people')
    const { interval } = cli.evidence[0]!
    await w.page.getByTestId('risk-attribution').locator('tbody button').first().click()
    await expect
      .poll(() => w.page.getByRole('textbox', { name: 'Locus or gene' }).inputValue(), soon)
      .toBe(`chr19:${(interval.start - 59).toLocaleString('en-US')}-${(interval.end + 60).toLocaleString('en-US')}`)
    await openSample('SYN-E3E4')
    await result().getByRole('button', { name: 'Take its tracks off the browser' }).click()
    await expect.poll(async () => (await labels.allTextContents()).filter(t => /^Tokens/.test(t)).length, soon).toBe(0)
  })

  it('is found by the keyboard, and has no serious fault of access', async () => {
    await openSample('SYN-E3E3')
    await w.page.locator('.genome-scroll').focus()
    await w.page.keyboard.press('r')
    await w.page.getByTestId('risk-probability').waitFor(slow)
    expect(await axeProblems(w.page)).toEqual([])
  })
})

/** A cohort of simulated people. Truth of every number: `score --samples` of the command line on the same sheet. */
describe.each(availableHosts())('a cohort in the %s window', host => {
  let w: Workbench
  let dataDir: string
  let folder: string
  let cli: RiskCohort
  const PEOPLE = 40
  const COPIES = 4

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
    folder = mkdtempSync(join(tmpdir(), 'diploscope-e2e-risk-'))
    const cohort = join(folder, 'cohort')
    const simulate = (out: string, people: number, depth: number) =>
      run(process.execPath, [CLI, 'simulate', 'cohort', '--reference', demoFile('synthetic-chr19.fa.gz'), '--out', out, '--people', String(people), '--depth', String(depth), '--seed', '7', '--flank-effects', '4', '--region-flank', '3000'], { cwd: ROOT }) // biome-ignore format: one line
    await simulate(cohort, PEOPLE, 14)
    await simulate(join(folder, 'thin'), 2, 1)
    const sheet = readFileSync(join(cohort, 'samples.tsv'), 'utf8')
    const [head = '', first = '', ...rest] = sheet.trim().split('\n')
    const faults = ['GONE\tbam/gone.bam\t1\t.\t0\tsimulated', `${first}`, 'ODD\tcohort.json\tmaybe\t.\t0\tsimulated', 'JUNK\tcohort.json\t0\t.\t0\tsimulated'] // biome-ignore format: one line
    writeFileSync(
      join(cohort, 'faulty.tsv'),
      `${[head, first, ...rest, 'THIN\t../thin/bam/SIM-000001.bam\t\t.\t0\tsimulated', ...faults].join('\n')}\n`,
    )
    // Many rows without many simulations: further names of the same files.
    const many = [first, ...rest].flatMap(line => {
      const [sample = '', bam = '', ...more] = line.split('\t')
      return Array.from({ length: COPIES }, (_, i) => {
        const copy = `bam/${sample}-${i}.bam`
        linkSync(join(cohort, bam), join(cohort, copy))
        linkSync(join(cohort, `${bam}.bai`), join(cohort, `${copy}.bai`))
        return [`${sample}-${i}`, copy, ...more].join('\t')
      })
    })
    writeFileSync(join(cohort, 'many.tsv'), `${[head, ...many].join('\n')}\n`)
    cli = (await cliJson('score', '--samples', join(cohort, 'faulty.tsv'), '--model', MODEL)) as RiskCohort
    const files = [demoFile('synthetic-chr19.fa.gz'), MODEL, join(cohort, 'faulty.tsv'), join(cohort, 'many.tsv')]
    w = await launchWorkbench(host, { dataDir, files })
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

  const tree = () => w.page.getByRole('navigation', { name: 'Project' })
  const state = (is: string) => w.page.locator(`[data-testid="cohort-state"][data-state="${is}"]`)
  const table = () => w.page.getByTestId('cohort-table')
  const right = () => w.page.locator('.cohort-right')

  it('names the rows at fault before anything is scored', async () => {
    await tree().getByRole('button', { name: 'faulty.tsv', exact: true }).click()
    const problems = w.page.getByTestId('cohort-problems').locator('tbody tr')
    await problems.first().waitFor(soon)
    await expect
      .poll(async () => linesOf(await problems.allTextContents()))
      .toEqual([PEOPLE + 3, PEOPLE + 4, PEOPLE + 5])
    const texts = await problems.allTextContents()
    expect(texts[0]).toContain('does not exist')
    expect(texts[1]).toContain('stands on line 2 already')
    expect(texts[2]).toContain("label 'maybe'")
    await w.page.getByTestId('cohort-run').getByText(LABEL).first().waitFor()
  })

  it('scores everybody as the command line does, and lists failures at the end', async () => {
    await state('ready')
      .getByRole('button', { name: /^Score/ })
      .click()
    await state('done').waitFor(slow)
    expect(cli.rows.length).toBe(PEOPLE + 1)
    await expect
      .poll(() => w.page.getByTestId('cohort-counts').textContent())
      .toContain(`${PEOPLE + 5} of ${PEOPLE + 5}`)
    const one = cli.rows[0]!
    const row = table().locator(`tr[data-sample="${one.sample}"]`)
    await expect.poll(() => row.textContent()).toContain(`${(100 * one.probability!).toFixed(1)} %`)
    await expect.poll(() => row.textContent()).toContain(one.genotype)
    const failures = w.page.getByTestId('cohort-failures').locator('tbody tr')
    await expect.poll(async () => linesOf(await failures.allTextContents())).toEqual(cli.failures.map(f => f.line))
    const auc = w.page.getByTestId('cohort-metrics').locator('[data-auc]').first()
    await expect.poll(async () => Number(await auc.getAttribute('data-auc'))).toBe(cli.metrics!.model!.auc!.auc)
    await w.page.getByTestId('cohort-metrics').getByText('optimum of the simulated population').waitFor()
  })

  it('filters, sorts, and counts calls at a threshold', async () => {
    await w.page.getByLabel('Filter samples').fill('e3/e4')
    const wanted = cli.rows.filter(r => r.genotype === 'e3/e4')
    await expect.poll(() => table().locator('tr[data-sample]').count(), soon).toBe(wanted.length)
    await w.page.getByLabel('Filter samples').fill('')
    await table()
      .getByRole('button', { name: /^Score/ })
      .click()
    const best = [...cli.rows].sort((a, b) => b.probability! - a.probability!)[0]!
    await expect
      .poll(() => table().locator('tr[data-sample]').first().textContent(), soon)
      .toContain(`${(100 * best.probability!).toFixed(1)} %`)
    await right().getByText('Confusion', { exact: true }).click()
    const slider = w.page.getByRole('slider', { name: 'Threshold' })
    await slider.focus()
    await slider.press('Home')
    await expect.poll(() => w.page.getByTestId('cohort-threshold').textContent(), soon).toBe('0.0 %')
    const { cases, n } = cli.metrics!.model!
    const cells = w.page.getByTestId('cohort-confusion').locator('tbody td')
    // From 0 everybody is called.
    await expect.poll(async () => (await cells.allTextContents()).map(Number)).toEqual([cases, 0, n - cases, 0])
  })

  it('gives rows, figures and pictures to files', async () => {
    const json = await downloaded(w.page, () => w.page.getByRole('button', { name: 'Save the cohort as JSON' }).click())
    const saved = JSON.parse(json.text) as RiskCohort & { simulatedTruth: { optimalAuc: number } }
    expect(saved.rows).toEqual(cli.rows)
    expect(saved.metrics).toEqual(cli.metrics)
    expect(saved.limits.join()).toMatch(LABEL)
    expect(saved.simulatedTruth.optimalAuc).toBeGreaterThan(0.5)
    const tsv = await downloaded(w.page, () => w.page.getByRole('button', { name: 'Save the cohort as TSV' }).click())
    expect(tsv.text).toMatch(LABEL)
    expect(tsv.text.split('\n').filter(l => /^(SIM-|THIN)/.test(l)).length).toBe(PEOPLE + 1)
    await right().getByText('ROC', { exact: true }).click()
    const svg = await downloaded(w.page, () => right().getByRole('button', { name: /SVG/ }).click())
    expect(svg.text).toContain('<svg')
    expect(svg.text).toMatch(LABEL)
    const curve = await downloaded(w.page, () => right().getByRole('button', { name: /TSV/ }).click())
    const points = curve.text.split('\n').filter(l => l.startsWith('model\t')).map(l => l.split('\t').slice(1, 3).map(Number)) // biome-ignore format: one line
    // The area under the exported points is the AUC.
    const area = points.slice(1).reduce((sum, [x = 0, y = 0], i) => sum + ((x - points[i]![0]!) * (y + points[i]![1]!)) / 2, 0) // biome-ignore format: one line
    expect(area).toBeCloseTo(cli.metrics!.model!.auc!.auc, 10)
  })

  it('is there after a restart, and has no serious fault of access', async () => {
    await restart(w)
    await tree().getByRole('button', { name: 'faulty.tsv', exact: true }).click()
    await state('done').waitFor(slow)
    await w.page.getByRole('button', { name: 'Table and curves' }).click()
    await table().locator('tr[data-sample]').first().waitFor(soon)
    expect(await axeProblems(w.page)).toEqual([])
  })

  it('opens a sample from its row with its score', async () => {
    const { sample, probability } = cli.rows[1]!
    await table().getByRole('button', { name: sample, exact: true }).click()
    const shown = w.page.getByTestId('risk-probability')
    await shown.waitFor(slow)
    await expect.poll(async () => Number(await shown.getAttribute('data-value'))).toBe(probability)
  })

  it('says of a sample with too few reads why it has no score, and what comes next', async () => {
    expect(cli.rows.at(-1)).toMatchObject({ sample: 'THIN', noCall: 'low-coverage', probability: null })
    await w.page.getByRole('combobox', { name: 'State' }).click()
    await w.page.getByRole('option', { name: 'no score' }).click()
    await table().getByRole('button', { name: 'THIN', exact: true }).click()
    const card = w.page.getByTestId('risk-no-call')
    await card.waitFor(slow)
    await expect.poll(() => card.getAttribute('data-code')).toBe('low-coverage')
    await card.getByRole('button', { name: 'Look at the depth of the region' }).click()
    await w.page.getByRole('tab', { name: 'Depth', selected: true }).waitFor(soon)
  })

  it('goes on where it was killed, without scoring anybody twice', async () => {
    await tree().getByRole('button', { name: 'many.tsv', exact: true }).click()
    await state('ready')
      .getByRole('button', { name: /^Score/ })
      .click()
    await table().locator('tr[data-sample]').first().waitFor(slow)
    await w.restart(true)
    await genomeReady(w.page)
    await tree().getByRole('button', { name: 'many.tsv', exact: true }).click()
    const text = await state('partial').textContent(slow)
    const kept = Number(/(\d+) of/.exec(text ?? '')?.[1])
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(PEOPLE * COPIES)
    await state('partial').getByRole('button', { name: 'Go on' }).click()
    await state('done').waitFor(slow)
    await expect.poll(() => state('done').textContent()).toContain(`${kept} taken over from a run that was stopped`)
    await expect.poll(() => state('done').textContent()).toContain(`${PEOPLE * COPIES} of ${PEOPLE * COPIES} scored`)
  })
})
