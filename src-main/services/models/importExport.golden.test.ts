import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { float32 } from '../../../src-shared/tensor.ts'
import { goldenArray, goldenCases, goldenHas } from '../../../test-support/golden.ts'
import { createCompute } from '../../compute/client.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { checkModel } from './checkModel.ts'
import { exportOnnx, runnableModel } from './exportOnnx.ts'
import { importModel } from './importModel.ts'
import { readModelJson } from './modelFolder.ts'

const work = mkdtempSync(join(tmpdir(), 'golden-import-'))
const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
const registry = modelRegistry(MODELS)
const quiet = quietContext()
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

const cases = goldenCases('enformer').filter(c => goldenHas(c, 'tokens.npy'))
const SOURCES = ['pytorch_model.bin', 'model.safetensors']

// Without the data the file still has a suite: a file without one counts as failed.
describe('golden: import and export', () => {
  it.skipIf(cases.length === 0)('finds cases', () => expect(cases.length).toBeGreaterThan(0))
})

describe.each(cases.map(c => [c.folder, c] as const))('golden: import and export, %s', (_folder, golden) => {
  const { architecture, weights, tolerance } = golden.json
  const sources = SOURCES.filter(s => goldenHas(golden, s))
  const folders: string[] = []

  it('every form of the checkpoint becomes the same folder', async () => {
    expect(sources.length).toBeGreaterThan(0)
    for (const [i, source] of sources.entries()) {
      const out = join(work, `${cases.indexOf(golden)}-${i}`)
      await importModel(
        {
          source: join(golden.folder, source),
          from: 'hf-enformer',
          out,
          length: architecture.sequence_length,
          now: 0,
        },
        registry,
        quiet,
      )
      expect((await checkModel(out, registry, quiet)).problems).toEqual([])
      expect((await readModelJson(out)).weights.parameters).toBe(weights.parameters)
      folders.push(out)
    }
    const written = folders.map(f => readFileSync(join(f, 'weights.safetensors')))
    for (const w of written) expect(w).toEqual(written[0])
  })

  it('its ONNX, with weights inside and in place, gives the outputs within the tolerance of the case', async () => {
    const tokens = goldenArray(golden, 'tokens.npy')
    const [batch = 0, length = 0] = tokens.shape
    const oneHot = new Float32Array(batch * length * 4)
    for (const [i, base] of (tokens.data as Uint8Array).entries()) if (base < 4) oneHot[i * 4 + base] = 1
    const file = join(work, `${cases.indexOf(golden)}.onnx`)
    await exportOnnx(folders[0] as string, file, registry, { batch }, quiet)
    let compared = 0
    for (const model of [file, await runnableModel(folders[0] as string, registry, { batch }, quiet)]) {
      const session = await compute.load(model)
      const got = await session.run({ sequence: float32(oneHot, [batch, length, 4]) })
      for (const head of Object.keys(architecture.heads_out)) {
        const expected = goldenArray(golden, `${head}.npy`)
        const values = got[head]?.data as Float32Array
        expect(got[head]?.shape).toEqual(expected.shape)
        for (let i = 0; i < expected.data.length; i++, compared++)
          expect(Math.abs((values[i] as number) - Number(expected.data[i]))).toBeLessThanOrEqual(
            tolerance[`${head}.npy`],
          )
      }
    }
    expect(compared).toBeGreaterThan(0)
  })
})
