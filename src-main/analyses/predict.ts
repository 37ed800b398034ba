import type { Interval } from '../../src-shared/genome/interval.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ModelJson, ModelTrack } from '../models/folder/modelJson.ts'

/** Where a sequence-to-track model looks and what it answers for. */
export interface WindowGeometry {
  readonly windowBp: number
  readonly binBp: number
  /** Kept bins, the centre of the window. */
  readonly bins: number
  /** Bins on each side that the model reads and does not answer for. */
  readonly cropBins: number
}

/** @throws WorkbenchError `unsupported` for a model of other input; `bad-model` when window, bins and crop do not add up */
export function windowGeometry({ id, input, output }: Pick<ModelJson, 'id' | 'input' | 'output'>): WindowGeometry {
  if (input.type !== 'dna') throw new WorkbenchError('unsupported', `model '${id}' takes ${input.type}, not DNA`, 'use a model that predicts tracks from sequence') // biome-ignore format: one thought
  const { binSize, bins, cropBins } = output
  if (binSize === undefined || bins === undefined || cropBins === undefined) throw new WorkbenchError('unsupported', `model '${id}' predicts no tracks`, 'use a model that predicts tracks from sequence') // biome-ignore format: one thought
  if ((bins + 2 * cropBins) * binSize !== input.length)
    throw new WorkbenchError(
      'bad-model',
      `model '${id}': ${bins} bins and ${cropBins} cropped on each side, of ${binSize} bp, are not its window of ${input.length} bp`,
      'check model.json',
    )
  return { windowBp: input.length, binBp: binSize, bins, cropBins }
}

export interface PlannedWindow {
  /** First base of the window; negative where it hangs over the contig's start. */
  readonly start: number
  /** Where its kept bins go in the answer. */
  readonly outBin: number
  /** The first kept bin that is used, and how many. */
  readonly firstBin: number
  readonly count: number
}

/** `start` and `end` of the bins, 0-based half-open; they may hang over both ends of the contig. */
export interface PredictionPlan extends Interval {
  readonly binBp: number
  readonly bins: number
  readonly windows: readonly PlannedWindow[]
}

/**
 * Windows whose kept centres cover a region (0-based half-open). The region is snapped outward to whole bins. Does it fit into one
 * kept centre, the window is centred on it and bins count from that centre; else bins count from base 0 of the contig, and kept
 * centres lie edge to edge from the first bin on.
 */
export function planPrediction(region: Interval, geometry: WindowGeometry): PredictionPlan {
  const { binBp, bins: kept, cropBins } = geometry
  const keptBp = kept * binBp
  const fits = region.end - region.start <= keptBp
  const origin = fits ? Math.floor((region.start + region.end - keptBp) / 2) : 0
  const first = Math.floor((region.start - origin) / binBp)
  const last = Math.ceil((region.end - origin) / binBp)
  const bins = last - first
  const start = origin + first * binBp
  const windows: PlannedWindow[] = []
  if (fits) windows.push({ start: origin - cropBins * binBp, outBin: 0, firstBin: first, count: bins })
  else
    for (let at = 0; at < bins; at += kept)
      windows.push({
        start: start + (at - cropBins) * binBp,
        outBin: at,
        firstBin: 0,
        count: Math.min(kept, bins - at),
      })
  return { contig: region.contig, start, end: start + bins * binBp, binBp, bins, windows }
}

/** One run of the network for a window: which base it starts at, and which strand it reads. */
export interface Pass {
  readonly shiftBp: number
  readonly reverse: boolean
}

/** Every combination of shifts and, if asked for, both strands. */
export const passes = (shifts: readonly number[], bothStrands: boolean): readonly Pass[] =>
  shifts.flatMap(shiftBp => (bothStrands ? [false, true] : [false]).map(reverse => ({ shiftBp, reverse })))

/**
 * For each channel, the channel that stands for it on the other strand.
 * @throws WorkbenchError `unsupported` when a stranded track names no partner: averaging strands would mix them
 */
export function strandPartners(channels: readonly number[], tracks: readonly ModelTrack[]): readonly number[] {
  const places = new Map(tracks.map((t, i) => [`${t.head} ${t.index}`, i]))
  return channels.map(channel => {
    const track = tracks[channel]!
    if (track.strandPair === undefined && (track.strand === '+' || track.strand === '-'))
      throw new WorkbenchError('unsupported', `track '${track.sourceId ?? track.name}' is of strand ${track.strand} and the model does not say which track is the other strand`, 'predict without averaging over strands, or import the model with a table that has strand_pair') // biome-ignore format: one thought
    const partner = places.get(`${track.head} ${track.strandPair ?? track.index}`)
    if (partner === undefined) throw new WorkbenchError('bad-model', `track '${track.name}' has strandPair ${track.strandPair}, which is no track of head '${track.head}'`, 'check model.json') // biome-ignore format: one thought
    return partner
  })
}

/** Where a run's numbers are, and which of them become the answer's columns. */
export interface RunResult {
  /** [kept bins, columns], row-major. */
  readonly values: Float32Array
  readonly columns: number
  /** For each column of the answer, the column here (on the forward strand). */
  readonly of: readonly number[]
  /** The same for a pass that read the other strand. */
  readonly reverseOf: readonly number[]
}

/**
 * Adds the share of one pass over one window to the answer [bins, tracks]; the passes of a window add up to their mean.
 * @throws WorkbenchError `not-finite`
 */
export function addPass(
  into: Float64Array | Float32Array,
  window: PlannedWindow,
  pass: Pass,
  result: RunResult,
  share: number,
): void {
  const { values, columns } = result
  const from = pass.reverse ? result.reverseOf : result.of
  const kept = values.length / columns
  for (let b = 0; b < window.count; b++) {
    const bin = window.firstBin + b
    const row = (pass.reverse ? kept - 1 - bin : bin) * columns
    const out = (window.outBin + b) * from.length
    for (let t = 0; t < from.length; t++) {
      const value = values[row + from[t]!]!
      if (!Number.isFinite(value)) throw new WorkbenchError('not-finite', `the model predicts ${value} in bin ${window.outBin + b}`, 'check the model with `diploscope models check`') // biome-ignore format: one thought
      into[out + t] = into[out + t]! + share * value
    }
  }
}
