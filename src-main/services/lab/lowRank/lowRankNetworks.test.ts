import { describe, expect, it } from 'vitest'
import { encoderParameters, inferenceRun, largestBatch, plannedBytes, trainingRun } from './lowRankNetworks.ts'

const SIZES = { layers: 2, width: 768, heads: 12, feedForward: 3072 }
const SMALL = { layers: 2, width: 24, heads: 4, feedForward: 96 }

describe('parameters of the encoders', () => {
  // Truth: published counts of two layers of width 768: 14,175,744; with LED units of rank 64 1,789,440.
  it('are those of the published sizes', () => {
    expect(encoderParameters({ name: 'transformer' }, SIZES, 128)).toBe(14_175_744)
    expect(encoderParameters({ name: 'lrt', rank: 64 }, SIZES, 128)).toBe(1_789_440)
  })
  // Truth: E and F are k x n each, one pair a layer, without bias.
  it("add 2·layers·n·k for Linformer's projections", () => {
    const more = encoderParameters({ name: 'linformer', rank: 32 }, SIZES, 512) - 14_175_744
    expect(more).toBe(2 * 2 * 512 * 32)
  })
  // Truth: a LED unit m -> n of rank r has r·(m + n) weights.
  it('of LRT fall linearly with the rank', () => {
    const at = (rank: number) => encoderParameters({ name: 'lrt', rank }, SIZES, 128)
    const slope = 2 * (4 * (768 + 768) + 2 * (768 + 3072))
    expect(at(64) - at(32)).toBe(32 * slope)
    expect(at(256) - at(128)).toBe(128 * slope)
  })
})

describe('the batch of all models', () => {
  it("is the largest that the transformer's training step is planned to fit", () => {
    const bytes = (batch: number) => plannedBytes(trainingRun({ name: 'transformer' }, SMALL, batch, 32))
    const limit = bytes(7) + 1
    expect(largestBatch(SMALL, 32, limit, 1e9)).toBe(7)
    expect(bytes(8)).toBeGreaterThan(limit)
    expect(largestBatch(SMALL, 32, limit, 100)).toBe(3)
    expect(largestBatch(SMALL, 32, bytes(1) - 1, 1e9)).toBe(0)
  })
})

it('every model has graphs of the same inputs and results, whatever its form', () => {
  for (const model of [{ name: 'transformer' }, { name: 'lrt', rank: 4 }, { name: 'linformer', rank: 8 }] as const) {
    const training = trainingRun(model, SMALL, 2, 16)
    expect(Object.keys(training.outputs)).toEqual(['loss', 'gradientNorm'])
    expect(training.graph.leaves('input').map(t => [t.node.leaf!.name, t.shape])).toEqual([
      ['x', [2, 16, 24]],
      ['training.seed', []],
      ['target', [2, 16, 24]],
    ])
    expect(inferenceRun(model, SMALL, 2, 16).outputs['corner']!.shape).toEqual([2, 1, 24])
  }
})
