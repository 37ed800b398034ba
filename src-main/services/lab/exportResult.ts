import type { LabResult } from '../../../src-shared/lab/result.ts'

/** What a measure's name ends with, and the unit that it means. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/seconds$/i, 's'],
  [/bytes$/i, 'bytes'],
  [/bp$/, 'bp'],
  [/flops$/i, 'FLOP'],
  [/(parameters|count|tokens|steps|epochs|tracks|windows)$/i, 'count'],
  [/(accuracy|share|energy)$/i, 'share'],
]

/** The unit of a measure, from its name; `1` where it has none: ratios, correlations. */
export const unitOf = (measure: string): string => UNITS.find(([ending]) => ending.test(measure))?.[1] ?? '1'

export interface ExportedText {
  readonly name: string
  readonly contentType: string
  readonly text: string
}

/** A result as a file: JSON that another machine can import, or a table with a row a point. */
export function exportResult(result: LabResult, format: 'json' | 'tsv'): ExportedText {
  return format === 'json'
    ? { name: `${result.id}.json`, contentType: 'application/json', text: `${JSON.stringify(result, null, 1)}\n` }
    : { name: `${result.id}.tsv`, contentType: 'text/tab-separated-values', text: resultTable(result) }
}

/** Tabs and line ends would make columns and rows of their own. */
const cell = (value: string | number | null | undefined): string =>
  value === null || value === undefined ? '' : String(value).replace(/[\t\r\n]+/g, ' ')

const keysOf = (records: readonly Readonly<Record<string, unknown>>[]): string[] => [
  ...new Set(records.flatMap(r => Object.keys(r))),
]

/**
 * Comment lines with where and with what it was measured, a line of names with units, a row a point: factors, state, reason, then each
 * measure's median, quartiles and count of repetitions, what was predicted, and the share of the processor that others used.
 */
export function resultTable(result: LabResult): string {
  const { machine: m, recipe, points } = result
  const head = [
    `experiment: ${result.experiment}`,
    `recipe: ${recipe.name} (${recipe.id}), SHA-256 ${recipe.sha256}`,
    `machine: ${m.processor}, ${m.cores} cores, ${m.threads} threads, ${(m.memoryBytes / 1e9).toFixed(1)} GB, ${m.system}, device ${m.device}`,
    `versions: ${Object.entries(m.versions).map(([n, v]) => `${n} ${v}`).join(', ')}`, // biome-ignore format: one line
    `started ${result.startedAt}, ${result.finishedAt ? `finished ${result.finishedAt}` : 'not finished'}: ${points.length} of ${result.total} points`,
    ...result.notes,
    'median, lower and upper quartile over n repetitions; research use only',
  ]
  const factors = keysOf(points.map(p => p.factors))
  const measures = keysOf(points.map(p => p.measures))
  const names = [
    'point',
    ...factors,
    'state',
    'reason',
    ...measures.flatMap(n => [
      `${n} [${unitOf(n)}]`,
      `${n} lower [${unitOf(n)}]`,
      `${n} upper [${unitOf(n)}]`,
      `${n} n`,
    ]),
    'predicted seconds [s]',
    'predicted peakBytes [bytes]',
    'foreignLoad [share]',
  ]
  const rows = points.map(p => [
    p.id,
    ...factors.map(f => p.factors[f]),
    p.state,
    p.reason,
    ...measures.flatMap(n => {
      const q = p.measures[n]
      return [q?.median, q?.lower, q?.upper, q?.n]
    }),
    p.predicted?.seconds,
    p.predicted?.peakBytes,
    p.foreignLoad,
  ])
  const lines = [...head.map(h => `# ${cell(h)}`), ...[names, ...rows].map(row => row.map(cell).join('\t'))]
  return `${lines.join('\n')}\n`
}
