import { describe, expect, it } from 'vitest'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { ModelTrackRow } from '../../src-shared/genome/model.ts'
import type { ProjectDocument } from '../../src-shared/project.ts'
import {
  changePredicted,
  isPredicted,
  pairName,
  signalOf,
  tracksOfRows,
  withoutPredicted,
  withPredicted,
} from './predictedTracks.ts'
import { withoutClosed } from './tracks.ts'

const row = (channel: number, more: Partial<ModelTrackRow> = {}): ModelTrackRow => ({
  channel,
  head: 'h',
  index: channel,
  name: `CAGE:cells ${channel}`,
  assay: 'CAGE',
  strand: '.',
  transform: '',
  ...more,
})
const bigwig = (id: string, name: string) =>
  ({ id, name, role: 'signal', facts: { kind: 'bigwig', contigs: [] } }) as unknown as OpenedFile
const empty: ProjectDocument = {
  version: 1,
  name: 'p',
  demo: false,
  view: { locus: null, referenceFileId: null, selection: { kind: 'none' } },
  tracks: [],
  bookmarks: [],
}

describe('predicted tracks', () => {
  const plus = row(0, { strand: '+', strandPair: 1, sourceId: 'CNhs1+' })
  const minus = row(1, { strand: '-', strandPair: 0, sourceId: 'CNhs1-' })
  const files = [bigwig('p', 't00_CNhs1.plus.bw'), bigwig('m', 't01_CNhs1.minus.bw'), bigwig('x', 't02_CNhs10.plus.bw')]

  it('join both strands of an experiment, the forward one first, with the bigWigs of each', () => {
    const [track, ...rest] = tracksOfRows('model', [minus, plus], files)
    expect(rest).toEqual([])
    expect(track?.predicted).toMatchObject({ channels: [0, 1], signals: ['p', 'm'], group: 'CAGE', shows: 'reference' })
  })
  it('take one strand alone where only it was chosen', () => {
    expect(tracksOfRows('model', [minus], files)[0]?.predicted).toMatchObject({ channels: [1], signals: ['m'] })
  })
  it('are not compared with an experiment whose identifier only begins alike', () => {
    expect(signalOf(row(2, { sourceId: 'CNhs1' }), [bigwig('x', 't02_CNhs10.bw')])).toBeUndefined()
    expect(signalOf(row(2), files)).toBeUndefined()
  })
  it('are called by what their strands share', () => {
    expect(pairName('CAGE:demo, forward strand', 'CAGE:demo, reverse strand')).toBe('CAGE:demo ±')
    expect(pairName('CAGE:a', 'CAGE:a')).toBe('CAGE:a ±')
    expect(pairName('x', 'y')).toBe('x / y')
  })
  it('are added once, changed, and removed; the model is selected then', () => {
    const made = tracksOfRows('model', [row(3), row(4)], [])
    const once = withPredicted(empty, made)
    expect(withPredicted(once, tracksOfRows('model', [row(3)], [])).tracks).toEqual(once.tracks)
    const id = made[0]?.predicted.trackId ?? ''
    const changed = changePredicted(once, id, p => ({ ...p, scale: 'log' }))
    expect(changed.tracks.filter(isPredicted).map(t => t.predicted.scale)).toEqual(['log', 'linear'])
    const selected = {
      ...once,
      view: { ...once.view, selection: { kind: 'track', fileId: 'model', trackId: id } as const },
    }
    expect(withoutPredicted(selected, id)).toMatchObject({
      tracks: [made[1]],
      view: { selection: { kind: 'file', fileId: 'model' } },
    })
  })
  it('keep the prediction and lose the experiment or the person whose file was closed', () => {
    const [made] = tracksOfRows('model', [plus, minus], files)
    const d: ProjectDocument = {
      ...empty,
      tracks: [
        { ...made!, predicted: { ...made!.predicted, shows: 'between', person: { fileId: 'vcf', sample: 's' } } },
      ],
    }
    const open = ['model', 'p'].map(id => ({ id }) as OpenedFile)
    expect(withoutClosed(d, open).tracks[0]?.predicted).toMatchObject({ signals: ['p', null], shows: 'reference', person: null }) // biome-ignore format: one line
  })
})
