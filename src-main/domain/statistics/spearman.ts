import { PearsonSums } from './pearson.ts'

/** Ranks from 1, equal values sharing the mean of theirs. */
export function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const ranks = new Float64Array(values.length)
  for (let i = 0; i < order.length; ) {
    let end = i + 1
    while (end < order.length && values[order[end]!] === values[order[i]!]) end++
    for (let k = i; k < end; k++) ranks[order[k]!] = (i + 1 + end) / 2
    i = end
  }
  return ranks
}

/** Spearman's rank correlation; undefined when one side is constant or there are fewer than two pairs. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number | undefined {
  const [a, b] = [ranksOf(x), ranksOf(y)]
  const sums = new PearsonSums()
  for (let i = 0; i < a.length; i++) sums.add(a[i]!, b[i]!)
  return sums.r
}
