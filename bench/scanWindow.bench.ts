import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { chromium } from 'playwright-core'
import { findChromium } from '../scripts/chromium.mjs'
import { ended, FLAGS, firstUrl, usable } from './serving.ts'

/**
 * What a person waits for who scans: the drawing of a heatmap of 1,536 x 400 cells on a canvas of 1,400 x 600 px (the raster alone in
 * Node, the whole picture in Chromium without a graphics card), and a scan of 200 bp by the demo's model from the click on Scan to the first
 * numbers and to the last, as the window states them. Medians and worst of `--repeats N` (default 20, scans 5).
 */
export async function run({ json, args, root }: { json: boolean; args: readonly string[]; root: string }) {
  const at = args.indexOf('--repeats')
  const repeats = at >= 0 ? Number(args[at + 1]) : 20
  const rows = [...(await drawing(root, repeats)), ...(await scanning(root, Math.max(1, Math.min(5, repeats))))]
  if (!json)
    for (const r of rows)
      process.stdout.write(`${r.what.padEnd(64)} median ${r.medianMs} ms, worst ${r.worstMs} ms of ${r.n}\n`)
  return rows
}

const summary = (what: string, times: readonly number[]) => {
  const sorted = [...times].sort((a, b) => a - b)
  const tenth = (x: number | undefined) => Math.round((x ?? Number.NaN) * 10) / 10
  return { what, n: times.length, medianMs: tenth(sorted[sorted.length >> 1]), worstMs: tenth(sorted.at(-1)) }
}

/** Runs in the page. */
const PAGE = `
import { canvasPen } from './src-renderer/charts/canvasPen.ts'
import { drawScan, scanLayout } from './src-shared/report/scanFigure.ts'
import { effectColours, themeInks } from './src-shared/report/heatTheme.ts'
import { madeUpScan } from './test-support/scan-data.ts'
const rows = 400, columns = 1536
let state = 1
const next = () => (state = (state * 1664525 + 1013904223) >>> 0)
const grid = { rows, columns, levels: Uint8Array.from({ length: rows * columns }, () => next() % 201), marks: Uint8Array.from({ length: rows * columns }, () => (next() % 5 === 0 ? 1 : 0)) }
const sequence = Array.from({ length: 2000 }, () => 'ACGT'[next() % 4]).join('')
const scan = madeUpScan(sequence)
const canvas = document.createElement('canvas')
document.body.append(canvas)
const prepared = (ratio, width, height) => {
  canvas.width = width * ratio; canvas.height = height * ratio
  const context = canvas.getContext('2d'); context.setTransform(ratio, 0, 0, ratio, 0, 0)
  return context
}
globalThis.heatmap = ratio => {
  const context = prepared(ratio, 1400, 600)
  const from = performance.now()
  canvasPen(context, ratio, '#000').cells(grid, { from: 0, to: columns }, { x: 0, y: 0, width: 1400, height: 600 }, effectColours('light'))
  context.getImageData(0, 0, 1, 1)
  return performance.now() - from
}
globalThis.scan = ratio => {
  const layout = scanLayout(1400)
  const context = prepared(ratio, 1400, layout.height)
  const from = performance.now()
  drawScan(canvasPen(context, ratio, '#000'), { data: scan, column: 0, range: 4, view: { from: 0, to: 2000 }, width: 1400, variants: [], theme: 'light' }, layout, themeInks('light'))
  context.getImageData(0, 0, 1, 1)
  return performance.now() - from
}
`

async function drawing(root: string, repeats: number) {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('no Chromium was found')
  const bundled = buildSync({ stdin: { contents: PAGE, resolveDir: root, loader: 'js' }, bundle: true, write: false, format: 'iife', platform: 'browser' }) // biome-ignore format: one call
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--test-type'] })
  try {
    const page = await browser.newPage()
    await page.evaluate(bundled.outputFiles[0]?.text ?? '')
    const rows = []
    for (const [name, what] of [
      ['heatmap', '1,536 x 400 cells, a fifth of them striped'],
      ['scan', 'a scan of 2,000 positions with logo and axes'],
    ] as const)
      for (const ratio of [1, 2]) {
        const times: number[] = []
        // The first drawing warms the compiler up and is not counted.
        for (let i = 0; i <= repeats; i++) {
          const ms = Number(await page.evaluate(`${name}(${ratio})`))
          if (i > 0) times.push(ms)
        }
        rows.push(summary(`${what}, ${ratio} device px a px`, times))
      }
    return rows
  } finally {
    await browser.close()
  }
}

async function scanning(root: string, repeats: number) {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('no Chromium was found')
  const demo = (name: string) => join(root, 'assets', 'demo', name)
  const files = [
    demo('synthetic-chr19.fa.gz'),
    demo('synthetic-e3e4.bam'),
    join(root, 'assets', 'models', 'demo-tracks'),
  ]
  const folder = mkdtempSync(join(tmpdir(), 'diploscope-scan-bench-'))
  const child = spawn(process.execPath, [join(root, 'bin', 'diploscope.mjs'), 'serve', '--port', '0', ...files], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, DIPLOSCOPE_DATA_DIR: folder },
  })
  const browser = await chromium.launch({ executablePath, args: FLAGS })
  const firsts: number[] = []
  const lasts: number[] = []
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.goto(await firstUrl(child))
    await usable(page)
    for (let i = 0; i <= repeats; i++) {
      const box = page.getByRole('textbox', { name: 'Locus or gene' })
      const start = 44_906_000 + i * 700
      await box.fill(`chr19:${start}-${start + 40}`)
      await box.press('Enter')
      await page.waitForTimeout(1500)
      await page.keyboard.press('Escape')
      await page.keyboard.press('t')
      await page.keyboard.press('Enter')
      await page.keyboard.press('m')
      await page.getByTestId('scan-setup').getByLabel('Span (bp)').waitFor()
      await page.getByRole('button', { name: /^Scan chr19/ }).click()
      const told = page.getByText(/first values .* after the click/)
      await told.waitFor({ timeout: 600_000 })
      const [first, last] = [...((await told.textContent()) ?? '').matchAll(/([\d.]+) s/g)].map(
        m => Number(m[1]) * 1000,
      )
      if (i > 0 && first !== undefined && last !== undefined) {
        firsts.push(first)
        lasts.push(last)
      }
    }
  } finally {
    await browser.close()
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  return [
    summary('a scan of 200 bp by the demo model: first numbers after the click', firsts),
    summary('the same: all 600 exact numbers', lasts),
  ]
}
