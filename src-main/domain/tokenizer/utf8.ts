/** Length in bytes of the well-formed UTF-8 character at `at` (Unicode 3.9, table 3-7), or 0 when it is not one. */
export function characterLength(bytes: Uint8Array, at: number): number {
  const b0 = bytes[at]
  if (b0 === undefined) return 0
  if (b0 < 0x80) return 1
  const continues = (i: number, low = 0x80, high = 0xbf) => {
    const b = bytes[at + i]
    return b !== undefined && b >= low && b <= high
  }
  if (b0 >= 0xc2 && b0 <= 0xdf) return continues(1) ? 2 : 0
  if (b0 >= 0xe0 && b0 <= 0xef) {
    const low = b0 === 0xe0 ? 0xa0 : 0x80
    const high = b0 === 0xed ? 0x9f : 0xbf
    return continues(1, low, high) && continues(2) ? 3 : 0
  }
  if (b0 >= 0xf0 && b0 <= 0xf4) {
    const low = b0 === 0xf0 ? 0x90 : 0x80
    const high = b0 === 0xf4 ? 0x8f : 0xbf
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0
  }
  return 0
}

/** Bytes that grow. */
export class ByteBuffer {
  private bytes = new Uint8Array(256)
  length = 0
  push(more: Uint8Array): void {
    if (this.length + more.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more.length))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
    this.bytes.set(more, this.length)
    this.length += more.length
  }
  endsWith(tail: Uint8Array): boolean {
    if (tail.length > this.length) return false
    for (let i = 0; i < tail.length; i++) if (this.bytes[this.length - tail.length + i] !== tail[i]) return false
    return true
  }
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}
