import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { findChromium } from '../scripts/chromium.mjs'
import { openReference } from '../src-main/readers/reference.ts'
import { CHR19_LENGTH } from '../src-shared/genome/assemblies.ts'
import { writeIndexedBam } from '../test-support/apoe-people.ts'
import { SeededRandom } from '../test-support/random.ts'
import { haplotypeOf, SIMULATION_DEFAULTS, simulateReads } from '../test-support/simulated-reads.ts'
import { drawn, ended, FLAGS, firstUrl, usable } from './serving.ts'

/**
 * What a person waits for, on the headless host in Chromium: from `npm start` (a second one) to a window whose tracks are drawn; a change of
 * locus until every track is drawn; opening a BAM of 200x until its report and tracks stand. Medians and worst of 20 (`--repeats N`).
 */
export async function run({ json, args, root }: { json: boolean; args: readonly string[]; root: string }) {
  const at = args.indexOf('--repeats')
  const repeats = at >= 0 ? Number(args[at + 1]) : 20
  const executablePath = findChromium()
  if (!executablePath) throw new Error('no Chromium was found')
  const folder = mkdtempSync(join(tmpdir(), 'diploscope-window-'))
  try {
    const rows = [
      await startRow(root, executablePath, folder, repeats),
      ...(await workRows(root, executablePath, folder, repeats)),
    ]
    if (!json)
      for (const r of rows)
        process.stdout.write(`${r.what.padEnd(52)} median ${r.medianMs} ms, worst ${r.worstMs} ms of ${r.n}\n`)
    return rows
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const summary = (what: string, times: readonly number[]) => {
  const sorted = [...times].sort((a, b) => a - b)
  return { what, n: times.length, medianMs: Math.round(sorted[sorted.length >> 1] ?? Number.NaN), worstMs: Math.round(sorted.at(-1) ?? Number.NaN) } // biome-ignore format: one line
}

/** Whole start: the script behind `npm start`, the server, a fresh browser process, the page with its tracks. */
async function startRow(root: string, executablePath: string, folder: string, repeats: number) {
  const times: number[] = []
  for (let i = 0; i <= repeats; i++) {
    const begun = performance.now()
    const child = spawn(process.execPath, [join(root, 'scripts', 'start.mjs'), '--headless', '--no-open'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, DIPLOSCOPE_DATA_DIR: join(folder, 'start') },
    })
    let browser: Browser | undefined
    try {
      const [url, started] = await Promise.all([firstUrl(child), chromium.launch({ executablePath, args: FLAGS })])
      browser = started
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
      await page.goto(url)
      await usable(page)
      if (i > 0) times.push(performance.now() - begun) // the first start is not the second
    } finally {
      await browser?.close()
      await ended(child)
    }
  }
  return summary('npm start (second) to a window with its tracks', times)
}

async function workRows(root: string, executablePath: string, folder: string, repeats: number) {
  const random = new SeededRandom('window bench')
  // On the demo's own sequence: reads of another one would differ at every base, and the browser would draw each difference.
  const reference = await openReference(join(root, 'assets', 'demo', 'synthetic-chr19.fa.gz'))
  const letters = await reference.sequence('chr19', 44_890_000, 44_930_000, { upperCase: true })
  await reference.close()
  const haplotype = haplotypeOf(44_890_000, letters, [])
  const records = simulateReads({ ...SIMULATION_DEFAULTS, random, haplotypes: [haplotype, haplotype], depth: 200, insertMean: 350, insertDeviation: 45, namePrefix: 'w' }) // biome-ignore format: one line
  await writeIndexedBam(join(folder, 'deep.bam'), records, [{ name: 'chr19', length: CHR19_LENGTH.GRCh38 }], ['@RG\tID:r1\tSM:DEEP', '@CO\tsynthetic: for timing']) // biome-ignore format: one line
  const port = await freePort()
  const child = spawn(
    process.execPath,
    [join(root, 'bin', 'diploscope.mjs'), 'serve', '--port', String(port), '--root', folder],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, DIPLOSCOPE_DATA_DIR: join(folder, 'work') },
    },
  )
  const url = await firstUrl(child)
  const browser = await chromium.launch({ executablePath, args: FLAGS })
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.goto(url)
    await usable(page)
    const box = page.getByRole('textbox', { name: 'Locus or gene' })
    const loci: number[] = []
    for (let i = 0; i < repeats; i++) {
      const start = 44_900_000 + ((i * 977) % 12_000)
      await box.fill(`chr19:${start}-${start + 5000}`)
      const begun = performance.now()
      await box.press('Enter')
      await page.waitForTimeout(5)
      await drawn(page)
      loci.push(performance.now() - begun)
    }
    const opened: number[] = []
    for (let i = 0; i < repeats; i++) opened.push(await openOnce(page))
    return [
      summary('change of locus (5 kb, two people, six files)', loci),
      summary(`open a 200x BAM (${records.length} reads) to report and tracks`, opened),
    ]
  } finally {
    await browser.close()
    await ended(child)
  }
}

/** Opens the file by the dialog, waits for its report and its tracks, and removes it again. */
async function openOnce(page: Page): Promise<number> {
  const tree = page.getByRole('navigation', { name: 'Project' })
  await tree.getByRole('button', { name: 'Open…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  const row = dialog.getByText('deep.bam', { exact: true })
  await row.waitFor()
  await row.click()
  const begun = performance.now()
  await dialog.getByRole('button', { name: /^Open/ }).click()
  await tree.getByText('DEEP').first().waitFor()
  await page.getByTestId('apoe-call').waitFor()
  await drawn(page)
  const took = performance.now() - begun
  await tree.getByRole('button', { name: 'Actions for DEEP' }).first().click()
  await page.getByRole('menuitem', { name: /Remove/ }).click()
  await tree.getByText('DEEP').waitFor({ state: 'detached' })
  return took
}

const freePort = (): Promise<number> =>
  new Promise((done, fail) => {
    const server = createServer().on('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address ? done(address.port) : fail(new Error('no port'))))
    })
  })
