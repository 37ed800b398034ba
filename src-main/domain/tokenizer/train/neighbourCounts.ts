import { BOUNDARY, MAX_SYMBOLS } from './symbols.ts'

interface Place {
  readonly data: Int32Array
  readonly start: number
}

/** Counts of what stands on either side of some places, by symbol, and cursors for writing lists in a second pass. Reused, never cleared as a whole. */
export class NeighbourCounts {
  private readonly before = new Side()
  private readonly after = new Side()

  addBefore(symbol: number): void {
    this.before.add(symbol)
  }
  addAfter(symbol: number): void {
    this.after.add(symbol)
  }

  /** Tells every neighbour with its count, boundaries left out, in rising order of the symbol, and forgets the counts. */
  drain(onBefore: (symbol: number, times: number) => void, onAfter: (symbol: number, times: number) => void): void {
    this.before.drain(onBefore)
    this.after.drain(onAfter)
  }

  writeBefore(symbol: number, place: Place): void {
    this.before.cursors.set(symbol, { ...place })
  }
  writeAfter(symbol: number, place: Place): void {
    this.after.cursors.set(symbol, { ...place })
  }
  get writing(): boolean {
    return this.before.cursors.size + this.after.cursors.size > 0
  }
  placeBefore(symbol: number, position: number): void {
    this.before.place(symbol, position)
  }
  placeAfter(symbol: number, position: number): void {
    this.after.place(symbol, position)
  }
  endWriting(): void {
    this.before.cursors.clear()
    this.after.cursors.clear()
  }
}

class Side {
  private readonly counts = new Int32Array(MAX_SYMBOLS + 1)
  private readonly touched: number[] = []
  readonly cursors = new Map<number, { data: Int32Array; start: number }>()

  add(symbol: number): void {
    if (this.counts[symbol] === 0) this.touched.push(symbol)
    this.counts[symbol] = (this.counts[symbol] as number) + 1
  }
  drain(tell: (symbol: number, times: number) => void): void {
    this.touched.sort((a, b) => a - b)
    for (const symbol of this.touched) {
      const times = this.counts[symbol] as number
      this.counts[symbol] = 0
      if (symbol !== BOUNDARY) tell(symbol, times)
    }
    this.touched.length = 0
  }
  place(symbol: number, position: number): void {
    const cursor = this.cursors.get(symbol)
    if (cursor) cursor.data[cursor.start++] = position
  }
}
