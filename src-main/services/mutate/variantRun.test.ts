import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { VariantEffect } from '../../../src-shared/genome/scan.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { mutationModel, plainPrediction } from '../../../test-support/mutation-model.ts'
import { runCommand } from '../../../test-support/run-command.ts'
import { relativeGap } from '../../../test-support/small-network.ts'
import { memoryReference, randomBases, writeTrackModel } from '../../../test-support/track-model.ts'
import { createCompute } from '../../compute/client.ts'
import { parseArguments } from '../../hosts/cli/arguments.ts'
import type { CliIo } from '../../hosts/cli/command.ts'
import { command } from '../../hosts/cli/commands/variants.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { openVariantStream } from '../../readers/variantStream.ts'
import { openJournal } from './variantJournal.ts'
import { openVariantScorer, type VariantRequest } from './variantRun.ts'

const work = mkdtempSync(join(tmpdir(), 'variants-test-'))
const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
const registry = modelRegistry(MODELS)
const folder = join(work, 'model')
let json: ModelJson
const bases = randomBases(300, 'variants')
const reference = memoryReference({ chr1: bases })
const other = (b: string) => 'ACGT'['ACGT'.indexOf(b) ^ 1]!

/** Lines of a VCF: 1-based positions of the contig. */
const rows = [
  ['1', 150, 'rs1', bases[149], other(bases[149]!)],
  ['chr1', 20, '.', bases[19]!.toLowerCase(), other(bases[19]!)], // unsorted, other case, at the contig's beginning
  ['chr1', 100, 'multi', bases.slice(99, 102), `${bases[99]},${bases.slice(99, 102)}TT,*`],
  ['chr1', 130, 'wrong', other(bases[129]!), bases[129]],
  ['chr1', 131, 'sv', bases[130], '<DEL>'],
  ['chr9', 131, 'far', 'A', 'C'],
  ['chr1', 400, 'beyond', 'A', 'C'],
  ['chr1', 140, 'same', bases[139], bases[139]],
  ['chr1', 'x', 'broken', 'A', 'C'],
] as const
const header = ['##fileformat=VCFv4.3', '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1']
const vcf = `${[...header, ...rows.map(r => `${r.join('\t')}\t.\t.\t.\tGT\t./.`)].join('\n')}\n`
const path = join(work, 'v.vcf')

beforeAll(async () => {
  json = await writeTrackModel(folder, mutationModel)
  writeFileSync(path, vcf)
  writeFileSync(join(work, 'ref.fa'), `>chr1\n${bases}\n`)
})
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

async function effects(more: Partial<VariantRequest> = {}, file = path): Promise<VariantEffect[]> {
  const request: VariantRequest = { folder, json, channels: [0, 4], score: 'sad', mean: false, bothStrands: false, method: 'naive', shareWindows: false, load: {}, ...more } // biome-ignore format: one request
  const context = quietContext()
  const scorer = await openVariantScorer(request, reference, compute, registry, context)
  const stream = await openVariantStream(file, context)
  const out: VariantEffect[] = []
  for await (const record of stream.records(context)) out.push(...(await scorer.score(record, context.signal)))
  await stream.close()
  await scorer.close()
  return out
}

const padded = (text: string, start: number) => Array.from({ length: 64 }, (_, i) => text[start + i] ?? 'N').join('')
/** SAD of tracks 0 of head human and 0 of head mouse by plain loops. */
async function plainSad(before: string, after: string): Promise<number[]> {
  const [a, b] = [await plainPrediction(folder, before), await plainPrediction(folder, after)]
  return (['human', 'mouse'] as const).map(head => {
    const width = head === 'human' ? 4 : 2
    let sum = 0
    for (let i = 0; i < a[head]!.length; i += width) sum += b[head]![i]! - a[head]![i]!
    return sum
  })
}
const complement = (s: string) => [...s].reverse().map(b => ({ A: 'T', C: 'G', G: 'C', T: 'A' })[b] ?? 'N').join('') // biome-ignore format: one line

