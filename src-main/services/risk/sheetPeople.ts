import { MIN_REGION_COVERAGE } from '../../../src-shared/genome/risk.ts'
import { asWorkbenchError, type ErrorCode, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { riskRegion } from '../../domain/cohort/locus.ts'
import { DIPLOTYPE_DEFAULTS } from '../../domain/diplotype/call.ts'
import { locusLetters, type RiskPeople } from './people.ts'
import { readSampleDiplotype } from './sampleDiplotype.ts'
import { readSampleSheet } from './sampleSheet.ts'

/**
 * The people of a sample sheet, their diplotypes read from their alignment files, one after the other.
 * @throws WorkbenchError `bad-input` that names the first row at fault: nobody is left out of a training in silence
 */
export async function sheetPeople(
  source: { readonly sheet: string; readonly reference: string; readonly simulated: boolean; readonly depth: string },
  flankBp: number,
  caller: 'robust' | 'top2',
  context: WorkContext,
): Promise<RiskPeople> {
  const sheet = await readSampleSheet(source.sheet)
  const [problem] = sheet.problems
  if (problem) throw new WorkbenchError(problem.code, `line ${problem.line} of '${source.sheet}': ${problem.message}`, 'mend the sheet') // biome-ignore format: one line
  const [caution] = sheet.cautions
  if (caution) throw new WorkbenchError('bad-input', `'${source.sheet}': ${caution}`, 'give a larger cohort')
  const unlabelled = sheet.rows.find(r => r.label === null)
  if (unlabelled) throw new WorkbenchError('bad-input', `line ${unlabelled.line} of '${source.sheet}': no label`, 'give each person 0 or 1') // biome-ignore format: one line
  const region = riskRegion('GRCh38', flankBp)
  const { letters, note } = await locusLetters(source.reference, region.start, region.end, 0)
  const texts: string[] = []
  let build: string | undefined
  for (const [i, row] of sheet.rows.entries()) {
    context.report({ phase: 'reading samples', done: i, total: sheet.rows.length })
    const at = (code: ErrorCode, what: string) => new WorkbenchError(code, `line ${row.line} of '${source.sheet}', '${row.sample}': ${what}`, 'mend or remove that row') // biome-ignore format: one line
    const read = await readSampleDiplotype(
      { path: row.path, flankBp, calling: { ...DIPLOTYPE_DEFAULTS, caller } },
      context,
    ).catch(error => {
      // biome-ignore format: one line
      const e = asWorkbenchError(error)
      throw e.code === 'cancelled' ? e : at(e.code, e.message)
    })
    build ??= read.build
    if (read.build !== build) throw at('build', `it is ${read.build}, the samples before it are ${build}`)
    if (read.rna) throw at('bad-input', `${read.geneReads.spliced} of ${read.geneReads.reads} reads in the gene are spliced: reads of RNA`) // biome-ignore format: one line
    const share = read.covered / read.text.length
    if (share < MIN_REGION_COVERAGE) throw at('bad-input', `${(100 * share).toFixed(1)} % of the region is covered; at least ${100 * MIN_REGION_COVERAGE} % are needed`) // biome-ignore format: one line
    texts.push(read.text)
  }
  return {
    names: sheet.rows.map(r => r.sample),
    labels: Uint8Array.from(sheet.rows, r => r.label!),
    texts,
    reference: letters,
    referenceNote: note,
    simulated: source.simulated,
    depth: source.depth,
  }
}
