import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../../src-shared/job.ts'
import { parseArguments } from '../arguments.ts'
import { command } from './models.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-factorise-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
const at = (name: string) => join(folder, name)
const model = (name: string) => resolve(import.meta.dirname, '../../../../assets/models', name)

async function run(...argv: string[]) {
  let out = ''
  const write = async (bytes: Uint8Array | string) => {
    out += String(bytes)
  }
  const output = async () => expect.fail('models writes its own files')
  const io = { context: quietContext(), stdin: Readable.from([]), write, output, note() {}, quiet: false }
  return { code: await command.run(parseArguments(command, argv), io), out }
}
const written = (name: string) => JSON.parse(readFileSync(join(at(name), 'model.json'), 'utf8'))
const rows = (out: string) => out.trim().split('\n').map(l => l.split('\t')) // biome-ignore format: one line

// Truth: the shipped models, whose shapes are in their model.json.
describe('models factorise, layer by layer', () => {
  it('lists the layers by the names that --ranks takes', async () => {
    const [header, ...lines] = rows((await run('spectra', model('apoe-risk-demo'))).out)
    expect(header!.slice(0, 6)).toEqual(['layer', 'out', 'inputs', 'kernel', 'effective_rank', 'largest_rank'])
    expect(lines.map(l => l[0])).toContain('layers.1.ff.w2')
    expect(lines.find(l => l[0] === 'layers.0.ff.w1')!.slice(1, 4)).toEqual(['64', '32', '1'])
    const json = JSON.parse((await run('spectra', model('apoe-risk-demo'), '--json')).out)
    expect(json.layers[0].values).toHaveLength(32)
  })

  it('takes ranks, shares and "whole" from a file, as lines or JSON, beside an energy for the others', async () => {
    writeFileSync(at('r.txt'), '# ours\nlayers.0.ff.w1 4\nlayers.0.ff.w2\t0.5\nlayers.1.ff.w1 whole\n')
    const { out } = await run('factorise', model('apoe-risk-demo'), '--ranks', at('r.txt'), '--out', at('a'))
    expect(rows(out).slice(1).map(r => r[0])).toEqual(['layers.0.ff.w1', 'layers.0.ff.w2']) // biome-ignore format: one line
    const a = written('a')
    expect(a.kind).toBe('linformer')
    expect(a.architecture.ranks['layers.0.ff.w1']).toBe(4)
    writeFileSync(at('r.json'), '{"layers.0.ff.w1": 4, "layers.1.ff.w1": "whole"}')
    const both = await run('factorise', model('apoe-risk-demo'), '--ranks', at('r.json'), '--energy', '0.5', '--method', 'snmf', '--out', at('b'), '--json') // biome-ignore format: one line
    const report = JSON.parse(both.out)
    expect(report.layers.find((l: { name: string }) => l.name === 'layers.0.ff.w1')).toMatchObject({ rank: 4, parametersBefore: 2048, parametersAfter: 384 }) // biome-ignore format: one line
    expect(report.layers.length).toBeGreaterThan(8)
    expect(report.kept).toContainEqual({ name: 'layers.1.ff.w1', why: null })
    expect(written('b').provenance).toMatchObject({ seed: 1, source: expect.stringContaining("semi-nmf of 'apoe-risk-demo'") }) // biome-ignore format: one line
  })

  it('one rank for a track network goes where it makes a layer smaller', async () => {
    const { out } = await run('factorise', model('demo-tracks'), '--rank', '4', '--out', at('c'))
    expect(
      rows(out)
        .slice(1)
        .every(r => r[1] === '4'),
    ).toBe(true)
    expect(rows(out).map(r => r[0])).not.toContain('_heads.demo.0')
    expect((await run('check', at('c'))).out).toContain('good (enformer')
  })

  it('takes attention and feed-forward alone', async () => {
    const { out } = await run(
      'factorise',
      model('demo-tracks'),
      '--energy',
      '0.5',
      '--layers',
      'transformer',
      '--out',
      at('d'),
    )
    const names = rows(out).slice(1).map(r => r[0]!) // biome-ignore format: one line
    expect(names).toHaveLength(14)
    expect(names.every(n => n.startsWith('transformer.'))).toBe(true)
  })

  it.each([
    ['neither', [], 'wrong-usage', /needs --rank, or --energy/],
    ['a rank and an energy', ['--rank', '2', '--energy', '0.5'], 'wrong-usage', /needs --rank/],
    ['a file that is not there', ['--ranks', 'absent.txt'], 'not-found', /absent/],
    ['measuring one rank', ['--rank', '2', '--measure'], 'wrong-usage', /--measure goes with/],
    ['NMF of negative weights', ['--energy', '0.5', '--method', 'nmf'], 'bad-input', /NMF needs weights of at least 0/],
    ['an energy that saves nothing', ['--energy', '1'], 'bad-input', /no layer would become smaller/],
  ])('refuses %s', async (_, more, code, message) => {
    const failed = run('factorise', model('apoe-risk-demo'), '--out', at('none'), ...more)
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(existsSync(at('none'))).toBe(false)
  })

  it.each([
    ['layers.0.ff.w1 4 5', /line 1 is not a name and a value/],
    ['layers.0.ff.w1 many', /'layers.0.ff.w1' is "many"/],
    ['{"layers.0.ff.w1": 1.5}', /is 1.5/],
    ['{broken', /cannot be read as JSON/],
    ['# nothing', /names no layer/],
    ['layers.9.q 4', /'layers.9.q' is no layer/],
    ['layers.0.ff.w1 30', /rank 30 enlarges 'layers.0.ff.w1' of 64 x 32/],
  ])('refuses the file %j', async (text, message) => {
    writeFileSync(at('bad'), text)
    await expect(run('factorise', model('apoe-risk-demo'), '--ranks', at('bad'), '--out', at('none'))).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(message) }) // biome-ignore format: one call
  })
})
