import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomBases, writeTrackModel } from '../../../../test-support/track-model.ts'
import { readNpy } from '../../../models/checkpoints/npy.ts'

const root = resolve(import.meta.dirname, '../../../..')
const work = mkdtempSync(join(tmpdir(), 'cli-predict-test-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))
const [model, reference] = [join(work, 'model'), join(work, 'small.fa')]

function cli(...args: string[]) {
  const p = spawnSync('node', [join(root, 'bin/diploscope.mjs'), ...args], { encoding: 'utf8', cwd: work })
  return { code: p.status, out: p.stdout, err: p.stderr }
}
const predict = (...args: string[]) => cli('predict', '--model', model, '--reference', reference, '--device', 'cpu', ...args) // biome-ignore format: one thought

beforeAll(async () => {
  await writeTrackModel(model, {
    kind: 'baskerville',
    architecture: {
      length: 64,
      activation: 'gelu',
      trunk: [
        { block: 'conv', order: 'conv-norm-activation', filters: 4, kernel: 3, bias: true, norm: 'none', activation: 'linear', pool: 4 }, // biome-ignore format: one block a line
        { block: 'crop', positions: 2 },
      ],
      outputs: { human: 3 },
      heads: { human: { activation: 'softplus' } },
    },
    length: 64,
    binSize: 4,
    bins: 12,
    cropBins: 2,
    heads: [{ name: 'human', tracks: 3 }],
  })
  writeFileSync(reference, `>chr7 of random letters\n${randomBases(300, 'cli')}\n>empty\n${'N'.repeat(120)}\n`)
})

// Truth: the contract of the command line (names, columns, exit codes).
describe('predict', () => {
  it('writes an array, says which device ran, and makes the index that was missing', () => {
    const { code, out, err } = predict('--region', 'chr7:101-148', '--out', 'a.npy')
    expect({ code, out }).toEqual({ code: 0, out: '' })
    expect(err).toMatch(/device: \d+ operations on CPUExecutionProvider/)
    expect(err).toContain('small.fa.fai')
    expect(existsSync(`${reference}.fai`)).toBe(true)
    expect(readNpy(readFileSync(join(work, 'a.npy')))).toMatchObject({ dtype: 'float32', shape: [12, 3] })
  })
  it('takes the contig under its other name, prints a table, and one document with --json', () => {
    const table = predict('--region', '7:101-148', '--tracks', 'human2,0', '--quiet')
    expect(table.err).toBe('')
    const lines = table.out.trim().split('\n')
    expect(lines[0]).toBe('contig\tstart\tend\thuman2\thuman0')
    expect(lines).toHaveLength(13)
    expect(lines[1]).toMatch(/^chr7\t100\t104\t/)
    const json = JSON.parse(predict('--region', 'chr7:101-148', '--tracks', 'human2', '--json').out)
    expect(json).toMatchObject({ contig: 'chr7', start: 100, end: 148, bins: 12, tracks: ['human2'], unknownBins: [], device: { requested: 'cpu' } }) // biome-ignore format: one thought
    expect(json.values.map((v: number[]) => Math.fround(v[0]!))).toEqual(lines.slice(1).map(l => Math.fround(Number(l.split('\t')[3])))) // biome-ignore format: one thought
  })
  it("puts a person's haplotypes beside the reference, and finds kept windows again", () => {
    const bases = readFileSync(reference, 'utf8').split('\n')[1]!
    const row = (at: number, genotype: string) => `7\t${at + 1}\t.\t${bases[at]}\t${bases[at] === 'A' ? 'C' : 'A'}\t.\t.\t.\tGT\t${genotype}\n` // biome-ignore format: one thought
    writeFileSync(join(work, 'p.vcf'), `##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tp\n${row(120, '1|0')}${row(130, '0/1')}`) // biome-ignore format: one thought
    const both = predict('--region', 'chr7:101-148', '--tracks', 'human2', '--vcf', 'p.vcf', '--cache', 'kept')
    expect(both.err).toContain('warning: haplotype 0: 1 heterozygous place not phased')
    const lines = both.out.trim().split('\n').map(l => l.split('\t')) // biome-ignore format: one thought
    expect(lines[0]).toEqual(['contig', 'start', 'end', 'human2', 'human2:haplotype0', 'human2:haplotype1', 'human2:difference']) // biome-ignore format: one thought
    const numbers = lines.slice(1).map(l => l.slice(3).map(Number))
    for (const [, z, o, d] of numbers) expect(d).toBeCloseTo(o! - z!, 6)
    // Each haplotype differs from the reference where its own allele is within a kernel's reach, and nowhere else.
    const differs = (k: 1 | 2) => numbers.flatMap((n, i) => (n[k] !== n[0] ? [i] : []))
    expect(differs(1)).toEqual(expect.arrayContaining([5]))
    expect(differs(2)).toEqual(expect.arrayContaining([7]))
    expect(differs(1).every(i => Math.abs(i - 5) <= 1) && differs(2).every(i => Math.abs(i - 7) <= 1)).toBe(true)
    const again = JSON.parse(predict('--region', 'chr7:101-148', '--tracks', 'human2', '--vcf', 'p.vcf', '--haplotype', '1', '--cache', 'kept', '--json').out) // biome-ignore format: one thought
    expect(again).toMatchObject({ fromCache: 1, windows: 1, deletedBins: [] })
    expect(again.values.map((v: number[]) => Math.fround(v[0]!))).toEqual(numbers.map(n => Math.fround(n[2]!)))
  })
  it('warns of a region of N alone', () => {
    const { code, err } = predict('--region', 'empty:41-80', '--out', 'n.tsv')
    expect(code).toBe(0)
    expect(err).toContain('no base of the region is known')
  })
  it.each([
    [
      'several tracks for a bigWig',
      ['--region', 'chr7:101-148', '--out', 'x.bw'],
      2,
      /wrong-usage: a \.bw file holds one track, and 3/,
    ],
    ['an unknown ending', ['--region', 'chr7:101-148', '--out', 'x.txt'], 2, /wrong-usage: 'x\.txt' ends in none/],
    [
      'an unknown track',
      ['--region', 'chr7:101-148', '--out', 'x.npy', '--tracks', 'fish'],
      3,
      /not-found: no track is 'fish'/,
    ],
    ['an absent contig', ['--region', 'chr9:1-10', '--out', 'x.npy'], 3, /not-found: contig 'chr9'/],
    [
      'a region off the end',
      ['--region', 'chr7:290-301', '--out', 'x.npy'],
      3,
      /region: chr7:290-301 is not within contig 'chr7' \(300 bp\)/,
    ],
    [
      'an average of nothing',
      ['--region', 'chr7:101-148', '--out', 'x.npy', '--average', 'both'],
      2,
      /wrong-usage: --average is 'both'/,
    ],
    [
      'a sample that the VCF has not',
      ['--region', 'chr7:101-148', '--vcf', 'p.vcf', '--sample', 'q', '--out', 'x.npy'],
      3,
      /not-found: sample 'q' is not in 'p\.vcf'/,
    ],
    [
      'a haplotype of nobody',
      ['--region', 'chr7:101-148', '--haplotype', '1', '--out', 'x.npy'],
      2,
      /wrong-usage: --haplotype is for --vcf/,
    ],
    [
      'shifts with nothing between two commas',
      ['--region', 'chr7:101-148', '--average', 'shifts', '--shifts', '1,,2', '--out', 'x.npy'],
      2,
      /wrong-usage: --shifts is '1,,2'/,
    ],
    ['no region', ['--out', 'x.npy'], 2, /wrong-usage: --region is missing/],
  ])('refuses %s in one line, and leaves no file', (_, args, code, message) => {
    const got = predict(...args, '--quiet')
    expect(got.code).toBe(code)
    expect(got.err).toMatch(message)
    expect(got.err.trim().split('\n')).toHaveLength(1)
    for (const name of ['x.bw', 'x.txt', 'x.npy']) expect(existsSync(join(work, name))).toBe(false)
  })
  it('says that the file cannot be written before it computes', () => {
    const { code, err } = predict('--region', 'chr7:101-148', '--out', 'absent/x.npy')
    expect([code, err.trim().split('\n').length]).toEqual([3, 1])
    expect(err).toMatch(/^diploscope: not-found: 'absent\/x\.npy'/)
  })
  it('receptive-field gives its document with --json also where it writes a file', () => {
    const { code, out } = cli('receptive-field', '--model', model, '--device', 'cpu', '--sequences', '1', '--json', '--out', 'field.json', '--quiet') // biome-ignore format: one line
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual(JSON.parse(readFileSync(join(work, 'field.json'), 'utf8')))
  })
  // Truth: the SHA-256 of model.json. A changed bit gives finite numbers that are not the model's.
  it.each(['predict', 'mutate', 'receptive-field'])('%s refuses weights with a bit changed', name => {
    const spoilt = join(work, 'spoilt')
    cpSync(model, spoilt, { recursive: true })
    const path = join(spoilt, 'weights.safetensors')
    const bytes = readFileSync(path)
    bytes[bytes.length - 3]! ^= 1
    writeFileSync(path, bytes)
    const region = name === 'receptive-field' ? [] : ['--reference', reference, '--region', 'chr7:101-148']
    const { code, out, err } = cli(name, '--model', spoilt, '--device', 'cpu', '--quiet', ...region)
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(
      /^diploscope: bad-model: weights\.safetensors has SHA-256 .* the weights are not those of this model/,
    )
  })
})
