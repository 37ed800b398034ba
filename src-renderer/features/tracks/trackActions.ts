import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { ModelTrackRow } from '../../../src-shared/genome/model.ts'
import type { PredictedSetting } from '../../../src-shared/project.ts'
import {
  changePredicted,
  copyOf,
  isPredicted,
  type PredictedTrack,
  tracksOfRows,
  withoutPredicted,
  withPredicted,
} from '../../state/predictedTracks.ts'
import { selectTrack } from '../../state/selection.ts'
import { attempt, call } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'

/** What the user does to predicted tracks: each is one step that can be undone. */

/** More tracks than a person can compare at once, and more than the panel has room for. */
export const MOST_TRACKS = 24

/** The row of one channel: the table's rows are in the order of channels. */
export const rowOf = async (fileId: string, channel: number): Promise<ModelTrackRow | undefined> =>
  (await call('models.tracks', { fileId, query: '', offset: channel, limit: 1 })).rows[0]

/** Puts chosen tracks into the browser, with their other strands where asked for. */
export function showInBrowser(file: OpenedFile, rows: readonly ModelTrackRow[], bothStrands: boolean): void {
  attempt(async () => {
    const have = new Set(rows.map(r => r.channel))
    const missing = bothStrands
      ? rows.flatMap(r => (r.strandPair !== undefined && !have.has(r.strandPair) ? [r.strandPair] : []))
      : []
    const others = await Promise.all([...new Set(missing)].map(channel => rowOf(file.id, channel)))
    const all = [...rows, ...others.flatMap(r => r ?? [])].sort((a, b) => a.channel - b.channel)
    const { change, files, notify, history } = useWorkbench.getState()
    const made = tracksOfRows(file.id, all, files)
    if (made.length > MOST_TRACKS) {
      notify('info', `${made.length} tracks are more than can be looked at: choose at most ${MOST_TRACKS}`)
      return
    }
    const next = withPredicted(history.present, made)
    if (next === history.present) return
    change(made.length === 1 ? `Show ${made[0]?.predicted.name}` : `Show ${made.length} predicted tracks`, d =>
      withPredicted(d, made),
    )
    notify('success', made.length === 1 ? 'One track was added' : `${made.length} tracks were added`)
  })
}

export const editTrack = (trackId: string, label: string, recipe: (p: PredictedSetting) => PredictedSetting): void =>
  useWorkbench.getState().change(label, d => changePredicted(d, trackId, recipe))

/** The same channels once more: to see the reference beside a person, or two scales beside each other. */
export function duplicateTrack(track: PredictedTrack): void {
  const copy = copyOf(track)
  const { change } = useWorkbench.getState()
  change('Duplicate track', d => {
    const at = d.tracks.findIndex(t => t.predicted?.trackId === track.predicted.trackId)
    return { ...d, tracks: [...d.tracks.slice(0, at + 1), copy, ...d.tracks.slice(at + 1)] }
  })
  selectPredicted(copy)
}

export const removeTrack = (trackId: string): void =>
  useWorkbench.getState().change('Remove track', d => withoutPredicted(d, trackId))

export const setShown = (track: PredictedTrack, visible: boolean): void =>
  useWorkbench.getState().change(visible ? 'Show track' : 'Hide track', d => ({
    ...d,
    tracks: d.tracks.map(t =>
      isPredicted(t) && t.predicted.trackId === track.predicted.trackId ? { ...t, visible } : t,
    ),
  }))

export const selectPredicted = (track: PredictedTrack): void => {
  useWorkbench.setState({ trackPoint: null })
  useWorkbench.getState().select(selectTrack(track.fileId, track.predicted.trackId))
}

/** Opens a model that comes with the program. */
export function openShipped(id: string): void {
  attempt(async () => {
    const file = await call('models.openShipped', { id })
    const { opened, select } = useWorkbench.getState()
    opened([file])
    select({ kind: 'file', fileId: file.id })
  })
}
