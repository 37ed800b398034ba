import type { MemoryEvent } from './lifetimes.ts'

/** malloc.c of glibc on 64-bit systems, DEFAULT_MMAP_THRESHOLD_MAX: larger blocks are mapped alone and given back at once. */
const MAPPED_FROM = 32 * 2 ** 20

/**
 * What a process holds when the same run was made again and again without an arena. Blocks up to 32 MiB come from a heap whose holes hardly
 * ever serve another size (aligned allocations need a little more than they take), so that each size keeps as many blocks as were ever
 * taken at once; larger ones go back at once.
 */
export function heapBytes(events: readonly MemoryEvent[]): number {
  const { mapped, kept } = heapOf(events)
  return mapped + kept
}

/** What is mapped at the highest, and what the heap keeps after a run. */
export function heapOf(events: readonly MemoryEvent[]): { readonly mapped: number; readonly kept: number } {
  const sizes = new Map<number, number>()
  const now = new Map<number, number>()
  const most = new Map<number, number>()
  let mapped = 0
  let mappedPeak = 0
  for (const { buffer, bytes } of events) {
    const size = bytes > 0 ? bytes : (sizes.get(buffer) ?? 0)
    sizes.set(buffer, size)
    const sign = bytes > 0 ? 1 : -1
    if (size >= MAPPED_FROM) {
      mapped += sign * size
      mappedPeak = Math.max(mappedPeak, mapped)
      continue
    }
    const count = (now.get(size) ?? 0) + sign
    now.set(size, count)
    most.set(size, Math.max(most.get(size) ?? 0, count))
  }
  let kept = 0
  for (const [size, count] of most) kept += size * count
  return { mapped: mappedPeak, kept }
}
