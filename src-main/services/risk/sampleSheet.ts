import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { RiskSheet, RiskSheetProblem, RiskSheetRow } from '../../../src-shared/genome/risk.ts'
import { asWorkbenchError, type ErrorCode, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { readWholeText } from '../../readers/wholeFile.ts'
import { folderSheet } from './folderSheet.ts'

/** Fewer people of a class say nothing about it. */
export const MIN_CLASS = 10
const MAX_BYTES = 64 * 1024 * 1024
const LABELS: Readonly<Record<string, 0 | 1>> = { '1': 1, ad: 1, case: 1, '0': 0, nc: 0, control: 0 }

/**
 * Reads a sample sheet: tab-separated, a header with `sample` and `bam` (or `path`), `label` (1, AD, case; 0, NC, control; empty or `.`: unknown)
 * where there is one; every other column is a covariate. Paths are relative to the sheet. Rows at fault are listed and left out. A folder stands for its
 * alignment files.
 * @throws WorkbenchError `not-found`, `bad-input` for a sheet without rows or without its columns
 */
export async function readSampleSheet(path: string): Promise<RiskSheet> {
  const found = await stat(path).catch(error => {
    throw asWorkbenchError(error)
  })
  if (found.isDirectory()) return folderSheet([path])
  const { size } = found
  if (size > MAX_BYTES) throw new WorkbenchError('bad-input', `'${path}' has ${size} bytes, too many for a sample sheet`, 'give a table of samples') // biome-ignore format: one line
  const text = await readWholeText(path)
  const sheet = parseSampleSheet(text, path)
  const problems = [...sheet.problems]
  const rows: RiskSheetRow[] = []
  for (const row of sheet.rows) {
    const there = await stat(row.path).catch(() => undefined)
    if (there?.isFile()) rows.push(row)
    else problems.push(problem(row.line, row.sample, 'not-found', there ? `'${row.path}' is no file` : `'${row.path}' does not exist`)) // biome-ignore format: one line
  }
  return { rows, problems: problems.sort((a, b) => a.line - b.line), cautions: classCautions(rows) }
}

const problem = (line: number, sample: string, code: ErrorCode, message: string): RiskSheetProblem => ({ line, sample, code, message }) // biome-ignore format: one line

/** The same without looking at the files. */
export function parseSampleSheet(text: string, path: string): RiskSheet {
  const bad = (what: string) => new WorkbenchError('bad-input', `'${path}' ${what}`, 'give a tab-separated table with the columns sample, bam and, where known, label') // biome-ignore format: one line
  if (text.includes('\u0000')) throw bad('is no text')
  const lines = text.replace(/^\ufeff/, '').split('\n').map(l => l.replace(/\r$/, '')) // biome-ignore format: one line
  const head = lines.findIndex(l => l.trim() !== '' && !l.startsWith('##'))
  if (head < 0) throw bad('is empty')
  const names = lines[head]!.replace(/^#/, '').split('\t').map(c => c.trim()) // biome-ignore format: one line
  const lower = names.map(c => c.toLowerCase())
  const twice = lower.find((c, i) => c !== '' && lower.indexOf(c) !== i)
  if (twice !== undefined) throw bad(`has two columns '${twice}'`)
  const column = (...wanted: string[]) => lower.findIndex(c => wanted.includes(c))
  const [sampleAt, pathAt, labelAt] = [column('sample'), column('bam', 'path', 'cram'), column('label')]
  if (sampleAt < 0 || pathAt < 0) throw bad(`has no column '${sampleAt < 0 ? 'sample' : 'bam'}'; its columns are ${names.slice(0, 8).join(', ')}`) // biome-ignore format: one line
  const rows: RiskSheetRow[] = []
  const problems: RiskSheetProblem[] = []
  const lineOf = new Map<string, number>()
  const lineOfPath = new Map<string, number>()
  const base = dirname(resolve(path))
  for (let i = head + 1; i < lines.length; i++) {
    const line = i + 1
    if (lines[i]!.trim() === '' || lines[i]!.startsWith('#')) continue
    const cells = lines[i]!.split('\t').map(c => c.trim())
    const sample = cells[sampleAt] ?? ''
    const file = cells[pathAt] ?? ''
    const label = labelAt < 0 ? '' : (cells[labelAt] ?? '')
    if (cells.length > names.length)
      problems.push(problem(line, sample, 'bad-input', `${cells.length} columns, the header has ${names.length}`)) // biome-ignore format: one line
    else if (sample === '') problems.push(problem(line, sample, 'bad-input', 'no sample name'))
    else if (file === '') problems.push(problem(line, sample, 'bad-input', `no file for sample '${sample}'`))
    else if (lineOf.has(sample))
      problems.push(problem(line, sample, 'bad-input', `sample '${sample}' stands on line ${lineOf.get(sample)} already`)) // biome-ignore format: one line
    else if (lineOfPath.has(resolve(base, file)))
      problems.push(problem(line, sample, 'bad-input', `'${file}' is the file of line ${lineOfPath.get(resolve(base, file))} already`)) // biome-ignore format: one line
    else if (!['', '.', 'na'].includes(label.toLowerCase()) && LABELS[label.toLowerCase()] === undefined)
      problems.push(problem(line, sample, 'bad-input', `label '${label.slice(0, 30)}' is none of 1, AD, case, 0, NC, control`)) // biome-ignore format: one line
    else {
      lineOf.set(sample, line)
      lineOfPath.set(resolve(base, file), line)
      rows.push({
        line,
        sample,
        path: resolve(base, file),
        label: LABELS[label.toLowerCase()] ?? null,
        covariates: Object.fromEntries(names.flatMap((name, c) => (c === sampleAt || c === pathAt || c === labelAt || name === '' ? [] : [[name, cells[c] ?? '']]))), // biome-ignore format: one line
      })
    }
  }
  if (rows.length === 0 && problems.length === 0) throw bad('has a header and no row')
  return { rows, problems, cautions: classCautions(rows) }
}

/** What forbids figures over labels. Nothing where there are no labels at all. */
export function classCautions(rows: readonly { readonly label: 0 | 1 | null }[]): string[] {
  const [controls, cases] = [rows.filter(r => r.label === 0).length, rows.filter(r => r.label === 1).length]
  if (controls + cases === 0) return []
  if (controls === 0 || cases === 0) return [`all ${controls + cases} labels are ${cases === 0 ? 'controls' : 'cases'}: one class only`] // biome-ignore format: one line
  return [
    ...(cases < MIN_CLASS ? [`${cases} cases; at least ${MIN_CLASS} of each class are needed`] : []),
    ...(controls < MIN_CLASS ? [`${controls} controls; at least ${MIN_CLASS} of each class are needed`] : []),
  ]
}
