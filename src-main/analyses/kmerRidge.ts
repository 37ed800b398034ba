import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { cholesky, solve } from '../domain/statistics/cholesky.ts'
import { TrackPearson } from '../domain/statistics/pearson.ts'
import { type TrackRegion, UNKNOWN_CODE } from './trackBatches.ts'

/** What the baseline sees of a bin: shares of k-mers in stretches around it. */
export interface KmerSpans {
  /** Of the bin itself. */
  readonly k: number
  /** Of as many bp as `flankBp` to its left, and to its right. */
  readonly flankK: number
  readonly flankBp: number
  /** Share of G and C within so many bp of the bin's middle, one feature each. */
  readonly gcReachBp: readonly number[]
}

export const KMER_SPANS: KmerSpans = { k: 4, flankK: 3, flankBp: 512, gcReachBp: [64, 256, 1024] }
/** GC content alone. */
export const GC_SPANS: KmerSpans = { k: 0, flankK: 0, flankBp: 0, gcReachBp: [64, 256, 1024] }

const kmers = (k: number) => Array.from({ length: k }, (_, i) => 4 ** (i + 1)).reduce((a, b) => a + b, 0)
export const featureCount = ({ k, flankK, gcReachBp }: KmerSpans): number =>
  kmers(k) + 2 * kmers(flankK) + gcReachBp.length

/** Features of every bin of a region, row-major [bins, features], without a column of ones. */
export function kmerFeatures(region: TrackRegion, binBp: number, spans: KmerSpans): Float64Array {
  const width = featureCount(spans)
  const out = new Float64Array(region.bins * width)
  const { codes, marginBp } = region
  for (let bin = 0; bin < region.bins; bin++) {
    const row = out.subarray(bin * width, (bin + 1) * width)
    const from = marginBp + bin * binBp
    let at = countKmers(codes, from, from + binBp, spans.k, row, 0)
    at = countKmers(codes, from - spans.flankBp, from, spans.flankK, row, at)
    at = countKmers(codes, from + binBp, from + binBp + spans.flankBp, spans.flankK, row, at)
    const middle = from + (binBp >> 1)
    for (const reach of spans.gcReachBp) row[at++] = gcShare(codes, middle - reach, middle + reach)
  }
  return out
}

/** Adds shares of all words of 1..k letters that lie within [start, end); words with an unknown letter do not count. */
function countKmers(
  codes: Uint8Array,
  start: number,
  end: number,
  k: number,
  row: Float64Array,
  offset: number,
): number {
  let at = offset
  for (let size = 1; size <= k; size++) {
    const words = 4 ** size
    let word = 0
    let known = 0
    for (let i = start; i < end; i++) {
      const code = codes[i] ?? UNKNOWN_CODE
      if (code === UNKNOWN_CODE) {
        known = 0
        continue
      }
      word = (word * 4 + code) % words
      if (++known >= size) row[at + word]! += 1 / (end - start)
    }
    at += words
  }
  return at
}

function gcShare(codes: Uint8Array, start: number, end: number): number {
  let [gc, known] = [0, 0]
  for (let i = start; i < end; i++) {
    const code = codes[i] ?? UNKNOWN_CODE
    if (code === UNKNOWN_CODE) continue
    known++
    if (code === 1 || code === 2) gc++
  }
  return known ? gc / known : 0.5
}

/** The region as its other strand, tracks of a strand pair swapped. */
export function otherStrand(region: TrackRegion, strandPartners: readonly number[]): TrackRegion {
  const tracks = strandPartners.length
  const codes = Uint8Array.from(region.codes, code => (code === UNKNOWN_CODE ? code : 3 - code)).reverse()
  const targets = new Float32Array(region.targets.length)
  for (let bin = 0; bin < region.bins; bin++)
    for (let t = 0; t < tracks; t++) targets[bin * tracks + t] = region.targets[(region.bins - 1 - bin) * tracks + strandPartners[t]!]! // biome-ignore format: one thought
  return { ...region, codes, targets }
}

export interface RidgeFit {
  /** Of the penalty on standardised features, a row of data. */
  readonly strength: number
  /** Mean correlation per track on the validation regions, for each strength that was tried. */
  readonly tried: readonly { readonly strength: number; readonly score: number }[]
  readonly features: number
  readonly rows: number
  /** Predictions [bins, tracks] of a region. */
  predict(region: TrackRegion): Float64Array
}

