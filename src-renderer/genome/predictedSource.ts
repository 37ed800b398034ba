import { type Interval, overlaps } from '../../src-shared/genome/interval.ts'
import type { Background, PredictedBins } from '../../src-shared/genome/prediction.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ObservedBins, PredictionChanged } from '../../src-shared/ipc/modelMethods.ts'
import type { PredictedSetting } from '../../src-shared/project.ts'
import { backgroundsOf, isResidual } from '../state/predictedTracks.ts'
import { Failure } from './failure.ts'
import type { PredictedData, PredictedSeries, PredictedSource, PredictedStretch } from './predictedData.ts'

/** How a predicted track gets its numbers. Every function may throw; the track shows what was thrown. */
export interface PredictionServices {
  bins(
    background: Background,
    interval: Interval,
    channels: readonly number[],
    bins: number,
    units: PredictedSetting['units'],
  ): Promise<PredictedBins>
  /** Of the same bins as a prediction: `count` bins of `binBp` from the interval's start. */
  observed(
    channel: number,
    signalFileId: string,
    interval: Interval,
    binBp: number,
    setting: Pick<PredictedSetting, 'units' | 'observed'>,
  ): Promise<ObservedBins>
  /** Tells of windows that were added; returns how to stop. */
  changed(told: (change: PredictionChanged) => void): () => void
  failed(error: unknown): Failure
}

/** Okabe-Ito: prediction blue, experiment orange; haplotypes vermillion and bluish green, differences reddish purple. */
export const PREDICTED_COLOURS = {
  predicted: '#0072b2',
  observed: '#e69f00',
  haplotype1: '#d55e00',
  haplotype2: '#009e73',
  difference: '#cc79a7',
  residual: '#8a4a78',
} as const

/** Windows arrive in bursts: drawn at most so often. */
const REDRAW_MS = 120
/** An event that was missed must not leave a view half drawn for ever. */
const ASK_AGAIN_MS = 4000

/** Where the numbers of one predicted track come from, as the setting has it. */
export function predictedSource(setting: PredictedSetting, services: PredictionServices): PredictedSource {
  const backgrounds = backgroundsOf(setting)
  return {
    async open(interval, bins) {
      let stopped = false
      let timer: ReturnType<typeof setTimeout> | undefined
      let running = false
      let complete = false
      let unlisten: (() => void) | undefined
      let observed: Promise<readonly (ObservedBins | null)[]> | undefined
      const stop = () => {
        stopped = true
        clearTimeout(timer)
        unlisten?.()
      }
      const read = async (): Promise<PredictedData | Failure> => {
        const answers = await Promise.all(
          backgrounds.map(b => services.bins(b, interval, setting.channels, bins, setting.units)),
        )
        const [first] = answers
        if (!first) return new Failure('nothing was asked for')
        const failure = answers.find(a => a.failure)?.failure
        if (failure && answers.every(a => a.computed === 0))
          return services.failed(new WorkbenchError(failure.code, failure.message, failure.remedy))
        running = answers.some(a => a.pending === 'running')
        complete = answers.every(a => a.computed === a.windows)
        // Read once: the signal does not change while windows arrive.
        observed ??= readObserved(setting, first, services)
        return assemble(setting, answers, await observed, failure?.message)
      }
      const stretch: PredictedStretch = { data: new Failure(''), onChange: undefined, stop }
      const again = async () => {
        timer = undefined
        if (stopped) return
        try {
          stretch.data = await read()
        } catch (error) {
          stretch.data = services.failed(error)
          running = false
        }
        if (stopped) return
        stretch.onChange?.()
        if (complete) unlisten?.()
        else if (running) timer = setTimeout(() => void again(), ASK_AGAIN_MS)
      }
      // Listening before asking: a window that is done between the two is not missed.
      let soon = false
      unlisten = services.changed(change => {
        if (soon || stopped || !overlaps(interval, change)) return
        soon = true
        clearTimeout(timer)
        timer = setTimeout(() => {
          soon = false
          void again()
        }, REDRAW_MS)
      })
      try {
        stretch.data = await read()
        if (complete) unlisten()
        else if (running && timer === undefined) timer = setTimeout(() => void again(), ASK_AGAIN_MS)
      } catch (error) {
        // It keeps listening: what is too much for a view may be computed by a job.
        stretch.data = services.failed(error)
      }
      return stretch
    },
  }
}

