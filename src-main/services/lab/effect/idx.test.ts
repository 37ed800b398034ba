import { describe, expect, it } from 'vitest'
import { parseIdx } from './idx.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)

// Truth: the layout as published (two zero bytes, type, axes, sizes big-endian, values), written out by hand.
describe('parseIdx', () => {
  it('reads a 2 x 3 table of bytes', () => {
    const { shape, data } = parseIdx(bytes(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255), 'x')
    expect(shape).toEqual([2, 3])
    expect([...data]).toEqual([1, 2, 3, 4, 5, 255])
  })
  it('reads bytes that begin inside a larger buffer', () => {
    const inner = bytes(9, 9, 9, 0, 0, 8, 1, 0, 0, 0, 1, 7).subarray(3)
    expect([...parseIdx(inner, 'x').data]).toEqual([7])
  })
  it.each([
    ['an empty file', bytes(), 'truncated'],
    ['a cut header', bytes(0, 0, 8, 2, 0, 0, 0, 2), 'truncated'],
    ['a missing value', bytes(0, 0, 8, 1, 0, 0, 0, 3, 1, 2), 'truncated'],
    ['a value too many', bytes(0, 0, 8, 1, 0, 0, 0, 1, 1, 2), 'corrupt'],
    ['floats', bytes(0, 0, 0x0d, 1, 0, 0, 0, 0), 'wrong-type'],
    ['gzip', bytes(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), 'wrong-type'],
    ['no axes', bytes(0, 0, 8, 0), 'wrong-type'],
  ])('refuses %s', (_, file, code) => {
    expect(() => parseIdx(file, 'digits')).toThrow(expect.objectContaining({ code, message: expect.stringContaining("'digits'") })) // biome-ignore format: one thought
  })
})
