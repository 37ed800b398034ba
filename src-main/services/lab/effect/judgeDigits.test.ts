import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { madeUpDigits } from '../../../../test-support/idx-digits.ts'
import { createCompute } from '../../../compute/client.ts'
import { initialEncoderWeights } from '../../../models/encoderInitialisation.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { int32 } from '../../risk/network.ts'
import { countRight, JUDGED, openJudge } from './judgeDigits.ts'
import type { Digits } from './mnist.ts'
import { idsOf, OCCURRING_IDS, pooled } from './tokens.ts'

const cacheFolder = mkdtempSync(join(tmpdir(), 'judge-test-'))
afterAll(() => rmSync(cacheFolder, { recursive: true, force: true, maxRetries: 10 }))

// Truth: the same network asked one image at a time.
it('counts what the network says of each image, whole batches and a part of one', async () => {
  const model = modelRegistry(MODELS).configure('transformer', { vocabulary: OCCURRING_IDS, maxTokens: 50, width: 8, layers: 1, heads: 2, feedForward: 16, classes: 10 }) // biome-ignore format: one table
  const weights = Object.fromEntries(initialEncoderWeights(model.parameters, 5))
  // So far apart that untrained weights already tell images apart.
  const table = weights['embeddings.token.weight']!.data as Float32Array
  table.forEach((value, i) => {
    table[i] = 100 * value
  })
  const count = JUDGED + 12
  const { pixels } = madeUpDigits(count, 3)
  const images: Digits = pooled({ count, side: 28, pixels, labels: new Uint8Array(count) }, 4)
  const compute = createCompute({ cacheFolder, threads: 1 })
  const { signal } = new AbortController()
  try {
    const single = await openJudge(compute, model, { batch: 1, length: 50, threads: 1 })
    const said = new Uint8Array(count)
    for (let i = 0; i < count; i++) {
      const out = await single.run({ ...weights, ids: int32(idsOf(images, [i]), [1, 50]) })
      const logits = [...(out['classLogits']!.data as Float32Array)]
      said[i] = logits.indexOf(Math.max(...logits))
    }
    expect(new Set(said).size).toBeGreaterThan(1)
    const labels = said.map((label, i) => (i % 10 === 3 ? (label + 1) % 10 : label))
    const judge = await openJudge(compute, model, { batch: JUDGED, length: 50, threads: 1 })
    const right = (n: number) => countRight(compute, judge, weights, { ...images, labels }, n, signal)
    for (const n of [1, 4, JUDGED, JUDGED + 1, count]) expect(await right(n)).toBe(n - Math.floor((n + 6) / 10))
  } finally {
    await compute.close()
  }
})