/** A bigWig that cannot be read leaves the prediction alone on the screen; the reason is told once. */
async function readObserved(setting: PredictedSetting, of: PredictedBins, services: PredictionServices) {
  // A difference of predictions has no experiment beside it.
  if (setting.shows !== 'reference') return []
  const count = of.unknown.length
  const { binBp } = of
  const interval = { contig: of.contig, start: of.start, end: of.start + count * binBp }
  return Promise.all(
    setting.channels.map(async (channel, i): Promise<ObservedBins | null> => {
      const signal = setting.signals[i]
      if (!signal) return null
      try {
        return await services.observed(channel, signal, interval, binBp, setting)
      } catch (error) {
        services.failed(error)
        return null
      }
    }),
  )
}

/** The series of a track, out of what was predicted and measured. */
export function assemble(
  setting: Pick<PredictedSetting, 'channels' | 'shows' | 'person' | 'layout'>,
  answers: readonly PredictedBins[],
  observed: readonly (ObservedBins | null)[],
  failure?: string,
): PredictedData {
  const [first] = answers
  if (!first) throw new Error('no prediction to draw')
  const count = first.unknown.length
  const { channels, shows } = setting
  const residual = isResidual(setting)
  const subtract = channels.length > 0 && (shows === 'between' || shows === 'difference1' || shows === 'difference2')
  const direction = (i: number) => (channels.length === 2 && i === 1 ? -1 : 1)
  const column = (of: PredictedBins, which: 'mean' | 'max', i: number) =>
    Float32Array.from({ length: count }, (_, b) => of[which][b * channels.length + i]!)
  const series: PredictedSeries[] = []
  observed.forEach((o, i) => {
    if (!o || residual) return
    const label = 'experiment'
    series.push({ label, kind: 'observed', colour: PREDICTED_COLOURS.observed, dashed: false, direction: direction(i), mean: o.mean, max: o.max }) // biome-ignore format: one thing
  })
  channels.forEach((_, i) => {
    const add = (label: string, colour: string, mean: Float32Array, max: Float32Array) =>
      series.push({
        label,
        kind: 'predicted',
        colour,
        dashed: colour === PREDICTED_COLOURS.haplotype2,
        direction: direction(i),
        mean,
        max,
      })
    if (subtract) {
      const [a, b] = [column(answers[0]!, 'mean', i), column(answers[1]!, 'mean', i)]
      const difference = b.map((v, k) => v - a[k]!)
      add('difference', PREDICTED_COLOURS.difference, difference, difference)
    } else if (residual) {
      const o = observed[i]?.mean
      if (!o) return
      const rest = column(answers[0]!, 'mean', i).map((v, b) => v - o[b]!)
      add('predicted − observed', PREDICTED_COLOURS.residual, rest, rest)
    } else
      answers.forEach((answer, k) => {
        const mean = column(answer, 'mean', i)
        const max = first.merged > 1 ? column(answer, 'max', i) : mean
        const second = shows === 'haplotype2' || k === 1
        if (shows === 'reference') add('predicted', PREDICTED_COLOURS.predicted, mean, max)
        else add(`haplotype ${second ? 2 : 1}`, PREDICTED_COLOURS[second ? 'haplotype2' : 'haplotype1'], mean, max)
      })
  })
  const computed = new Uint8Array(count)
  for (let b = 0; b < count; b++)
    computed[b] = answers.every(a => a.deleted?.[b] === 1 || !Number.isNaN(a.mean[b * channels.length]!)) ? 1 : 0
  const windows = answers.reduce((n, a) => n + a.windows, 0)
  const done = answers.reduce((n, a) => n + a.computed, 0)
  return {
    contig: first.contig,
    start: first.start,
    binBp: first.binBp,
    count,
    series,
    unknown: first.unknown,
    deleted: answers.find(a => a.deleted)?.deleted,
    computed,
    waiting: waitingText(answers, windows, done, failure),
  }
}

function waitingText(answers: readonly PredictedBins[], windows: number, done: number, failure: string | undefined) {
  if (failure) return failure
  if (answers.some(a => a.pending === 'too-many'))
    return `${windows - done} windows are too many to be computed by themselves: zoom in, or compute the region as a job`
  return done < windows ? `computing ${done}/${windows} windows` : ''
}
