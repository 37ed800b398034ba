import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { ModelTrack } from './modelJson.ts'

/**
 * A track table of the Basenji family: a header line, then `index genome identifier file clip scale sum_stat description`, tab-separated.
 * A description is `ASSAY:rest`, for ChIP `CHIP:target:rest`.
 * @throws WorkbenchError `bad-input` with the line that cannot be
 */
export function parseTrackTable(text: string, head: string, binSizeBp: number, where: string): ModelTrack[] {
  const [header = '', ...lines] = text.split(/\r?\n/)
  const columns = header.split('\t')
  const at = (name: string) => columns.indexOf(name)
  if (at('identifier') < 0 || at('description') < 0)
    throw new WorkbenchError(
      'bad-input',
      `${where} has no columns 'identifier' and 'description'`,
      'give a targets table with its header line',
    )
  return lines
    .filter(l => l.trim() !== '')
    .map((line, index) => {
      const cells = line.split('\t')
      const cell = (name: string) => (at(name) < 0 ? undefined : cells[at(name)] || undefined)
      const description = cell('description')
      const sourceId = cell('identifier')
      if (description === undefined || sourceId === undefined)
        throw new WorkbenchError(
          'bad-input',
          `${where}, line ${index + 2}: no description or identifier`,
          'mend the table',
        )
      const [assay, second] = description.split(':')
      const transform: Record<string, unknown> = {}
      for (const [column, field] of [
        ['sum_stat', 'sum_stat'],
        ['scale', 'scale'],
        ['clip', 'clip'],
        ['clip_soft', 'clipSoft'],
      ] as const) {
        const value = cell(column)
        if (value !== undefined) transform[field] = column === 'sum_stat' ? value : Number(value)
      }
      return {
        index,
        head,
        name: description,
        ...(description.includes(':') ? { assay: assay as string } : {}),
        ...(assay === 'CHIP' && second ? { target: second } : {}),
        sourceId,
        strand: /[+-]$/.exec(sourceId)?.[0] ?? '.',
        binSize: binSizeBp,
        ...(Object.keys(transform).length ? { transform } : {}),
      }
    })
}

/** Names for tracks of which nothing is known but their place. */
export const unnamedTracks = (head: string, count: number, binSizeBp: number): ModelTrack[] =>
  Array.from({ length: count }, (_, index) => ({ index, head, name: `${head} ${index}`, binSize: binSizeBp }))
