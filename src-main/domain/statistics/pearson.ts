import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'

/**
 * Sums from which Pearson's r of pairs (x, y) follows, for data that comes in parts. All in float64: with 1.7 million
 * samples Σxy - ΣxΣy/n in float32 has no correct digit left. One pair at a time by Welford's update, parts joined by
 * Chan's formula (Chan, Golub, LeVeque 1983), so that the result does not depend on how the data was cut.
 */
export class PearsonSums {
  #n = 0
  #meanX = 0
  #meanY = 0
  #squaresX = 0
  #squaresY = 0
  #products = 0
  #first: readonly [number, number] | undefined
  #variesX = false
  #variesY = false

  get count(): number {
    return this.#n
  }

  /** A constant x or y has no correlation. Constant means all values equal: a rounding-sized variance is not asked. */
  get constant(): boolean {
    return !this.#variesX || !this.#variesY
  }

  add(x: number, y: number): void {
    if (this.#first === undefined) this.#first = [x, y]
    else {
      this.#variesX ||= x !== this.#first[0]
      this.#variesY ||= y !== this.#first[1]
    }
    this.#n++
    const dx = x - this.#meanX
    const dy = y - this.#meanY
    this.#meanX += dx / this.#n
    this.#meanY += dy / this.#n
    this.#squaresX += dx * (x - this.#meanX)
    this.#squaresY += dy * (y - this.#meanY)
    this.#products += dx * (y - this.#meanY)
  }

  /** Takes in what another part has seen. */
  merge(other: PearsonSums): void {
    if (other.#first === undefined) return
    const total = this.#n + other.#n
    const dx = other.#meanX - this.#meanX
    const dy = other.#meanY - this.#meanY
    const share = (this.#n * other.#n) / total
    this.#squaresX += other.#squaresX + dx * dx * share
    this.#squaresY += other.#squaresY + dy * dy * share
    this.#products += other.#products + dx * dy * share
    this.#meanX += (dx * other.#n) / total
    this.#meanY += (dy * other.#n) / total
    this.#variesX ||= other.#variesX || (this.#first !== undefined && this.#first[0] !== other.#first[0])
    this.#variesY ||= other.#variesY || (this.#first !== undefined && this.#first[1] !== other.#first[1])
    this.#first ??= other.#first
    this.#n = total
  }

  /** r in [-1, 1]; undefined when x or y is constant or fewer than two pairs were seen; NaN when a value was NaN. */
  get r(): number | undefined {
    if (this.#n < 2 || this.constant) return undefined
    const r = this.#products / Math.sqrt(this.#squaresX * this.#squaresY)
    return Math.max(-1, Math.min(1, r))
  }
}

export interface TrackCorrelations {
  /** One a track; undefined where the target or the prediction is constant. */
  readonly perTrack: readonly (number | undefined)[]
  /** Mean over the tracks that have a correlation; undefined when none has. */
  readonly mean: number | undefined
  readonly used: number
  readonly excluded: number
  /** One r over all positions and tracks together (constant tracks included): dominated by scale differences between tracks. */
  readonly pooled: number | undefined
}

/** Streaming correlation of predictions with targets, both [positions, tracks], a part at a time. */
export class TrackPearson {
  readonly #sums: readonly PearsonSums[]

  constructor(tracks: number) {
    this.#sums = Array.from({ length: tracks }, () => new PearsonSums())
  }

  /** Adds rows of both, row-major [rows, tracks]. @throws WorkbenchError `bad-input` when lengths do not fit the tracks */
  add(predictions: ArrayLike<number>, targets: ArrayLike<number>): void {
    const tracks = this.#sums.length
    if (predictions.length !== targets.length || predictions.length % tracks !== 0)
      throw new WorkbenchError(
        'bad-input',
        `${predictions.length} predictions and ${targets.length} targets for ${tracks} tracks`,
        'give whole rows of equal number',
      )
    for (let i = 0; i < predictions.length; i++) this.#sums[i % tracks]!.add(predictions[i]!, targets[i]!)
  }

  merge(other: TrackPearson): void {
    if (other.#sums.length !== this.#sums.length)
      throw new WorkbenchError(
        'bad-input',
        `${this.#sums.length} and ${other.#sums.length} tracks`,
        'merge like with like',
      )
    this.#sums.forEach((sums, track) => {
      sums.merge(other.#sums[track]!)
    })
  }

  /** Correlations of all tracks, or of those given (an assay). */
  result(tracks: readonly number[] = this.#sums.map((_, i) => i)): TrackCorrelations {
    const together = new PearsonSums()
    const perTrack = tracks.map(track => {
      const sums = this.#sums[track]
      if (!sums)
        throw new WorkbenchError('bad-input', `track ${track} of ${this.#sums.length}`, 'give track indices from 0')
      together.merge(sums)
      return sums.r
    })
    const known = perTrack.filter(r => r !== undefined)
    return {
      perTrack,
      mean: known.length === 0 ? undefined : known.reduce((sum, r) => sum + r, 0) / known.length,
      used: known.length,
      excluded: perTrack.length - known.length,
      pooled: together.r,
    }
  }
}
