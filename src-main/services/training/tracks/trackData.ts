import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { findContig } from '../../../../src-shared/genome/contigs.ts'
import type { Interval } from '../../../../src-shared/genome/interval.ts'
import { formatLocus, parseLocus, type ResolvedRegion, someNames } from '../../../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../../src-shared/job.ts'
import { baseCode } from '../../../analyses/oneHot.ts'
import type { WindowGeometry } from '../../../analyses/predict.ts'
import { targetTransform } from '../../../analyses/targetTransform.ts'
import { type TrackRegion, UNKNOWN_CODE } from '../../../analyses/trackBatches.ts'
import { openSignal, type SignalFile } from '../../../readers/signal.ts'
import { readWholeText } from '../../../readers/wholeFile.ts'
import { fileSha256 } from '../../models/fileSource.ts'
import { type Genome, openGenome } from './genome.ts'
import type { RecipeTrack, RegionList, Split, TrackDataRecipe } from './trackRecipe.ts'

/** Sequence and experiments of the splits that were asked for. */
export interface TrackData {
  readonly splits: Readonly<Partial<Record<Split, readonly TrackRegion[]>>>
  /** For each channel, the channel of the other strand. */
  readonly strandPartners: readonly number[]
  /** SHA-256 of each file by its name, and of what was cut out of them: what a checkpoint belongs to. */
  readonly files: Readonly<Record<string, string>>
  readonly sha256: string
  /** Regions as they were resolved, for people. */
  readonly regions: Readonly<Partial<Record<Split, readonly string[]>>>
}

/**
 * Reads what a recipe names, checked: contigs present in every file and of one length, values in every track, bins that fit, splits
 * whose windows share no base.
 * @throws WorkbenchError `not-found`, `region`, `build` (a track of another assembly), `bad-input`, and those of the readers
 */
export async function loadTrackData(
  data: TrackDataRecipe,
  geometry: WindowGeometry,
  splits: readonly Split[],
  marginBp: number,
  context: WorkContext,
): Promise<TrackData> {
  const genome = await openGenome(data.reference)
  const signals: SignalFile[] = []
  try {
    for (const track of data.tracks) signals.push(await openSignal(track.file))
    const resolved: [Split, Interval[]][] = []
    for (const split of splits) resolved.push([split, await intervalsOf(data.splits[split], genome, geometry, split)])
    checkApart(resolved, geometry)
    const loaded: Partial<Record<Split, TrackRegion[]>> = {}
    const names: Partial<Record<Split, string[]>> = {}
    for (const [split, regions] of resolved) {
      if (!regions.length)
        throw new WorkbenchError('bad-input', `recipe.data.splits.${split} names no region`, 'name its regions')
      loaded[split] = []
      names[split] = regions.map(formatLocus)
      const covered = data.tracks.map(() => 0)
      for (const region of regions)
        loaded[split].push(await loadRegion(region, { data, genome, signals, geometry, marginBp, covered }, context))
      const empty = covered.indexOf(0)
      if (empty >= 0) throw new WorkbenchError('bad-input', `${called(data.tracks[empty]!)} has no value in the ${split} regions (${names[split].slice(0, 3).join(', ')}${names[split].length > 3 ? '…' : ''})`, 'give a track that covers the regions') // biome-ignore format: one thought
    }
    const files: Record<string, string> = { [basename(data.reference)]: await fileSha256(data.reference, context) }
    for (const track of data.tracks) files[basename(track.file)] = await fileSha256(track.file, context)
    return {
      splits: loaded,
      strandPartners: data.tracks.map(({ table }, i) => table.strandPair ?? i),
      files,
      sha256: contentHash(loaded),
      regions: names,
    }
  } finally {
    for (const signal of signals) await signal.close()
    await genome.close()
  }
}

async function intervalsOf(
  list: RegionList,
  genome: Genome,
  geometry: WindowGeometry,
  split: Split,
): Promise<Interval[]> {
  const found = list.texts.map(text => parseLocus(text, genome.contigs))
  for (const { path, name } of list.beds) {
    const rows = (await readBed(path)).filter(row => row.name === name)
    if (!rows.length) throw new WorkbenchError('not-found', `no row of '${path}' is named '${name.slice(0, 40)}'`, 'check the fourth column of the BED file') // biome-ignore format: one thought
    found.push(...rows.map(row => ({ ...row, openEnd: false })))
  }
  return found.map(region => wholeBins(region, genome, geometry, split))
}

async function readBed(path: string): Promise<(Interval & { readonly name: string })[]> {
  const text = await readWholeText(path)
  return text.split('\n').flatMap((line, i) => {
    if (!line.trim() || /^(#|track |browser )/.test(line)) return []
    const [contig = '', from, to, name = ''] = line.trim().split('\t')
    const [start, end] = [Number(from), Number(to)]
    if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end > start)) throw new WorkbenchError('bad-input', `'${path}', line ${i + 1}: '${line.slice(0, 60)}' is no interval`, 'mend the BED file') // biome-ignore format: one thought
    return [{ contig, start, end, name }]
  })
}

