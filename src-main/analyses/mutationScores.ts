import type { EffectScore } from '../../src-shared/genome/scan.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'

/** Which numbers of two predictions make one effect each. */
export interface ScoredPart {
  /** Columns that a row of the predictions has. */
  readonly width: number
  /** Columns that are asked for. */
  readonly columns: readonly number[]
  /** Rows (bins) that are scored. */
  readonly first: number
  readonly count: number
}

type Values = Float32Array | Float64Array

export interface ScoreOptions {
  readonly score: EffectScore
  /** Mean over the bins in place of the sum, for `sad` and `sar`: as the Enformer notebook has it; basenji sums. */
  readonly mean?: boolean
  /** The columns' mean is scored as one track. */
  readonly groupMean?: boolean
}

/**
 * Scores mutants against one reference prediction, a number a column (or one for a group mean):
 * - sad: Σ over bins of alt - ref
 * - sar: Σ over bins of log2(1 + alt) - log2(1 + ref)
 * - logfold: log2((1 + Σ alt) / (1 + Σ ref))
 * - absmax: the alt - ref of largest magnitude; its bin is in `bins`
 *
 * (sad and sar: Kelley et al. 2018, Avsec et al. 2021.) A column's score does not depend on which others are asked for, swapping ref
 * and alt turns the sign, and equal predictions score exactly 0.
 */
export class EffectScorer {
  readonly answers: number
  /** Of the last `absmax`: the scored bin (from the first scored one) of each answer. */
  readonly bins: Int32Array
  readonly #reference: Float64Array
  /** logfold: Σ ref of each answer. */
  readonly #sums: Float64Array

  constructor(
    reference: Values,
    private readonly part: ScoredPart,
    private readonly options: ScoreOptions,
  ) {
    this.answers = options.groupMean ? 1 : part.columns.length
    this.bins = new Int32Array(this.answers)
    this.#reference = this.#taken(reference)
    this.#sums = new Float64Array(this.answers)
    for (let i = 0; i < this.#reference.length; i++) this.#sums[i % this.answers]! += this.#reference[i]!
  }

  /** Effects of one mutant, whose prediction has the reference's shape. @throws WorkbenchError `not-finite` */
  score(alternative: Values): Float64Array {
    const alt = this.#taken(alternative)
    const out = this.#scored(alt)
    for (let t = 0; t < out.length; t++) if (!Number.isFinite(out[t]!)) throw notFinite(this.options.score)
    return out
  }

  #scored(alt: Float64Array): Float64Array {
    const { answers } = this
    const ref = this.#reference
    const out = new Float64Array(answers)
    switch (this.options.score) {
      case 'sad':
        for (let i = 0; i < alt.length; i++) out[i % answers]! += alt[i]! - ref[i]!
        return this.#perBin(out)
      case 'sar':
        for (let i = 0; i < alt.length; i++) {
          // Most bins of a mutant are what they were: two logarithms saved each.
          if (alt[i] !== ref[i]) out[i % answers]! += Math.log2(1 + alt[i]!) - Math.log2(1 + ref[i]!)
        }
        return this.#perBin(out)
      case 'logfold':
        for (let i = 0; i < alt.length; i++) out[i % answers]! += alt[i]!
        for (let t = 0; t < answers; t++) out[t] = Math.log2((1 + out[t]!) / (1 + this.#sums[t]!))
        return out
      case 'absmax':
        this.bins.fill(0)
        for (let i = 0; i < alt.length; i++) {
          const t = i % answers
          const change = alt[i]! - ref[i]!
          if (!(Math.abs(change) <= Math.abs(out[t]!))) {
            out[t] = change
            this.bins[t] = (i - t) / answers
          }
        }
        return out
    }
  }

  #perBin(sums: Float64Array): Float64Array {
    if (!this.options.mean) return sums
    for (let t = 0; t < sums.length; t++) sums[t] = sums[t]! / this.part.count
    return sums
  }

  /** [scored bins, answers] in double precision. */
  #taken(values: Values): Float64Array {
    const { width, columns, first, count } = this.part
    const { answers } = this
    const out = new Float64Array(count * answers)
    for (let b = 0; b < count; b++) {
      const row = (first + b) * width
      if (this.options.groupMean) {
        let sum = 0
        for (const column of columns) sum += values[row + column]!
        out[b] = sum / columns.length
      } else for (let t = 0; t < answers; t++) out[b * answers + t] = values[row + columns[t]!]!
    }
    return out
  }
}

const notFinite = (score: EffectScore) =>
  new WorkbenchError(
    'not-finite',
    score === 'sar' || score === 'logfold'
      ? `score '${score}' is not a number: it needs predictions above -1`
      : 'the model predicts a value that is not finite',
    score === 'sar' || score === 'logfold' ? "use score 'sad'" : 'check the model with `diploscope models check`',
  )
