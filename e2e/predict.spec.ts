import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BigWig } from '@gmod/bbi'
import { LocalFile } from 'generic-filehandle2'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { pearson } from '../test-support/baskerville-data.ts'
import { saveEvidence } from './evidence.ts'
import {
  availableHosts,
  axeProblems,
  cliJson,
  demoFile,
  genomeReady,
  launchWorkbench,
  ROOT,
  slow,
  soon,
  type Workbench,
} from './launch.ts'
import { arrived, downloaded, goTo, restart, switchTheme } from './steps.ts'

const MODEL = join(ROOT, 'assets', 'models', 'demo-tracks')
/** The kept centre of one window on the browser's grid: 96 bins of 32 bp, number 14,618 from the start of the contig. */
const WINDOW = { contig: 'chr19', start: 14_618 * 3072, end: 14_619 * 3072 }
const SHOWN = 'chr19:44,906,497-44,909,568'

/** Mean of each 32 bp bin of a demo bigWig, read by another library; a base without a value counts 0. */
async function observedBins(name: string): Promise<readonly number[]> {
  const file = new BigWig({ filehandle: new LocalFile(demoFile(name)) })
  const sums = new Float64Array(96)
  for (const f of await file.getFeatures(WINDOW.contig, WINDOW.start, WINDOW.end))
    for (let p = Math.max(f.start, WINDOW.start); p < Math.min(f.end, WINDOW.end); p++)
      sums[Math.floor((p - WINDOW.start) / 32)]! += f.score ?? 0
  return [...sums].map(s => s / 32)
}

