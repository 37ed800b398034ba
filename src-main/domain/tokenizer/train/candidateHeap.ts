import type { Candidates } from './candidates.ts'
import { growingInt32 } from './growing.ts'

/** Negative when `a` comes before `b` in code-point order. (JavaScript's own `<` puts surrogates before U+E000.) */
export function compareCodePoints(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return (a.codePointAt(i) as number) - (b.codePointAt(i) as number)
  }
  return a.length - b.length
}

/**
 * Candidates by falling count; then the shorter text, then the lower in code-point order. Counts fall while an entry waits: an entry
 * that is found too high goes back with its present count.
 */
export class CandidateHeap {
  private readonly ids = growingInt32()
  private readonly counts = growingInt32()
  constructor(private readonly candidates: Candidates) {}

  /** Queues candidates that are new or whose count rose. */
  addRaised(): void {
    for (const id of this.candidates.raised) this.push(id, this.candidates.countOf(id))
    this.candidates.raised.length = 0
  }

  /** The best candidate, or -1 when there is none. */
  pop(): number {
    while (this.ids.length > 0) {
      const id = this.ids.data[0] as number
      const count = this.counts.data[0] as number
      this.removeTop()
      const present = this.candidates.countOf(id)
      if (present === count && present > 0) return id
      // Lower entries of one that rose meanwhile are left overs.
      if (present > 0 && present < count) this.push(id, present)
    }
    return -1
  }

  private before(idA: number, countA: number, idB: number, countB: number): boolean {
    if (countA !== countB) return countA > countB
    if (idA === idB) return false
    const a = this.candidates.textOf(idA)
    const b = this.candidates.textOf(idB)
    return a.length !== b.length ? a.length < b.length : compareCodePoints(a, b) < 0
  }

  private push(id: number, count: number): void {
    let i = this.ids.push(id)
    this.counts.push(count)
    const ids = this.ids.data
    const counts = this.counts.data
    while (i > 0) {
      const parent = (i - 1) >> 1
      const parentId = ids[parent] as number
      const parentCount = counts[parent] as number
      if (!this.before(id, count, parentId, parentCount)) break
      ids[i] = parentId
      counts[i] = parentCount
      i = parent
    }
    ids[i] = id
    counts[i] = count
  }

  private removeTop(): void {
    const last = --this.ids.length
    this.counts.length = last
    if (last === 0) return
    const ids = this.ids.data
    const counts = this.counts.data
    const id = ids[last] as number
    const count = counts[last] as number
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= last) break
      if (child + 1 < last && this.before(ids[child + 1] as number, counts[child + 1] as number, ids[child] as number, counts[child] as number)) child++ // biome-ignore format: one line
      if (!this.before(ids[child] as number, counts[child] as number, id, count)) break
      ids[i] = ids[child] as number
      counts[i] = counts[child] as number
      i = child
    }
    ids[i] = id
    counts[i] = count
  }
}
