import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ReceptiveField } from '../../../src-shared/genome/scan.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { SeededRandom } from '../../../test-support/random.ts'
import { memoryReference, randomBases, writeTrackModel } from '../../../test-support/track-model.ts'
import { medianOf } from '../../analyses/receptiveField.ts'
import { createCompute } from '../../compute/client.ts'
import { MODELS } from '../../models/kinds.ts'
import type { PatternRule } from '../../models/layers/blockPattern.ts'
import { modelRegistry } from '../../models/registry.ts'
import { type FieldRun, measureField } from './fieldRun.ts'

const work = mkdtempSync(join(tmpdir(), 'field-test-'))
const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
const registry = modelRegistry(MODELS)
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

/** Weights as wide as keeps a signal's size from layer to layer: norms 1 and 0, pools 2 on the diagonal, others 1/sqrt(fan in). */
function weight(name: string, shape: readonly number[]): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1)
  const [outer, ...inner] = shape as readonly [number, ...number[]]
  if (/running_mean$/.test(name)) return new Float32Array(size)
  if (/running_var$/.test(name)) return new Float32Array(size).fill(1)
  if (inner.length === 0) return new Float32Array(size).fill(name.endsWith('.bias') ? 0 : 1)
  if (/to_attn_logits/.test(name)) return Float32Array.from({ length: size }, (_, i) => (i % (outer + 1) === 0 ? 2 : 0))
  const random = new SeededRandom(name)
  const wide = 1 / Math.sqrt(inner.reduce((a, b) => a * b, 1))
  return Float32Array.from({ length: size }, () => random.normal(0, wide))
}

let made = 0
/** The published shape at an eighth: 24 blocks, of 8 tokens of 8 bp. */
async function field(kind: 'enformer' | 's-enformer', rule: PatternRule, layers: number, more: Partial<FieldRun> = {}) {
  const folder = join(work, `model${made++}`)
  const common = { length: 1536, stemFilters: 12, towerFilters: [16, 24], layers, heads: 4, targetBins: 112, outputs: { human: 4 } } // biome-ignore format: one line
  const own = kind === 'enformer' ? { keySize: 4, valueSize: 6, positionFeatures: 12 } : { block: 8, randomBlocks: 3 }
  const json = await writeTrackModel(folder, { kind, rule, weight, architecture: { ...common, ...own }, length: 1536, binSize: 8, bins: 112, cropBins: 40, heads: [{ name: 'human', tracks: 4 }] }) // biome-ignore format: one line
  return measureField({ folder, json, protocol: 'default', sequences: 6, seed: 7, load: {}, ...more }, compute, registry, quietContext()) // biome-ignore format: one call
}
/** Effects of mutations in blocks 2 to 9 over those in blocks 14 to 21. */
const sides = ({ medians }: ReceptiveField) => medianOf(medians.slice(1, 4)) / medianOf(medians.slice(5, 8))

describe('the receptive field of networks of 24 blocks', () => {
  // Truth: the published map falls elevenfold from the left to the right half, where random blocks are drawn from the left alone
  // (S-Enformer, Figure 8); a pattern drawn from all blocks has no reason to, and full attention has none.
  it('is one-sided under the upstream rule, and not under the uniform one nor with full attention', async () => {
    expect(sides(await field('s-enformer', 'upstream', 3))).toBeGreaterThan(2)
    const uniform = sides(await field('s-enformer', 'uniform', 3))
    const full = sides(await field('enformer', 'uniform', 3))
    for (const ratio of [uniform, full]) {
      expect(ratio).toBeGreaterThan(0.6)
      expect(ratio).toBeLessThan(1.7)
    }
  })
  // Truth: the structure; and the control, in which nothing is changed.
  it('is empty where the structure lets nothing arrive', async () => {
    const f = await field('s-enformer', 'upstream', 1)
    expect(f.control).toEqual({ median: 0, maximum: 0 })
    const unreachable = [...f.reachable.keys()].filter(i => f.reachable[i] === 0)
    expect(unreachable.length).toBeGreaterThan(200)
    // Attention in one layer leaves the others their numbers, but not bit for bit: sums of other blocks may be taken in another order.
    expect(unreachable.every(i => f.reached[i] === 0)).toBe(true)
    const reachable = [...f.reachable.keys()].filter(i => f.reachable[i] === 1)
    expect(reachable.filter(i => f.reached[i] === 1).length).toBeGreaterThan(0.95 * reachable.length)
  })
  it('on real sequence is the same for the same seed, and takes windows without N', async () => {
    const reference = memoryReference({ short: 'ACGT', c: `${'N'.repeat(500)}${randomBases(4000, 'real')}` })
    const run = () => field('enformer', 'uniform', 1, { reference, sequences: 2, protocol: 'seed' })
    const [a, b] = [await run(), await run()]
    expect(a.effect).toEqual(b.effect)
    expect(a.source).toBe('reference')
    await expect(field('enformer', 'uniform', 1, { reference: memoryReference({ n: 'N'.repeat(3000) }) })).rejects.toMatchObject({ code: 'region' }) // biome-ignore format: one line
  })
})
