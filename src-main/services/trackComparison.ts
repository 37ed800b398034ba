import { basename } from 'node:path'
import { contigFit } from '../../src-shared/genome/files.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import { REFERENCE, type RegionComparison, type TrackComparison } from '../../src-shared/genome/prediction.ts'
import type { Args } from '../../src-shared/ipc/contract.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ComparisonSubject } from '../../src-shared/ipc/modelMethods.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { compareTracks, correlate, type TrackPair } from '../analyses/compareTracks.ts'
import { transformText } from '../analyses/trackTransform.ts'
import { undoTransform } from '../analyses/undoTransform.ts'
import type { ModelTrack } from '../models/folder/modelJson.ts'
import type { SignalFile } from '../readers/signal.ts'
import type { FileRegistry } from './files.ts'
import type { OpenModels } from './models/openModels.ts'
import { observedValue } from './predict/observed.ts'
import type { Predictions } from './predict/predictions.ts'

/** A comparison computes at most so many windows; a set of regions, for each region. */
const MAX_WINDOWS = 256
/** Bins that are compared at once: sorting more would hold up everything else. */
const MAX_BINS = 32_768

export interface TrackComparisons {
  compare(asked: Args<'predict.compare'>, context: WorkContext): Promise<TrackComparison>
  regions(asked: Args<'predict.compareRegions'>, context: WorkContext): Promise<readonly RegionComparison[]>
}

