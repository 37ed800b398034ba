import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs' // biome-ignore format: one line
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { writeBam } from '../src-main/readers/bamWriter.ts'
import { buildIndex } from '../src-main/readers/indexBuilder.ts'
import { CHR19_LENGTH } from '../src-shared/genome/assemblies.ts'
import type { RiskCohort, RiskCohortRow } from '../src-shared/genome/risk.ts'
import { quietContext } from '../src-shared/job.ts'
import { seededRandom } from '../src-shared/random.ts'
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
import { downloaded } from './steps.ts'

const MODEL = join(ROOT, 'assets', 'models', 'apoe-risk-demo')
const LABEL = /trained on simulated people; not for use on people/i
const PEOPLE = 48
const run = promisify(execFile)

/** A copy of the demonstration model that is another one: parts of model.json and, where wanted, its tokens changed. */
function otherModel(folder: string, change: { name: string; blind?: boolean; risk?: object; tokenizer?: boolean }) {
  cpSync(MODEL, folder, { recursive: true })
  const path = join(folder, 'model.json')
  const json = JSON.parse(readFileSync(path, 'utf8'))
  json.name = `${change.name} (trained on simulated people; not for use on people)`
  json.id = change.name.toLowerCase().replaceAll(' ', '-')
  Object.assign(json.risk, change.risk)
  if (change.blind) {
    const file = join(folder, 'weights.safetensors')
    const bytes = readFileSync(file)
    const head = Number(bytes.readBigUInt64LE(0))
    const [from, to] = JSON.parse(bytes.subarray(8, 8 + head).toString())['embeddings.token.weight'].data_offsets as [number, number] // biome-ignore format: one line
    for (let at = 8 + head + from; at < 8 + head + to; at += 3 * 32 * 4) bytes.fill(0, at, at + 32 * 4) // every third token means nothing
    writeFileSync(file, bytes)
    json.weights.sha256 = createHash('sha256').update(bytes).digest('hex')
  }
  if (change.tokenizer) writeFileSync(join(folder, 'tokenizer.model'), 'another tokenizer')
  writeFileSync(path, JSON.stringify(json))
}

const simulate = (out: string, reference: string, people: number, depth: number, seed: number) =>
  run(process.execPath, [CLI, 'simulate', 'cohort', '--reference', reference, '--out', out, '--people', String(people), '--depth', String(depth), '--seed', String(seed), '--flank-effects', '6', '--region-flank', '3000'], { cwd: ROOT }) // biome-ignore format: one line

const tableRows = (text: string) =>
  text
    .trim()
    .split('\n')
    .filter(l => !l.startsWith('#'))
    .map(l => l.split('\t'))

/** AUC by counting all pairs. */
const aucOf = (rows: readonly (readonly [label: number, score: number])[]) => {
  const [cases, controls] = [1, 0].map(l => rows.filter(r => r[0] === l).map(r => r[1]))
  let wins = 0
  for (const x of cases ?? []) for (const y of controls ?? []) wins += x > y ? 1 : x === y ? 0.5 : 0
  return wins / ((cases ?? []).length * (controls ?? []).length)
}

const heldOut = (r: RiskCohortRow) => r.seen === undefined || r.seen.part === 'test'

