import type { ModelTrackPage, ModelTrackRow } from '../../../src-shared/genome/model.ts'
import { transformText } from '../../analyses/trackTransform.ts'
import type { ModelJson, ModelTrack } from '../../models/folder/modelJson.ts'

/** A model's track table, made for searching. */
export interface TrackTable {
  readonly rows: readonly ModelTrackRow[]
  readonly assays: ModelTrackPage['assays']
  /** Rows whose text holds every word of `query` (any case), of one assay where it is named. */
  page(query: string, assay: string | undefined, offset: number, limit: number): ModelTrackPage
}

const strandOf = (strand: string | undefined): ModelTrackRow['strand'] =>
  strand === '+' || strand === '-' ? strand : '.'

/** The text before the first colon of a description says the assay, where the table has no column for it. */
export const assayOf = (track: Pick<ModelTrack, 'assay' | 'name'>): string => {
  if (track.assay) return track.assay
  const colon = track.name.indexOf(':')
  return colon > 0 ? track.name.slice(0, colon) : 'other'
}

export function createTrackTable(json: Pick<ModelJson, 'tracks'>): TrackTable {
  const channels = new Map(json.tracks.map((t, channel) => [`${t.head} ${t.index}`, channel]))
  const rows = json.tracks.map((t, channel): ModelTrackRow => {
    const pair = t.strandPair === undefined ? undefined : channels.get(`${t.head} ${t.strandPair}`)
    return {
      channel,
      head: t.head,
      index: t.index,
      name: t.name,
      assay: assayOf(t),
      strand: strandOf(t.strand),
      transform: transformText(t),
      ...(t.target === undefined ? {} : { target: t.target }),
      ...(t.sourceId === undefined ? {} : { sourceId: t.sourceId }),
      ...(pair === undefined ? {} : { strandPair: pair }),
      ...(t.unit === undefined ? {} : { unit: t.unit }),
    }
  })
  const counts = new Map<string, number>()
  for (const { assay } of rows) counts.set(assay, (counts.get(assay) ?? 0) + 1)
  const assays = [...counts].map(([assay, count]) => ({ assay, count })).sort((a, b) => b.count - a.count)
  let texts: readonly string[] | undefined
  return {
    rows,
    assays,
    page(query, assay, offset, limit) {
      texts ??= rows.map(r => `${r.name}\t${r.assay}\t${r.target ?? ''}\t${r.sourceId ?? ''}\t${r.head}:${r.index}\t${r.channel}`.toLowerCase()) // biome-ignore format: one line
      const words = query.toLowerCase().split(/\s+/).filter(Boolean)
      const found: ModelTrackRow[] = []
      let total = 0
      for (const [i, row] of rows.entries()) {
        if (assay !== undefined && row.assay !== assay) continue
        if (!words.every(w => texts![i]!.includes(w))) continue
        if (total >= offset && found.length < limit) found.push(row)
        total++
      }
      return { rows: found, total, assays }
    },
  }
}
