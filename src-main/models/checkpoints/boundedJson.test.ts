import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBoundedJson } from './boundedJson.ts'

const limits = { depth: 5, values: 1000 }

describe('JSON from outside', () => {
  it('is what JSON.parse gives, for any value within the limits', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), text => {
        expect(parseBoundedJson(text, { depth: 10, values: 100_000 })).toEqual(JSON.parse(text))
      }),
    )
  })

  it('brackets, commas, colons and quotes inside text count for nothing', () => {
    const tricky = { 'a:":{[,\\': '[[[[[[[[,,,:::"\\"', b: '\\' }
    expect(parseBoundedJson(JSON.stringify(tricky), { depth: 1, values: 2 })).toEqual(tricky)
  })

  it.each([
    ['nesting', '['.repeat(6) + ']'.repeat(6), /nested more than 5/],
    ['a flood of values', `[${'0,'.repeat(1001)}0]`, /more than 1000 values/],
    ['a flood of empty lists', `[${'[],'.repeat(600)}[]]`, /more than 1000 values/],
    ['a name twice', '{"a":1,"b":{"a":2},"a":3}', /given twice/],
    ['a name twice, once escaped', '{"a":1,"\\u0061":3}', /given twice/],
    ['an open string', '{"a', /JSON/],
    ['nothing', '', /JSON/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseBoundedJson(text, limits)).toThrow(message)
  })
})
