import type { RiskCohortRow } from '../../../src-shared/genome/risk.ts'
import type { CohortFilter } from '../../state/cohorts.ts'

export type CohortColumn = Exclude<
  keyof RiskCohortRow,
  'path' | 'intervalLow' | 'intervalHigh' | 'build' | 'sample' | 'seen'
>

export function filterRows(rows: readonly RiskCohortRow[], filter: CohortFilter): readonly RiskCohortRow[] {
  const text = filter.text.trim().toLowerCase()
  const label = { all: undefined, cases: 1, controls: 0, unlabelled: null }[filter.label]
  return rows.filter(
    r =>
      (text === '' || r.sample.toLowerCase().includes(text) || (r.genotype ?? '').includes(text)) &&
      (label === undefined || r.label === label) &&
      (filter.state === 'all' || filter.state === 'changed' || (filter.state === 'scored' ? r.noCall === null : filter.state === 'no-call' && r.noCall !== null)), // biome-ignore format: one line
  )
}

/** Rows by a column; what is not there comes last, whichever the direction. Null: as the sheet has them. */
export function sortRows(
  rows: readonly RiskCohortRow[],
  sort: { readonly column: CohortColumn | 'sample'; readonly descending: boolean } | null,
): readonly RiskCohortRow[] {
  if (!sort) return rows
  const { column, descending } = sort
  const by = descending ? -1 : 1
  return [...rows].sort((a, b) => {
    const [x, y] = [a[column], b[column]]
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), 'en', { numeric: true }) // biome-ignore format: one line
    return by * order
  })
}
