import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseRange } from './byteRange.ts'

it('reads the examples of RFC 9110 14.1.2 for a file of 10,000 bytes', () => {
  expect(parseRange('bytes=0-499', 10_000)).toEqual({ kind: 'part', start: 0, end: 500 })
  expect(parseRange('bytes=500-999', 10_000)).toEqual({ kind: 'part', start: 500, end: 1000 })
  expect(parseRange('bytes=-500', 10_000)).toEqual({ kind: 'part', start: 9500, end: 10_000 })
  expect(parseRange('bytes=9500-', 10_000)).toEqual({ kind: 'part', start: 9500, end: 10_000 })
  expect(parseRange('bytes=0-0', 10_000)).toEqual({ kind: 'part', start: 0, end: 1 })
  expect(parseRange('bytes=9990-20000', 10_000)).toEqual({ kind: 'part', start: 9990, end: 10_000 })
  expect(parseRange('bytes=-20000', 10_000)).toEqual({ kind: 'part', start: 0, end: 10_000 })
})

it.each(['bytes=10000-', 'bytes=10000-10001', 'bytes=-0'])('%s holds no byte', header => {
  expect(parseRange(header, 10_000)).toEqual({ kind: 'unsatisfiable' })
})

it.each([
  undefined,
  null,
  '',
  'bytes=',
  'bytes=-',
  'bytes=5-4',
  'bytes=0-1,3-4',
  'lines=1-2',
  'bytes=a-b',
  'bytes=1.5-2',
])('%s is answered with the whole file', header => {
  expect(parseRange(header, 10_000)).toEqual({ kind: 'whole' })
})

it('an empty file has no byte to give', () => {
  expect(parseRange('bytes=0-', 0)).toEqual({ kind: 'unsatisfiable' })
  expect(parseRange('bytes=-5', 0)).toEqual({ kind: 'unsatisfiable' })
})

it('never leaves the file, and agrees with slicing a list of its bytes', () => {
  const n = fc.nat(60)
  fc.assert(
    fc.property(fc.nat(40), fc.option(n), fc.option(n), (size, a, b) => {
      fc.pre(a !== null || b !== null)
      const answer = parseRange(`bytes=${a ?? ''}-${b ?? ''}`, size)
      const bytes = Array.from({ length: size }, (_, i) => i)
      const wanted =
        a === null ? (b === 0 ? [] : bytes.slice(-(b ?? 0))) : bytes.slice(a, b === null ? undefined : b + 1)
      const invalid = a !== null && b !== null && b < a
      if (invalid) expect(answer).toEqual({ kind: 'whole' })
      else if (wanted.length === 0) expect(answer).toEqual({ kind: 'unsatisfiable' })
      else expect(answer).toEqual({ kind: 'part', start: wanted[0], end: (wanted.at(-1) ?? 0) + 1 })
    }),
    { numRuns: 1000 },
  )
})
