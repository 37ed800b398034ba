/** Letters that differ, moved neighbours counted once (Damerau-Levenshtein, optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : changed
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, changed, swapped))
    }
    before = above
    above = row
  }
  return above[b.length]!
}

/** The name that a mistyped word most likely meant; undefined where none is near: at most a third of its letters wrong, or cut short. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  const typed = word.toLowerCase().slice(0, 60)
  if (typed.length < 2) return undefined
  let best: { readonly name: string; readonly cost: number } | undefined
  for (const name of names) {
    const cost = name.startsWith(typed) ? 0.5 : distance(typed, name.toLowerCase())
    if (cost <= Math.max(1, typed.length / 3) && (!best || cost < best.cost)) best = { name, cost }
  }
  return best?.name
}
