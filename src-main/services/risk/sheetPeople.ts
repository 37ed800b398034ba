import { appendFile, readFile, stat, writeFile } from 'node:fs/promises'
import { lineText, MIN_REGION_COVERAGE } from '../../../src-shared/genome/risk.ts'
import { asWorkbenchError, type ErrorCode, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { riskRegion } from '../../domain/cohort/locus.ts'
import { DIPLOTYPE_DEFAULTS } from '../../domain/diplotype/call.ts'
import { writeFileAtomic } from '../../storage/atomic.ts'
import { makeFolders } from '../../storage/folders.ts'
import { locusLetters, type RiskPeople } from './people.ts'
import { readSampleInThread, type SampleDiplotype } from './sampleDiplotype.ts'
import { readSampleSheet } from './sampleSheet.ts'
import { sheetTruth } from './sheetTruth.ts'

/** In the folder of a training until its model is there: the people that were read before it was stopped. */
export const PEOPLE_JOURNAL = 'people.journal'

/** What a training needs of a sample that was read. */
type ReadPerson = Pick<SampleDiplotype, 'text' | 'covered' | 'build' | 'rna' | 'geneReads' | 'synthetic' | 'meanDepth' | 'sample' | 'sampleFrom'> // biome-ignore format: one line

/**
 * The people of a sample sheet, their diplotypes read from their alignment files, one after the other. With a journal each is kept as it is
 * read, so that a training that was stopped does not read them again; a file that changed is. People of whom the files say that they are
 * synthetic are simulated, whatever the recipe says; they do not mix with others unless the recipe calls all of them simulated. Two rows of one
 * person, by the name in the header and the letters, are refused.
 * @throws WorkbenchError `bad-input` that names the first row at fault: nobody is left out of a training in silence
 */
export async function sheetPeople(
  source: { readonly sheet: string; readonly reference: string; readonly simulated: boolean; readonly depth: string },
  flankBp: number,
  caller: 'robust' | 'top2',
  context: WorkContext,
  journal?: string,
): Promise<RiskPeople> {
  const sheet = await readSampleSheet(source.sheet)
  const [problem] = sheet.problems
  if (problem) throw new WorkbenchError(problem.code, `${lineText(problem)}${problem.line > 0 ? 'of ' : ''}'${source.sheet}': ${problem.message}`, 'mend the sheet') // biome-ignore format: one line
  const [caution] = sheet.cautions
  if (caution) throw new WorkbenchError('bad-input', `'${source.sheet}': ${caution}`, 'give a larger cohort')
  const unlabelled = sheet.rows.find(r => r.label === null)
  if (unlabelled) throw new WorkbenchError('bad-input', unlabelled.line > 0 ? `line ${unlabelled.line} of '${source.sheet}': no label` : `'${source.sheet}' is a folder without a sheet: nobody has a label`, 'give each person 0 or 1 in a sample sheet') // biome-ignore format: one line
  const region = riskRegion('GRCh38', flankBp)
  const { letters, note } = await locusLetters(source.reference, region.start, region.end, 0)
  const known = journal === undefined ? undefined : await openJournal(journal, `2 ${flankBp} ${caller} ${source.reference}`) // biome-ignore format: one line
  const texts: string[] = []
  let build: string | undefined
  let synthetic = false
  let depth = 0
  /** Rows by the sample that the file's header names. */
  const byHeader = new Map<string, number[]>()
  for (const [i, row] of sheet.rows.entries()) {
    context.report({ phase: 'reading samples', done: i, total: sheet.rows.length })
    const at = (code: ErrorCode, what: string) => new WorkbenchError(code, `line ${row.line} of '${source.sheet}', '${row.sample}': ${what}`, 'mend or remove that row') // biome-ignore format: one line
    const key = `${row.path} ${await stateOf(row.path)}`
    let read = known?.get(key)
    if (!read) {
      const calling = { ...DIPLOTYPE_DEFAULTS, caller }
      read = await readSampleInThread(
        { path: row.path, referencePath: source.reference, flankBp, calling },
        context,
      ).catch(error => {
        // biome-ignore format: one line
        const e = asWorkbenchError(error)
        throw e.code === 'cancelled' ? e : at(e.code, e.message)
      })
      if (journal !== undefined) await appendFile(journal, `${JSON.stringify([key, kept(read)])}\n`)
    }
    build ??= read.build
    if (read.build !== build) throw at('build', `it is ${read.build}, the samples before it are ${build}`)
    if (read.rna) throw at('bad-input', `${read.geneReads.spliced} of ${read.geneReads.reads} reads in the gene are spliced: reads of RNA`) // biome-ignore format: one line
    const share = read.covered / read.text.length
    if (share < MIN_REGION_COVERAGE) throw at('bad-input', `${(100 * share).toFixed(1)} % of the region is covered; at least ${100 * MIN_REGION_COVERAGE} % are needed`) // biome-ignore format: one line
    if (i > 0 && read.synthetic !== synthetic && !source.simulated) throw at('bad-input', read.synthetic ? 'its header says that its reads are synthetic; those of the samples before it do not' : 'its header does not say that its reads are synthetic; those of the samples before it do') // biome-ignore format: one line
    if (read.sampleFrom === 'header') {
      const before = byHeader.get(read.sample) ?? []
      const twin = before.find(b => texts[b] === read.text)
      if (twin !== undefined) throw at('bad-input', `its header names the sample '${read.sample}', and so does that of '${sheet.rows[twin]!.sample}' (line ${sheet.rows[twin]!.line}), with the same letters: the same person twice`) // biome-ignore format: one line
      byHeader.set(read.sample, [...before, i])
    }
    synthetic ||= read.synthetic
    depth += read.meanDepth
    texts.push(read.text)
  }
  const simulated = source.simulated || synthetic
  const truth = simulated ? await sheetTruth(source.sheet, sheet.rows, flankBp) : undefined
  return {
    names: sheet.rows.map(r => r.sample),
    labels: Uint8Array.from(sheet.rows, r => r.label!),
    texts,
    reference: letters,
    referenceNote: note,
    simulated,
    depth: source.depth === 'as read' ? `${(depth / sheet.rows.length).toFixed(1)} (mean of the samples${simulated ? ', simulated' : ''})` : source.depth, // biome-ignore format: one line
    ...(truth ? { truth } : {}),
  }
}

const kept = ({ text, covered, build, rna, geneReads, synthetic, meanDepth, sample, sampleFrom }: ReadPerson): ReadPerson => ({ text, covered, build, rna, geneReads, synthetic, meanDepth, sample, sampleFrom }) // biome-ignore format: one line

async function stateOf(path: string): Promise<string> {
  const s = await stat(path).catch(() => undefined)
  return s ? `${s.size} ${s.mtimeMs} ${s.ino}` : 'absent'
}

/** People read before, by file and its state; a journal of other settings is begun anew, a last line that was cut off is left out. */
async function openJournal(path: string, settings: string): Promise<Map<string, ReadPerson>> {
  const known = new Map<string, ReadPerson>()
  const [head, ...lines] = (await readFile(path, 'utf8').catch(() => '')).split('\n')
  const whole: string[] = []
  if (head === settings)
    for (const line of lines) {
      try {
        const [key, read] = JSON.parse(line) as [string, ReadPerson]
        known.set(key, read)
        whole.push(line)
      } catch {
        // The line that a kill cut off: its sample is read again.
      }
    }
  await makeFolders(path.slice(0, -PEOPLE_JOURNAL.length))
  const text = `${[settings, ...whole].join('\n')}\n`
  // Whole or not at all, for a kill in the middle would lose who was read; what is there keeps its mode.
  if (whole.length > 0) await writeFileAtomic(path, text)
  else await writeFile(path, text, { mode: 0o600 })
  return known
}
