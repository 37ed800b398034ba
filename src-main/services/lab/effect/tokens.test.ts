import { describe, expect, it } from 'vitest'
import type { Digits } from './mnist.ts'
import { CLS, ExampleOrder, idsOf, OCCURRING_IDS, pooled, tokensOf } from './tokens.ts'

const digits = (side: number, ...pixels: number[]): Digits => ({ count: pixels.length / side ** 2, side, pixels: Uint8Array.from(pixels), labels: new Uint8Array(pixels.length / side ** 2) }) // biome-ignore format: one thought

// Truth: means worked out by hand.
describe('pooled', () => {
  it('gives the means of squares, rounded half up, image by image', () => {
    const two = digits(4, 0, 0, 255, 255, 0, 2, 255, 255, 1, 1, 10, 20, 1, 0, 30, 41, ...new Array(16).fill(7))
    const small = pooled(two, 2)
    expect(small).toMatchObject({ count: 2, side: 2 })
    // (0+0+0+2)/4 = 0.5 -> 1; 255; (1+1+1+0)/4 = 0.75 -> 1; (10+20+30+41)/4 = 25.25 -> 25; 1126/16 = 70.4 -> 70
    expect([...small.pixels]).toEqual([1, 255, 1, 25, 7, 7, 7, 7])
    expect([...pooled(two, 4).pixels]).toEqual([70, 7])
  })
  it('by 1 is the image itself', () => {
    const one = digits(2, 1, 2, 3, 4)
    expect(pooled(one, 1)).toBe(one)
  })
})

describe('idsOf', () => {
  it('puts [CLS] before the pixels of each image, every id below the table', () => {
    const two = digits(2, 0, 255, 3, 4, 5, 6, 7, 8)
    expect(tokensOf(two)).toBe(5)
    expect([...idsOf(two, [1, 0])]).toEqual([CLS, 6, 7, 8, 9, CLS, 1, 256, 4, 5])
    expect(OCCURRING_IDS).toBe(257)
  })
})

// Truth: what an order of examples is: every image once an epoch, the same whoever asks, and in whichever order.
describe('ExampleOrder', () => {
  it('shows every image once an epoch, in another order each time', () => {
    const order = new ExampleOrder(3, 12, 4)
    const epoch = (e: number) => [0, 1, 2].flatMap(i => [...order.members(3 * e + i)])
    expect(epoch(0).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i))
    expect(epoch(1).toSorted((a, b) => a - b)).toEqual(epoch(0).toSorted((a, b) => a - b))
    expect(epoch(1)).not.toEqual(epoch(0))
  })
  it('is a function of seed and number alone', () => {
    const [a, b] = [new ExampleOrder(3, 100, 8), new ExampleOrder(3, 100, 8)]
    b.members(25)
    for (const at of [0, 11, 12, 30]) expect([...b.members(at)]).toEqual([...a.members(at)])
    expect([...new ExampleOrder(4, 100, 8).members(0)]).not.toEqual([...a.members(0)])
  })
})