const STRENGTHS = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1] as const

/**
 * Ridge regression of every track on k-mer shares and GC content, in closed form and float64 (Hoerl and Kennard 1970): features
 * standardised by the training rows, both strands of the training regions, strength by the validation regions.
 * @throws WorkbenchError `bad-input` without rows, or when no strength gives a solution
 */
export function fitKmerRidge(
  train: readonly TrackRegion[],
  valid: readonly TrackRegion[],
  options: {
    readonly binBp: number
    readonly strandPartners: readonly number[]
    readonly spans?: KmerSpans
    readonly onPart?: () => void
  },
): RidgeFit {
  const { binBp, strandPartners, spans = KMER_SPANS } = options
  const width = featureCount(spans)
  const tracks = strandPartners.length
  const parts = [...train, ...train.map(region => otherStrand(region, strandPartners))].map(region => ({ x: kmerFeatures(region, binBp, spans), y: region.targets, rows: region.bins })) // biome-ignore format: one thought
  const rows = parts.reduce((n, p) => n + p.rows, 0)
  if (rows === 0) throw new WorkbenchError('bad-input', 'there is no row to fit', 'give training regions')
  const { mean, deviation } = moments(parts, width, rows)
  const meanY = new Float64Array(tracks)
  for (const { y } of parts) for (let i = 0; i < y.length; i++) meanY[i % tracks]! += y[i]! / rows
  const gram = new Float64Array(width * width)
  const cross = Array.from({ length: tracks }, () => new Float64Array(width))
  const z = new Float64Array(width)
  for (const { x, y, rows: n } of parts) {
    for (let r = 0; r < n; r++) {
      for (let j = 0; j < width; j++) z[j] = (x[r * width + j]! - mean[j]!) / deviation[j]!
      for (let i = 0; i < width; i++) {
        const zi = z[i]!
        const to = i * width
        for (let j = 0; j <= i; j++) gram[to + j]! += zi * z[j]!
      }
      for (let t = 0; t < tracks; t++) {
        const dy = y[r * tracks + t]! - meanY[t]!
        const column = cross[t]!
        for (let j = 0; j < width; j++) column[j]! += z[j]! * dy
      }
    }
    options.onPart?.()
  }
  const predictor = (w: readonly Float64Array[]) => (region: TrackRegion) => {
    const x = kmerFeatures(region, binBp, spans)
    const out = new Float64Array(region.bins * tracks)
    for (let r = 0; r < region.bins; r++)
      for (let t = 0; t < tracks; t++) {
        let sum = meanY[t]!
        for (let j = 0; j < width; j++) sum += (w[t]![j]! * (x[r * width + j]! - mean[j]!)) / deviation[j]!
        out[r * tracks + t] = sum
      }
    return out
  }
  const tried: { strength: number; score: number }[] = []
  let best: { strength: number; score: number; predict: RidgeFit['predict'] } | undefined
  for (const strength of STRENGTHS) {
    const damped = gram.slice()
    for (let i = 0; i < width; i++) damped[i * width + i]! += strength * rows
    const factor = cholesky(damped, width)
    if (!factor) continue
    const predict = predictor(cross.map(c => solve(factor, c, width)))
    const sums = new TrackPearson(tracks)
    for (const region of valid) sums.add(predict(region), region.targets)
    const score = sums.result().mean ?? -1
    tried.push({ strength, score })
    if (!best || score > best.score) best = { strength, score, predict }
  }
  if (!best) throw new WorkbenchError('bad-input', 'the ridge regression has no solution', 'give regions with more varied sequence') // biome-ignore format: one thought
  return { strength: best.strength, tried, features: width, rows, predict: best.predict }
}

function moments(
  parts: readonly { readonly x: Float64Array; readonly rows: number }[],
  width: number,
  rows: number,
): { mean: Float64Array; deviation: Float64Array } {
  const mean = new Float64Array(width)
  const squares = new Float64Array(width)
  for (const { x } of parts) for (let i = 0; i < x.length; i++) mean[i % width]! += x[i]! / rows
  for (const { x } of parts)
    for (let i = 0; i < x.length; i++) squares[i % width]! += (x[i]! - mean[i % width]!) ** 2 / rows
  // A word that never occurs says nothing: its column becomes zeros.
  return { mean, deviation: squares.map(s => (s > 1e-18 ? Math.sqrt(s) : Number.POSITIVE_INFINITY)) }
}