/** From the first start to a number that can be trusted: a model, its tracks in the browser, and the experiment beside them. */
describe.each(availableHosts())('predicted tracks in the %s window', host => {
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
  const inspector = () => w.page.getByRole('complementary', { name: 'Inspector' })
  const settings = () => w.page.getByTestId('track-settings')
  const labels = () => w.page.locator('.igv-track-label').filter({ hasText: '· predicted' })
  const list = () => w.page.getByRole('listbox', { name: 'Tracks of the model' })
  const openModel = async () => {
    await tree().getByRole('button', { name: 'demo-tracks', exact: true }).click()
    await list().getByRole('option').first().waitFor()
  }
  const openTrack = async (name: RegExp) => {
    await tree()
      .getByRole('list', { name: /Predicted tracks/ })
      .getByRole('button', { name })
      .click()
    await w.page.getByTestId('track-inspector').waitFor()
  }
  const statistic = (id: string) =>
    w.page
      .getByTestId(id)
      .getAttribute('data-value')
      .then(v => (v ? Number(v) : Number.NaN))
  const download = (click: () => Promise<void>, ending = '') => downloaded(w.page, click, ending)
  /** How many pixels of a track's canvas have a colour, within 24 of each channel. */
  const pixels = (label: RegExp, rgb: readonly [number, number, number]) =>
    w.page.evaluate(
      ([pattern, r, g, b]) => {
        const roots = [...document.querySelectorAll('.genome-host')].flatMap(h => h.shadowRoot ?? [])
        const viewport = roots
          .flatMap(root => [...root.querySelectorAll('.igv-viewport')])
          .find(v => new RegExp(pattern).test(v.querySelector('.igv-track-label')?.textContent ?? ''))
        const canvas = viewport?.querySelector('canvas')
        if (!canvas) return 0
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
        let n = 0
        for (let i = 0; i < data.length; i += 4)
          if (Math.abs(data[i]! - r) < 24 && Math.abs(data[i + 1]! - g) < 24 && Math.abs(data[i + 2]! - b) < 24 && data[i + 3]! > 200) n++ // biome-ignore format: one condition
        return n
      },
      [label.source, ...rgb] as const,
    )
  const BLUE = [0, 114, 178] as const

  it('opens with the demo model, which says what it is and that it is synthetic', async () => {
    await openModel()
    const screen = w.page.getByTestId('model-screen')
    await expect.poll(() => w.page.getByTestId('model-title').textContent()).toContain('Synthetic demo')
    await inspector().locator('.synthetic', { hasText: 'synthetic' }).first().waitFor()
    await screen.getByText('4,096 bp of sequence').waitFor()
    const { limits } = JSON.parse(readFileSync(join(MODEL, 'model.json'), 'utf8')) as { limits: string[] }
    for (const limit of limits) await w.page.getByTestId('model-limits').getByText(limit, { exact: true }).waitFor()
    await screen.getByText('Model card').click()
    await screen.getByRole('heading', { name: 'Known limits' }).waitFor()
  })

  it('checks the model on demand', async () => {
    await w.page.getByRole('button', { name: 'Check this model' }).click()
    await w.page.getByTestId('model-check').locator('[data-ok="true"]').first().waitFor(slow)
    await expect.poll(() => w.page.getByTestId('model-check').locator('li[data-ok="false"]').count()).toBe(0)
  })

  it('lists its tracks, finds them by words and assay, and shows the chosen ones', async () => {
    await expect.poll(() => list().getByRole('option').count()).toBe(3)
    await w.page.getByLabel('Search tracks').fill('reverse cage')
    await expect.poll(() => list().getByRole('option').count(), soon).toBe(1)
    await w.page.getByLabel('Search tracks').fill('nothing at all')
    await w.page.getByText('No track holds that text').waitFor()
    await w.page.getByLabel('Search tracks').fill('')
    await w.page.getByText('DNASE 1').click()
    await expect.poll(() => list().getByRole('option').count(), soon).toBe(1)
    await w.page.getByText('DNASE 1').click()
    await expect.poll(() => list().getByRole('option').count(), soon).toBe(3)
    await list().getByRole('option', { name: /DNASE/ }).click()
    await list()
      .getByRole('option', { name: /forward/ })
      .click()
    await w.page.getByText('2 chosen').waitFor()
    await w.page.getByRole('button', { name: 'Show in browser' }).click()
    await expect.poll(() => labels().count(), soon).toBe(2)
    // Both strands of the experiment in one track.
    await expect.poll(() => labels().last().textContent()).toMatch(/CAGE:synthetic demo ±/)
    for (const text of await labels().allTextContents()) expect(text).toContain('synthetic')
  })

  it('draws prediction and experiment, the pair of strands to both sides', async () => {
    await goTo(w.page, SHOWN)
    await expect.poll(() => pixels(/DNASE.*predicted/, BLUE), soon).toBeGreaterThan(300)
    await expect.poll(() => pixels(/CAGE.*predicted/, BLUE), soon).toBeGreaterThan(300)
    await w.page.getByTestId('predicted-legend').getByText('experiment').waitFor()
  })

  it('undoes and redoes the adding of tracks', async () => {
    // The place, then the tracks.
    await w.page.locator('.genome-scroll').focus()
    await w.page.keyboard.press('Control+z')
    await w.page.keyboard.press('Control+z')
    await expect.poll(() => labels().count(), soon).toBe(0)
    await w.page.keyboard.press('Control+y')
    await w.page.keyboard.press('Control+y')
    await expect.poll(() => labels().count(), soon).toBe(2)
  })

  it.each([
    [/DNASE/, 0, 'synthetic-dnase.bw', undefined],
    [/CAGE/, 1, 'synthetic-cage-plus.bw', '+ strand'],
    [/CAGE/, 2, 'synthetic-cage-minus.bw', '− strand'],
  ] as const)(
    'gives the correlation of %s, channel %i, that the command line and another reader give',
    async (name, channel, file, strand) => {
      await goTo(w.page, SHOWN)
      await openTrack(name)
      if (strand) await inspector().getByText(strand, { exact: true }).click()
      const cli = (await cliJson('predict', '--model', MODEL, '--reference', demoFile('synthetic-chr19.fa.gz'), '--region', SHOWN.replaceAll(',', ''), '--tracks', String(channel))) as { values: number[] | number[][] } // biome-ignore format: one line
      const predicted = cli.values.flat()
      expect(predicted.length).toBe(96)
      const r = pearson(predicted, await observedBins(file))
      expect(r).toBeGreaterThan(0.5)
      await expect.poll(() => statistic('pearson'), soon).toBeCloseTo(r, 4)
      await expect.poll(() => w.page.getByTestId('track-n').textContent()).toBe('96')
    },
  )

  it('names the bin that was clicked, its prediction and its experiment', async () => {
    await openTrack(/DNASE/)
    const viewport = w.page.locator('.igv-viewport').filter({ hasText: /DNASE.*predicted/ })
    await arrived(w.page, SHOWN)
    const box = (await viewport.boundingBox())!
    await w.page.mouse.click(box.x + box.width / 2, box.y + box.height - 12)
    await expect.poll(() => w.page.getByTestId('track-point').textContent(), soon).toMatch(/^Bin chr19:44,90\d,\d{3}-44,90\d,\d{3}: predicted \d.*observed \d/) // biome-ignore format: one line
  })

  it('jumps to a peak of the table, and back by undo', async () => {
    const box = w.page.getByRole('textbox', { name: 'Locus or gene' })
    await w.page
      .getByTestId('track-peaks')
      .getByRole('table')
      .getByRole('button', { name: /^chr19:/ })
      .first()
      .click()
    await expect.poll(() => box.inputValue(), soon).not.toBe(SHOWN)
    await w.page.locator('.genome-scroll').focus()
    await w.page.keyboard.press('Control+z')
    await expect.poll(() => box.inputValue(), soon).toBe(SHOWN)
  })

  it('changes scale, layout and units, each as a step of undo', async () => {
    await openTrack(/DNASE/)
    await settings().getByText('arcsinh', { exact: true }).click()
    await settings().getByText('below each other').click()
    await expect.poll(() => pixels(/DNASE.*predicted/, BLUE), soon).toBeGreaterThan(300)
    await settings().getByText('residual', { exact: true }).click()
    await expect.poll(() => pixels(/DNASE.*predicted − observed/, [138, 74, 120]), soon).toBeGreaterThan(100)
    await settings().getByLabel('Units').selectOption('signal')
    await w.page.getByTestId('pearson').waitFor()
    await w.page.locator('.genome-scroll').focus()
    for (let i = 0; i < 4; i++) await w.page.keyboard.press('Control+z')
    await expect.poll(() => settings().getByLabel('Units').inputValue(), soon).toBe('model')
    await expect.poll(() => settings().getByRole('radio', { name: 'linear' }).isChecked(), soon).toBe(true)
  })

  it('compares the bookmarks as a set of regions', async () => {
    await inspector()
      .getByText(/^Bookmarks \(\d/)
      .click()
    const rows = w.page.getByTestId('track-regions').locator('tbody tr')
    await rows.first().waitFor(soon)
    await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(2)
    await inspector().getByText('View', { exact: true }).click()
  })

  it('walks transcription starts and shows the signal around them', async () => {
    await goTo(w.page, 'chr19:44,903,001-44,913,000')
    await openTrack(/CAGE/)
    await inspector().getByText('+ strand', { exact: true }).click()
    const tss = w.page.getByTestId('track-tss')
    await tss.locator('svg').first().waitFor(soon)
    await tss.getByRole('button', { name: '← TSS' }).click()
    await expect.poll(() => w.page.getByTestId('tss-text').textContent(), soon).toContain('In the middle: the start of')
  })

  it('duplicates a track, which is another track then', async () => {
    await openTrack(/DNASE/)
    await w.page.getByRole('button', { name: 'Duplicate this track' }).click()
    await expect.poll(() => labels().count(), soon).toBe(3)
    await settings().getByText('residual', { exact: true }).click()
    await expect.poll(() => w.page.locator('.igv-track-label').filter({ hasText: 'predicted − observed' }).count(), soon).toBe(1) // biome-ignore format: one line
    await w.page.getByRole('button', { name: 'Remove this track' }).click()
    await expect.poll(() => labels().count(), soon).toBe(2)
  })

  it("shows a person's haplotypes and their difference", async () => {
    await goTo(w.page, 'chr19:44,906,001-44,911,000')
    await openTrack(/DNASE/)
    await settings().getByLabel('Sequence of').selectOption({ label: 'SYN-E3E4 (synthetic-variants.vcf.gz)' })
    const legend = w.page.getByTestId('predicted-legend')
    await legend.getByText('haplotype 1').waitFor()
    await legend.getByText('haplotype 2').waitFor()
    await expect.poll(() => pixels(/DNASE.*predicted/, [0, 158, 115]), soon).toBeGreaterThan(200)
    await settings().getByLabel('Show').selectOption('between')
    await expect.poll(() => labels().first().textContent(), soon).toContain('haplotype 2 − haplotype 1')
    // Reads do not say which allele lies on which copy: what was assumed is said beside the values.
    await settings().getByLabel('Sequence of').selectOption({ label: 'SYN-E3E4 (synthetic-e3e4.bam)' })
    await w.page
      .getByTestId('track-caution')
      .getByText(/not phased: put on a haplotype by rule/)
      .first() // one a stretch of windows, as they arrive
      .waitFor()
    await settings().getByLabel('Sequence of').selectOption('')
    await expect.poll(() => labels().first().textContent(), soon).not.toContain('haplotype')
  })

  it('lets tables, pictures and tracks leave with their provenance', async () => {
    await goTo(w.page, SHOWN)
    await openTrack(/DNASE/)
    const statistics = w.page.getByTestId('track-statistics')
    await expect.poll(() => w.page.getByTestId('track-n').textContent(), soon).toBe('96')
    const tsv = (await download(() => statistics.getByRole('button', { name: /TSV/ }).click())).bytes.toString()
    expect(tsv).toMatch(/^# Diploscope \d/)
    for (const part of ['synthetic', 'synthetic-dnase.bw', 'weights=', 'units:']) expect(tsv).toContain(part)
    expect(
      tsv
        .trim()
        .split('\n')
        .filter(l => !l.startsWith('#')).length,
    ).toBe(97)
    const svg = await download(() =>
      w.page
        .getByTestId('track-hexbin')
        .getByRole('button', { name: /as SVG/ })
        .click(),
    )
    expect(svg.bytes.toString()).toMatch(/^<svg[^>]*><metadata>Diploscope/)
    const png = await download(() =>
      w.page
        .getByTestId('track-profile')
        .getByRole('button', { name: /as PNG/ })
        .click(),
    )
    expect(png.bytes.subarray(1, 4).toString()).toBe('PNG')
    // A bigWig has no room for provenance: it comes as a file beside it.
    const provenance = w.page.waitForEvent('download', d => d.suggestedFilename().endsWith('.json'))
    const bigwig = await download(
      () => w.page.getByRole('button', { name: 'Export the prediction as bigWig' }).click(),
      '.bw',
    )
    expect(bigwig.bytes.readUInt32LE(0)).toBe(0x888ffc26)
    const told = JSON.parse(readFileSync(await (await provenance).path(), 'utf8')) as { model: { madeUp: string } }
    expect(told.model.madeUp).toBe('synthetic')
    const bedgraph = await download(() => w.page.getByRole('button', { name: 'Export the prediction as bedGraph' }).click(), '.bedgraph') // biome-ignore format: one line
    expect(bedgraph.bytes.toString()).toContain('chr19\t44906496\t44906528\t')
  })

  it('passes axe in both themes', async () => {
    const check = async (what: string) =>
      expect({ what, found: await axeProblems(w.page) }).toEqual({ what, found: [] })
    await check('track, light')
    await openModel()
    await check('model, light')
    await switchTheme(w.page, 'dark')
    await check('model, dark')
    await openTrack(/CAGE/)
    await w.page.getByTestId('track-hexbin').waitFor(soon)
    await check('track, dark')
    await switchTheme(w.page, 'light')
  })

  it('chooses tracks by keyboard alone', async () => {
    await openModel()
    await w.page.getByLabel('Search tracks').focus()
    await w.page.keyboard.type('reverse')
    await expect.poll(() => list().getByRole('option').count(), soon).toBe(1)
    await list().focus()
    await w.page.keyboard.press('Space')
    await w.page.getByText('1 chosen').waitFor()
    await w.page.getByRole('checkbox', { name: 'both strands' }).focus()
    await w.page.keyboard.press('Space')
    await list().focus()
    await w.page.keyboard.press('Enter')
    await expect.poll(() => labels().count(), soon).toBe(3)
    await openTrack(/reverse/)
    await w.page.getByRole('button', { name: 'Remove this track' }).focus()
    await w.page.keyboard.press('Enter')
    await expect.poll(() => labels().count(), soon).toBe(2)
  })

  it('comes back as it was after a restart', async () => {
    await goTo(w.page, SHOWN)
    await openTrack(/DNASE/)
    await settings().getByText('log', { exact: true }).click()
    await restart(w)
    await expect.poll(() => labels().count(), soon).toBe(2)
    await w.page.getByTestId('track-inspector').waitFor()
    await expect.poll(() => settings().getByRole('radio', { name: 'log', exact: true }).isChecked()).toBe(true)
    await expect.poll(() => pixels(/DNASE.*predicted/, BLUE), soon).toBeGreaterThan(300)
  })
})

describe('models of other kinds and what cannot be predicted or compared', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'diploscope-e2e-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

  /** The demo model under another name, with a field of model.json changed. */
  const model = (
    name: string,
    change: (json: { input: { genome: string }; output: object; tracks: unknown[] }) => void,
  ): string => {
    const path = join(folder, name)
    cpSync(MODEL, path, { recursive: true })
    const file = join(path, 'model.json')
    const json = JSON.parse(readFileSync(file, 'utf8'))
    change(json)
    writeFileSync(file, JSON.stringify(json))
    return path
  }
  const withWindow = async (files: readonly string[], walk: (w: Workbench) => Promise<void>) => {
    const w = await launchWorkbench('headless', { files })
    try {
      await genomeReady(w.page)
      await walk(w)
      expect(w.problems).toEqual([])
    } catch (error) {
      await saveEvidence('a window of its own')
      throw error
    } finally {
      await w.close()
    }
  }
  const addDnase = async ({ page }: Workbench, name: string) => {
    await page.getByRole('navigation', { name: 'Project' }).getByRole('button', { name, exact: true }).click()
    await page.getByRole('listbox', { name: 'Tracks of the model' }).getByRole('option', { name: /DNASE/ }).click()
    await page.getByRole('button', { name: 'Show in browser' }).click()
    await page
      .getByRole('list', { name: /Predicted tracks/ })
      .getByRole('button')
      .first()
      .click()
    await page.getByTestId('track-inspector').waitFor()
  }

  it('lists thousands of tracks, and reaches the last by one key', async () => {
    const path = model('many-tracks', json => {
      const tracks = Array.from({ length: 5000 }, (_, index) => ({ index, head: 'demo', name: `CHIP:H3K27ac:tissue ${index}`, assay: 'CHIP', sourceId: `ENC${index}` })) // biome-ignore format: one line
      Object.assign(json, { tracks, output: { ...json.output, heads: [{ name: 'demo', tracks: 5000 }] } })
    })
    await withWindow([path, demoFile('synthetic-chr19.fa.gz')], async ({ page }) => {
      await page.getByRole('navigation', { name: 'Project' }).getByRole('button', { name: 'many-tracks', exact: true }).click() // biome-ignore format: one line
      const list = page.getByRole('listbox', { name: 'Tracks of the model' })
      await page.getByText('5,000 of 5,000 tracks').waitFor()
      await expect.poll(() => list.getByRole('option').count()).toBeLessThan(60)
      await list.focus()
      await page.keyboard.press('End')
      await list.getByRole('option', { name: /tissue 4999/ }).waitFor()
      await page.getByLabel('Search tracks').fill('tissue 123 enc123')
      await page.getByText('11 of 5,000 tracks').waitFor()
    })
  })

  it('says that the model was made for another assembly', async () => {
    const path = model('another-build', json => {
      json.input.genome = 'GRCh37'
    })
    await withWindow([path, demoFile('synthetic-chr19.fa.gz')], async w => {
      await w.page.getByRole('navigation', { name: 'Project' }).getByRole('button', { name: 'another-build', exact: true }).click() // biome-ignore format: one line
      await w.page
        .getByTestId('model-build')
        .getByText(/GRCh37/)
        .waitFor()
    })
  })

  it('says that there is no sequence to read, and no experiment to compare with', async () => {
    const path = model('no-sequence', () => {})
    await withWindow([path, demoFile('synthetic-e3e3.bam')], async w => {
      await addDnase(w, 'no-sequence')
      await w.page.getByText(/No reference sequence is open: the model has nothing to read/).waitFor()
      await w.page.getByTestId('no-experiment').waitFor()
    })
  })

  it('refuses a bigWig of other contigs, with the reason, and keeps the prediction', async () => {
    const fasta = join(folder, 'other.fa')
    const bases = Array.from({ length: 200 }, (_, i) => 'ACGTTGCAAGCT'.repeat(5 + (i % 3)).slice(0, 60)).join('\n')
    writeFileSync(fasta, `>scaffold7\n${bases}\n`)
    writeFileSync(`${fasta}.fai`, 'scaffold7\t12000\t11\t60\t61\n')
    await withWindow([model('other-contigs', () => {}), fasta, demoFile('synthetic-dnase.bw')], async w => {
      await addDnase(w, 'other-contigs')
      const card = w.page.getByTestId('track-inspector').locator('.error-card').first()
      await card.waitFor()
      await expect.poll(() => card.getAttribute('data-code')).toBe('not-found')
      await expect.poll(() => card.textContent()).toContain('scaffold7')
    })
  })

  it('refuses a model whose weights were changed, with a code and a way out', async () => {
    const path = model('changed-weights', () => {})
    const weights = join(path, 'weights.safetensors')
    const bytes = readFileSync(weights)
    bytes[bytes.length - 3]! ^= 0xff
    writeFileSync(weights, bytes)
    await withWindow([path, demoFile('synthetic-chr19.fa.gz')], async w => {
      await addDnase(w, 'changed-weights')
      await w.page.getByRole('alert').filter({ hasText: 'SHA-256' }).first().waitFor()
    })
  })
})
