import { hashOf } from '../../src-shared/random.ts'
import type { UnknownBase } from './oneHot.ts'
import type { WindowGeometry } from './predict.ts'

/** One stretch of a split: its targets on a grid of bins, and the bases that windows over it may read. */
export interface TrackRegion {
  readonly contig: string
  /** First base of the first bin, 0-based. */
  readonly start: number
  readonly bins: number
  /** A 0, C 1, G 2, T 3, anything else 4; from `start - marginBp`, one a base. */
  readonly codes: Uint8Array
  readonly marginBp: number
  /** [bins, tracks], row-major. */
  readonly targets: Float32Array
}

export interface Augmentation {
  /** The sequence moves by up to so many bp either way, the targets stay. */
  readonly shiftBp: number
  /** Half of the windows are read from the other strand, tracks of a strand pair swapped. */
  readonly reverseComplement: boolean
}

export interface BatchPlan {
  readonly geometry: WindowGeometry
  /** How an unknown base is read; default `zeros`. */
  readonly unknown?: UnknownBase
  readonly tracks: number
  /** The track that stands for each on the other strand. */
  readonly strandPartners: readonly number[]
  readonly batch: number
  readonly augmentation: Augmentation
  readonly seed: number
}

/** Which window, how it is moved and which strand is read. */
export interface Draw {
  readonly region: TrackRegion
  /** First kept bin. */
  readonly bin: number
  readonly shiftBp: number
  readonly reverse: boolean
}

export interface Batch {
  /** [batch, window, 4], one-hot in the order A, C, G, T; anything else as the plan says, zeros unless told. */
  readonly sequences: Float32Array
  /** [batch, kept bins, tracks] */
  readonly targets: Float32Array
}

export const UNKNOWN_CODE = 4

/**
 * The windows of a step: a function of seed and step alone, so that a killed training draws the same again. Every bin of the regions is
 * equally likely to be the first kept one.
 */
export function drawWindows(regions: readonly TrackRegion[], plan: BatchPlan, step: number): readonly Draw[] {
  const { bins: kept } = plan.geometry
  const places = regions.map(r => r.bins - kept + 1)
  const total = places.reduce((sum, n) => sum + Math.max(0, n), 0)
  return Array.from({ length: plan.batch }, (_, i) => {
    const draw = (what: number) => hashOf(plan.seed, step, i, what) / 2 ** 32
    let at = Math.floor(draw(0) * total)
    let which = 0
    while (at >= Math.max(0, places[which]!)) at -= Math.max(0, places[which++]!)
    const { shiftBp, reverseComplement } = plan.augmentation
    return {
      region: regions[which]!,
      bin: at,
      shiftBp: Math.floor(draw(1) * (2 * shiftBp + 1)) - shiftBp,
      reverse: reverseComplement && draw(2) < 0.5,
    }
  })
}

/** Windows whose kept bins lie edge to edge over the regions; what is left at an end and is less than a window is left out. */
export function tiledWindows(regions: readonly TrackRegion[], { bins: kept }: WindowGeometry): readonly Draw[] {
  return regions.flatMap(
    region =>
    Array.from({ length: Math.floor(region.bins / kept) }, (_, i) => ({ region, bin: i * kept, shiftBp: 0, reverse: false })), // biome-ignore format: one thought
  )
}

/** Sequences and targets of some windows; fewer windows than the batch leave zeros behind. */
export function fillBatch(draws: readonly Draw[], plan: Omit<BatchPlan, 'seed' | 'augmentation'>): Batch {
  const { geometry, tracks, batch } = plan
  const { windowBp, bins: kept } = geometry
  const sequences = new Float32Array(batch * windowBp * 4)
  const targets = new Float32Array(batch * kept * tracks)
  draws.forEach((draw, i) => {
    oneHotCodes(draw, geometry, plan.unknown ?? 'zeros', sequences.subarray(i * windowBp * 4, (i + 1) * windowBp * 4))
    const own = targets.subarray(i * kept * tracks, (i + 1) * kept * tracks)
    const from = draw.bin * tracks
    if (!draw.reverse) own.set(draw.region.targets.subarray(from, from + kept * tracks))
    else
      for (let bin = 0; bin < kept; bin++)
        for (let t = 0; t < tracks; t++)
          own[bin * tracks + t] = draw.region.targets[from + (kept - 1 - bin) * tracks + plan.strandPartners[t]!]!
  })
  return { sequences, targets }
}

function oneHotCodes(
  { region, bin, shiftBp, reverse }: Draw,
  { windowBp, binBp, cropBins }: WindowGeometry,
  unknown: UnknownBase,
  into: Float32Array,
): void {
  const first = (bin - cropBins) * binBp + region.marginBp + shiftBp
  for (let i = 0; i < windowBp; i++) {
    const code = region.codes[first + i] ?? UNKNOWN_CODE
    if (code === UNKNOWN_CODE) {
      const place = reverse ? windowBp - 1 - i : i
      if (unknown === 'quarter') into.fill(0.25, 4 * place, 4 * place + 4)
      continue
    }
    // The other strand: the last base first, each by its complement.
    if (reverse) into[4 * (windowBp - 1 - i) + 3 - code] = 1
    else into[4 * i + code] = 1
  }
}