describe('variants', () => {
  it('each allele has its row, in the order of the file, and says why it has no effect', async () => {
    const got = await effects()
    expect(got.map(e => e.state)).toEqual(['scored', 'scored', 'scored', 'scored', 'star', 'ref-mismatch', 'symbolic', 'off-contig', 'off-contig', 'scored', 'failed']) // biome-ignore format: one list
    expect(got[0]).toMatchObject({ contig: 'chr1', position: 149, id: 'rs1' })
    expect(got[5]!.detail).toContain(bases[129])
    expect(got[9]).toMatchObject({ effects: [0, 0], detail: 'the reference allele itself' })
    expect(got[10]!.detail).toContain("line 11: a position 'x'")
  })
  // Truth: plain loops in float64 over windows cut by hand, N beyond the contig.
  it('a changed base, a deletion and an insertion are what the network says of both windows', async () => {
    const got = await effects()
    const expected: number[] = []
    for (const p of [149, 19]) {
      const changed = bases.slice(0, p) + other(bases[p]!) + bases.slice(p + 1)
      expected.push(...(await plainSad(padded(bases, p - 32), padded(changed, p - 32))))
    }
    const deleted = bases.slice(0, 100) + bases.slice(102)
    const inserted = `${bases.slice(0, 102)}TT${bases.slice(102)}`
    for (const changed of [deleted, inserted])
      expected.push(...(await plainSad(padded(bases, 99 - 32), padded(changed, 99 - 32))))
    expect(relativeGap(got.slice(0, 4).flatMap(e => e.effects), expected)).toBeLessThan(1e-5) // biome-ignore format: one line
    expect(got[2]!.detail).toMatch(/2 bp further left/)
  })
  it('both strands: the mean of the window and its reverse complement, with stranded tracks swapped', async () => {
    const [got] = await effects({ bothStrands: true })
    const changed = bases.slice(0, 149) + other(bases[149]!) + bases.slice(150)
    const [before, after] = [padded(bases, 117), padded(changed, 117)]
    const [a, b] = [await plainPrediction(folder, complement(before)), await plainPrediction(folder, complement(after))]
    const reverse = [a.human!, b.human!].map(v => v.filter((_, i) => i % 4 === 1).reduce((x, y) => x + y, 0))
    const forward = await plainSad(before, after)
    expect(got!.effects[0]).toBeCloseTo((forward[0]! + reverse[1]! - reverse[0]!) / 2, 5)
  })
  it('shared windows give other windows and still the effect in them', async () => {
    const [centred, shared] = [await effects(), await effects({ shareWindows: true })]
    expect(shared.map(e => e.state)).toEqual(centred.map(e => e.state))
    const changed = bases.slice(0, 149) + other(bases[149]!) + bases.slice(150)
    const start = Math.floor(149 / 6) * 6 + 3 - 32
    expect(relativeGap(shared[0]!.effects, await plainSad(padded(bases, start), padded(changed, start)))).toBeLessThan(1e-5) // biome-ignore format: one line
  })
  // Truth: full passes.
  it.each([
    { bothStrands: false, shareWindows: false },
    { bothStrands: true, shareWindows: false },
    { bothStrands: true, shareWindows: true },
  ])('incrementally they are the same: %o', async more => {
    const [naive, exact] = [await effects(more), await effects({ ...more, method: 'exact' })]
    expect(exact.map(e => e.state)).toEqual(naive.map(e => e.state))
    expect(relativeGap(exact.flatMap(e => e.effects), naive.flatMap(e => e.effects))).toBeLessThan(1e-4) // biome-ignore format: one line
  })
  it('a gzip file gives the same', async () => {
    const packed = join(work, 'v.vcf.gz')
    writeFileSync(packed, gzipSync(vcf))
    expect(await effects({}, packed)).toEqual(await effects())
  })
})

