/** Pseudo-count of each piece, and weight of the shorter context in the character model. */
const ADDED = 0.5
const BACK_OFF = 5
/** Weights of the unigram that a bigram model is tried with: sentences of several passes over a chromosome repeat it. */
export const BIGRAM_WEIGHTS = [5, 50, 500, 5000] as const

/** Frequencies of pieces, with 0.5 added to each: the floor of any language model. */
export class UnigramModel {
  private readonly counts: Float64Array
  private total = 0
  constructor(private readonly vocabulary: number) {
    this.counts = new Float64Array(vocabulary)
  }
  add(ids: ArrayLike<number>): void {
    for (let i = 0; i < ids.length; i++) {
      this.counts[ids[i]!]!++
      this.total++
    }
  }
  probability(id: number): number {
    return (this.counts[id]! + ADDED) / (this.total + ADDED * this.vocabulary)
  }
}

/** A piece given the one before it: (count + w·unigram) / (count of the one before + w) (Dirichlet smoothing, MacKay and Peto 1995). */
export class BigramModel {
  private readonly pairs = new Map<number, number>()
  private readonly before: Float64Array
  constructor(
    private readonly vocabulary: number,
    private readonly unigram: UnigramModel,
  ) {
    this.before = new Float64Array(vocabulary)
  }
  add(ids: ArrayLike<number>): void {
    for (let i = 1; i < ids.length; i++) {
      const key = ids[i - 1]! * this.vocabulary + ids[i]!
      this.pairs.set(key, (this.pairs.get(key) ?? 0) + 1)
      this.before[ids[i - 1]!]!++
    }
  }
  probability(previous: number, id: number, weight: number): number {
    const seen = this.pairs.get(previous * this.vocabulary + id) ?? 0
    return (seen + weight * this.unigram.probability(id)) / (this.before[previous]! + weight)
  }
}

/** A character given the `order` before it, each order smoothed by the one below (Dirichlet, weight 5), down to equal characters. */
export class MarkovModel {
  private readonly counts: Map<string, Map<string, number>>[]
  private readonly characters = new Set<string>()
  constructor(readonly order: number) {
    this.counts = Array.from({ length: order + 1 }, () => new Map())
  }
  add(text: string): void {
    for (let i = 0; i < text.length; i++) {
      this.characters.add(text[i]!)
      for (let k = 0; k <= Math.min(this.order, i); k++) {
        const context = text.slice(i - k, i)
        let next = this.counts[k]!.get(context)
        if (!next) {
          next = new Map()
          this.counts[k]!.set(context, next)
        }
        next.set(text[i]!, (next.get(text[i]!) ?? 0) + 1)
      }
    }
  }
  /** Of text[at], given what stands before it. */
  probability(text: string, at: number): number {
    let p = 1 / Math.max(2, this.characters.size)
    for (let k = 0; k <= Math.min(this.order, at); k++) {
      const next = this.counts[k]!.get(text.slice(at - k, at))
      if (!next) break
      let total = 0
      for (const n of next.values()) total += n
      p = ((next.get(text[at]!) ?? 0) + BACK_OFF * p) / (total + BACK_OFF)
    }
    return p
  }
}
