import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../../src-shared/job.ts'
import { elementCount, float32 } from '../../../../src-shared/tensor.ts'
import { encodeSafetensors } from '../../../models/checkpoints/safetensors.ts'
import { transformer } from '../../../models/transformer.ts'
import { parseArguments } from '../arguments.ts'
import { command } from './models.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-models-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
const at = (name: string) => join(folder, name)

async function run(...argv: string[]) {
  let out = ''
  const write = async (bytes: Uint8Array | string) => {
    out += String(bytes)
  }
  const output = async () => expect.fail('models writes its own files')
  const io = { context: quietContext(), stdin: Readable.from([]), write, output, note() {}, quiet: false }
  return { code: await command.run(parseArguments(command, argv), io), out }
}

const architecture = { vocabulary: 7, maxTokens: 5, width: 12, layers: 1, heads: 2, feedForward: 16, tokenHead: 'separate' } // biome-ignore format: one table
const specs = transformer.configure(architecture).parameters
let n = 0
const weights = Object.fromEntries(
  specs.map(p => [p.name, float32(Float32Array.from({ length: elementCount(p.shape) }, () => Math.sin(++n)), p.shape)]), // biome-ignore format: one thought
)
const parameters = specs.reduce((sum, p) => sum + elementCount(p.shape), 0)
const description = {
  id: 'small',
  name: 'A small transformer',
  kind: 'transformer',
  architecture,
  input: { type: 'tokens', maxTokens: 5 },
  output: {},
  tracks: [],
  licence: 'MIT',
}
writeFileSync(at('model.json'), JSON.stringify(description))
writeFileSync(at('w.safetensors'), encodeSafetensors(weights))

describe('models', () => {
  it('imports, lists, checks, exports and factorises', async () => {
    const made = await run('import', at('w.safetensors'), '--from', 'safetensors', '--out', at('m/small'))
    expect(made).toEqual({ code: 0, out: `small\ttransformer\t${parameters} parameters\t${at('m/small')}\n` })
    expect((await run('list', at('m'))).out).toBe(
      `id\tkind\tparameters\ttracks\tlicence\tfolder\tproblem\nsmall\ttransformer\t${parameters}\t0\tMIT\t${at('m/small')}\t\n`,
    )
    expect((await run('check', at('m/small'))).out).toContain(`good (transformer, ${specs.length} tensors`)
    expect((await run('export', at('m/small'), '--onnx', at('x.onnx'))).out).toBe(`${at('x.onnx')}\n`)
    const back = await run('import', at('x.onnx'), '--from', 'onnx', '--out', at('m/again'))
    expect(back.code).toBe(0)
    const bytes = (name: string) => readFileSync(join(at('m'), name, 'weights.safetensors'))
    expect(bytes('again')).toEqual(bytes('small'))
    const { out } = await run('factorise', at('m/small'), '--rank', '3', '--out', at('m/lrt'), '--json')
    expect(JSON.parse(out).layers.length).toBe(6) // q, k, v, o, w1, w2
    expect((await run('check', at('m/lrt'), '--json')).out).toContain('"problems":[]')
  })

  it('refuses by code, and leaves nothing behind', async () => {
    const before = readdirSync(folder)
    const { [specs[1]!.name]: _, ...fewer } = weights
    writeFileSync(at('w.safetensors'), encodeSafetensors({ ...fewer, stray: float32(Float32Array.of(1), [1]) }))
    const refused = run('import', at('w.safetensors'), '--from', 'safetensors', '--out', at('bad'))
    await expect(refused).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/unused: 'stray'.*missing/) }) // biome-ignore format: one line
    writeFileSync(at('w.safetensors'), encodeSafetensors(weights).subarray(0, 500))
    await expect(run('import', at('w.safetensors'), '--from', 'safetensors', '--out', at('bad'))).rejects.toMatchObject(
      { code: expect.stringMatching(/truncated|corrupt/) },
    )
    expect(existsSync(at('bad'))).toBe(false)
    expect(readdirSync(folder)).toEqual(before)
    writeFileSync(join(at('m/small'), 'weights.safetensors'), encodeSafetensors(weights).fill(1, -4))
    await expect(run('check', at('m/small'))).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringContaining('SHA-256'),
    })
  })

  it.each([
    [[], 'wrong-usage'],
    [['frobnicate'], 'wrong-usage'],
    [['check'], 'wrong-usage'],
    [['check', 'a', 'b'], 'wrong-usage'],
    [['export', 'a'], 'wrong-usage'],
    [['import', 'a', '--from', 'nonsense', '--out', 'b'], 'wrong-usage'],
    [['factorise', 'a', '--out', 'b'], 'wrong-usage'],
    [['factorise', 'a', '--out', 'b', '--rank', '2', '--energy', '0.5'], 'wrong-usage'],
    [['check', at('absent')], 'not-found'],
    [['list', at('absent')], 'not-found'],
    [['check', at('model.json')], 'wrong-type'],
  ])('%j is %s', async (argv, code) => {
    await expect(run(...argv)).rejects.toMatchObject({ code })
  })
})