/** Predicted tracks against bigWigs, in the model's own bins. */
export function createTrackComparisons(parts: {
  readonly files: FileRegistry
  readonly models: OpenModels
  readonly predictions: Predictions
}): TrackComparisons {
  const { files, models, predictions } = parts

  const withSignal = async <T>(asked: ComparisonSubject, work: (signal: SignalFile) => Promise<T>): Promise<T> => {
    const entry = await files.use(asked.signalFileId)
    if (entry.facts.kind !== 'bigwig')
      throw new WorkbenchError('wrong-type', `'${basename(entry.path)}' is no bigWig`, 'choose a .bw file') // biome-ignore format: one thought
    const reference = await files.use(asked.referenceFileId)
    const { conflicts } = contigFit(entry.facts.contigs, reference.facts.contigs)
    const [other] = conflicts
    if (other) throw new WorkbenchError('build', `'${basename(entry.path)}' has contig '${other.name}' of ${other.length.toLocaleString('en-US')} bp, the reference ${other.assemblyLength.toLocaleString('en-US')} bp: it is of another assembly`, 'choose a signal on the assembly of the reference') // biome-ignore format: one thought
    const { openSignal } = await import('../readers/signal.ts')
    const signal = await openSignal(entry.readPath)
    try {
      return await work(signal)
    } finally {
      await signal.close()
    }
  }

  const pairOf = async (
    asked: ComparisonSubject,
    track: ModelTrack,
    interval: Interval,
    signal: SignalFile,
    context: WorkContext,
  ): Promise<TrackPair & { readonly contig: Contig; readonly warnings: readonly string[] }> => {
    const { modelFileId, referenceFileId, options, channel } = asked
    const { output } = (await models.use(modelFileId)).json
    const asksFor = (interval.end - interval.start) / (output.binSize ?? 1)
    if (asksFor > MAX_BINS) throw new WorkbenchError('unsupported', `a comparison of ${Math.ceil(asksFor).toLocaleString('en-US')} bins; at most ${MAX_BINS.toLocaleString('en-US')} are compared at once`, 'choose a smaller region, or several') // biome-ignore format: one thought
    const subject = { modelFileId, referenceFileId, options, background: REFERENCE }
    const p = await predictions.tracks({ ...subject, interval, channels: [channel] }, context, MAX_WINDOWS)
    // A bin that hangs over the contig's end has no bases there: the file's bins are of the same width all the same.
    const end = p.start + p.bins * p.binBp
    const bins = await signal.bins({ contig: p.contig.name, start: p.start, end }, p.bins, context, { exact: true })
    const value = observedValue(track, asked)
    const back = asked.units === 'signal' ? undoTransform(track, 'current') : undefined
    const predicted = back ? p.values.map(back) : p.values
    const observed = new Float32Array(p.bins).fill(Number.NaN)
    const used = new Uint8Array(p.bins)
    // Many writers leave zeros out. A file that stores some knows the difference between 0 and nothing.
    const storesZeros = bins.min.includes(0)
    let [empty, there] = [0, 0]
    for (let i = 0; i < p.bins; i++) {
      if (bins.covered[i]! > 0) there++
      else {
        empty++
        if (storesZeros) continue
      }
      observed[i] = value(bins.sums[i]!, bins.mean[i]!, p.binBp)
      if (p.unknown[i] === 0 && Number.isFinite(predicted[i])) used[i] = 1
    }
    if (there === 0) {
      observed.fill(Number.NaN)
      used.fill(0)
    }
    const warnings = [...p.warnings]
    const n = (x: number) => x.toLocaleString('en-US')
    if (there === 0) warnings.push('the signal file has no value in this region')
    else if (empty > 0)
      warnings.push(`${n(empty)} of ${n(p.bins)} bins have no value in the signal file: they ${storesZeros ? 'are left out, since the file stores zeros' : 'count as 0, since the file stores no zeros here'}`) // biome-ignore format: one line
    if (used.includes(1)) {
      for (const [name, values] of [
        ['the signal', observed],
        ['the prediction', predicted],
      ] as const) {
        const first = values[used.indexOf(1)]
        if (values.every((v, i) => used[i] === 0 || v === first)) warnings.push(`${name} is constant here: it has no correlation`) // biome-ignore format: one line
      }
    }
    return { contig: p.contig, start: p.start, binBp: p.binBp, predicted, observed, used, warnings }
  }

  const trackOf = async ({ modelFileId, channel }: ComparisonSubject): Promise<ModelTrack> => {
    const { json } = await models.use(modelFileId)
    const track = json.tracks[channel]
    if (track) return track
    throw new WorkbenchError('not-found', `track ${channel} is not among the ${json.tracks.length} of '${json.id}'`, 'choose one of its tracks') // biome-ignore format: one thought
  }

  return {
    async compare(asked, context) {
      const track = await trackOf(asked)
      return withSignal(asked, async signal => {
        const { contig, warnings, ...pair } = await pairOf(asked, track, asked.interval, signal, context)
        await new Promise(done => setImmediate(done)) // others first: what follows takes some 30 ms
        return {
          contig: contig.name,
          channel: asked.channel,
          signalFileId: asked.signalFileId,
          units: unitsText(asked, track),
          ...pair,
          ...compareTracks(pair, asked.scale),
          warnings,
        }
      })
    },
    async regions(asked, context) {
      const track = await trackOf(asked)
      return withSignal(asked, async signal => {
        const out: RegionComparison[] = []
        for (const [done, interval] of asked.intervals.entries()) {
          context.report({ phase: 'comparing', done, total: asked.intervals.length })
          const quiet = { signal: context.signal, report() {} }
          const { n, pearson, spearman } = correlate(await pairOf(asked, track, interval, signal, quiet))
          out.push({ interval, n, pearson, spearman })
        }
        return out
      })
    },
  }
}

function unitsText({ units, observed = 'raw' }: ComparisonSubject, track: ModelTrack): string {
  const transform = transformText(track)
  if (!transform) return 'as the model gives it against mean coverage of the bin (the model names no transform)'
  if (units === 'signal') return `coverage of the bin: the transform (${transform}) is undone on the prediction${observed === 'transformed' ? ' and on the file' : ''}` // biome-ignore format: one line
  return observed === 'transformed' ? `the model's own units (${transform}), as the file has them` : `the model's own units: the transform (${transform}) is applied to the signal` // biome-ignore format: one line
}
