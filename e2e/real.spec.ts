import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ApoeReport } from '../src-shared/genome/apoe.ts'
import { sharedData } from '../test-support/shared-data.ts'
import { availableHosts, cliJson, genomeReady, launchWorkbench, soon, type Workbench } from './launch.ts'

const bam = sharedData('apoe/ENCSR653DFZ_rnaseq_APOE.GRCh38.bam')
const genes = sharedData('apoe/gencode.v24.APOE_locus.GRCh38.gtf')
const signal = sharedData('apoe/ENCSR653DFZ_rnaseq_APOE.GRCh38.coverage.bw')
const variants = sharedData('apoe/apoe.vcf.gz')

/** A real person's reads: ENCODE ENCSR653DFZ, RNA. Truth: the command line, and the counts published beside the data. */
describe.skipIf(!bam || !genes || !signal || !variants).each(availableHosts())('real reads in the %s window', host => {
  let w: Workbench
  beforeAll(async () => {
    w = await launchWorkbench(host, { files: [bam!, genes!, signal!, variants!] })
    await genomeReady(w.page)
  })
  afterAll(() => w?.close())
  afterEach(() => expect(w.problems).toEqual([]))

  it('gives e3/e3 from RNA with a confidence of 40, as the command line does', async () => {
    const cli = (await cliJson('apoe', bam!)) as ApoeReport
    await w.page
      .getByRole('navigation', { name: 'Project' })
      .getByRole('button', { name: 'ENCSR653DFZ', exact: true })
      .click()
    await expect.poll(() => w.page.getByTestId('apoe-call').textContent(), soon).toBe('e3/e3')
    expect(cli.genotype).toBe('e3/e3')
    await expect.poll(() => w.page.getByTestId('apoe-confidence').textContent()).toBe('40')
    await w.page.getByText(/^RNA: 190 of 744 reads in the gene are spliced/).waitFor()
    await expect
      .poll(() => w.page.locator('[data-site="rs429358"] td').allTextContents())
      .toEqual(expect.arrayContaining(['T/T', '71']))
  })

  it('opens the pileup column: 71 T and 2 skips of 81 segments', async () => {
    await w.page.locator('[data-site="rs429358"] button').click()
    const cells = w.page.getByTestId('alleles').locator('tbody td:nth-child(2)')
    await expect.poll(() => cells.allTextContents(), soon).toEqual(['71', '2'])
    await w.page.getByText(/81 segments/).waitFor()
  })

  it('draws every kind of track', async () => {
    await expect.poll(() => w.page.locator('.igv-track-label').count(), soon).toBeGreaterThanOrEqual(6)
  })
})
