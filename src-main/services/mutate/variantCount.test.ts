import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { countPasses, passesOf } from './variantCount.ts'

const folder = mkdtempSync(join(tmpdir(), 'variant-count-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
const { signal } = new AbortController()

// Truth: counted by hand from how variantRun.ts runs them.
describe('passes of a record', () => {
  it.each([
    ['A', ['C'], 2, 4],
    ['A', ['C', 'G', 'T'], 4, 12],
    ['AG', ['AT'], 2, 4],
    ['AG', ['A'], 2, 4],
    ['A', ['C', 'AT', 'G'], 6, 12],
    ['A', ['<DEL>'], 0, 0],
    ['A', ['*', 'C'], 2, 4],
    ['A', ['A'], 0, 0],
    ['A', [], 0, 0],
  ])('%s>%s: %i, on both strands %i', (ref, alts, one, two) => {
    expect([passesOf({ position: 9, ref, alts }, 1), passesOf({ position: 9, ref, alts }, 2)]).toEqual([one, two])
  })

  it('of a line that is no variant are none', () => {
    expect(passesOf({ position: 9, ref: 'A', alts: ['C'], problem: 'no' }, 1)).toBe(0)
  })
})

describe('passes of a file', () => {
  const head = '##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
  const lines = (n: number) => Array.from({ length: n }, (_, i) => `chr1\t${i + 1}\t.\tA\t${i % 2 ? 'C,G' : 'T'}\t.\t.\t.\n`).join('') // biome-ignore format: one line
  const file = (name: string, n: number) => {
    writeFileSync(join(folder, name), head + lines(n))
    return join(folder, name)
  }

  it('are those of the records that are wanted', async () => {
    const path = file('short.vcf', 10)
    expect(await countPasses(path, () => true, 1, signal)).toEqual({
      records: 10,
      passes: 5 * 2 + 5 * 3,
      counted: true,
    })
    expect(await countPasses(path, r => r.position < 4, 1, signal)).toEqual({ records: 4, passes: 10, counted: true })
  })

  it('of a long one are told by its beginning', async () => {
    const told = await countPasses(file('long.vcf', 200_000), () => true, 1, signal, 1000)
    expect(told.counted).toBe(false)
    expect(told.records / 200_000).toBeGreaterThan(0.8)
    expect(told.records / 200_000).toBeLessThan(1.25)
    expect(told.passes / told.records).toBeCloseTo(2.5, 1)
  })
})
