import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mutationModel } from '../../../../test-support/mutation-model.ts'
import { runCommand } from '../../../../test-support/run-command.ts'
import { relativeGap } from '../../../../test-support/small-network.ts'
import { randomBases, writeTrackModel } from '../../../../test-support/track-model.ts'
import { parseArguments } from '../arguments.ts'
import { processIo } from '../io.ts'
import { command as mutate } from './mutate.ts'
import { command as predict } from './predict.ts'
import { command as receptiveField } from './receptiveField.ts'

const work = mkdtempSync(join(tmpdir(), 'mutate-cli-test-'))
const model = join(work, 'model')
const bases = [...randomBases(300, 'cli')].map((b, i) => (i === 150 ? 'N' : b)).join('')
beforeAll(async () => {
  await writeTrackModel(model, mutationModel)
  writeFileSync(join(work, 'ref.fa'), `>c\n${bases}\n`)
})
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

const shared = ['--model', model, '--reference', join(work, 'ref.fa'), '--device', 'cpu']
const run = (...more: string[]) => runCommand(mutate, ...shared, ...more)
const table = (text: string) => text.trimEnd().split('\n').map(line => line.split('\t')) // biome-ignore format: one line

describe('mutate', () => {
  // Truth: two predictions of the same region, of the reference and of a file with the base changed.
  it('is the difference of predictions of the region, summed over its bins', async () => {
    const { out } = await run('--region', 'c:149-153', '--method', 'naive', '--tracks', 'd,m1')
    const rows = table(out)
    expect(rows[0]).toEqual(['contig', 'pos', 'ref', 'alt', 'd', 'm1'])
    expect(rows.slice(1).map(r => r[1])).toEqual(['149', '149', '149', '150', '150', '150', '152', '152', '152', '153', '153', '153']) // biome-ignore format: one list
    expect(rows.slice(1, 4).map(r => r[3])).toEqual(['A', 'C', 'G', 'T'].filter(b => b !== bases[148]))
    const sums = async (sequence: string) => {
      const fasta = join(work, 'changed.fa')
      rmSync(fasta, { force: true })
      rmSync(`${fasta}.fai`, { force: true })
      writeFileSync(fasta, `>c\n${sequence}\n`)
      const predicted = await runCommand(predict, '--model', model, '--reference', fasta, '--device', 'cpu', '--region', 'c:149-153', '--tracks', 'd,m1') // biome-ignore format: one call
      const values = table(predicted.out).slice(1)
      return [3, 4].map(column => values.reduce((sum, r) => sum + Number(r[column]), 0))
    }
    const before = await sums(bases)
    const expected: number[] = []
    for (const [, pos, , alt] of [rows[1]!, rows[8]!, rows[12]!]) {
      const at = Number(pos) - 1
      const after = await sums(bases.slice(0, at) + alt + bases.slice(at + 1))
      expected.push(...after.map((v, t) => v - before[t]!))
    }
    const ours = [rows[1]!, rows[8]!, rows[12]!].flatMap(r => [Number(r[4]), Number(r[5])])
    expect(relativeGap(ours, expected)).toBeLessThan(1e-3)
  })
  it('exact says what a sample of full passes found, and agrees', async () => {
    const exact = await run('--region', 'c:149-160', '--verify', '3')
    expect(exact.notes.join('\n')).toMatch(/verified: 9 changes .* largest difference \S+/)
    const naive = await run('--region', 'c:149-160', '--method', 'naive')
    const numbers = (text: string) => table(text).slice(1).flatMap(r => r.slice(4).map(Number)) // biome-ignore format: one line
    expect(relativeGap(numbers(exact.out), numbers(naive.out))).toBeLessThan(1e-4)
    expect(exact.notes.join('\n')).toContain('window c:123-186')
    expect(exact.notes.join('\n')).toContain('1 positions hold no known base')
  })
  it('gradient is told to be an estimate; --json says all', async () => {
    const { out } = await run(
      '--region',
      'c:149-152',
      '--method',
      'gradient',
      '--json',
      '--bins',
      'all',
      '--tracks',
      '0',
    )
    const document = JSON.parse(out)
    expect(document).toMatchObject({ contig: 'c', start: 148, end: 152, method: 'gradient', estimate: true, score: 'sad', mutations: 9, skippedPositions: 1, bins: { first: 0, count: 12 }, window: { start: 118, end: 182 }, verified: null }) // biome-ignore format: one document
    expect(document.effects).toHaveLength(9)
  })
  it('scores the bins asked for', async () => {
    const of = async (...bins: string[]) => JSON.parse((await run('--region', 'c:149-152', '--method', 'naive', '--tracks', 'd', '--json', ...bins)).out) // biome-ignore format: one line
    expect((await of()).bins).toMatchObject({ first: 5, count: 2, binSize: 4 })
    expect((await of('--bins', '2')).bins).toMatchObject({ first: 5, count: 2 })
    const [all, low, high] = [await of('--bins', 'all'), await of('--bins', '0-6'), await of('--bins', '7-11')]
    const sums = low.effects.map((row: number[], i: number) => row[3]! + high.effects[i][3])
    expect(relativeGap(sums, all.effects.map((row: number[]) => row[3]))).toBeLessThan(1e-5) // biome-ignore format: one line
    const mean = await of('--bins', 'all', '--mean')
    expect(mean.effects[0][3] * 12).toBeCloseTo(all.effects[0][3], 5)
  })
  it.each([
    [['--region', 'c:1-100'], 'region', /longer than the 48 bp/],
    [['--region', 'c:151-151'], 'region', /all N/],
    [['--region', 'c:299-310'], 'region', /not within contig/],
    [['--region', 'x:1-5'], 'not-found', /contig 'x'/],
    [['--region', 'c:1-5', '--bins', 'few'], 'wrong-usage', /--bins is 'few'/],
    [['--region', 'c:1-5', '--bins', '3-40'], 'region', /not among the 12/],
    [['--region', 'c:1-5', '--method', 'magic'], 'wrong-usage', /--method/],
    [['--region', 'c:1-5', '--method', 'gradient', '--score', 'absmax'], 'unsupported', /no first-order estimate/],
    [['--region', 'c:1-5', '--tracks', 'fish'], 'not-found', /no track is 'fish'/],
  ])('%s', async (more, code, message) => expect(run(...more)).rejects.toMatchObject({ code, message }))
  it('cancelled, it leaves no file', async () => {
    const out = join(work, 'cancelled.tsv')
    const stop = new AbortController()
    const io = processIo(stop.signal, true)
    const watched = { ...io, context: { signal: stop.signal, report: () => stop.abort() } }
    const args = parseArguments(mutate, [...shared, '--region', 'c:100-140', '--method', 'naive', '--out', out])
    await expect(mutate.run(args, watched)).rejects.toMatchObject({ code: 'cancelled' })
    expect(readdirSync(work).filter(f => f.includes('cancelled'))).toEqual([])
  })
})

describe('receptive-field', () => {
  // Truth: the network's convolutions reach one bin of 4 bp to either side; the control changes nothing.
  it('writes the measured map beside the structure, for two models', async () => {
    const { out, notes } = await runCommand(receptiveField, '--model', model, '--compare', model, '--sequences', '4', '--device', 'cpu') // biome-ignore format: one call
    const field = JSON.parse(out)
    expect(field).toMatchObject({ protocol: 'default', seed: 1, source: 'random', positions: [0, 7, 15, 23, 31, 39, 47, 55, 63], firstBin: 2, bins: 12, control: { median: 0, maximum: 0 } }) // biome-ignore format: one document
    expect(field.effect).toHaveLength(9)
    expect(field.reached).toEqual(field.reachable)
    expect(field.reachable[4].reduce((a: number, b: number) => a + b)).toBeLessThan(5)
    expect(field.compare.effect).toEqual(field.effect)
    expect(notes.join('\n')).toMatch(/base 32: median .*, \d+ of 12 bins reached, \d+ reachable/)
  })
})
