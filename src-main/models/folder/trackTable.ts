import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { ModelTrack } from './modelJson.ts'

/**
 * A track table of the Basenji family: a header line, then `index genome identifier file clip scale sum_stat description`, tab-separated.
 * A description is `ASSAY:rest`, for ChIP `CHIP:target:rest`. `strand_pair` names the index of the track of the other strand.
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
  const rows = lines.filter(l => l.trim() !== '')
  const pairs = strandPairs(rows, columns, where)
  return rows.map((line, index) => {
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
      ...(pairs ? { strandPair: pairs[index]! } : {}),
      binSize: binSizeBp,
      ...(Object.keys(transform).length ? { transform } : {}),
    }
  })
}

/** Places of the tracks to swap under reverse complement; undefined where the table does not say. */
function strandPairs(rows: readonly string[], columns: readonly string[], where: string): number[] | undefined {
  const column = columns.indexOf('strand_pair')
  if (column < 0) return undefined
  // The first column is the index that pairs refer to; in a table cut out of a larger one it is not the place.
  const places = new Map(rows.map((row, place) => [row.split('\t')[0], place]))
  const pairs = rows.map(row => places.get(row.split('\t')[column] ?? ''))
  const lone = pairs.findIndex((pair, place) => pair === undefined || pairs[pair] !== place)
  if (lone >= 0)
    throw new WorkbenchError(
      'bad-input',
      `${where}, line ${lone + 2}: strand_pair '${rows[lone]!.split('\t')[column] ?? ''}' is not the index of a track that names this one`,
      'mend the table',
    )
  return pairs as number[]
}

/** Names for tracks of which nothing is known but their place. */
export const unnamedTracks = (head: string, count: number, binSizeBp: number): ModelTrack[] =>
  Array.from({ length: count }, (_, index) => ({ index, head, name: `${head} ${index}`, binSize: binSizeBp }))
