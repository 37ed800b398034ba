import { expect, it } from 'vitest'
import type { Args } from '../../src-shared/ipc/contract.ts'
import { createPredictionExport } from './predictionExport.ts'

// Truth: nobody waits for the file of a call that was cancelled, so that nothing is computed for it.
it('begins no job for a call that was cancelled while its cost was planned', async () => {
  const stop = new AbortController()
  let started = 0
  const write = createPredictionExport({
    files: { use: async () => ({ path: 'reference.fa' }) },
    models: { use: async () => ({ json: { name: 'made up', output: { binSize: 128 } } }) },
    predictions: {
      async planned() {
        stop.abort()
        return { windows: 1, cost: async () => undefined, peakBytes: async () => undefined }
      },
    },
    jobs: {
      start() {
        started++
        throw new Error('nothing is to be started')
      },
    },
  } as unknown as Parameters<typeof createPredictionExport>[0])
  const asked = { modelFileId: 'm', referenceFileId: 'r', format: 'tsv', channels: [0], units: 'model', background: { kind: 'reference' }, interval: { contig: 'chr1', start: 0, end: 1280 } } as unknown as Args<'predict.export'> // biome-ignore format: one line
  await expect(write(asked, { signal: stop.signal, report() {} })).rejects.toMatchObject({ code: 'cancelled' })
  expect(started).toBe(0)
})
