import { throwIfCancelled } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { chooseTracks, trackLabels } from '../../analyses/chooseTracks.ts'
import { planPrediction, windowGeometry } from '../../analyses/predict.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelTrack } from '../../models/folder/modelJson.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { Reference } from '../../readers/reference.ts'
import { type AlleleSource, type BackgroundCounts, backgroundWarnings, type SequenceSource } from '../haplotypes.ts' // biome-ignore format: one line
import { readModelJson } from '../models/modelFolder.ts'
import { buildCaution, unknownCautions } from './cautions.ts'
import { contigLength, lengthCautions, type Prediction, type PredictRequest } from './predict.ts'
import type { PredictionStore } from './predictionStore.ts'
import { unknownOf } from './subject.ts'
import { openTrackNetwork, type TrackNetwork } from './trackNetwork.ts'
import { atWindow } from './windowLength.ts'
import { placeParts, readParts } from './windowParts.ts'
import { channelsToRun, marginBp, windowKeys, windowTracks } from './windowTracks.ts'

export interface BackgroundPrediction extends Prediction {
  /** 1 for a bin in which the haplotype has no base; its values are NaN. */
  readonly deletedBins: Uint8Array
  /** Windows that were kept from before. */
  readonly fromCache: number
}

/**
 * Predicts the tracks of a region as `predict` does, on each of some backgrounds (undefined: the reference), in reference coordinates, with
 * the windows that `store` keeps. The network is opened when a window is met that is not kept.
 * @throws WorkbenchError as `predict`, and `build` when a background's alleles are of another assembly
 */
