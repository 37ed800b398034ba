import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { writeTwoBit } from '../src-main/readers/twobitWriter.ts'
import { baskervilleData, pearson, realWindows, targetBins } from '../test-support/baskerville-data.ts'
import { availableHosts, cliJson, genomeReady, launchWorkbench, slow, type Workbench } from './launch.ts'
import { goTo } from './steps.ts'

/** GRCh38, by which the bigWigs are told to be of the same assembly. */
const CHR7_BP = 159_345_973

/**
 * A trained network on a real window that it was tested on, beside real DNase and CAGE. Truth: the command line on that window
 * alone, and another reader of the bigWig. The browser's windows lie on a grid and so see other surroundings: 0.02 is allowed for that.
 */
describe.skipIf(!baskervilleData).each(availableHosts())('real tracks in the %s window', host => {
  let w: Workbench
  let folder: string
  let truth: number
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
    const model = join(folder, 'network')
    await cliJson('models', 'import', baskervilleData!, '--from', 'baskerville', '--out', model)
    const window = realWindows().find(r => r.contig === 'chr7' && r.start === 112_891_423)!
    const reference = join(folder, 'chr7.2bit')
    const runs = [{ start: window.start - 32_768, sequence: window.bases }]
    writeFileSync(reference, writeTwoBit([{ name: 'chr7', length: CHR7_BP, runs }]))
    const cli = (await cliJson('predict', '--model', model, '--reference', reference, '--region', `chr7:${window.start + 1}-${window.end}`, '--tracks', '25')) as { values: number[] | number[][] } // biome-ignore format: one line
    truth = pearson(cli.values.flat(), await targetBins('t25_ENCFF136DBS.bw', window))
    const signals = ['t25_ENCFF136DBS.bw', 't00_CNhs10752.plus.bw', 't01_CNhs10752.minus.bw']
    w = await launchWorkbench(host, { files: [model, reference, ...signals.map(s => join(baskervilleData!, s))] })
    await genomeReady(w.page)
  })
  afterAll(async () => {
    await w?.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  afterEach(() => expect(w.problems).toEqual([]))

  const tree = () => w.page.getByRole('navigation', { name: 'Project' })
  const settings = () => w.page.getByTestId('track-settings')

  it('finds two of 74 tracks and the experiment of each', async () => {
    await goTo(w.page, 'chr7:112,891,424-112,956,959')
    await tree().getByRole('button', { name: 'network', exact: true }).click()
    const list = w.page.getByRole('listbox', { name: 'Tracks of the model' })
    for (const [query, name] of [
      ['HepG2 dnase', /DNASE:HepG2/],
      ['CNhs10752', /CNhs10752\+/],
    ] as const) {
      // biome-ignore format: one line
      await w.page.getByLabel('Search tracks').fill(query)
      // The list that was there before may hold it too.
      await expect.poll(async () => (await list.getByRole('option').first().textContent()) ?? '', slow).toMatch(name)
      await expect.poll(() => list.getByRole('option').count(), slow).toBeLessThan(3)
      await list.getByRole('option', { name }).click()
    }
    await w.page.getByText('2 chosen').waitFor()
    await w.page.getByRole('button', { name: 'Show in browser' }).click()
    const tracks = tree().getByRole('list', { name: /Predicted tracks/ })
    await tracks.getByRole('button', { name: /CAGE.*±/ }).click()
    for (const [strand, file] of [['+', 't00_CNhs10752.plus.bw'], ['−', 't01_CNhs10752.minus.bw']] as const) // biome-ignore format: one line
      await expect
        .poll(() => settings().getByLabel(`Experiment, ${strand} strand`).locator('option:checked').textContent())
        .toBe(file)
  })

  it('gives the correlation of HepG2 DNase that the test window has', async () => {
    expect(truth).toBeGreaterThan(0.9)
    await tree()
      .getByRole('list', { name: /Predicted tracks/ })
      .getByRole('button', { name: 'DNASE:HepG2' })
      .click()
    await settings().getByLabel('The bigWig holds').selectOption('transformed')
    const r = async () => Number((await w.page.getByTestId('pearson').getAttribute('data-value')) ?? 'NaN')
    await expect.poll(async () => Math.abs((await r()) - truth) < 0.02, slow).toBe(true)
    await w.page.getByTestId('track-peaks').locator('.peak-found').first().waitFor(slow)
  })
})
