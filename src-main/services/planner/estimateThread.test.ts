import { describe, expect, it } from 'vitest'
import { TYPICAL_RATES } from '../../analyses/planner/typicalRates.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { estimateInThread } from './estimateThread.ts'
import { type EstimateRequest, modelEstimate } from './modelEstimate.ts'

const request = (more: Partial<EstimateRequest['work']> = {}): EstimateRequest => ({
  work: {
    json: {
      id: 'tokens',
      kind: 'transformer',
      architecture: { vocabulary: 50, maxTokens: 64, width: 16, layers: 1, heads: 2, feedForward: 32, tokenHead: 'none', classes: 2 }, // biome-ignore format: one table
      input: { type: 'tokens', maxTokens: 64 },
      output: {},
      attentionPattern: null,
    } as unknown as ModelJson,
    work: 'training',
    ...more,
  },
  rates: TYPICAL_RATES,
  freeBytes: 8e9,
})

describe('an estimate in a thread', () => {
  // Truth: the same, here.
  it('is the one that is made here', async () => {
    expect(await estimateInThread(request())).toEqual(modelEstimate(request(), modelRegistry(MODELS)))
  })

  it('passes on why there is none', async () => {
    await expect(estimateInThread(request({ length: 65 }))).rejects.toMatchObject({ name: 'WorkbenchError' })
  })

  it('ends when it is cancelled', async () => {
    const stop = new AbortController()
    const made = estimateInThread(request(), stop.signal)
    stop.abort()
    await expect(made).rejects.toMatchObject({ code: 'cancelled' })
  })
})
