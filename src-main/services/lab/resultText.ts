import { PAGES } from '../../../src-shared/lab/pages.ts'
import { BUSY_SHARE, type LabResult } from '../../../src-shared/lab/result.ts'
import { unitOf } from './exportResult.ts'

const SIGN = { good: '+', bad: '-', open: '?', mixed: '±' } as const

const figures = (value: number): string =>
  Number.isInteger(value) || Math.abs(value) >= 1e6 ? String(Math.round(value)) : String(Number(value.toPrecision(4)))

/** The words and numbers of a result for a terminal: the answer (`=`), verdicts (`+` wins or holds, `-` loses or does not hold, `?` open, `±` not alike), tab-separated rows, notes. */
export function resultText(result: LabResult): string {
  const { machine: m, points } = result
  const page = PAGES[result.experiment]?.([result])
  const lines = [
    `# ${result.recipe.name} (${result.recipe.id}), result ${result.id}, ${result.state}: ${points.length} of ${result.total} points`,
    `# ${m.processor}, ${m.cores} cores, ${m.threads} threads, ${(m.memoryBytes / 1e9).toFixed(1)} GB, ${m.system}; ${Object.entries(m.versions).map(([n, v]) => `${n} ${v}`).join(', ')}`, // biome-ignore format: one line
  ]
  if (page) {
    lines.push(
      `# ${page.question}`,
      ...(page.answer ? [`= ${SIGN[page.answer.tone]} ${page.answer.text}`] : []),
      ...page.verdicts.map(v => `${SIGN[v.tone]} ${v.text}`),
      '',
    )
    for (const table of page.tables) {
      lines.push(`# ${table.title}`, table.columns.map(c => c.name).join('\t'))
      lines.push(...table.rows.map(row => row.join('\t')), ...table.notes.map(n => `# ${n}`), '')
    }
  }
  const names = (of: (p: LabResult['points'][number]) => object) => [...new Set(points.flatMap(p => Object.keys(of(p))))] // biome-ignore format: one line
  const factors = names(p => p.factors)
  const measures = names(p => p.measures)
  lines.push('# points: medians over the repetitions', [...factors, ...measures.map(n => `${n} [${unitOf(n)}]`), 'state', 'others'].join('\t')) // biome-ignore format: one line
  for (const p of points) {
    const values = measures.map(n => (p.measures[n] ? figures(p.measures[n].median) : '-'))
    const busy = `${(100 * p.foreignLoad).toFixed(0)} %${p.foreignLoad >= BUSY_SHARE ? ' (busy)' : ''}`
    lines.push([...factors.map(f => p.factors[f] ?? '-'), ...values, p.reason === null ? p.state : `${p.state}: ${p.reason}`, busy].join('\t')) // biome-ignore format: one line
  }
  const notes = page ? [...new Set([...page.notes, ...result.notes])] : result.notes
  return `${[...lines, ...notes.map(n => `# ${n}`)].join('\n')}\n`
}
