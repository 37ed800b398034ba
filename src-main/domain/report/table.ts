import { escapeMarkup } from '../../../src-shared/report/markup.ts'

export interface TableColumn {
  readonly name: string
  readonly numeric?: boolean
  /** Long words such as hashes: may break anywhere. */
  readonly code?: boolean
}

/** An HTML table with a caption, column headers and the first cell of each row as its header. */
export function htmlTable(
  caption: string,
  columns: readonly TableColumn[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const kind = (i: number) => (columns[i]?.numeric ? ' class="number"' : '')
  const head = columns.map((c, i) => `<th scope="col"${kind(i)}>${escapeMarkup(c.name)}</th>`).join('')
  const body = rows
    .map(row => {
      const cells = row.map((value, i) => {
        const text = escapeMarkup(typeof value === 'number' ? value.toLocaleString('en-US') : value)
        return i === 0
          ? `<th scope="row">${text}</th>`
          : `<td${kind(i)}>${columns[i]?.code ? `<code>${text}</code>` : text}</td>`
      })
      return `<tr>${cells.join('')}</tr>`
    })
    .join('\n')
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeMarkup(caption)}"><table><caption>${escapeMarkup(caption)}</caption><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`
}