export async function predictBackgrounds(
  request: PredictRequest,
  backgrounds: readonly (AlleleSource | undefined)[],
  reference: Pick<Reference, 'contigs' | 'sequence'>,
  deps: { readonly compute: Compute; readonly registry: ModelRegistry; readonly store?: PredictionStore },
  context: WorkContext,
): Promise<readonly BackgroundPrediction[]> {
  const made = await readModelJson(request.model)
  const json = request.windowBp === undefined ? made : atWindow(made, request.windowBp, deps.registry)
  const g = windowGeometry(json)
  const contig = { name: request.region.contig, length: contigLength(request.region, reference) }
  const chosen = chooseTracks(request.tracks, json.tracks)
  const options = { bothStrands: request.bothStrands ?? false, shiftsBp: request.shiftsBp?.length ? request.shiftsBp : [0] } // biome-ignore format: one line
  const plan = planPrediction(request.region, g)
  const source: SequenceSource = {
    contigs: reference.contigs,
    sequence: (name, start, end, signal) => reference.sequence(name, start, end, { upperCase: true, signal }),
  }
  const keyOf = windowKeys(json, options)
  const margin = marginBp(options)
  let network: TrackNetwork | undefined
  const open = () =>
    openTrackNetwork(
      {
        folder: request.model,
        json,
        channels: channelsToRun(json, chosen, options),
        batch: 1,
        load: { device: request.device ?? 'cpu', workload: 'fixed', ...(request.threads !== undefined ? { threads: request.threads } : {}) }, // biome-ignore format: one line
        ...(request.tile !== undefined ? { tile: request.tile } : {}),
      },
      deps.compute,
      deps.registry,
      context,
    )
  const total = plan.windows.length * backgrounds.length
  let done = 0

  const predictOn = async (alleles: AlleleSource | undefined): Promise<BackgroundPrediction> => {
    const values = new Float32Array(plan.bins * chosen.length).fill(Number.NaN)
    const unknownBins = new Uint8Array(plan.bins)
    const deletedBins = new Uint8Array(plan.bins)
    const counts: BackgroundCounts[] = []
    /** Windows for which something had to be computed. */
    const ran = new Set<number>()
    let unknown = 0
    for (const { start, outBin, firstBin, count } of plan.windows) {
      throwIfCancelled(context.signal)
      context.report({ phase: 'predicting', done: done++, total })
      const place = { contig, start, marginBp: margin, geometry: g }
      const { parts, counts: met } = await readParts(source, place, alleles, context)
      counts.push(met)
      const predicted: ReadonlyMap<number, Float32Array>[] = []
      for (const { bases } of parts) {
        const key = keyOf(bases)
        const kept = await deps.store?.get(key)
        if (kept && chosen.every(c => kept.channels.has(c))) {
          predicted.push(kept.channels)
          continue
        }
        network ??= await open()
        const computed = await windowTracks(network, json, chosen, options, bases, context.signal)
        await deps.store?.put(key, { channels: computed, device: Object.keys(network.provider.ran).join(' and ') })
        predicted.push(computed)
        ran.add(start)
      }
      const [own] = parts
      const facts = unknownOf(own!.bases, own!.runs, start + g.cropBins * g.binBp, g)
      unknown += facts.unknownShare / plan.windows.length
      unknownBins.set(facts.unknown.subarray(firstBin, firstBin + count), outBin)
      for (const [t, channel] of chosen.entries()) {
        const placed = placeParts(
          parts.map(({ runs }, i) => ({ runs, values: predicted[i]!.get(channel)! })),
          place,
        )
        for (let b = 0; b < count; b++) values[(outBin + b) * chosen.length + t] = placed.values[firstBin + b]!
        if (t === 0) deletedBins.set(placed.gap.subarray(firstBin, firstBin + count), outBin)
      }
    }
    const gone = deletedBins.reduce((n, d) => n + d, 0)
    const none = unknownBins.reduce((n, u, b) => n + (deletedBins[b] === 1 ? 0 : u), 0)
    const build = buildCaution(json, reference.contigs)
    return {
      model: { id: json.id, name: json.name, kind: json.kind },
      contig: plan.contig,
      start: plan.start,
      end: plan.end,
      binBp: plan.binBp,
      bins: plan.bins,
      tracks: chosen.map(channel => json.tracks[channel]!),
      values,
      unknownBins,
      deletedBins,
      unknownShare: unknown,
      windows: plan.windows.length,
      fromCache: plan.windows.length - ran.size,
      provider: network?.provider ?? { requested: request.device ?? 'cpu', ran: {}, note: 'everything was kept from before' }, // biome-ignore format: one line
      warnings: [
        ...lengthCautions(made, g),
        ...(build === undefined ? [] : [build]),
        ...unknownCautions(none, plan.bins, unknown),
        ...(alleles ? backgroundWarnings(counts) : []),
        ...(gone > 0 ? [`${gone.toLocaleString('en-US')} bins have no value: the haplotype lacks their bases`] : []), // biome-ignore format: one line
      ],
    }
  }

  try {
    const all: BackgroundPrediction[] = []
    for (const alleles of backgrounds) all.push(await predictOn(alleles))
    return all
  } finally {
    await network?.close()
  }
}

/**
 * The reference and two haplotypes side by side: for each track four columns, the reference, haplotype 0, haplotype 1, and haplotype 1 minus
 * haplotype 0.
 */
export function sideBySide(
  all: readonly [BackgroundPrediction, BackgroundPrediction, BackgroundPrediction],
): BackgroundPrediction {
  const [reference, zero, one] = all
  const labels = trackLabels(reference.tracks)
  const tracks = reference.tracks.flatMap((t, i): ModelTrack[] =>
    ['', ':haplotype0', ':haplotype1', ':difference'].map(ending => ({ ...t, sourceId: `${labels[i]}${ending}` })),
  )
  const values = Float32Array.from({ length: reference.values.length * 4 }, (_, i) => {
    const at = Math.floor(i / 4)
    const [a, b] = [zero.values[at]!, one.values[at]!]
    return [reference.values[at]!, a, b, b - a][i % 4]!
  })
  return {
    ...reference,
    tracks,
    values,
    deletedBins: zero.deletedBins.map((d, b) => d | one.deletedBins[b]!),
    fromCache: all.reduce((n, p) => n + p.fromCache, 0),
    provider: one.provider,
    warnings: [...reference.warnings, ...named(zero, 0, reference), ...named(one, 1, reference)],
  }
}

/** What is said of a haplotype and not of the reference. */
const named = (p: Prediction, haplotype: 0 | 1, reference: Prediction): readonly string[] =>
  p.warnings.filter(w => !reference.warnings.includes(w)).map(w => `haplotype ${haplotype}: ${w}`)