/** Truth of the numbers: `score` of the command line with each model on the same people. */
describe.each(availableHosts())('cohorts beyond one sheet and one model, in the %s window', host => {
  let w: Workbench
  let dataDir: string
  let folder: string
  let reads: string
  let first: RiskCohort
  let second: RiskCohort

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
    folder = mkdtempSync(join(tmpdir(), 'diploscope-e2e-cohort-'))
    const cohort = join(folder, 'cohort')
    await simulate(cohort, demoFile('synthetic-chr19.fa.gz'), PEOPLE, 14, 11) // the population of the demonstration model: these are people of its training
    reads = join(folder, 'reads')
    cpSync(join(cohort, 'bam'), reads, { recursive: true, preserveTimestamps: true })
    const [one = ''] = readdirSync(reads).filter(n => n.endsWith('.bam'))
    copyFileSync(join(reads, one), join(reads, 'Z-bare.bam'))
    const other = join(folder, 'other-model')
    otherModel(other, { name: 'Another model', blind: true })
    const sheet = join(cohort, 'samples.tsv')
    first = (await cliJson('score', '--samples', sheet, '--model', MODEL)) as RiskCohort
    second = (await cliJson('score', '--samples', sheet, '--model', other)) as RiskCohort
    w = await launchWorkbench(host, {
      dataDir,
      files: [demoFile('synthetic-chr19.fa.gz'), MODEL, other, sheet, ...(host === 'electron' ? [reads] : [])],
      roots: [folder],
    })
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
  const right = () => w.page.locator('.cohort-right')
  const table = () => w.page.getByTestId('cohort-table')
  const select = (name: string) => tree().getByRole('button', { name, exact: true }).click()

  it('says how far the model is from each baseline, with p', async () => {
    await select('samples.tsv')
    // Nobody was scored on this machine before: no time is made up, the memory is the network's.
    const estimate = w.page.getByTestId('cohort-run').getByTestId('job-estimate')
    await expect.poll(() => estimate.textContent(), soon).toMatch(new RegExp(`^Duration not known yet; \\d+ MB of memory\\. ${PEOPLE} people to score\\. .*not measured on this machine yet`)) // biome-ignore format: one line
    await state('ready').getByRole('button', { name: /^Score/ }).click() // biome-ignore format: one line
    await state('done').waitFor(slow)
    const against = w.page.getByTestId('cohort-against')
    await expect.poll(() => against.count()).toBe(2)
    // Most of them trained it: the others alone say something.
    const { paired, metrics } = first.seen!.heldOut!
    expect(metrics.model!.n).toBe(first.rows.filter(heldOut).length)
    expect(metrics.model!.n).toBeLessThan(PEOPLE)
    await expect.poll(async () => Number(await against.first().getAttribute('data-p'))).toBe(paired['two-snp']!.p)
    await expect.poll(() => against.last().textContent()).toContain(paired['odds-ratio']!.difference.toFixed(3))
  })

  it('says what the scores took, and by that what they would take again', async () => {
    const truth = w.page.getByTestId('cohort-run').getByTestId('job-truth')
    await truth.waitFor(soon)
    const seconds = Number(await truth.getAttribute('data-seconds'))
    const took = `${Math.floor(Math.round(seconds) / 60)}:${String(Math.round(seconds) % 60).padStart(2, '0')}`
    await expect.poll(() => truth.textContent()).toMatch(new RegExp(`^Took ${took}, \\d+ MB`))
    await expect.poll(() => w.page.getByTestId('cohort-again-cost').textContent(), soon).toMatch(/^Scoring again: about \d+ (s|min), \d+ MB of memory\.$/) // biome-ignore format: one line
    // The same by the job's own line.
    await expect.poll(() => w.page.getByRole('region', { name: 'Jobs' }).textContent()).toContain(`took ${took}`)
  })

  it('compares two models on the same people: curves, difference, scores, calls', async () => {
    await right().getByText('Compare', { exact: true }).click()
    await right().getByText('has not scored this sheet yet').waitFor(soon)
    await right().getByRole('button', { name: 'Score with it' }).click()
    const aucs = w.page.getByTestId('compare-aucs')
    const fair = first.rows.filter(heldOut).map(r => ({ ...r, other: second.rows.find(s => s.sample === r.sample)!.probability! })) // biome-ignore format: one line
    await aucs.waitFor(slow)
    await expect.poll(async () => right().getByTestId('compare-note').textContent(), slow).toContain(`${fair.length} people with a label`) // biome-ignore format: one line
    await expect.poll(() => right().getByTestId('compare-note').textContent()).toContain(`${PEOPLE - fair.length} who trained one of them`) // biome-ignore format: one line
    const scores = first.rows.map(r => ({ ...r, other: second.rows.find(s => s.sample === r.sample)!.probability! }))
    const [a, b] = [aucOf(fair.map(r => [r.label!, r.probability!])), aucOf(fair.map(r => [r.label!, r.other]))]
    for (const [i, auc] of [a, b].entries())
      await expect.poll(async () => Number(await aucs.locator('[data-auc]').nth(i).getAttribute('data-auc'))).toBeCloseTo(auc, 12) // biome-ignore format: one line
    expect(a).not.toBe(b)
    await expect
      .poll(async () => Number(await aucs.locator('[data-difference]').getAttribute('data-difference')))
      .toBeCloseTo(a - b, 12)
    await expect.poll(() => aucs.textContent()).toMatch(/p \d/)
    await right().getByText('Scores', { exact: true }).last().click()
    const tsv = await downloaded(w.page, () => right().getByRole('button', { name: /TSV/ }).click())
    expect(tsv.text).toMatch(LABEL)
    const rows = tableRows(tsv.text)
    expect(rows[0]).toEqual(['sample', 'label', 'first', 'second'])
    expect(rows.slice(1)).toEqual(scores.map(r => [r.sample, String(r.label), String(r.probability), String(r.other)]))
    const svg = await downloaded(w.page, () => right().getByRole('button', { name: /SVG/ }).click())
    expect(svg.text).toContain('Another model')
    await right().getByText('Calls', { exact: true }).click()
    const cells = w.page.getByTestId('compare-calls').locator('tbody td')
    await expect.poll(async () => (await cells.allTextContents()).reduce((sum, t) => sum + Number(t), 0)).toBe(PEOPLE)
    expect(await axeProblems(w.page)).toEqual([])
  })

  it('opens a folder without a sheet: everybody without a label, files at fault named', async () => {
    // The desktop's own dialog cannot be steered from here.
    if (host === 'headless') {
      await w.page
        .getByRole('button', { name: /^Open…/ })
        .first()
        .click()
      const dialog = w.page.getByRole('dialog', { name: 'Open files' })
      await dialog.getByRole('combobox', { name: 'Place' }).click()
      await w.page.getByRole('option', { name: basename(folder), exact: true }).click()
      await dialog.getByRole('option', { name: /^reads/ }).dblclick()
      await dialog.getByRole('button', { name: 'Open this folder as a cohort' }).click()
    }
    await select('reads')
    const sheet = w.page.getByTestId('cohort-sheet')
    await sheet.getByText('none: scores only, no figures').waitFor(soon)
    await expect.poll(() => sheet.textContent()).toContain(`${PEOPLE} that can be scored, 1 file at fault`)
    const fault = w.page.getByTestId('cohort-problems').locator('tbody tr')
    await expect.poll(() => fault.textContent()).toMatch(/Z-bare\.bam' has no index: open the file and build it/)
    await state('ready').getByRole('button', { name: /^Score/ }).click() // biome-ignore format: one line
    await state('done').waitFor(slow)
    const row = table().locator(`tr[data-sample="${first.rows[0]!.sample}"]`)
    await expect.poll(() => row.textContent()).toContain(`${(100 * first.rows[0]!.probability!).toFixed(1)} %`)
    await right().getByText('ROC', { exact: true }).click()
    await right().getByText('Curves need people of both labels').waitFor(soon)
    expect(readdirSync(reads).filter(n => !/\.bam(\.bai)?$/.test(n))).toEqual([])
  })

  it('gives a sheet to fill in, which is a cohort with figures once it is filled in', async () => {
    const label = new Map(first.rows.map(r => [r.sample, String(r.label)]))
    const file = await downloaded(w.page, () =>
      right().getByRole('button', { name: 'Save a sheet to fill in' }).click(),
    )
    expect(file.name).toBe('reads.samples.tsv')
    const [head = [], ...rows] = tableRows(file.text)
    expect(head).toEqual(['sample', 'bam', 'label'])
    expect(rows.map(r => [r[0], r[2]])).toEqual(first.rows.map(r => [r.sample, '.']))
    const filled = join(folder, 'filled.tsv')
    writeFileSync(filled, `${[head, ...rows.map(([s = '', bam = '']) => [s, bam, label.get(s) ?? ''])].map(r => r.join('\t')).join('\n')}\n`) // biome-ignore format: one line
    const scored = (await cliJson('score', '--samples', filled, '--model', MODEL)) as RiskCohort
    expect(scored.metrics).toEqual(first.metrics)
  })

  it('notices a file that changed after the run, and scores that one again', async () => {
    const { sample } = first.rows[3]!
    const later = new Date(Date.now() + 5000)
    for (const part of ['.bam', '.bam.bai']) utimesSync(join(reads, `${sample}${part}`), later, later)
    await select('samples.tsv')
    await select('reads')
    const note = w.page.getByTestId('cohort-again')
    await note.waitFor(soon)
    await expect
      .poll(() => note.textContent())
      .toContain(`The files of 1 sample (${sample}) changed after they were scored`)
    await table().locator(`tr[data-sample="${sample}"]`, { hasText: 'changed since' }).waitFor(soon)
    await expect.poll(() => table().getByText('changed since').count()).toBe(1)
    await note.getByRole('button', { name: 'Score it again' }).click()
    await expect.poll(() => state('done').textContent(), slow).toContain(`${PEOPLE - 1} taken over`)
    await expect.poll(() => note.count(), soon).toBe(0)
    expect(await axeProblems(w.page)).toEqual([])
  })
})

/** Samples and models that do not go together. Truth: what was made of them. */
describe.each(availableHosts())('what a risk model refuses, in the %s window', host => {
  let w: Workbench
  let dataDir: string
  let folder: string

  const bam = async (name: string, chr19: number, cigar: string, reads: number) => {
    const path = join(folder, `${name}.bam`)
    const random = seededRandom(3)
    const letters = () => Array.from({ length: 100 }, () => 'ACGT'[Math.floor(random() * 4)]).join('')
    const records = Array.from({ length: reads }, (_, i) => ({ name: `r${i}`, flag: 0, contig: 0, start: 44_905_800 + 10 * i, mappingQuality: 60, cigar, sequence: letters(), qualities: new Array(100).fill(37) })) // biome-ignore format: one line
    writeFileSync(path, writeBam({ contigs: [{ name: 'chr19', length: chr19 }], headerLines: [`@RG\tID:1\tSM:${name}`], records })) // biome-ignore format: one line
    await buildIndex(path, {}, quietContext())
    return path
  }

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
    folder = mkdtempSync(join(tmpdir(), 'diploscope-e2e-refused-'))
    const random = seededRandom(5)
    const name = 'chr19:44900000-44917000'
    const letters = Array.from({ length: 17_001 }, () => 'ACGT'[Math.floor(random() * 4)]).join('')
    const reference = join(folder, 'elsewhere.fa')
    writeFileSync(reference, `>${name}\n${letters}\n`)
    writeFileSync(`${reference}.fai`, `${name}\t${letters.length}\t${name.length + 2}\t${letters.length}\t${letters.length + 1}\n`) // biome-ignore format: one line
    await simulate(join(folder, 'elsewhere'), reference, 2, 14, 4)
    const whole = join(folder, 'whole-model')
    otherModel(whole, { name: 'Reads everything', risk: { panel: null } })
    const broken = join(folder, 'broken-model')
    otherModel(broken, { name: 'Foreign tokenizer', tokenizer: true })
    const files = [
      await bam('SPLICED', CHR19_LENGTH.GRCh38, '50M1000N50M', 200),
      await bam('NOBUILD', 61_000_000, '100M', 200),
      await bam('SHORT', CHR19_LENGTH.GRCh38, '100M', 200),
      join(folder, 'elsewhere', 'bam', 'SIM-000001.bam'),
    ]
    w = await launchWorkbench(host, {
      dataDir,
      files: [demoFile('synthetic-chr19.fa.gz'), MODEL, whole, broken, ...files],
    })
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
  const score = async (name: string, model: RegExp) => {
    await tree().getByRole('button', { name, exact: true }).click()
    await w.page.locator('.inspector-head h2', { hasText: name }).waitFor()
    const choice = w.page.getByTestId('risk-model').getByRole('combobox', { name: 'Risk model' })
    await choice.click()
    await w.page.getByRole('option', { name: model }).click()
    await w.page.getByTestId('risk-score').click()
  }
  const noCall = async (code: string) => {
    const card = w.page.getByTestId('risk-no-call')
    await card.waitFor(slow)
    await expect.poll(() => card.getAttribute('data-code')).toBe(code)
    await expect.poll(() => w.page.getByTestId('risk-probability').count()).toBe(0)
    return card
  }

  it('reads of RNA: a card that says so, and asks for reads of DNA', async () => {
    await score('SPLICED', /^APOE risk demonstration/)
    const card = await noCall('rna')
    await expect.poll(() => card.textContent()).toMatch(/200 of 200 reads in the gene are spliced/)
    await card.getByRole('button', { name: 'Open reads of DNA…' }).waitFor()
    expect(await axeProblems(w.page)).toEqual([])
  })

  it('a window that is not covered: the share, the threshold, and the way to the depth', async () => {
    await score('SHORT', /^APOE risk demonstration/)
    const card = await noCall('low-coverage')
    await expect
      .poll(() => card.textContent())
      .toMatch(/positions of the region are covered .* at least 80\.0 % are needed/)
    await card.getByRole('button', { name: 'Look at the depth of the region' }).click()
    await w.page.getByRole('tab', { name: 'Depth', selected: true }).waitFor(soon)
  })

  it('another sequence, of a model that reads everything: asks for a model of it', async () => {
    await score('SIM-000001', /^Reads everything/)
    const card = await noCall('other-sequence')
    await card.getByRole('button', { name: 'Open a model of this sequence…' }).waitFor()
  })

  it('a chromosome of neither build: an error with its length, and the way to its contigs', async () => {
    await score('NOBUILD', /^APOE risk demonstration/)
    const card = w.page.locator('.error-card[data-code="build"]', { hasText: 'No risk score' })
    await card.waitFor(slow)
    await expect.poll(() => card.textContent()).toMatch(/61,?000,?000/)
    await card.getByRole('button', { name: 'Look at its contigs' }).click()
    await w.page.locator('.inspector-head h2', { hasText: 'NOBUILD.bam' }).waitFor(soon)
    expect(await axeProblems(w.page)).toEqual([])
  })

  it('a model whose tokenizer is not its own: an error that says so, and another model to hand', async () => {
    await score('SPLICED', /^Foreign tokenizer/)
    const card = w.page.locator('.error-card[data-code="bad-model"]', { hasText: 'No risk score' })
    await card.waitFor(slow)
    await expect.poll(() => card.textContent()).toContain('its tokenizer has SHA-256')
    await card.getByRole('button', { name: 'Open the demonstration model' }).waitFor()
  })
})
