import { describe, expect, it } from 'vitest'
import type { TranscriptModel } from '../../../src-shared/genome/genes.ts'
import { nextStart, startsOf, TSS_BINS, tssProfile } from './tssProfile.ts'

const transcript = (start: number, end: number, strand: '+' | '-', geneName: string) =>
  ({ start, end, strand, geneName, geneId: geneName }) as unknown as TranscriptModel

describe('transcription starts', () => {
  const starts = startsOf([transcript(100, 200, '+', 'A'), transcript(100, 300, '+', 'A'), transcript(50, 90, '-', 'B')], '.') // biome-ignore format: one line
  it('are first bases in the direction of transcription, once each', () => {
    expect(starts).toEqual([
      { position: 89, strand: '-', gene: 'B' },
      { position: 100, strand: '+', gene: 'A' },
    ])
    expect(startsOf([transcript(50, 90, '-', 'B')], '+')).toEqual([])
  })
  it('are walked to both sides', () => {
    expect(nextStart(starts, 89, 1, 2)?.gene).toBe('A')
    expect(nextStart(starts, 100, -1, 2)?.gene).toBe('B')
    expect(nextStart(starts, 100, 1, 2)).toBeUndefined()
  })

  // A mirror: the same signal read from the other strand gives the same profile around the mirrored start.
  it('have a profile that mirrors with the strand', () => {
    const n = 400
    const predicted = Float32Array.from({ length: n }, (_, i) => Math.sin(i) + 2)
    const observed = Float32Array.from({ length: n }, (_, i) => Math.cos(i) + 2)
    const used = new Uint8Array(n).fill(1)
    const forward = tssProfile({ start: 0, binBp: 1, predicted, observed, used }, [{ position: 120, strand: '+', gene: '' }]) // biome-ignore format: one line
    const reverse = tssProfile(
      { start: 0, binBp: 1, predicted: predicted.toReversed(), observed: observed.toReversed(), used },
      [{ position: n - 1 - 120, strand: '-', gene: '' }],
    )
    expect(forward).toEqual(reverse)
    expect(forward.predicted[TSS_BINS]).toBe(predicted[120])
    expect(forward.starts).toBe(1)
  })
  it('leave out a start whose surroundings are not all there', () => {
    const flat = new Float32Array(80)
    const c = { start: 0, binBp: 1, predicted: flat, observed: flat, used: new Uint8Array(80).fill(1) }
    expect(tssProfile(c, [{ position: 5, strand: '+', gene: '' }]).starts).toBe(0)
  })
})