describe('the command', () => {
  const base = [path, '--model', folder, '--reference', join(work, 'ref.fa'), '--tracks', 'a+,m0', '--method', 'naive', '--device', 'cpu'] // biome-ignore format: one line
  const run = (...more: string[]) => runCommand(command, ...base, ...more)
  it('writes a table with windows', async () => {
    const { code, out, notes } = await run()
    expect(code).toBe(0)
    const lines = out.trimEnd().split('\n').map(l => l.split('\t')) // biome-ignore format: one line
    expect(lines[0]).toEqual(['contig', 'pos', 'id', 'ref', 'alt', 'state', 'detail', 'window', 'a+', 'm0'])
    expect(lines).toHaveLength(12)
    expect(lines[1]!.slice(0, 8)).toEqual(['chr1', '150', 'rs1', bases[149], other(bases[149]!), 'scored', '', 'chr1:118-181']) // biome-ignore format: one row
    const api = await effects()
    expect(Number(lines[1]![8])).toBeCloseTo(api[0]!.effects[0]!, 6)
    expect(notes.join('\n')).toMatch(/warning: 1 alleles of v\.vcf: ref-mismatch/)
  })
  it('adds INFO to a VCF, one value an allele, and leaves everything else', async () => {
    const { out } = await run('--out', 'x.vcf')
    const lines = out.trimEnd().split('\n')
    expect(lines.filter(l => l.startsWith('##INFO'))).toHaveLength(3)
    const multi = lines.find(l => l.includes('\tmulti\t'))!.split('\t')
    expect(multi[7]).toMatch(/^DSP_STATE=scored,scored,star;DSP_a_=[-\d.e]+,[-\d.e]+,\.;DSP_m0=[-\d.e]+,[-\d.e]+,\.$/)
    expect(lines.at(-1)).toBe(vcf.trimEnd().split('\n').at(-1))
    const before = vcf.trimEnd().split('\n').slice(2).map(l => l.split('\t').filter((_, i) => i !== 7)) // biome-ignore format: one line
    expect(lines.filter(l => !l.startsWith('#')).map(l => l.split('\t').filter((_, i) => i !== 7))).toEqual(before)
  })
  it('goes on where it was cut off, and leaves no journal when it is done', async () => {
    const out = join(work, 'resumed.tsv')
    const journal = `${out}.journal`
    const whole = await run('--out', out, '--resume')
    expect(existsSync(journal)).toBe(false)
    // Cut off while the third line is written.
    let lines = 0
    const full: CliIo['output'] = (_path, produce) =>
      produce(async () => {
        if (++lines === 3) throw new WorkbenchError('no-space', 'no space', 'free some')
      })
    const argv = [...base, '--out', out, '--resume']
    const io: CliIo = { context: quietContext(), stdin: Readable.from([]), write: async () => {}, output: full, note() {}, quiet: true } // biome-ignore format: one line
    await expect(command.run(parseArguments(command, argv), io)).rejects.toMatchObject({ code: 'no-space' })
    const [key, first, ...others] = readFileSync(journal, 'utf8').trimEnd().split('\n')
    expect(others.length).toBeGreaterThan(0)
    // Other numbers in its first row show that this row is not computed again; a line that was cut off is.
    const told = JSON.parse(first!) as VariantEffect[]
    writeFileSync(journal, `${key}\n${JSON.stringify([{ ...told[0]!, effects: [123, 456] }])}\n[{"contig":"chr`)
    const resumed = await run('--out', out, '--resume')
    expect(resumed.notes.join()).toContain('1 records are done already')
    expect(resumed.out.split('\n')[1]).toMatch(/\t123\t456$/)
    expect(resumed.out.split('\n').slice(2)).toEqual(whole.out.split('\n').slice(2))
    expect(existsSync(journal)).toBe(false)
    // Rows of other variants, as two writers would leave them, and a second writer.
    writeFileSync(journal, `${key}\n${first}\n${first}\n`)
    await expect(run('--out', out, '--resume')).rejects.toMatchObject({
      code: 'corrupt',
      message: /of another variant/,
    })
    rmSync(journal)
    const held = await openJournal(journal, 'k')
    await expect(run('--out', out, '--resume')).rejects.toMatchObject({ code: 'bad-input', message: /scored already/ })
    await held.remove()
    writeFileSync(journal, '{"key":"of something else"}\n')
    await expect(run('--out', out, '--resume')).rejects.toMatchObject({ code: 'bad-input', message: /of other work/ })
  })
  it.each([
    [['--out', 'x.csv'], 'wrong-usage', /neither .tsv nor .vcf/],
    [['--resume'], 'wrong-usage', /--resume needs --out/],
    [['--score', 'absmax', '--mean'], 'wrong-usage', /no meaning/],
  ])('%s', async (more, code, message) => expect(run(...more)).rejects.toMatchObject({ code, message }))
})
