import { shuffled, streamOf } from '../../../domain/cohort/draws.ts'
import type { Digits } from './mnist.ts'

/** [CLS] is id 0 and a pixel of value v is id v + 1: no other id occurs. */
export const CLS = 0
export const OCCURRING_IDS = 257

/**
 * Means of pool x pool pixels, rounded half up, [count, side / pool, side / pool]; the images themselves for 1.
 * `pool` divides `side`.
 */
export function pooled(digits: Digits, pool: number): Digits {
  if (pool === 1) return digits
  const { count, side, pixels, labels } = digits
  const small = side / pool
  const out = new Uint8Array(count * small * small)
  const area = pool * pool
  for (let image = 0; image < count; image++)
    for (let row = 0; row < small; row++)
      for (let column = 0; column < small; column++) {
        let sum = 0
        for (let y = 0; y < pool; y++)
          for (let x = 0; x < pool; x++) sum += pixels[(image * side + row * pool + y) * side + column * pool + x]!
        out[(image * small + row) * small + column] = Math.floor(sum / area + 0.5)
      }
  return { count, side: small, pixels: out, labels }
}

/** Tokens of a sequence: [CLS], then every pixel, row by row. */
export const tokensOf = (digits: Digits): number => 1 + digits.side * digits.side

/** Ids [members, tokens] of some images. */
export function idsOf(digits: Digits, members: ArrayLike<number>): Int32Array {
  const area = digits.side * digits.side
  const out = new Int32Array(members.length * (area + 1))
  for (let i = 0; i < members.length; i++) {
    const at = i * (area + 1)
    const from = members[i]! * area
    out[at] = CLS
    for (let p = 0; p < area; p++) out[at + 1 + p] = digits.pixels[from + p]! + 1
  }
  return out
}

/** Which images make which batch of a training: a function of the seed and the numbers alone, hence the same for every model. */
export class ExampleOrder {
  private readonly perEpoch: number
  private order: { readonly epoch: number; readonly images: Int32Array } | undefined

  constructor(
    private readonly seed: number,
    private readonly count: number,
    private readonly batch: number,
  ) {
    this.perEpoch = Math.floor(count / batch)
  }

  /** The images of batch `at`, the first being 0. Each epoch has its own order; what does not fill a batch at its end is left out. */
  members(at: number): Int32Array {
    const epoch = Math.floor(at / this.perEpoch)
    if (this.order?.epoch !== epoch) {
      const images = shuffled(
        Int32Array.from({ length: this.count }, (_, i) => i),
        streamOf(this.seed, 'order', epoch),
      )
      this.order = { epoch, images }
    }
    const first = (at % this.perEpoch) * this.batch
    return this.order.images.subarray(first, first + this.batch)
  }
}
