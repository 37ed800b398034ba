import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { ModelTrackRow } from '../../src-shared/genome/model.ts'
import { type Background, REFERENCE } from '../../src-shared/genome/prediction.ts'
import type { PredictedSetting, ProjectDocument, TrackSetting } from '../../src-shared/project.ts'

/** Pure rules for predicted tracks: what a choice of a model's channels becomes in the project, and how that is changed. */

/** A track setting that is known to be a predicted one. */
export type PredictedTrack = TrackSetting & { readonly predicted: PredictedSetting }

export const isPredicted = (t: TrackSetting): t is PredictedTrack => t.part === 'predicted' && t.predicted !== undefined

export const predictedTrack = (d: ProjectDocument, trackId: string): PredictedTrack | undefined =>
  d.tracks.filter(isPredicted).find(t => t.predicted.trackId === trackId)

/** A fresh id; chance only has to keep apart what is made within one millisecond. */
const newId = () => `t${Date.now().toString(36)}${Math.floor(Math.random() * 2 ** 30).toString(36)}`

/** The identifier of an experiment without the sign of its strand, in letters and digits. */
const bare = (id: string) => id.replace(/[+-]$/, '').toLowerCase()

const MINUS = /(minus|reverse|\brev\b|\bneg\b|_-|\.-)/i
const PLUS = /(plus|forward|\bfwd\b|\bpos\b|\+)/i

/**
 * The open bigWig that is most likely the experiment of a track: its name holds the experiment's identifier, and of strands
 * the right one. A guess that the user sees and can change.
 */
export function signalOf(row: ModelTrackRow, files: readonly OpenedFile[]): OpenedFile | undefined {
  const wanted = row.sourceId ? bare(row.sourceId) : ''
  if (wanted.length < 3) return undefined
  return files.find(f => {
    if (f.role !== 'signal' || f.facts.kind !== 'bigwig' || f.problem) return false
    const name = f.name.toLowerCase()
    // Between word ends, so that `track1` is not found in `track10`.
    const at = new RegExp(`(^|[^a-z0-9])${wanted.replace(/[^a-z0-9]/g, '\\$&')}([^a-z0-9]|$)`).test(name)
    if (!at || row.strand === '.') return at
    return row.strand === '-' ? MINUS.test(name) : !MINUS.test(name) || PLUS.test(name)
  })
}

