type Typed = Uint16Array | Uint32Array | Int32Array | Uint8Array | Float64Array

/** A typed array that grows by half when it is full; growth copies once. */
export class Growing<T extends Typed> {
  length = 0
  constructor(
    public data: T,
    private readonly make: (length: number) => T,
  ) {}
  push(value: number): number {
    if (this.length === this.data.length) this.reserve(1)
    this.data[this.length] = value
    return this.length++
  }
  /** Makes room for `more` entries behind the last. */
  reserve(more: number): void {
    const wanted = this.length + more
    if (wanted <= this.data.length) return
    const grown = this.make(Math.max(wanted, Math.ceil(this.data.length * 1.5)))
    grown.set(this.data.subarray(0, this.length) as never)
    this.data = grown
  }
}

export const growingInt32 = (initial = 1024) => new Growing(new Int32Array(initial), n => new Int32Array(n))
export const growingUint16 = (initial = 1024) => new Growing(new Uint16Array(initial), n => new Uint16Array(n))
export const growingUint8 = (initial = 1024) => new Growing(new Uint8Array(initial), n => new Uint8Array(n))
export const growingFloat64 = (initial = 1024) => new Growing(new Float64Array(initial), n => new Float64Array(n))
