import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { writeGcModel } from '../../../test-support/gc-model.ts'
import { memoryReference, randomBases } from '../../../test-support/track-model.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { openVariants, type VariantFile } from '../../readers/variants.ts'
import { backgroundSequence, variantAlleles } from '../haplotypes.ts'
import { predictBackgrounds, sideBySide } from './backgroundPrediction.ts'
import { type PredictRequest, predict } from './predict.ts'
import { createPredictionStore } from './predictionStore.ts'

// Truth: the network predicts the base content of each bin, so that every number follows from the haplotype written out by hand.
const work = mkdtempSync(join(tmpdir(), 'haplotypes-test-'))
const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
const registry = modelRegistry(MODELS)
const model = join(work, 'gc')
const [BIN, BINS, CROP] = [4, 16, 4]
const bases = randomBases(800, 'haplotypes')
const reference = memoryReference({ c: bases, other: bases })

beforeAll(() => writeGcModel(model, { binBp: BIN, bins: BINS, cropBins: CROP }))
afterAll(async () => {
  await Promise.all([compute.close(), ...opened.map(f => f.close())])
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

type Change = readonly [position: number, ref: number, alt: string]
/** A VCF line of a phased change: `ref` bases from 0-based `position` become `alt`. */
const line = ([at, ref, alt]: Change, genotype: string) => ['c', at + 1, '.', bases.slice(at, at + ref), alt, '.', '.', '.', 'GT', genotype].join('\t') // biome-ignore format: one line
const opened: VariantFile[] = []
async function person(lines: readonly string[], contig = '##contig=<ID=c,length=800>') {
  const path = join(work, `v${opened.length}.vcf`)
  writeFileSync(path, `##fileformat=VCFv4.2\n${contig}\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n${lines.map(l => `${l}\n`).join('')}`) // biome-ignore format: one line
  const file = await openVariants(path, quietContext())
  opened.push(file)
  return [0, 1].map(h => variantAlleles(file, 'S', h as 0 | 1, reference.contigs))
}
const request = (start: number, end: number, more: Partial<PredictRequest> = {}): PredictRequest => ({ model, region: { contig: 'c', start, end }, tracks: 'gc', ...more }) // biome-ignore format: one line
const on = async (r: PredictRequest, lines: readonly string[]) => {
  const [zero, one] = await person(lines)
  return predictBackgrounds(r, [undefined, zero, one], reference, { compute, registry }, quietContext())
}

/** Base by base: the haplotype as letters with the reference position that each counts to, the window around the centre, bins, means. */
function byHand(changes: readonly Change[], windowFrom: number, start: number, count: number): number[] {
  const hap: { base: string; at: number; own: boolean }[] = []
  for (let p = -500; p < 1300; ) {
    const change = changes.find(c => c[0] === p)
    const letter = (q: number) => bases[q] ?? 'N'
    if (!change) {
      hap.push({ base: letter(p), at: p, own: true })
      p++
      continue
    }
    const [at, ref, alt] = change
    for (let i = 0; i < alt.length; i++) hap.push({ base: alt[i]!, at: at + Math.min(i, ref - 1), own: i < ref })
    p = at + ref
  }
  const windowBp = (BINS + 2 * CROP) * BIN
  const centre = windowFrom + windowBp / 2
  const middle = hap.findIndex(h => h.own && h.at >= centre)
  const kept = hap.slice(middle - windowBp / 2 + CROP * BIN, middle + windowBp / 2 - CROP * BIN)
  const share = Array.from({ length: BINS }, (_, b) => kept.slice(b * BIN, (b + 1) * BIN).filter(h => 'GC'.includes(h.base)).length / BIN) // biome-ignore format: one line
  return Array.from({ length: count }, (_, b) => {
    const own = kept.flatMap((h, i) => (h.at >= start + b * BIN && h.at < start + (b + 1) * BIN ? [share[Math.floor(i / BIN)]!] : [])) // biome-ignore format: one line
    return own.length ? own.reduce((x, y) => x + y) / own.length : Number.NaN
  })
}

function near(values: ArrayLike<number>, expected: readonly number[]) {
  expect(values.length).toBe(expected.length)
  for (const [i, e] of expected.entries())
    if (Number.isNaN(e)) expect(values[i]).toBeNaN()
    else expect(values[i]).toBeCloseTo(e, 6)
}

describe("a person's prediction", () => {
  it('without variants is the prediction of the reference, to the bit, on one window and on many', async () => {
    for (const r of [request(301, 333), request(0, 700, { bothStrands: true, tracks: '0-2', shiftsBp: [-1, 0, 1] })]) {
      const plain = await predict(r, reference, { compute, registry }, quietContext())
      for (const p of await on(r, [])) {
        expect([p.start, p.end, p.bins, p.windows]).toEqual([plain.start, plain.end, plain.bins, plain.windows])
        expect(p.values).toEqual(plain.values)
        expect([p.unknownBins, p.warnings]).toEqual([plain.unknownBins, plain.warnings])
      }
    }
  })

  // One window: the region of 64 bp fits the kept centre [300, 364) of the window [284, 380).
  it.each<[string, readonly Change[]]>([
    ['a substitution', [[310, 1, bases[310] === 'G' ? 'A' : 'G']]],
    ['an insertion left of the centre', [[310, 1, `${bases[310]}GGGGGGG`]]],
    ['an insertion right of the centre', [[350, 1, `${bases[350]}CATCAT`]]],
    ['a deletion of more than a bin', [[339, 10, bases[339]!]]],
    ['a deletion of the centre', [[327, 12, bases[327]!]]],
    ['several', [[302, 3, bases[302]!], [320, 1, `${bases[320]}AC`], [341, 6, bases[341]!], [355, 1, bases[355] === 'A' ? 'C' : 'A']]], // biome-ignore format: one line
  ])('%s: bins are those of the haplotype by hand, put back', async (_what, changes) => {
    const [plain, zero, one] = await on(
      request(300, 364),
      changes.map(c => line(c, '0|1')),
    )
    expect(zero!.values).toEqual(plain!.values)
    // What insertions push out of the window is predicted by the windows around the ends of its kept part.
    const [left, right] = [byHand(changes, 284 - 32, 300, 16), byHand(changes, 284 + 32, 300, 16)]
    const expected = byHand(changes, 284, 300, 16).map((v, i) => (Number.isNaN(v) ? (Number.isNaN(left[i]!) ? right[i]! : left[i]!) : v)) // biome-ignore format: one line
    expect(expected.some(Number.isNaN)).toBe(changes.some(([, ref]) => ref > 7))
    near(one!.values, expected)
    expect([...one!.deletedBins]).toEqual(expected.map(v => (Number.isNaN(v) ? 1 : 0)))
    const gaps = expected.filter(Number.isNaN).length
    expect(one!.warnings).toEqual(gaps === 0 ? [] : [`${gaps} bins have no value: the haplotype lacks their bases`]) // biome-ignore format: one line
  })

  it('mirror: with the two alleles swapped the haplotypes swap and the difference turns its sign', async () => {
    const changes: readonly Change[] = [
      [310, 1, `${bases[310]}GG`],
      [340, 5, bases[340]!],
    ]
    const both = async (genotype: string) => {
      const [r, z, o] = await on(
        request(100, 600),
        changes.map(c => line(c, genotype)),
      )
      return sideBySide([r!, z!, o!])
    }
    const [a, b] = [await both('0|1'), await both('1|0')]
    expect(a.tracks.map(t => t.sourceId)).toEqual(['gc', 'gc:haplotype0', 'gc:haplotype1', 'gc:difference'])
    const column = (p: typeof a, k: number) => [...p.values].filter((_, i) => i % 4 === k)
    expect(column(a, 1)).toEqual(column(b, 2))
    expect(column(a, 2)).toEqual(column(b, 1))
    expect(column(a, 3)).toEqual(column(b, 3).map(x => (x === 0 ? 0 : -x)))
    expect(column(a, 3).some(x => x !== 0)).toBe(true)
  })

  it('says what was not applied, not phased, not known', async () => {
    const wrong = bases[330] === 'A' ? 'C' : 'A'
    const lines = [
      line([310, 1, bases[310] === 'G' ? 'A' : 'G'], '0/1'),
      line([320, 4, bases[320]!], '1|1'),
      line([322, 1, bases[322] === 'T' ? 'A' : 'T'], '1|1'),
      `c\t331\t.\t${wrong}\t${bases[330]}\t.\t.\t.\tGT\t1|1`,
      line([340, 1, bases[340] === 'T' ? 'A' : 'T'], './.'),
      `c\t351\t.\t${bases[350]}\t<DEL>\t.\t.\tEND=360\tGT\t1|1`,
    ]
    const [, zero] = await on(request(300, 364), lines)
    expect(zero!.warnings).toEqual([
      '1 heterozygous place not phased: put on a haplotype by rule, not by evidence',
      '1 place without a genotype, taken as reference',
      '1 allele not written in bases and not applied',
      `not applied: 1 allele whose REF is not the reference's, 1 allele that change what another has changed (c:323 ${bases[322]}>${bases[322] === 'T' ? 'A' : 'T'} (overlap); c:331 ${wrong}>${bases[330]} (ref-mismatch))`,
    ])
  })

  it('says that the file does not name the contig', async () => {
    const [zero] = await person([], '##contig=<ID=elsewhere,length=800>')
    const [p] = await predictBackgrounds(request(300, 364), [zero], reference, { compute, registry }, quietContext())
    expect(p!.warnings).toEqual(["the person's file does not name this contig: nothing is known of the haplotype, the reference stands in its place"]) // biome-ignore format: one line
  })

  it('alleles of another assembly are refused', async () => {
    await expect(person([], '##contig=<ID=c,length=801>')).rejects.toMatchObject({ code: 'build' })
    const wrong = Array.from({ length: 12 }, (_, i) => `c\t${301 + i}\t.\t${bases[300 + i] === 'A' ? 'C' : 'A'}\tG\t.\t.\t.\tGT\t1|1`) // biome-ignore format: one line
    await expect(on(request(300, 364), wrong)).rejects.toMatchObject({ code: 'build' })
  })

  // Truth: the haplotype written out. The deletion begins farther from the window than what is read beside it at first.
  it.each([
    ['left', 4000, 9500],
    ['right', 9580, 15_000],
  ])('a deletion that reaches into the window from far %s is made', async (_side, from, to) => {
    const long = randomBases(20_000, 'long')
    const path = join(work, `long-${from}.vcf`)
    writeFileSync(path, `##fileformat=VCFv4.2\n##contig=<ID=l,length=20000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\nl\t${from + 1}\t.\t${long.slice(from, to)}\t${long[from]}\t.\t.\t.\tGT\t0|1\n`) // biome-ignore format: one line
    const file = await openVariants(path, quietContext())
    opened.push(file)
    const there = memoryReference({ l: long })
    const made = await backgroundSequence({ contigs: there.contigs, sequence: (c, s, e) => there.sequence(c, s, e) }, { name: 'l', length: 20_000 }, 9470, 9610, variantAlleles(file, 'S', 1, there.contigs), quietContext()) // biome-ignore format: one call
    const haplotype = long.slice(0, from + 1) + long.slice(to)
    // The middle, 9540, stays: it lies right of the first deletion and left of the second.
    const middle = from < 9000 ? 9540 - (to - from - 1) : 9540
    expect(made.bases).toBe(haplotype.slice(middle - 70, middle + 70))
  })

  it('at the ends of the contig reads N beyond, whatever the haplotype inserts or lacks', async () => {
    const changes: readonly Change[] = [
      [2, 4, bases[2]!],
      [795, 1, `${bases[795]}GGG`],
    ]
    const [, , start] = await on(
      request(0, 40),
      changes.map(c => line(c, '0|1')),
    )
    const from = Math.floor((0 + 40 - 64) / 2)
    near(start!.values, byHand(changes, from - 16, start!.start, 10))
    const [, , end] = await on(
      request(760, 800),
      changes.map(c => line(c, '0|1')),
    )
    near(end!.values, byHand(changes, 748 - 16, end!.start, 10))
  })
})

describe('kept windows', () => {
  it('are used again: no network is needed, nor for another contig with the same bases', async () => {
    const folder = join(work, 'kept')
    const r = request(0, 700)
    const first = createPredictionStore({ folder })
    const [made] = await predictBackgrounds(r, [undefined], reference, { compute, registry, store: first }, quietContext()) // biome-ignore format: one line
    await first.flush()
    expect(made!.fromCache).toBe(0)
    const none = { load: () => Promise.reject(new Error('no network')) } as unknown as Compute
    const again = async (contig: string) =>
      (await predictBackgrounds({ ...r, region: { ...r.region, contig } }, [undefined], reference, { compute: none, registry, store: createPredictionStore({ folder }) }, quietContext()))[0]! // biome-ignore format: one line
    for (const contig of ['c', 'other']) {
      const p = await again(contig)
      expect([p.fromCache, p.values]).toEqual([p.windows, made!.values])
    }
    await expect(predictBackgrounds({ ...r, bothStrands: true }, [undefined], reference, { compute: none, registry, store: createPredictionStore({ folder }) }, quietContext())).rejects.toThrow('no network') // biome-ignore format: one line
  })

  it('stay within their limits: the least recently used go, on disk and in memory', async () => {
    const folder = join(work, 'limited')
    const key = (i: number) => String(i).padStart(64, '0')
    const window = (i: number) => ({ channels: new Map([[0, new Float32Array(1000).fill(i)]]), device: 'cpu' })
    const store = createPredictionStore({ folder, limitBytes: 21_000, memoryBytes: 8500 })
    for (let i = 0; i < 5; i++) await store.put(key(i), window(i))
    await store.flush()
    await store.get(key(0))
    await store.put(key(5), window(5))
    await store.flush()
    const state = await store.state()
    expect([state.entries, state.bytes <= 21_000]).toEqual([5, true])
    const there = await Promise.all([0, 1, 2, 3, 4, 5].map(async i => (await store.get(key(i)))?.channels.get(0)?.[7]))
    expect(there).toEqual([0, undefined, 2, 3, 4, 5])
    expect([0, 1, 2, 3, 4, 5].filter(i => store.peek(key(i))).length).toBe(2)
    // Another channel of the same window joins the first.
    await store.put(key(5), { channels: new Map([[3, new Float32Array(1000).fill(9)]]), device: 'cpu' })
    await store.flush()
    expect([...(await createPredictionStore({ folder }).get(key(5)))!.channels.keys()]).toEqual([0, 3])
  })
})
