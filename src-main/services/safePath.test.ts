import { posix } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { pathSegments } from './safePath.ts'

it.each([
  ['/', []],
  ['/a', ['a']],
  ['/a/b/', ['a', 'b']],
  ['/data/x.index', ['data', 'x.index']],
  ['/upload/a%20b.bam', ['upload', 'a b.bam']],
  ['/upload/%E8%A6%8B.bam', ['upload', '見.bam']],
  ['/upload/100%25.bam', ['upload', '100%.bam']],
  ['/..a/b..', ['..a', 'b..']],
])('%s is %j', (path, segments) => {
  expect(pathSegments(path)).toEqual(segments)
})

it.each([
  '',
  'a',
  '*',
  'http://x/',
  '//a',
  '/a//b',
  '/..',
  '/.',
  '/%2e',
  '/a%2fb',
  '/a%5cb',
  '/a\\b',
  '/%00',
  '/%',
  '/%e0%a4%a',
])('%j is refused', path => {
  expect(pathSegments(path)).toBeUndefined()
})

it('never leads out of its folder, whatever is put together from dots, slashes and encodings', () => {
  const piece = fc.constantFrom(
    '.',
    '..',
    '/',
    '\\',
    '%2e',
    '%2E',
    '%2f',
    '%5c',
    '%25',
    '2e',
    '2f',
    '5c',
    '%00',
    'a',
    '~',
    ':',
    '%c0%ae',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const segments = pathSegments(`/${pieces.join('')}`)
      if (!segments) return
      for (const s of segments) {
        expect(s).not.toMatch(/[/\\\0]/)
        expect(['', '.', '..']).not.toContain(s)
      }
      const inside = posix.resolve('/root/folder', ...segments)
      expect(inside === '/root/folder' || inside.startsWith('/root/folder/')).toBe(true)
    }),
    { numRuns: 3000 },
  )
})
