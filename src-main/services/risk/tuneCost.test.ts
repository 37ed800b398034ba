import { expect, it } from 'vitest'
import { TUNE_DEFAULTS } from '../../../src-shared/genome/tune.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { tuneCost } from './tuneCost.ts'

const settings = { ...TUNE_DEFAULTS, name: 'x', start: { kind: 'fresh' }, referenceFileId: 'x', flankBp: 50, network: { width: 16, layers: 1, heads: 2, feedForward: 32, projection: 8 } } as const // biome-ignore format: one line

// Truth: no machine has a petabyte; what would be measured must not be begun.
it('measures no step that does not fit', async () => {
  const compute = async () => {
    throw new Error('a step was begun')
  }
  const planner = { estimate: async () => ({ basis: 'flops', seconds: 1, totalSeconds: 1, peakBytes: 1e15 }) as never }
  await expect(tuneCost(settings, { start: null, cases: 20, controls: 20 }, { compute, registry: modelRegistry(MODELS), planner }, quietContext())).rejects.toMatchObject({ code: 'out-of-memory', message: expect.stringContaining('1,000,000,000 MB') }) // biome-ignore format: one line
})
