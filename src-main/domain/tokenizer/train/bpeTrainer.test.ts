import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../../../src-shared/job.ts'
import { type BpeTrainingOptions, trainBpe } from './bpeTrainer.ts'
import { compareCodePoints } from './candidateHeap.ts'
import { CorpusBuilder } from './symbols.ts'

function corpusOf(lines: readonly string[]) {
  const builder = new CorpusBuilder()
  for (const line of lines) builder.add(line)
  return builder.finish()
}

/** The definition, step by step: count every adjacent pair by its text, merge the best everywhere, pair by pair, left to right. */
function naive(
  lines: readonly string[],
  options: BpeTrainingOptions,
): { pieces: string[]; frequencies: number[]; tokens: number } {
  const born = new Map<string, number>()
  const words = lines
    .flatMap(line => line.split(/(?<=[^\u2581])(?=\u2581)/u))
    .filter(w => w !== '')
    .map(w => [...w])
  for (const line of lines) for (const c of line) if (!born.has(c)) born.set(c, born.size)
  const taken = new Set(born.keys())
  const pieces: string[] = []
  const frequencies: number[] = []
  while (pieces.length < options.merges) {
    const counts = new Map<string, number>()
    for (const w of words)
      for (let i = 0; i + 1 < w.length; i++) {
        const text = `${w[i]}${w[i + 1]}`
        if (!taken.has(text) && [...text].length <= options.maxPieceLength)
          counts.set(text, (counts.get(text) ?? 0) + 1)
      }
    const best = [...counts].sort(
      (a, b) => b[1] - a[1] || a[0].length - b[0].length || compareCodePoints(a[0], b[0]),
    )[0]
    if (!best || best[1] < options.minFrequency) break
    const [text, count] = best
    const cuts = new Map<string, readonly [string, string]>()
    for (const w of words) for (let i = 0; i + 1 < w.length; i++) if (`${w[i]}${w[i + 1]}` === text) cuts.set(`${w[i]} ${w[i + 1]}`, [w[i] as string, w[i + 1] as string]) // biome-ignore format: one line
    const age = ([l, r]: readonly [string, string]) => Math.max(born.get(l) as number, born.get(r) as number) * 2 + ((born.get(l) as number) > (born.get(r) as number) ? 1 : 0) // biome-ignore format: one line
    for (const [left, right] of [...cuts.values()].sort((a, b) => age(a) - age(b)))
      for (const w of words)
        for (let i = 0; i + 1 < w.length; i++) if (w[i] === left && w[i + 1] === right) w.splice(i, 2, text)
    born.set(text, born.size)
    taken.add(text)
    pieces.push(text)
    frequencies.push(count)
  }
  return { pieces, frequencies, tokens: words.reduce((n, w) => n + w.length, 0) }
}

const equal = (lines: readonly string[], options: BpeTrainingOptions) => {
  const ours = trainBpe(corpusOf(lines), options, quietContext())
  const plain = naive(lines, options)
  expect(ours.pieces).toEqual(plain.pieces)
  expect([...ours.frequencies]).toEqual(plain.frequencies)
  expect(ours.tokens).toBe(plain.tokens)
}

describe('byte-pair training', () => {
  it('merges the most frequent first; on ties the shorter, then the lower', () => {
    const { pieces } = trainBpe(
      corpusOf(['ABABAB', 'CD', 'CD', 'BA']),
      { merges: 3, maxPieceLength: 8, minFrequency: 2 },
      quietContext(),
    )
    // AB stands three times and BA three times: AB is lower. Then CD (2) and ABAB (2, overlapping): CD is shorter.
    expect(pieces).toEqual(['AB', 'CD', 'ABAB'])
  })

  it('stops when nothing is frequent enough', () => {
    expect(
      trainBpe(corpusOf(['ABC']), { merges: 10, maxPieceLength: 8, minFrequency: 2 }, quietContext()).pieces,
    ).toEqual([])
  })

  it('equals the plain definition on random corpora of few letters, where merges overlap and texts have several cuts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('A', 'B', '\u2581', '\u{20000}'), maxLength: 60 }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 2, max: 9 }),
        (lines, merges, maxPieceLength) => equal(lines, { merges, maxPieceLength, minFrequency: 1 }),
      ),
      { numRuns: 400, seed: 1 },
    )
  })

  it('equals it on runs of one letter', () => {
    for (let n = 1; n < 40; n++) equal(['A'.repeat(n)], { merges: 8, maxPieceLength: 64, minFrequency: 1 })
  })

  it('can be cancelled', () => {
    const stop = new AbortController()
    stop.abort()
    expect(() => trainBpe(corpusOf(['ABABAB']), { merges: 3, maxPieceLength: 8, minFrequency: 1 }, { signal: stop.signal, report() {} })).toThrow(expect.objectContaining({ code: 'cancelled' })) // biome-ignore format: one line
  })
})
