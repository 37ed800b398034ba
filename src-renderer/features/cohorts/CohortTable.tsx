import { Button, Checkbox, Select, TextInput } from '@mantine/core'
import { useMemo, useRef, useState } from 'react'
import type { RiskCohort, RiskCohortRow, RiskSheetProblem } from '../../../src-shared/genome/risk.ts'
import type { CohortSubject } from '../../../src-shared/ipc/riskMethods.ts'
import { ALL, type CohortFilter, openSamples, useCohorts } from '../../state/cohorts.ts'
import { TsvButton } from '../../ui/parts.tsx'
import { type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import { percent } from '../risk/RiskResult.tsx'
import { type CohortColumn, filterRows, sortRows } from './cohortRows.ts'

const ROW_PX = 24
const BUFFER_ROWS = 8
const MOST_OPENED = 8

const labelText = (label: 0 | 1 | null) => (label === null ? '' : label === 1 ? 'case' : 'control')

const COLUMNS: readonly { readonly id: CohortColumn; readonly title: string; readonly about: string; readonly right?: boolean; readonly show: (r: RiskCohortRow) => string }[] = [
  { id: 'label', title: 'Label', about: 'As the sheet says', show: r => labelText(r.label) },
  { id: 'genotype', title: 'APOE', about: 'Genotype as called at the two SNPs', show: r => r.genotype ?? '–' },
  { id: 'probability', title: 'Score', about: 'Probability in a group with the training cohort’s share of cases', right: true, show: r => percent(r.probability) },
  { id: 'twoSnp', title: 'Two SNPs', about: 'Logistic baseline on the two SNPs', right: true, show: r => percent(r.twoSnp) },
  { id: 'logOddsRatio', title: 'OR', about: 'Published odds ratio against e3/e3', right: true, show: r => (r.logOddsRatio === null ? '–' : Math.exp(r.logOddsRatio).toFixed(1)) },
  { id: 'place', title: 'Place', about: 'Share of the training cohort’s held-out people that score lower; ties count half', right: true, show: r => percent(r.place, 0) },
  { id: 'meanDepth', title: 'Depth', about: 'Mean depth of the region', right: true, show: r => r.meanDepth.toFixed(1) },
  { id: 'covered', title: 'Covered', about: 'Share of the region that reads cover', right: true, show: r => percent(r.covered, 0) },
  { id: 'heterozygousShare', title: 'Het.', about: 'Heterozygous share of the covered positions', right: true, show: r => percent(r.heterozygousShare, 2) },
  { id: 'noCall', title: 'State', about: 'Scored, or why not', show: r => r.noCall ?? 'scored' },
] // biome-ignore format: one column a line

type Row = { readonly kind: 'row'; readonly row: RiskCohortRow } | { readonly kind: 'failed'; readonly failure: RiskSheetProblem } // biome-ignore format: one choice

/** Everybody of a cohort; only the rows on the screen are drawn. Failures stand at the end, however it is sorted. */
export function CohortTable(props: {
  readonly cohort: RiskCohort
  readonly subject: CohortSubject
  readonly origin: Origin
  readonly running: boolean
  /** Samples whose files changed after they were scored. */
  readonly changed: readonly string[]
}) {
  // biome-ignore format: one line
  const { cohort, subject, origin, running } = props
  const changed = useMemo(() => new Set(props.changed), [props.changed])
  const filter = useCohorts(s => s.filter)
  const chosen = useCohorts(s => s.chosen)
  const [sort, setSort] = useState<{ readonly column: CohortColumn | 'sample'; readonly descending: boolean } | null>(null) // biome-ignore format: one line
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(300)
  const box = useRef<HTMLElement>(null)
  const shown = useMemo(() => {
    const rows = filter.state === 'changed' ? cohort.rows.filter(r => changed.has(r.sample)) : cohort.rows
    return sortRows(filterRows(rows, filter), sort)
  }, [cohort.rows, filter, sort, changed])
  const failures = useMemo(() => {
    if (filter.label !== 'all' || (filter.state !== 'all' && filter.state !== 'failed')) return []
    return cohort.failures.filter(f => f.sample.toLowerCase().includes(filter.text.trim().toLowerCase()))
  }, [cohort.failures, filter])
  const rows: readonly Row[] = useMemo(
    () => [
      ...shown.map((row): Row => ({ kind: 'row', row })),
      ...failures.map((failure): Row => ({ kind: 'failed', failure })),
    ],
    [shown, failures],
  )
  const set = (change: Partial<CohortFilter>) => {
    useCohorts.setState(s => ({ filter: { ...s.filter, ...change } }))
    box.current?.scrollTo({ top: 0 })
  }
  const toggle = (sample: string) =>
    useCohorts.setState(s => {
      const next = new Set(s.chosen)
      if (!next.delete(sample)) next.add(sample)
      return { chosen: next }
    })
  const sortBy = (column: CohortColumn | 'sample', first: boolean) =>
    setSort(now => (now?.column !== column ? { column, descending: first } : now.descending === first ? { column, descending: !first } : null)) // biome-ignore format: one line
  const sorted = (column: string) => (sort?.column !== column ? 'none' : sort.descending ? 'descending' : 'ascending')
  const arrow = (column: string) => (sort?.column !== column ? '' : sort.descending ? ' ▼' : ' ▲')
  const firstRow = Math.max(0, Math.floor(top / ROW_PX) - BUFFER_ROWS)
  const lastRow = Math.min(rows.length, Math.ceil((top + height) / ROW_PX) + BUFFER_ROWS)
  const picked = cohort.rows.filter(r => chosen.has(r.sample))
  const tsv = () =>
    toTsv(
      ['sample', ...COLUMNS.map(c => c.id)],
      (picked.length > 0 ? picked : shown).map(r => [r.sample, ...COLUMNS.map(c => r[c.id])]),
      originLines({ ...origin, what: `${origin.what}, ${picked.length > 0 ? 'chosen' : 'shown'} rows` }, new Date()),
    )
  return (
    <div className="cohort-left">
      <div className="scan-toolbar">
        <TextInput
          aria-label="Filter samples"
          placeholder="sample or genotype"
          value={filter.text}
          onChange={e => set({ text: e.currentTarget.value })}
          w={132}
        />
        <Select
          aria-label="Label"
          allowDeselect={false}
          value={filter.label}
          data={[
            { value: 'all', label: 'all labels' },
            { value: 'cases', label: 'cases' },
            { value: 'controls', label: 'controls' },
            { value: 'unlabelled', label: 'no label' },
          ]}
          onChange={v => v && set({ label: v as CohortFilter['label'] })}
          w={104}
        />
        <Select
          aria-label="State"
          allowDeselect={false}
          value={filter.state}
          data={[
            { value: 'all', label: 'all states' },
            { value: 'scored', label: 'scored' },
            { value: 'no-call', label: 'no score' },
            { value: 'failed', label: 'failed' },
            { value: 'changed', label: 'changed since' },
          ]}
          onChange={v => v && set({ state: v as CohortFilter['state'] })}
          w={104}
        />
      </div>
      <section
        className="table-wrap cohort-rows"
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="People of the cohort"
        onScroll={e => {
          setTop(e.currentTarget.scrollTop)
          setHeight(e.currentTarget.clientHeight)
        }}
      >
        <table className="data" data-testid="cohort-table" aria-rowcount={rows.length + 1}>
          <caption className="visually-hidden">People of the cohort</caption>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">Chosen</span>
              </th>
              <th scope="col" aria-sort={sorted('sample')}>
                <button type="button" onClick={() => sortBy('sample', false)}>
                  Sample{arrow('sample')}
                </button>
              </th>
              {COLUMNS.map(c => (
                <th
                  scope="col"
                  key={c.id}
                  data-align={c.right ? 'right' : 'left'}
                  aria-sort={sorted(c.id)}
                  title={c.about}
                >
                  <button type="button" onClick={() => sortBy(c.id, c.right === true)}>
                    {c.title}
                    {arrow(c.id)}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {firstRow > 0 && <Space rows={firstRow} />}
            {rows.slice(firstRow, lastRow).map((r, i) =>
              r.kind === 'row' ? (
                <tr
                  key={r.row.sample}
                  aria-rowindex={firstRow + i + 2}
                  style={{ height: ROW_PX }}
                  data-sample={r.row.sample}
                  data-dim={r.row.noCall !== null}
                >
                  <td>
                    <Checkbox
                      size="xs"
                      aria-label={`Choose ${r.row.sample}`}
                      checked={chosen.has(r.row.sample)}
                      onChange={() => toggle(r.row.sample)}
                    />
                  </td>
                  <td>
                    <button
                      type="button"
                      className="link"
                      title={`Open ${r.row.path}`}
                      onClick={() => openSamples(subject.fileId, [r.row.sample], subject.modelFileId)}
                    >
                      {r.row.sample}
                    </button>
                    {changed.has(r.row.sample) && (
                      <span
                        className="tag"
                        style={{ marginLeft: 6 }}
                        title="Its file changed after it was scored: the score is of the file as it was"
                      >
                        changed since
                      </span>
                    )}
                  </td>
                  {COLUMNS.map(c => (
                    <td key={c.id} data-align={c.right ? 'right' : 'left'}>
                      {c.show(r.row)}
                    </td>
                  ))}
                </tr>
              ) : (
                <tr
                  key={`failed:${r.failure.line}:${r.failure.message}`}
                  aria-rowindex={firstRow + i + 2}
                  style={{ height: ROW_PX }}
                  data-failed="true"
                >
                  <td />
                  <td>{r.failure.sample || '(no name)'}</td>
                  <td colSpan={COLUMNS.length} title={r.failure.message}>
                    failed: {r.failure.line > 0 && `line ${r.failure.line}, `}
                    {r.failure.message} <code>{r.failure.code}</code>
                  </td>
                </tr>
              ),
            )}
            {lastRow < rows.length && <Space rows={rows.length - lastRow} />}
          </tbody>
        </table>
        {rows.length === 0 && (
          <p className="empty">
            {cohort.rows.length === 0 && running ? 'No sample is scored yet.' : 'No sample passes the filter.'}{' '}
            {filter !== ALL && (
              <button type="button" className="link" onClick={() => useCohorts.setState({ filter: ALL })}>
                Show all
              </button>
            )}
          </p>
        )}
      </section>
      <div className="scan-toolbar num">
        <span className="soft" data-testid="cohort-counts" role="status">
          {rows.length.toLocaleString('en-US')} of{' '}
          {(cohort.rows.length + cohort.failures.length).toLocaleString('en-US')}
          {picked.length > 0 && `, ${picked.length.toLocaleString('en-US')} chosen`}
        </span>
        {picked.length > 0 && (
          <>
            <Button
              size="compact-xs"
              variant="light"
              disabled={picked.length > MOST_OPENED}
              title={picked.length > MOST_OPENED ? `At most ${MOST_OPENED} at a time` : undefined}
              onClick={() =>
                openSamples(
                  subject.fileId,
                  picked.map(r => r.sample),
                  subject.modelFileId,
                )
              }
            >
              Open
            </Button>
            <Button size="compact-xs" variant="subtle" onClick={() => useCohorts.setState({ chosen: new Set() })}>
              Clear
            </Button>
          </>
        )}
        <span style={{ flex: 1 }} />
        <TsvButton name={picked.length > 0 ? 'cohort chosen' : 'cohort shown'} tsv={tsv} />
      </div>
    </div>
  )
}

/** Room of rows that are not drawn. */
const Space = ({ rows }: { readonly rows: number }) => (
  <tr style={{ height: rows * ROW_PX }}>
    <td colSpan={COLUMNS.length + 2} style={{ border: 0, padding: 0 }} />
  </tr>
)
