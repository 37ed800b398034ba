import { type Growing, growingInt32, growingUint16 } from './growing.ts'
import { PositionPool } from './positionPool.ts'

/** Slots of a hash table are filled to this share before it doubles. */
const FILL = 0.6
const HASH_BASE = 0x01000193

/**
 * What could be merged next: adjacent pairs of symbols with the places where they stand, and the texts that they form. Several pairs
 * can form one text (A+BC and AB+C); it is the text that is counted and merged.
 */
export class Candidates {
  private readonly pool = new PositionPool()
  private readonly left: Growing<Uint16Array> = growingUint16()
  private readonly right: Growing<Uint16Array> = growingUint16()
  private readonly chunk: Growing<Int32Array> = growingInt32()
  private readonly start: Growing<Int32Array> = growingInt32()
  private readonly size: Growing<Int32Array> = growingInt32()
  private readonly candidateOf: Growing<Int32Array> = growingInt32()
  private readonly nextPair: Growing<Int32Array> = growingInt32()
  /** By candidate. */
  private readonly counts: Growing<Int32Array> = growingInt32()
  private readonly firstPair: Growing<Int32Array> = growingInt32()
  private readonly hashes: Growing<Int32Array> = growingInt32()
  /** Candidates that are new or whose count rose since the last look: they need a place in the heap. */
  readonly raised: number[] = []

  private pairSlots = new Int32Array(1 << 12).fill(-1)
  private textSlots = new Int32Array(1 << 12).fill(-1)
  private readonly symbolHash: number[] = []
  private readonly powers: number[] = [1]

  /** `texts` grows while training goes on; entries never change. */
  constructor(private readonly texts: readonly string[]) {}

  countOf(candidate: number): number {
    return this.counts.data[candidate] as number
  }
  textOf(candidate: number): string {
    const pair = this.firstPair.data[candidate] as number
    return (
      (this.texts[this.left.data[pair] as number] as string) + (this.texts[this.right.data[pair] as number] as string)
    )
  }

  /** Adds a pair with room for its places; the caller writes them, in rising order. */
  add(left: number, right: number, places: number): { readonly data: Int32Array; readonly start: number } {
    const { chunk, start } = this.pool.allocate(places)
    const pair = this.left.push(left)
    this.right.push(right)
    this.chunk.push(chunk)
    this.start.push(start)
    this.size.push(places)
    const candidate = this.candidateFor(left, right, pair)
    this.candidateOf.push(candidate)
    this.counts.data[candidate] = this.countOf(candidate) + places
    this.raised.push(candidate)
    this.insertPair(pair)
    return { data: this.pool.data(chunk), start }
  }

  /** `by` occurrences of a pair are gone. */
  lower(left: number, right: number, by: number): void {
    const pair = this.findPair(left, right)
    if (pair < 0) return
    const candidate = this.candidateOf.data[pair] as number
    this.counts.data[candidate] = this.countOf(candidate) - by
  }

  /** Each pair that forms the candidate's text, with its places, oldest first. */
  *pairsOf(candidate: number): Generator<{ left: number; right: number; places: Int32Array }> {
    const pairs: number[] = []
    for (let p = this.firstPair.data[candidate] as number; p >= 0; p = this.nextPair.data[p] as number) pairs.push(p)
    for (const p of pairs.sort((a, b) => a - b)) {
      const start = this.start.data[p] as number
      const places = this.pool.data(this.chunk.data[p] as number).subarray(start, start + (this.size.data[p] as number))
      yield { left: this.left.data[p] as number, right: this.right.data[p] as number, places }
    }
  }

  /** The candidate was merged: its lists are given back. */
  retire(candidate: number): void {
    this.counts.data[candidate] = 0
    for (let p = this.firstPair.data[candidate] as number; p >= 0; p = this.nextPair.data[p] as number)
      this.pool.release(this.chunk.data[p] as number)
  }

  private candidateFor(left: number, right: number, pair: number): number {
    const hash = this.hashOf(left, right)
    const mask = this.textSlots.length - 1
    let slot = hash & mask
    for (; this.textSlots[slot] !== -1; slot = (slot + 1) & mask) {
      const candidate = this.textSlots[slot] as number
      if (this.hashes.data[candidate] !== hash) continue
      if (this.textOf(candidate) !== (this.texts[left] as string) + (this.texts[right] as string)) continue
      this.nextPair.push(this.firstPair.data[candidate] as number)
      this.firstPair.data[candidate] = pair
      return candidate
    }
    const candidate = this.counts.push(0)
    this.firstPair.push(pair)
    this.nextPair.push(-1)
    this.hashes.push(hash)
    this.textSlots[slot] = candidate
    if (this.counts.length > this.textSlots.length * FILL) this.growTexts()
    return candidate
  }

  /** A polynomial hash of a text by its UTF-16 units, from those of its two parts. */
  private hashOf(left: number, right: number): number {
    const length = (this.texts[right] as string).length
    while (this.powers.length <= length)
      this.powers.push(Math.imul(this.powers[this.powers.length - 1] as number, HASH_BASE))
    return (Math.imul(this.hashOfSymbol(left), this.powers[length] as number) + this.hashOfSymbol(right)) | 0
  }
  private hashOfSymbol(symbol: number): number {
    for (let s = this.symbolHash.length; s <= symbol; s++) {
      const text = this.texts[s] as string
      let h = 0
      for (let i = 0; i < text.length; i++) h = (Math.imul(h, HASH_BASE) + spread(text.charCodeAt(i))) | 0
      this.symbolHash.push(h)
    }
    return this.symbolHash[symbol] as number
  }

  private growTexts(): void {
    const slots = new Int32Array(this.textSlots.length * 2).fill(-1)
    const mask = slots.length - 1
    for (let c = 0; c < this.counts.length; c++) {
      let slot = (this.hashes.data[c] as number) & mask
      while (slots[slot] !== -1) slot = (slot + 1) & mask
      slots[slot] = c
    }
    this.textSlots = slots
  }

  private findPair(left: number, right: number): number {
    const mask = this.pairSlots.length - 1
    for (let slot = spread(left * 65_536 + right) & mask; ; slot = (slot + 1) & mask) {
      const pair = this.pairSlots[slot] as number
      if (pair < 0 || (this.left.data[pair] === left && this.right.data[pair] === right)) return pair
    }
  }
  private insertPair(pair: number): void {
    if (this.left.length > this.pairSlots.length * FILL) {
      this.pairSlots = new Int32Array(this.pairSlots.length * 2).fill(-1)
      for (let p = 0; p < pair; p++) this.placePair(p)
    }
    this.placePair(pair)
  }
  private placePair(pair: number): void {
    const mask = this.pairSlots.length - 1
    let slot = spread((this.left.data[pair] as number) * 65_536 + (this.right.data[pair] as number)) & mask
    while (this.pairSlots[slot] !== -1) slot = (slot + 1) & mask
    this.pairSlots[slot] = pair
  }
}

/** Mixes the bits of a 32-bit number (the finaliser of MurmurHash3, public domain). */
function spread(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
