import { readdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { RiskSheet, RiskSheetProblem, RiskSheetRow } from '../../../src-shared/genome/risk.ts'
import { asWorkbenchError, type ErrorCode, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { isAlignmentName, probeFile } from '../../readers/probe.ts'

/** Heads read at a time: a folder on a network drive is slow for each, and fast for several. */
const AT_ONCE = 8

/**
 * The sheet that folders of BAM and CRAM files stand for, none of them with a label: every file of their own (not of subfolders), by name, its sample as
 * the read groups name it, else its file name. `line` is 0: there is no sheet with lines. Listed and left out: a file of several samples, one whose index is missing or not
 * its own, one that cannot be read, and one whose sample an earlier file has. Nothing is written.
 * @throws WorkbenchError `bad-input` where no folder holds such a file, `not-found`, `permission`
 */
export async function folderSheet(folders: readonly string[]): Promise<RiskSheet> {
  const paths: string[] = []
  for (const folder of folders) {
    const names = await readdir(folder).catch(error => {
      throw asWorkbenchError(error)
    })
    const order = new Intl.Collator('en', { numeric: true })
    paths.push(
      ...names
        .filter(isAlignmentName)
        .sort(order.compare)
        .map(n => join(resolve(folder), n)),
    )
  }
  if (paths.length === 0) throw new WorkbenchError('bad-input', `${folders.map(f => `'${f}'`).join(', ')} ${folders.length === 1 ? 'holds' : 'hold'} no BAM or CRAM file (subfolders are not looked into)`, 'give a folder of BAM or CRAM files, or a sample sheet') // biome-ignore format: one line
  const looks: Look[] = new Array(paths.length)
  let next = 0
  const walk = async () => {
    for (let i = next++; i < paths.length; i = next++) looks[i] = await lookAt(paths[i]!)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, paths.length) }, walk))
  const rows: RiskSheetRow[] = []
  const problems: RiskSheetProblem[] = []
  const fileOf = new Map<string, string>()
  looks.forEach((look, i) => {
    const path = paths[i]!
    const line = 0
    const fail = (code: ErrorCode, message: string) => problems.push({ line, sample: look.sample, code, message })
    const before = fileOf.get(look.sample)
    if (look.problem) fail(look.problem.code, look.problem.message)
    else if (before !== undefined)
      fail('bad-input', `'${path}' is of sample '${look.sample}', as '${before}' is already; save a sheet and give each a name of its own`) // biome-ignore format: one line
    else {
      fileOf.set(look.sample, path)
      rows.push({ line, sample: look.sample, path, label: null, covariates: {} })
    }
  })
  return { rows, problems, cautions: [] }
}

interface Look {
  readonly sample: string
  readonly problem?: Pick<RiskSheetProblem, 'code' | 'message'>
}

async function lookAt(path: string): Promise<Look> {
  const name = basename(path).replace(/\.(bam|cram)$/i, '')
  try {
    const { kind, samples, index, indexName } = await probeFile(path)
    const sample = samples[0] ?? name
    const no = (code: ErrorCode, what: string): Look => ({ sample, problem: { code, message: `'${path}' ${what}` } })
    if (kind !== 'bam' && kind !== 'cram') return no('wrong-type', 'holds no BAM or CRAM, whatever its name says')
    if (samples.length > 1) return no('bad-input', `holds reads of ${samples.length} samples (${samples.slice(0, 3).join(', ')}…): split it by sample`) // biome-ignore format: one line
    if (index === 'missing') return no('no-index', 'has no index: open the file and build it, or run samtools index')
    if (index !== 'ok') return no('bad-index', `has an index that is not right ('${indexName}' is ${index}): build it again`) // biome-ignore format: one line
    return { sample }
  } catch (error) {
    const { code, message } = asWorkbenchError(error)
    return { sample: name, problem: { code, message } }
  }
}

/** A sheet of the same people to fill in with labels: whole paths, so that it may lie anywhere. Rows at fault stand in it as comments. */
export function sheetToFillIn(sheet: RiskSheet, from: string): string {
  const covariates = Object.keys(sheet.rows[0]?.covariates ?? {})
  const clean = (text: string) => text.replaceAll(/[\t\r\n]+/g, ' ')
  const label = (row: RiskSheetRow) => (row.label === null ? '.' : String(row.label))
  return `${[
    `## made from ${clean(from)}; label: 1 (case), 0 (control), . (not known)`,
    ['sample', 'bam', 'label', ...covariates].join('\t'),
    ...sheet.rows.map(r => [r.sample, r.path, label(r), ...covariates.map(c => r.covariates[c] ?? '')].map(clean).join('\t')), // biome-ignore format: one line
    ...sheet.problems.map(p => `## left out: ${clean(p.sample)}: ${p.code}: ${clean(p.message)}`),
  ].join('\n')}\n`
}
