import {
  type ColumnDef,
  createSortedRowModel,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import { type ReactNode, useMemo } from 'react'
import type { Cell } from './provenance.ts'

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic, alphanumeric: sortFn_alphanumeric },
})

export interface Column<Row> {
  readonly id: string
  readonly title: string
  /** Unit or meaning, shown as a tooltip of the head. */
  readonly about?: string
  readonly value: (row: Row) => Cell
  readonly show?: (row: Row) => ReactNode
  readonly align?: 'left' | 'right'
}

/** A compact table whose columns sort by click and by keyboard. */
export function DataTable<Row extends object>(props: {
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly dim?: (row: Row) => boolean
  readonly maxHeight?: number
}) {
  const columns = useMemo(
    () =>
      props.columns.map(
        (c): ColumnDef<typeof features, Row, unknown> => ({
          id: c.id,
          accessorFn: c.value,
          header: c.title,
          sortFn: c.align === 'right' ? 'basic' : 'alphanumeric',
          sortDescFirst: c.align === 'right',
        }),
      ),
    [props.columns],
  )
  const table = useTable({ features, columns, data: props.rows as Row[] })
  const described = new Map(props.columns.map(c => [c.id, c]))
  return (
    <section
      className="table-wrap"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={props.caption}
      style={{ maxHeight: props.maxHeight }}
    >
      <table className="data">
        <caption className="visually-hidden">{props.caption}</caption>
        <thead>
          {table.getHeaderGroups().map(group => (
            <tr key={group.id}>
              {group.headers.map(header => {
                const column = described.get(header.column.id)
                const sorted = header.column.getIsSorted()
                return (
                  <th
                    key={header.id}
                    scope="col"
                    data-align={column?.align ?? 'left'}
                    aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}
                    title={column?.about}
                  >
                    <button type="button" onClick={header.column.getToggleSortingHandler()}>
                      {column?.title}
                      {sorted === 'asc' ? ' ▲' : sorted === 'desc' ? ' ▼' : ''}
                    </button>
                  </th>
                )
              })}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map(row => (
            <tr key={row.id} data-dim={props.dim?.(row.original) ?? false}>
              {props.columns.map(c => (
                <td key={c.id} data-align={c.align ?? 'left'}>
                  {c.show ? c.show(row.original) : c.value(row.original)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