function wholeBins(
  { contig, start, end, openEnd }: ResolvedRegion,
  genome: Genome,
  { binBp, bins }: WindowGeometry,
  split: Split,
): Interval {
  const known = findContig(contig, genome.contigs)
  if (!known) throw new WorkbenchError('not-found', `contig '${contig}' of recipe.data.splits.${split} is not in the reference; it has ${someNames(genome.contigs)}`, 'name its contigs') // biome-ignore format: one thought
  const stop = openEnd ? known.length : end
  const text = formatLocus({ contig, start, end: stop })
  if (stop > known.length) throw new WorkbenchError('region', `${text} of recipe.data.splits.${split} ends beyond contig '${known.name}' (${known.length.toLocaleString('en-US')} bp)`, 'give a region inside the contig') // biome-ignore format: one thought
  const region = { contig: known.name, start, end: start + Math.floor((stop - start) / binBp) * binBp }
  if (region.end - region.start < bins * binBp) throw new WorkbenchError('region', `${text} of recipe.data.splits.${split} is shorter than the ${(bins * binBp).toLocaleString('en-US')} bp of one window's bins`, 'give a longer region') // biome-ignore format: one thought
  return region
}

/** No base of a training window may be read when another split is judged. */
function checkApart(
  splits: readonly (readonly [Split, readonly Interval[]])[],
  { binBp, cropBins }: WindowGeometry,
): void {
  const reach = cropBins * binBp
  const all = splits.flatMap(([split, regions]) => regions.map(region => ({ split, region })))
  for (const [i, a] of all.entries())
    for (const b of all.slice(i + 1))
      if (a.split !== b.split && a.region.contig === b.region.contig && a.region.start - reach < b.region.end + reach && b.region.start - reach < a.region.end + reach)
        throw new WorkbenchError('bad-input', `windows of ${a.split} (${formatLocus(a.region)}) and ${b.split} (${formatLocus(b.region)}) share bases`, `leave at least ${(2 * reach).toLocaleString('en-US')} bp between the splits`) // biome-ignore format: one thought
}

interface Source {
  readonly data: TrackDataRecipe
  readonly genome: Genome
  readonly signals: readonly SignalFile[]
  readonly geometry: WindowGeometry
  readonly marginBp: number
  /** Bases with a value so far, of each track. */
  readonly covered: number[]
}

const called = (track: RecipeTrack): string => `track '${track.table.name}' ('${track.file}')`

async function loadRegion(region: Interval, source: Source, context: WorkContext): Promise<TrackRegion> {
  const { data, genome, geometry } = source
  const { length } = genome.contigs.find(c => c.name === region.contig)!
  const marginBp = geometry.cropBins * geometry.binBp + source.marginBp
  const [from, to] = [Math.max(0, region.start - marginBp), Math.min(length, region.end + marginBp)]
  const bases = await genome.sequence(region.contig, from, to, { upperCase: true, signal: context.signal })
  const codes = new Uint8Array(region.end - region.start + 2 * marginBp).fill(UNKNOWN_CODE)
  const offset = from - (region.start - marginBp)
  for (let i = 0; i < bases.length; i++) {
    const code = baseCode(bases.charCodeAt(i))
    if (code >= 0) codes[offset + i] = code
  }
  const bins = (region.end - region.start) / geometry.binBp
  const tracks = data.tracks.length
  const targets = new Float32Array(bins * tracks)
  for (const [t, track] of data.tracks.entries()) {
    const values = await binSums(t, region, genome.stretches ? undefined : length, source, context)
    const transform = targetTransform(track.transform)
    values.forEach((sum, bin) => {
      targets[bin * tracks + t] = transform(sum, geometry.binBp)
    })
  }
  return { contig: region.contig, start: region.start, bins, codes, marginBp, targets }
}

/** Bins that are read at once. */
const MOST_BINS = 500_000

/** Sums of a track's values over the bases of each bin. */
async function binSums(
  t: number,
  region: Interval,
  length: number | undefined,
  { data, signals, geometry, covered }: Source,
  context: WorkContext,
): Promise<Float64Array> {
  const signal = signals[t]!
  const contig = findContig(region.contig, signal.contigs)
  if (contig && length !== undefined && contig.length !== length)
    throw new WorkbenchError('build', `${called(data.tracks[t]!)} is of another assembly: contig '${contig.name}' has ${contig.length.toLocaleString('en-US')} bp in it and ${length.toLocaleString('en-US')} in the reference`, 'give a track and a reference of one assembly') // biome-ignore format: one thought
  const sums = new Float64Array((region.end - region.start) / geometry.binBp)
  for (let bin = 0; bin < sums.length; bin += MOST_BINS) {
    const count = Math.min(MOST_BINS, sums.length - bin)
    const start = region.start + bin * geometry.binBp
    const part = { contig: region.contig, start, end: start + count * geometry.binBp }
    const read = await signal.bins(part, count, context, { exact: true })
    for (const n of read.covered) covered[t]! += n
    sums.set(read.sums, bin)
  }
  return sums
}

function contentHash(splits: Readonly<Partial<Record<Split, readonly TrackRegion[]>>>): string {
  const hash = createHash('sha256')
  for (const [split, regions] of Object.entries(splits))
    for (const r of regions ?? []) {
      hash.update(`${split} ${r.contig} ${r.start} ${r.bins}`)
      hash.update(r.codes)
      hash.update(new Uint8Array(r.targets.buffer, r.targets.byteOffset, r.targets.byteLength))
    }
  return hash.digest('hex')
}
