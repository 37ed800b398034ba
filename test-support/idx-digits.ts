import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../src-shared/random.ts'

/** An IDX file of bytes. */
export function idxBytes(shape: readonly number[], data: Uint8Array): Uint8Array {
  const out = Buffer.alloc(4 + 4 * shape.length + data.length)
  out.set([0, 0, 8, shape.length])
  shape.forEach((size, i) => {
    out.writeUInt32BE(size, 4 + 4 * i)
  })
  out.set(data, 4 + 4 * shape.length)
  return out
}

/** Made-up images [count, 28, 28], labels in turns: a bright row whose place says the label, on dark noise. */
export function madeUpDigits(
  count: number,
  seed: number,
): { readonly pixels: Uint8Array; readonly labels: Uint8Array } {
  const random = seededRandom(seed)
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10)
  const pixels = new Uint8Array(count * 784)
  for (let i = 0; i < pixels.length; i++) {
    const row = Math.floor((i % 784) / 28)
    const bright = Math.floor(row / 2) === 2 + labels[Math.floor(i / 784)]!
    pixels[i] = bright ? 200 + Math.floor(50 * random()) : Math.floor(40 * random())
  }
  return { pixels, labels }
}

/** The four files of a set of digits in a new folder. */
export function writeDigits(folder: string, train: number, test: number): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, count, seed] of [
    ['train', train, 1],
    ['t10k', test, 2],
  ] as const) {
    const { pixels, labels } = madeUpDigits(count, seed)
    writeFileSync(join(folder, `${name}-images-idx3-ubyte`), idxBytes([count, 28, 28], pixels))
    writeFileSync(join(folder, `${name}-labels-idx1-ubyte`), idxBytes([count], labels))
  }
}
