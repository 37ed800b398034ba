import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ModelTrack } from '../models/folder/modelJson.ts'

/**
 * Channels of the whole track table that a list names, each once, in the order of the list. Parts are separated by commas; each is
 * the place of a track in the table (from 0), a range of places (`24-33`), `head:index`, an identifier, a name, or else a part of
 * a name, which takes every track that has it (`DNASE`, `hepg2`). No list: all.
 * @throws WorkbenchError `not-found` with the part that no track has
 */
export function chooseTracks(list: string | undefined, tracks: readonly ModelTrack[]): readonly number[] {
  if (list === undefined) return tracks.map((_, i) => i)
  const parts = list.split(',').map(part => part.trim())
  const chosen = parts.filter(Boolean).flatMap(part => {
    const found = channelsOf(part, tracks)
    if (found.length) return found
    const n = tracks.length.toLocaleString('en-US')
    throw new WorkbenchError('not-found', `no track is '${part.slice(0, 60)}' among the ${n} of the model`, 'give a place from 0, head:index, an identifier, or a part of a description') // biome-ignore format: one thought
  })
  if (!chosen.length) throw new WorkbenchError('wrong-usage', 'the list of tracks is empty', 'name a track, or leave the list out for all') // biome-ignore format: one thought
  return [...new Set(chosen)]
}

function channelsOf(part: string, tracks: readonly ModelTrack[]): readonly number[] {
  const where = (test: (t: ModelTrack) => boolean) => tracks.flatMap((t, i) => (test(t) ? [i] : []))
  // An identifier may be a number: it wins over a place.
  const named = where(t => t.sourceId === part || t.name === part)
  if (named.length) return named
  const range = /^(\d+)(?:-(\d+))?$/.exec(part)
  if (range) {
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])]
    return last < tracks.length && first <= last ? Array.from({ length: last - first + 1 }, (_, i) => first + i) : []
  }
  const own = /^(.+):(\d+)$/.exec(part)
  const placed = own ? where(t => t.head === own[1] && t.index === Number(own[2])) : []
  if (placed.length) return placed
  const wanted = part.toLowerCase()
  return where(t => t.name.toLowerCase().includes(wanted))
}

/** A short, different name for each track: its identifier where it has one, with head and index where that is not enough. */
export function trackLabels(tracks: readonly ModelTrack[]): readonly string[] {
  const plain = tracks.map(t => (t.sourceId ?? t.name).replace(/\s+/g, ' '))
  const times = new Map<string, number>()
  for (const label of plain) times.set(label, (times.get(label) ?? 0) + 1)
  return plain.map((label, i) => (times.get(label) === 1 ? label : `${label}:${tracks[i]!.head}:${tracks[i]!.index}`))
}
