/** Lists of at least this many positions get memory of their own, which is given back when they are merged. */
const OWN_CHUNK = 1 << 20
const CHUNK = 1 << 24

/**
 * Memory for position lists, each written once and released once. Lists live in chunks; a chunk whose lists are all released is given
 * back, so that the memory in use follows the candidates that still can be merged.
 */
export class PositionPool {
  private readonly chunks: Int32Array[] = []
  private readonly living: number[] = []
  private readonly used: number[] = []
  private current = -1

  /** Room for `length` positions: the number of its chunk and where it begins there. */
  allocate(length: number): { readonly chunk: number; readonly start: number } {
    let chunk = this.current
    if (length >= OWN_CHUNK) chunk = this.addChunk(length)
    else if (chunk < 0 || (this.used[chunk] as number) + length > (this.chunks[chunk] as Int32Array).length)
      chunk = this.current = this.addChunk(CHUNK)
    const start = this.used[chunk] as number
    this.used[chunk] = start + length
    this.living[chunk] = (this.living[chunk] as number) + 1
    return { chunk, start }
  }

  data(chunk: number): Int32Array {
    return this.chunks[chunk] as Int32Array
  }

  release(chunk: number): void {
    const left = (this.living[chunk] as number) - 1
    this.living[chunk] = left
    if (left === 0 && chunk !== this.current) this.chunks[chunk] = new Int32Array(0)
  }

  private addChunk(length: number): number {
    const full = this.current
    this.chunks.push(new Int32Array(length))
    this.living.push(0)
    this.used.push(0)
    if (full >= 0 && length === CHUNK && this.living[full] === 0) this.chunks[full] = new Int32Array(0)
    return this.chunks.length - 1
  }
}
