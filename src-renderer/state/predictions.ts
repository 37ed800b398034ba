import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import { type Interval, overlaps } from '../../src-shared/genome/interval.ts'
import { type Background, PREDICT_DEFAULTS, type PredictedBins } from '../../src-shared/genome/prediction.ts'
import type { Args, Result } from '../../src-shared/ipc/contract.ts'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { PredictionChanged } from '../../src-shared/ipc/modelMethods.ts'
import type { Progress } from '../../src-shared/job.ts'
import type { ProjectDocument } from '../../src-shared/project.ts'
import { backgroundsOf, isPredicted, type PredictedTrack } from './predictedTracks.ts'
import { call, onEvent, version } from './services.ts'
import { useDocument } from './workbench.ts'

/** What the window asks of models and predictions. */

const listeners = new Set<(change: PredictionChanged) => void>()
onEvent('prediction.changed', change => {
  for (const told of listeners) told(change)
})
/** Tells of predicted windows that were added; returns how to stop listening. */
export function onPrediction(told: (change: PredictionChanged) => void): () => void {
  listeners.add(told)
  return () => void listeners.delete(told)
}

export const useModelFacts = (file: OpenedFile | undefined) =>
  useQuery<Result<'models.facts'>, WireError>({
    queryKey: ['model', ...version(file)],
    enabled: file !== undefined && file.role === 'model' && !file.problem,
    queryFn: ({ signal }) => call('models.facts', { fileId: file?.id ?? '' }, signal),
  })

export const TRACK_PAGE = 200

/** One page of the rows of a model's track table that match. */
export const trackPageQuery = (file: OpenedFile, query: string, assay: string | undefined, page: number) =>
  queryOptions<Result<'models.tracks'>, WireError>({
    queryKey: ['model-tracks', ...version(file), query, assay ?? '', page],
    queryFn: ({ signal }) =>
      call(
        'models.tracks',
        {
          fileId: file.id,
          query,
          ...(assay === undefined ? {} : { assay }),
          offset: page * TRACK_PAGE,
          limit: TRACK_PAGE,
        },
        signal,
      ),
  })

export const useShippedModels = (enabled: boolean) =>
  useQuery<Result<'models.shipped'>, WireError>({
    queryKey: ['shipped-models'],
    enabled,
    queryFn: ({ signal }) => call('models.shipped', {}, signal),
  })

/** Channels of a model that any visible track draws: they are asked for together, since one run of the network gives them all. */
export const channelsInUse = (d: ProjectDocument, fileId: string): readonly number[] =>
  [
    ...new Set(
      d.tracks
        .filter(isPredicted)
        .filter(t => t.visible && t.fileId === fileId)
        .flatMap(t => t.predicted.channels),
    ),
  ].sort((a, b) => a - b)

type BinsArgs = Args<'predict.bins'>

/** Equal requests of several tracks within one turn are one call. */
const asked = new Map<string, Promise<PredictedBins>>()
function predictOnce(args: BinsArgs): Promise<PredictedBins> {
  const key = JSON.stringify(args)
  const held = asked.get(key)
  if (held) return held
  const made = call('predict.bins', args)
  asked.set(key, made)
  const forget = () => asked.delete(key)
  made.then(forget, forget)
  return made
}

/** Bins of some channels, cut out of one answer for all channels in use. */
export async function predictedBins(
  d: ProjectDocument,
  modelFileId: string,
  subject: { readonly background: Background; readonly units: 'model' | 'signal' },
  interval: Interval,
  channels: readonly number[],
  bins: number,
): Promise<PredictedBins> {
  const referenceFileId = d.view.referenceFileId ?? ''
  const inUse = channelsInUse(d, modelFileId)
  const all = channels.every(c => inUse.includes(c)) ? inUse : channels
  const answer = await predictOnce({
    modelFileId,
    referenceFileId,
    options: PREDICT_DEFAULTS,
    background: subject.background,
    interval,
    channels: all,
    bins,
    units: subject.units,
  })
  return onlyChannels(answer, channels)
}

