import { describe, expect, it } from 'vitest'
import { COMPRESSION_ARGUMENTS } from './compressionArguments.ts'

const start = COMPRESSION_ARGUMENTS['compression.start']
const choice = { method: 'svd', keptEnergy: 0.9, layers: { a: { rank: 3 }, b: { keptEnergy: 0.5 }, c: { keep: true } } }

// Truth: the contract's types, written out by hand.
describe('the choice of a compression', () => {
  it('is taken as it is, unknown fields left out', () => {
    expect(start({ modelFileId: 'm', choice: { ...choice, colour: 1 } })).toEqual({ modelFileId: 'm', choice })
    expect(start({ modelFileId: 'm', choice: { ...choice, keptEnergy: null, layers: {} } }).choice.keptEnergy).toBeNull() // biome-ignore format: one line
  })
  it('a layer called as a property of objects is a layer', () => {
    const layers = JSON.parse('{"__proto__": {"rank": 2}, "constructor": {"keep": true}}')
    const taken = start({ modelFileId: 'm', choice: { ...choice, layers } }).choice.layers
    expect(Object.keys(taken)).toEqual(['__proto__', 'constructor'])
    expect(({} as Record<string, unknown>)['rank']).toBeUndefined()
  })
  it.each([
    [{ method: 'qr' }, /choice.method/],
    [{ keptEnergy: 2 }, /choice.keptEnergy/],
    [{ keptEnergy: undefined }, /choice.keptEnergy/],
    [{ layers: [] }, /choice.layers/],
    [{ layers: { a: { rank: 1.5 } } }, /choice.layers.a.rank/],
    [{ layers: { a: { keptEnergy: -1 } } }, /choice.layers.a.keptEnergy/],
    [{ layers: { a: {} } }, /choice.layers.a gives neither/],
    [{ layers: { a: { keep: 'yes' } } }, /choice.layers.a/],
  ])('refuses %j', (wrong, message) => {
    expect(() => start({ modelFileId: 'm', choice: { ...choice, ...wrong } })).toThrow(message)
  })
})
