import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  availableHosts,
  axeProblems,
  demoFile,
  genomeReady,
  launchWorkbench,
  ready,
  soon,
  type Workbench,
} from './launch.ts'

/** Opening, and everything that can be wrong with a file, on copies of the demo's files. */
describe.each(availableHosts())('files in the %s window', host => {
  let w: Workbench
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'diploscope-files-'))
    const inner = join(folder, 'reads')
    mkdirSync(inner)
    copyFileSync(demoFile('synthetic-e3e3.bam'), join(inner, 'indexed.bam'))
    copyFileSync(demoFile('synthetic-e3e3.bam.bai'), join(inner, 'indexed.bam.bai'))
    copyFileSync(demoFile('synthetic-e3e4.bam'), join(inner, 'unindexed.bam'))
    copyFileSync(demoFile('synthetic-e3e4.bam'), join(inner, 'vanishing.bam'))
    copyFileSync(demoFile('synthetic-e3e4.bam.bai'), join(inner, 'vanishing.bam.bai'))
    copyFileSync(demoFile('synthetic-e3e4.bam'), join(inner, 'truncated.bam'))
    truncateSync(join(inner, 'truncated.bam'), 150_000)
    writeFileSync(join(inner, 'text.bam'), 'this is not a BAM\n')
    w = await launchWorkbench(host, { roots: [folder] })
    await ready(w.page)
    await w.page.getByRole('button', { name: /^Project: / }).click()
    await w.page.getByRole('menuitem', { name: 'New project' }).click()
    await w.page.getByRole('heading', { name: 'Open something to look at' }).waitFor()
  })
  afterAll(async () => {
    await w?.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  afterEach(() => {
    // What the project that was put away at the start still read ends when it likes.
    w.expected(/^console: WorkbenchError: (Cancelled|this file is not open any more)/)
    expect(w.problems).toEqual([])
  })

  const tree = () => w.page.getByRole('navigation', { name: 'Project' })
  const openByDialog = async (...names: string[]) => {
    await w.page.keyboard.press('Control+o')
    const dialog = w.page.getByRole('dialog', { name: 'Open files' })
    await dialog.getByRole('option').first().waitFor()
    // From wherever browsing begins to the folder of this test.
    if ((await dialog.getByRole('option', { name: new RegExp(names[0] ?? '') }).count()) === 0) {
      const place = dialog.getByRole('combobox', { name: 'Place' })
      if (await place.count()) {
        await place.click()
        await w.page.getByRole('option', { name: basename(folder), exact: true }).click()
      }
      await dialog.getByRole('option', { name: /^reads/ }).dblclick()
    }
    for (const [i, name] of names.entries())
      await dialog
        .getByRole('option', { name: new RegExp(`^${name.replace('.', '\\.')}`) })
        .click(i > 0 ? { modifiers: ['Control'] } : {})
    await dialog.getByRole('button', { name: /^Open( \d+ files)?$/ }).click()
    await dialog.waitFor({ state: 'hidden' })
  }
  const dismissAll = async () => {
    const buttons = w.page.getByRole('region', { name: 'Notices' }).getByRole('button', { name: 'Dismiss' })
    // Some go by themselves, also while they are being clicked.
    const left = async () => {
      if ((await buttons.count()) > 0)
        await buttons
          .first()
          .click({ timeout: 1000 })
          .catch(() => {})
      return buttons.count()
    }
    await expect.poll(left, soon).toBe(0)
  }
  const card = (code: string) => w.page.locator(`.error-card[data-code="${code}"]`)

  it('starts with three large actions, and passes axe', async () => {
    for (const name of [/Open BAM or CRAM/, /Open tracks/, /Open model/])
      await w.page.getByRole('button', { name }).waitFor()
    expect(await axeProblems(w.page)).toEqual([])
    await w.page.getByRole('button', { name: /Open BAM or CRAM/ }).click()
    const dialog = w.page.getByRole('dialog', { name: 'Open files' })
    await dialog.getByRole('option').first().waitFor()
    expect(await axeProblems(w.page)).toEqual([])
    await w.page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
  })

  it('opens a BAM by the dialog: its report appears', async () => {
    await openByDialog('indexed.bam')
    await genomeReady(w.page)
    await expect.poll(() => w.page.getByTestId('apoe-call').textContent(), soon).toBe('e3/e3')
    await tree().getByText('synthetic', { exact: true }).first().waitFor()
  })

  it('says that a BAM has no index, builds it, and works', async () => {
    await openByDialog('unindexed.bam')
    await card('no-index').first().waitFor()
    expect(await axeProblems(w.page)).toEqual([])
    await card('no-index').getByRole('button', { name: 'Build index' }).first().click()
    await expect.poll(() => card('no-index').count(), soon).toBe(0)
    await tree().getByRole('button', { name: 'SYN-E3E4', exact: true }).first().click()
    await expect.poll(() => w.page.getByTestId('apoe-call').textContent(), soon).toBe('e3/e4')
  })

  it('says that a text is not a BAM, and that a BAM is cut off; the rest stays open', async () => {
    await openByDialog('text.bam')
    await w.page.locator('.error-card').filter({ hasText: 'text.bam' }).first().waitFor()
    await dismissAll()
    await openByDialog('truncated.bam')
    await w.page
      .locator('.error-card, .note')
      .filter({ hasText: /truncated|ends before|cut off|no-index|index/i })
      .first()
      .waitFor()
    await tree().getByRole('button', { name: 'SYN-E3E3', exact: true }).first().waitFor()
    await dismissAll()
  })

  it('takes a dropped BAM with its index', async () => {
    const before = await tree().getByRole('button', { name: 'SYN-E3E4', exact: true }).count()
    const bytes = (name: string) => readFileSync(demoFile(name)).toString('base64')
    const transfer = await w.page.evaluateHandle(
      ([bam, bai]) => {
        const file = (base64: string, name: string) =>
          new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], name)
        const data = new DataTransfer()
        data.items.add(file(bam ?? '', 'dropped.bam'))
        data.items.add(file(bai ?? '', 'dropped.bam.bai'))
        return data
      },
      [bytes('synthetic-e3e4.bam'), bytes('synthetic-e3e4.bam.bai')],
    )
    await w.page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer })
    await w.page.getByText('Drop to open').waitFor()
    await w.page.dispatchEvent('body', 'drop', { dataTransfer: transfer })
    await expect
      .poll(() => tree().getByRole('button', { name: 'SYN-E3E4', exact: true }).count(), soon)
      .toBe(before + 1)
    await expect.poll(() => w.page.getByTestId('apoe-call').textContent(), soon).toBe('e3/e4')
  })

  it('shows a card when an open file vanishes, and works again when it is back', async () => {
    await openByDialog('vanishing.bam')
    await w.page.locator('.inspector h2[title="vanishing.bam"]').waitFor()
    await expect.poll(() => w.page.getByTestId('apoe-call').textContent(), soon).toBe('e3/e4')
    const path = join(folder, 'reads', 'vanishing.bam')
    renameSync(path, `${path}.away`)
    const row = tree()
      .getByRole('listitem')
      .filter({ has: w.page.locator('[data-selected="true"]') })
    await row.getByRole('button', { name: /^Actions for/ }).click()
    await w.page.getByRole('menuitem', { name: 'Look at it again' }).click()
    await w.page.locator('.inspector .error-card').waitFor()
    renameSync(`${path}.away`, path)
    await w.page.locator('.inspector').getByRole('button', { name: 'Look again' }).click()
    await expect.poll(() => w.page.locator('.inspector .error-card').count(), soon).toBe(0)
    // What was asked of the file while it was away was refused, and the browser says so.
    w.expected(/status of (404|409|410)/, /changed|not-found|no longer|has vanished/)
  })
})