export function onlyChannels(of: PredictedBins, channels: readonly number[]): PredictedBins {
  const from = channels.map(c => of.channels.indexOf(c))
  const count = of.unknown.length
  const width = of.channels.length
  const cut = (values: Float32Array) => {
    const out = new Float32Array(count * channels.length)
    for (let b = 0; b < count; b++)
      for (let c = 0; c < from.length; c++) out[b * from.length + c] = values[b * width + from[c]!]!
    return out
  }
  return { ...of, channels, mean: cut(of.mean), max: cut(of.max) }
}

/** What a comparison of a predicted track needs; undefined while there is no experiment or no reference. */
export function comparisonOf(d: ProjectDocument, track: PredictedTrack, strand: number) {
  const { channels, signals, units, observed } = track.predicted
  const channel = channels[strand]
  const signalFileId = signals[strand]
  const referenceFileId = d.view.referenceFileId
  if (channel === undefined || !signalFileId || !referenceFileId) return undefined
  return { modelFileId: track.fileId, referenceFileId, channel, signalFileId, options: PREDICT_DEFAULTS, units, observed } // biome-ignore format: one thing
}

/** Predicted against experimental signal over an interval; the answer waits until all of it is predicted. */
export function useComparison(args: Args<'predict.compare'> | undefined, files: readonly (OpenedFile | undefined)[]) {
  const key = ['compare', ...files.flatMap(version), args]
  const [progress, setProgress] = useState<Progress>()
  const answer = useQuery<Result<'predict.compare'>, WireError>({
    queryKey: key,
    enabled: args !== undefined,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    queryFn: ({ signal }) => call('predict.compare', args as Args<'predict.compare'>, signal, setProgress),
  })
  return { ...answer, progress }
}

export function useRegionComparison(
  args: Args<'predict.compareRegions'> | undefined,
  files: readonly (OpenedFile | undefined)[],
) {
  const key = ['compare-regions', ...files.flatMap(version), args]
  const [progress, setProgress] = useState<Progress>()
  const answer = useQuery<Result<'predict.compareRegions'>, WireError>({
    queryKey: key,
    enabled: args !== undefined,
    gcTime: 60_000,
    queryFn: ({ signal }) =>
      call('predict.compareRegions', args as Args<'predict.compareRegions'>, signal, setProgress),
  })
  return { ...answer, progress }
}

export type Reading = Pick<PredictedBins, 'windows' | 'computed' | 'device' | 'warnings'>

/**
 * How far the prediction of an interval has come, what runs it, and what must stand beside it: of every background that the track shows,
 * since what is assumed of a person is said only there.
 */
export function useReading(track: PredictedTrack, interval: Interval | undefined, file: OpenedFile) {
  const d = useDocument()
  const referenceFileId = d.view.referenceFileId
  const channels = channelsInUse(d, track.fileId)
  const backgrounds = backgroundsOf(track.predicted)
  const key = ['reading', ...version(file), referenceFileId, interval, channels, backgrounds]
  useAskAgain(key, interval ? [interval] : [])
  const answer = useQuery<Reading, WireError>({
    queryKey: key,
    enabled: interval !== undefined && referenceFileId !== null && channels.length > 0,
    gcTime: 10_000,
    queryFn: async ({ signal }) => {
      const subject = {
        modelFileId: track.fileId,
        referenceFileId: referenceFileId ?? '',
        options: PREDICT_DEFAULTS,
        interval: interval as Interval,
        channels,
        bins: 1,
      }
      const all = await Promise.all(
        backgrounds.map(background => call('predict.bins', { ...subject, background }, signal)),
      )
      return {
        windows: all.reduce((n, a) => n + a.windows, 0),
        computed: all.reduce((n, a) => n + a.computed, 0),
        device: all.find(a => a.device)?.device ?? '',
        warnings: [...new Set(all.flatMap(a => a.warnings))],
      }
    },
  })
  return answer.data
}

/** Marks an answer as out of date when windows of its intervals were added; at most twice a second. */
function useAskAgain(key: readonly unknown[], intervals: readonly Interval[]) {
  const client = useQueryClient()
  const latest = useRef({ key, intervals })
  latest.current = { key, intervals }
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = onPrediction(change => {
      if (timer !== undefined || !latest.current.intervals.some(i => overlaps(i, change))) return
      timer = setTimeout(() => {
        timer = undefined
        void client.invalidateQueries({ queryKey: [...latest.current.key], exact: true })
      }, 500)
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [client])
}