/** What both strands of an experiment are called: what their names share, where that is most of them. */
export function pairName(a: string, b: string): string {
  if (a === b) return `${a} ±`
  let n = 0
  while (n < a.length && a[n] === b[n]) n++
  const shared = a.slice(0, n).replace(/[\s,;:.(/_-]+$/, '')
  return shared.length >= 4 ? `${shared} ±` : `${a} / ${b}`
}

/** Chosen channels as tracks: both strands of an experiment in one, where both were chosen; one scale for those of an assay. */
export function tracksOfRows(
  fileId: string,
  rows: readonly ModelTrackRow[],
  files: readonly OpenedFile[],
): readonly PredictedTrack[] {
  const chosen = new Map(rows.map(r => [r.channel, r]))
  const taken = new Set<number>()
  const made: PredictedTrack[] = []
  for (const row of rows) {
    if (taken.has(row.channel)) continue
    const other =
      row.strandPair !== undefined && row.strandPair !== row.channel ? chosen.get(row.strandPair) : undefined
    const pair = other ? (row.strand === '-' ? [other, row] : [row, other]) : [row]
    for (const p of pair) taken.add(p.channel)
    made.push({
      fileId,
      part: 'predicted',
      visible: true,
      predicted: {
        trackId: newId(),
        name: pair.length === 2 ? pairName(pair[0]?.name ?? '', pair[1]?.name ?? '') : row.name,
        channels: pair.map(p => p.channel),
        signals: pair.map(p => signalOf(p, files)?.id ?? null),
        layout: 'overlaid',
        scale: 'linear',
        group: row.assay || null,
        units: 'model',
        observed: 'raw',
        unit: row.unit ?? '',
        transform: row.transform,
        shows: 'reference',
        person: null,
      },
    })
  }
  return made
}

/** The same track under an id of its own. */
export const copyOf = (track: PredictedTrack): PredictedTrack => ({
  ...track,
  visible: true,
  predicted: { ...track.predicted, trackId: newId() },
})

/** The document with these tracks; those that draw the same channels of the same model already are shown again instead. */
export function withPredicted(d: ProjectDocument, added: readonly PredictedTrack[]): ProjectDocument {
  const same = (a: PredictedTrack) => (t: TrackSetting) =>
    isPredicted(t) && t.fileId === a.fileId && t.predicted.channels.join() === a.predicted.channels.join()
  const fresh = added.filter(a => !d.tracks.some(same(a)))
  const tracks = d.tracks.map(t => (added.some(a => same(a)(t)) && !t.visible ? { ...t, visible: true } : t))
  // Above the reads of samples, below genes, variants and signal: where the eye compares them with the signal.
  const at = tracks.findIndex(t => ['coverage', 'diplotype', 'reads'].includes(t.part))
  return {
    ...d,
    tracks: at < 0 ? [...tracks, ...fresh] : [...tracks.slice(0, at), ...fresh, ...tracks.slice(at)],
  }
}

export function changePredicted(
  d: ProjectDocument,
  trackId: string,
  change: (p: PredictedSetting) => PredictedSetting,
): ProjectDocument {
  return {
    ...d,
    tracks: d.tracks.map(t =>
      isPredicted(t) && t.predicted.trackId === trackId ? { ...t, predicted: change(t.predicted) } : t,
    ),
  }
}

export function withoutPredicted(d: ProjectDocument, trackId: string): ProjectDocument {
  const { selection } = d.view
  const tracks = d.tracks.filter(t => !(isPredicted(t) && t.predicted.trackId === trackId))
  const selected = selection.kind === 'track' && selection.trackId === trackId
  return {
    ...d,
    tracks,
    view: selected ? { ...d.view, selection: { kind: 'file', fileId: selection.fileId } } : d.view,
  }
}

/** Signal and people of files that were closed are no longer shown; the prediction stays. */
export function withoutClosedSignal(t: TrackSetting, open: ReadonlySet<string>): TrackSetting {
  if (!isPredicted(t)) return t
  const { signals, person } = t.predicted
  const lost = signals.some(s => s !== null && !open.has(s))
  const gone = person !== null && !open.has(person.fileId)
  if (!lost && !gone) return t
  return {
    ...t,
    predicted: {
      ...t.predicted,
      signals: signals.map(s => (s !== null && open.has(s) ? s : null)),
      ...(gone ? { person: null, shows: 'reference' as const } : {}),
    },
  }
}

/** What of the reference and of a person's haplotypes is asked for. */
export function backgroundsOf(setting: Pick<PredictedSetting, 'shows' | 'person'>): readonly Background[] {
  const { person, shows } = setting
  if (!person || shows === 'reference') return [REFERENCE]
  const h = (haplotype: 0 | 1): Background => ({ kind: 'haplotype', ...person, haplotype })
  switch (shows) {
    case 'haplotype1':
      return [h(0)]
    case 'haplotype2':
      return [h(1)]
    case 'haplotypes':
    case 'between':
      return [h(0), h(1)]
    case 'difference1':
      return [REFERENCE, h(0)]
    case 'difference2':
      return [REFERENCE, h(1)]
  }
}

/** What of a person is shown, in words. */
export const SHOWS_TEXT: Readonly<Record<PredictedSetting['shows'], string>> = {
  reference: 'reference',
  haplotype1: 'haplotype 1',
  haplotype2: 'haplotype 2',
  haplotypes: 'both haplotypes',
  difference1: 'haplotype 1 − reference',
  difference2: 'haplotype 2 − reference',
  between: 'haplotype 2 − haplotype 1',
}
/** What is left of the experiment is shown in place of both: only of the reference, which it was measured against. */
export const isResidual = (p: Pick<PredictedSetting, 'layout' | 'shows'>): boolean =>
  p.layout === 'residual' && p.shows === 'reference'
export const isDifference = (shows: PredictedSetting['shows']): boolean =>
  shows === 'difference1' || shows === 'difference2' || shows === 'between'

/** A track's name with what it shows, where that is not just the prediction of the reference. */
export function trackTitle(p: PredictedSetting): string {
  if (isResidual(p)) return `${p.name} · predicted − observed`
  return p.person && p.shows !== 'reference' ? `${p.name} · ${p.person.sample} ${SHOWS_TEXT[p.shows]}` : p.name
}

/** What an axis of a predicted track states beside its numbers. */
export const axisUnit = (p: PredictedSetting): string => {
  if (p.units === 'signal') return 'coverage a bin'
  return p.unit || (p.transform ? 'target units' : 'model units')
}
