import type { Contig } from '../../../src-shared/genome/locus.ts'
import type { PredictedBins } from '../../../src-shared/genome/prediction.ts'
import type { Args } from '../../../src-shared/ipc/contract.ts'
import { undoTransform } from '../../analyses/undoTransform.ts'
import { MergedBins, type ViewGrid } from '../../analyses/viewGrid.ts'
import { type BackgroundCounts, backgroundWarnings } from '../haplotypes.ts'
import { buildCaution, unknownCautions } from './cautions.ts'
import type { PredictionStore, WindowTracks } from './predictionStore.ts'
import { referenceBins, type Subject, type WindowFacts } from './subject.ts'

/** What is there of a view, at once: windows that are in memory, merged into the bins of the answer. */
export function viewAnswer(
  store: Pick<PredictionStore, 'peek'>,
  subject: Subject,
  contig: Contig,
  grid: ViewGrid,
  channels: readonly number[],
  pending: PredictedBins['pending'],
  failure: PredictedBins['failure'],
  units: Args<'predict.bins'>['units'],
): PredictedBins {
  const g = subject.geometry
  const { tracks: table } = subject.model.json
  const inUnits = channels.map(c => (units === 'signal' ? undoTransform(table[c]!, 'current') : undefined))
  const merged = new MergedBins(grid, channels.length)
  const met: WindowFacts[] = []
  let computed = 0
  let device = ''
  for (let index = grid.first; index < grid.end; index++) {
    const facts = subject.facts.get(`${contig.name}:${index}`)
    if (!facts) continue
    merged.addUnknown(index * g.bins, facts.unknown)
    const parts = facts.storeKeys.map(store.peek)
    if (!allThere(parts, channels)) continue
    channels.forEach((channel, column) => {
      const placed = referenceBins(subject, index, facts, valuesOf(parts, channel))
      const undo = inUnits[column]
      merged.addValues(column, index * g.bins, undo ? placed.values.map(undo) : placed.values)
      if (placed.gap && column === 0) merged.addGaps(index * g.bins, placed.gap)
    })
    met.push(facts)
    device = parts[0]!.device
    computed++
  }
  return {
    contig: contig.name,
    start: grid.firstBin * g.binBp,
    binBp: g.binBp * grid.merged,
    merged: grid.merged,
    channels,
    mean: merged.mean,
    max: merged.max,
    unknown: merged.unknown,
    ...(subject.alleles ? { deleted: merged.deleted } : {}),
    windows: grid.end - grid.first,
    computed,
    pending,
    ...(failure ? { failure } : {}),
    device,
    warnings: [
      ...warningsOf(subject, met, merged.unknown, merged.deleted),
      ...(pending === 'too-many' ? ['more windows are missing than a view computes: zoom in, or compute the region as a job'] : []), // biome-ignore format: one line
    ],
  }
}

/** Whether a window's tracks hold all of some channels. */
export const hasAll = (tracks: WindowTracks, channels: readonly number[]): boolean =>
  channels.every(c => tracks.channels.has(c))

export const allThere = (
  parts: readonly (WindowTracks | undefined)[],
  channels: readonly number[],
): parts is readonly WindowTracks[] => parts.every(p => p !== undefined && hasAll(p, channels))

/** The bins of a channel in each part of a window. */
export const valuesOf = (parts: readonly WindowTracks[], channel: number): readonly Float32Array[] =>
  parts.map(p => p.channels.get(channel)!)

/** Windows of a view that are not in memory. */
export function missingWindows(
  subject: Subject,
  contig: Contig,
  grid: ViewGrid,
  channels: readonly number[],
  store: PredictionStore,
): readonly number[] {
  const missing: number[] = []
  for (let index = grid.first; index < grid.end; index++) {
    const facts = subject.facts.get(`${contig.name}:${index}`)
    if (!facts || !allThere(facts.storeKeys.map(store.peek), channels)) missing.push(index)
  }
  return missing
}

/** Sentences that belong beside the values of some windows. */
export function warningsOf(
  subject: Subject,
  met: readonly WindowFacts[],
  unknown: Uint8Array,
  deleted: Uint8Array,
): readonly string[] {
  const build = buildCaution(subject.model.json, subject.reference.contigs)
  let [none, gone] = [0, 0]
  for (let b = 0; b < unknown.length; b++)
    if (deleted[b] === 1) gone++
    else if (unknown[b] === 1) none++
  const share = met.reduce((n, f) => n + f.unknownShare, 0) / Math.max(1, met.length)
  const counts: BackgroundCounts[] = met.map(f => f.counts)
  return [
    ...(build === undefined ? [] : [build]),
    ...(met.length > 0 ? unknownCautions(none, unknown.length, share) : []),
    ...(subject.alleles ? backgroundWarnings(counts) : []),
    ...(gone > 0 ? [`${gone.toLocaleString('en-US')} bins without a value: the haplotype lacks their bases`] : []), // biome-ignore format: one line
  ]
}
