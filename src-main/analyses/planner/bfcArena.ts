const KIB = 1024
const MIB = KIB * KIB
const ALIGNMENT = 256
const FIRST_REGION = MIB
const GROWTH = 2 * MIB
const LARGEST_REGION = KIB * MIB
/** A chunk is split when it is twice what is asked for, or when this much would lie idle. */
const IDLE_LIMIT = 128 * MIB

interface Chunk {
  readonly region: Region
  readonly start: number
  size: number
  free: boolean
  previous: Chunk | undefined
  next: Chunk | undefined
}

interface Region {
  readonly order: number
  /** Pages that were ever written: disjoint, rising. */
  touched: { start: number; end: number }[]
}

/**
 * What ONNX Runtime's arena does with a list of allocations (onnxruntime/core/framework/bfc_arena.cc, default configuration: regions grow
 * by powers of two): best fit in bins, chunks that are split and joined again. Regions are never given back; what counts as memory of
 * the process are their pages that were written to.
 */
export class BfcArena {
  readonly #free = new Set<Chunk>()
  #regions = 0
  #nextRegion = FIRST_REGION
  #touched = 0

  /** Bytes of all pages that were ever written. */
  get touchedBytes(): number {
    return this.#touched
  }

  allocate(bytes: number): Chunk {
    const rounded = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT)
    const chunk = this.#fitting(rounded) ?? this.#extend(rounded)
    this.#free.delete(chunk)
    chunk.free = false
    if (chunk.size >= 2 * rounded || chunk.size - rounded >= IDLE_LIMIT) this.#split(chunk, rounded)
    this.#touch(chunk.region, chunk.start, chunk.start + bytes)
    return chunk
  }

  release(chunk: Chunk): void {
    let joined = chunk
    joined.free = true
    if (joined.next?.free) this.#join(joined, joined.next)
    if (joined.previous?.free) {
      joined = joined.previous
      this.#join(joined, joined.next!)
    }
    this.#free.add(joined)
  }

  /** The smallest chunk of the lowest bin that has one; bins are by powers of two, so that is the smallest that fits. */
  #fitting(bytes: number): Chunk | undefined {
    let best: Chunk | undefined
    for (const chunk of this.#free)
      if (chunk.size >= bytes && (best === undefined || earlier(chunk, best))) best = chunk
    return best
  }

  #extend(bytes: number): Chunk {
    let increased = false
    while (bytes > this.#nextRegion) {
      this.#nextRegion *= 2
      increased = true
    }
    const size = this.#nextRegion
    const first = this.#regions === 0
    if (first) this.#nextRegion = Math.max(GROWTH, increased ? size : GROWTH)
    else if (!increased) this.#nextRegion = Math.min(LARGEST_REGION, 2 * this.#nextRegion)
    const region = { order: this.#regions++, touched: [] }
    return { region, start: 0, size, free: true, previous: undefined, next: undefined }
  }

  #split(chunk: Chunk, bytes: number): void {
    const rest: Chunk = { region: chunk.region, start: chunk.start + bytes, size: chunk.size - bytes, free: true, previous: chunk, next: chunk.next } // biome-ignore format: one thought
    if (chunk.next) chunk.next.previous = rest
    chunk.next = rest
    chunk.size = bytes
    this.#free.add(rest)
  }

  #join(chunk: Chunk, gone: Chunk): void {
    chunk.size += gone.size
    chunk.next = gone.next
    if (gone.next) gone.next.previous = chunk
    this.#free.delete(gone)
  }

  #touch(region: Region, start: number, end: number): void {
    const before = region.touched.reduce((sum, t) => sum + t.end - t.start, 0)
    const apart = region.touched.filter(t => t.end < start || t.start > end)
    const met = region.touched.filter(t => t.end >= start && t.start <= end)
    const joined = { start: Math.min(start, ...met.map(t => t.start)), end: Math.max(end, ...met.map(t => t.end)) }
    region.touched = [...apart, joined].sort((a, b) => a.start - b.start)
    this.#touched += region.touched.reduce((sum, t) => sum + t.end - t.start, 0) - before
  }
}

/** Of chunks of one size the one at the lowest address comes first; systems map each new region below those before it. */
const earlier = (a: Chunk, b: Chunk): boolean =>
  a.size !== b.size
    ? a.size < b.size
    : a.region.order !== b.region.order
      ? a.region.order > b.region.order
      : a.start < b.start
