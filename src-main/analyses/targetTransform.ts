/** What is done to coverage before a network learns it; the fields are those of `transform` in model.json. */
export interface TargetTransform {
  /** How the bases of a bin become one number; `…_sqrt`: √(1 + x) - 1 after that. A base without a value counts 0. */
  readonly sum_stat: 'sum' | 'mean' | 'sum_sqrt' | 'mean_sqrt'
  /** Factor on coverage. */
  readonly scale?: number
  /** Values above c become c - 1 + √(x - c + 1). */
  readonly clipSoft?: number
  /** Values above it become it. */
  readonly clip?: number
}

export const SUM_STATS = ['sum', 'mean', 'sum_sqrt', 'mean_sqrt'] as const

/**
 * The target of a bin from the sum of its `binBp` bases' values: scale, pool, root, soft clip, clip, in the order that
 * `undoTransform` calls current (calico/baskerville). Coverage below 0 counts as 0.
 */
export function targetTransform(transform: TargetTransform): (sum: number, binBp: number) => number {
  const { scale = 1, clipSoft, clip, sum_stat } = transform
  const mean = sum_stat.startsWith('mean')
  const root = sum_stat.endsWith('_sqrt')
  return (sum, binBp) => {
    let x = Math.max(0, scale * (mean ? sum / binBp : sum))
    if (root) x = Math.sqrt(1 + x) - 1
    if (clipSoft !== undefined && x > clipSoft) x = clipSoft - 1 + Math.sqrt(x - clipSoft + 1)
    return clip !== undefined && x > clip ? clip : x
  }
}
