import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { elementCount, float32, type Tensor } from '../../../src-shared/tensor.ts'
import { sharedData } from '../../../test-support/shared-data.ts'
import { createCompute } from '../../compute/client.ts'
import { Graph } from '../../graph/graph.ts'
import { evaluate } from '../../graph/reference.ts'
import { bigbird } from '../../models/bigbird.ts'
import { memorySource } from '../../models/checkpoints/byteSource.ts'
import { readNpy } from '../../models/checkpoints/npy.ts'
import { encodeSafetensors, openSafetensors } from '../../models/checkpoints/safetensors.ts'
import { enformer } from '../../models/enformer.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { PATTERN_NAME } from '../../models/layers/blockPattern.ts'
import { svd } from '../../models/lowRank/factorise.ts'
import { denseMatrix, distance, norm, product } from '../../models/lowRank/matrix.ts'
import { lrt } from '../../models/lrt.ts'
import { modelRegistry } from '../../models/registry.ts'
import { transformer } from '../../models/transformer.ts'
import { checkModel } from './checkModel.ts'
import { exportOnnx, runnableModel } from './exportOnnx.ts'
import { factoriseModel } from './factoriseModel.ts'
import { importModel } from './importModel.ts'
import { listModels } from './listModels.ts'
import { openModelFolder, readModelJson, writeModelFolder } from './modelFolder.ts'

const work = mkdtempSync(join(tmpdir(), 'models-test-'))
const compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 2 })
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})
const registry = modelRegistry([transformer, enformer, bigbird])
const quiet = quietContext()

const architecture = {
  vocabulary: 11,
  maxTokens: 6,
  width: 8,
  layers: 2,
  heads: 2,
  feedForward: 12,
  tokenHead: 'separate',
}
const description = {
  id: 'tiny',
  name: 'A tiny transformer',
  kind: 'transformer',
  architecture,
  input: { type: 'tokens', maxTokens: 6 },
  output: {},
  tracks: [],
  attentionPattern: null,
  provenance: { source: 'random numbers', created: '2026-01-01T00:00:00Z' },
  licence: 'MIT',
  citation: null,
  limits: ['It knows nothing.'],
} as const satisfies Omit<ModelJson, 'format' | 'formatVersion' | 'weights' | 'tokenizer'>

/** Weights in a fixed pattern: sin of a running count. */
function tinyWeights(): Record<string, Tensor> {
  let n = 0
  return Object.fromEntries(
    registry.configure('transformer', architecture).parameters.map(p => {
      const data = Float32Array.from({ length: elementCount(p.shape) }, () => Math.sin(++n) / 2)
      return [p.name, float32(data, p.shape)]
    }),
  )
}

async function tinyFolder(name: string): Promise<string> {
  const folder = join(work, name)
  const weights = await openSafetensors(memorySource(encodeSafetensors(tinyWeights())))
  const specs = registry.configure('transformer', architecture).parameters
  await writeModelFolder(folder, { json: description, weights, specs }, quiet)
  return folder
}

const sparseArchitecture = { ...architecture, maxTokens: 12, block: 2, randomBlocks: 1 }

/** A block-sparse network in a folder; `pattern` becomes its stored random blocks. */
async function sparseFolder(name: string, pattern: (at: number) => number): Promise<string> {
  const folder = join(work, name)
  const specs = registry.configure('bigbird', sparseArchitecture).parameters
  let n = 0
  const tensors = specs.map((p): [string, Tensor] => {
    const count = elementCount(p.shape)
    const data = p.structure
      ? Int32Array.from({ length: count }, (_, at) => pattern(at))
      : Float32Array.from({ length: count }, () => Math.sin(++n) / 2)
    return [p.name, { dtype: p.dtype, shape: p.shape, data }]
  })
  const weights = await openSafetensors(memorySource(encodeSafetensors(Object.fromEntries(tensors))))
  const json = { ...description, id: 'sparse', kind: 'bigbird', architecture: sparseArchitecture }
  await writeModelFolder(folder, { json, weights, specs }, quiet)
  return folder
}

describe('model folders', () => {
  it('are written whole, read back, listed and found good', async () => {
    const folder = await tinyFolder('list/good')
    expect(readdirSync(folder).sort()).toEqual(['CARD.md', 'model.json', 'weights.safetensors'])
    expect(readdirSync(join(work, 'list'))).toEqual(['good']) // nothing temporary is left
    const json = await readModelJson(folder)
    const total = Object.values(tinyWeights()).reduce((sum, t) => sum + t.data.length, 0)
    expect(json.weights.parameters).toBe(total)
    expect(readFileSync(join(folder, 'CARD.md'), 'utf8')).toMatch(
      /A tiny transformer[\s\S]*Research use only[\s\S]*It knows nothing/,
    )
    expect(await checkModel(folder, registry, quiet)).toMatchObject({ id: 'tiny', parameters: total, problems: [] })
    const model = await openModelFolder(folder)
    for (const [name, t] of Object.entries(tinyWeights())) expect((await model.weights.read(name)).data).toEqual(t.data)
    await model.close()
    writeFileSync(join(work, 'list', 'stray.txt'), 'x')
    expect(await listModels([join(work, 'list'), join(work, 'absent')])).toMatchObject([
      { id: 'tiny', kind: 'transformer', parameters: total },
    ])
    await expect(listModels([join(work, 'absent')], { strict: true })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('an existing folder is kept unless replacing is asked for, and stays whole when the new one fails', async () => {
    const folder = await tinyFolder('kept')
    const before = readFileSync(join(folder, 'weights.safetensors'))
    const weights = await openSafetensors(memorySource(encodeSafetensors(tinyWeights())))
    const specs = registry.configure('transformer', architecture).parameters
    await expect(writeModelFolder(folder, { json: description, weights, specs }, quiet)).rejects.toMatchObject({
      code: 'bad-input',
    })
    const failing = { ...weights, read: () => Promise.reject(new WorkbenchError('no-space', 'full', 'free some')) }
    await expect(
      writeModelFolder(folder, { json: description, weights: failing, specs }, quiet, { replace: true }),
    ).rejects.toMatchObject({ code: 'no-space' })
    expect(readFileSync(join(folder, 'weights.safetensors'))).toEqual(before)
    await writeModelFolder(folder, { json: { ...description, id: 'second' }, weights, specs }, quiet, { replace: true })
    expect((await readModelJson(folder)).id).toBe('second')
    expect(readdirSync(work).filter(n => n.startsWith('.'))).toEqual([])
  })

  it('check names every fault: a changed byte, a missing tensor, a stranger, a shape, infinity', async () => {
    const folder = await tinyFolder('bad')
    const names = Object.keys(tinyWeights())
    const dropped = names.at(-1) as string
    const faulty: Record<string, Tensor> = {
      ...tinyWeights(),
      stranger: float32(Float32Array.of(Number.POSITIVE_INFINITY), [1]),
    }
    delete faulty[dropped]
    writeFileSync(join(folder, 'weights.safetensors'), encodeSafetensors(faulty))
    const { problems } = await checkModel(folder, registry, quiet)
    const text = problems.join('\n')
    expect(text).toMatch(/SHA-256/)
    expect(text).toContain(`missing: '${dropped}'`)
    expect(text).toContain("unused: 'stranger'")
    expect(text).toContain("weight 0 of 'stranger' is not finite")
  })

  it('model.json that cannot be is refused with every field named', async () => {
    const folder = await tinyFolder('fields')
    const path = join(folder, 'model.json')
    const json = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(
      path,
      JSON.stringify({ ...json, weights: { file: '../../etc/passwd', sha256: 'x', parameters: -1 }, licence: '' }),
    )
    await expect(readModelJson(folder)).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(/licence.*weights\.file.*plain name.*weights\.sha256.*weights\.parameters is -1/),
    })
    writeFileSync(path, JSON.stringify({ ...json, formatVersion: 2 }))
    await expect(readModelJson(folder)).rejects.toMatchObject({ code: 'unsupported' })
    await expect(readModelJson(join(work, 'nowhere'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(readModelJson(work)).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('import and export', () => {
  it('an exported ONNX runs in the runtime with the numbers of the plain loops, and imports as the same weights', async () => {
    const folder = await tinyFolder('export')
    const file = join(work, 'tiny.onnx')
    const exported = await exportOnnx(folder, file, registry, { batch: 2, length: 5 }, quiet)
    expect(exported.inputs).toEqual({ ids: [2, 5] })
    const ids = Int32Array.from({ length: 10 }, (_, i) => (i * 7) % 11)
    const session = await compute.load(file)
    const { logits } = await session.run({ ids: { dtype: 'int32', shape: [2, 5], data: ids } })
    const graph = new Graph({ float: 'float64' })
    const outputs = registry.configure('transformer', architecture).buildForward(graph, { batch: 2, length: 5 })
    const feeds = new Map<string, Float64Array | Int32Array>([['ids', ids]])
    for (const [name, t] of Object.entries(tinyWeights())) feeds.set(name, Float64Array.from(t.data as Float32Array))
    const expected = evaluate([outputs['logits']!], feeds)[0]!
    expect(logits?.shape).toEqual([2, 5, 11])
    expect(largest(logits?.data as Float32Array, expected.values)).toBeLessThan(1e-5)

    const again = join(work, 'from-onnx')
    await importModel(
      { source: file, from: 'onnx', out: again, config: join(folder, 'model.json'), now: 0 },
      registry,
      quiet,
    )
    expect(readFileSync(join(again, 'weights.safetensors'))).toEqual(readFileSync(join(folder, 'weights.safetensors')))
    expect((await readModelJson(again)).provenance).toMatchObject({ source: 'random numbers', importedFrom: 'onnx' })

    const third = join(work, 'from-safetensors')
    await importModel({ source: folder, from: 'safetensors', out: third, now: 0 }, registry, quiet)
    expect(readFileSync(join(third, 'weights.safetensors'))).toEqual(readFileSync(join(folder, 'weights.safetensors')))
  })

  const checker = spawnSync('/usr/bin/python3', ['-c', 'import onnx.checker, onnx.helper']).status === 0
  it.skipIf(!checker)("an exported ONNX passes the checker of Debian's onnx 1.12", async () => {
    const file = join(work, 'checked.onnx')
    await exportOnnx(await tinyFolder('checked'), file, registry, {}, quiet)
    const run = spawnSync('/usr/bin/python3', [
      '-c',
      'import onnx, sys; m = onnx.load(sys.argv[1]); onnx.checker.check_model(m, full_check=True); print(len(m.graph.initializer))',
      file,
    ])
    expect(run.stderr.toString()).toBe('')
    expect(Number(run.stdout.toString())).toBeGreaterThan(10)
  })

  it('says what to do about formats it does not import, and leaves nothing behind', async () => {
    const out = join(work, 'never')
    const request = { source: work, out, now: 0 }
    await expect(importModel({ ...request, from: 'savedmodel' }, registry, quiet)).rejects.toThrow(/SavedModel/)
    await expect(importModel({ ...request, from: 'caffe' }, registry, quiet)).rejects.toMatchObject({
      code: 'wrong-usage',
    })
    const wrong = join(work, 'wrong.safetensors')
    writeFileSync(wrong, encodeSafetensors({ x: float32(Float32Array.of(1), [1]) }))
    await expect(
      importModel({ ...request, source: wrong, from: 'hf-enformer' }, registry, quiet),
    ).rejects.toMatchObject({ code: 'bad-model' })
    await expect(
      importModel({ ...request, source: wrong, from: 'safetensors' }, registry, quiet),
    ).rejects.toMatchObject({ code: 'not-found' })
    expect(existsSync(out)).toBe(false)
  })

  const golden = sharedData('golden/enformer')
  describe.skipIf(!golden)('the small Enformer of another implementation', () => {
    const at = (name: string) => join(golden as string, name)
    it('imports from .bin and .safetensors as the same folder, and its ONNX gives the published outputs', async () => {
      const facts = JSON.parse(readFileSync(at('case.json'), 'utf8')) as { architecture: { sequence_length: number } }
      const length = facts.architecture.sequence_length
      const folders = []
      for (const source of ['pytorch_model.bin', 'model.safetensors']) {
        const out = join(work, source.replace('.', '-'))
        await importModel({ source: at(source), from: 'hf-enformer', out, length, now: 0 }, registry, quiet)
        expect((await checkModel(out, registry, quiet)).problems).toEqual([])
        folders.push(out)
      }
      const [a, b] = folders.map(f => readFileSync(join(f, 'weights.safetensors')))
      expect(a).toEqual(b)
      const json = await readModelJson(folders[0] as string)
      expect(json.weights.parameters).toBe(216_090) // case.json, weights.parameters
      expect(json.tracks.length).toBe(10)

      const file = join(work, 'enformer.onnx')
      const tokens = readNpy(new Uint8Array(readFileSync(at('tokens.npy'))))
      const [batch = 0] = tokens.shape
      await exportOnnx(folders[0] as string, file, registry, { batch }, quiet)
      const oneHot = new Float32Array(batch * length * 4)
      for (const [i, base] of (tokens.data as Uint8Array).entries()) if (base < 4) oneHot[i * 4 + base] = 1
      const session = await compute.load(file)
      const got = await session.run({ sequence: float32(oneHot, [batch, length, 4]) })
      const inPlace = await compute.load(await runnableModel(folders[0] as string, registry, { batch }, quiet))
      const again = await inPlace.run({ sequence: float32(oneHot, [batch, length, 4]) })
      for (const head of ['human', 'mouse']) {
        const expected = readNpy(new Uint8Array(readFileSync(at(`${head}.npy`))))
        expect(got[head]?.shape).toEqual(expected.shape)
        expect(largest(got[head]?.data as Float32Array, expected.data as Float32Array)).toBeLessThan(1e-3)
        expect(again[head]).toEqual(got[head])
      }
    })
  })
})

describe('replacing a model folder', () => {
  const gone = () => spawnSync(process.execPath, ['-e', '']).pid

  it('killed between putting the old one aside and the new one in place: the old one is back when it is listed or read', async () => {
    for (const find of [
      async (root: string) => (await listModels([root])).map(m => m.id),
      async (root: string) => [(await readModelJson(join(root, 'one'))).id],
    ]) {
      const folder = await tinyFolder('swap/one')
      const root = join(work, 'swap')
      renameSync(folder, join(root, `.one.${gone()}-abc.old`))
      mkdirSync(join(root, `.one.${gone()}-abc.part`))
      expect(await find(root)).toEqual(['tiny'])
      await expect(tinyFolder('swap/one')).rejects.toMatchObject({ code: 'bad-input' })
      expect(readdirSync(root)).toEqual(['one']) // what the killed process left is gone
      rmSync(root, { recursive: true })
    }
  })

  it('what another living process is writing is left alone', async () => {
    const folder = await tinyFolder('busy/one')
    const other = join(work, 'busy', `.one.${process.pid}-abc.old`)
    renameSync(folder, other)
    await expect(readModelJson(folder)).rejects.toMatchObject({ code: 'not-found' })
    expect(existsSync(other)).toBe(true)
  })

  it('a folder that holds no model is never replaced', async () => {
    const folder = join(work, 'home')
    mkdirSync(folder)
    writeFileSync(join(folder, 'thesis.txt'), 'dear')
    const weights = await openSafetensors(memorySource(encodeSafetensors(tinyWeights())))
    const specs = registry.configure('transformer', architecture).parameters
    await expect(
      writeModelFolder(folder, { json: description, weights, specs }, quiet, { replace: true }),
    ).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('not a model folder') })
    expect(readFileSync(join(folder, 'thesis.txt'), 'utf8')).toBe('dear')
  })
})

describe('a network whose stored pattern shapes its graph', () => {
  it('is exported and run from its folder with the numbers of the plain loops over that pattern', async () => {
    // Truth: reference.ts over the same pattern. Row 3 of each head has no random block.
    const folder = await sparseFolder('sparse', at => (at % 4 === 3 ? -1 : [3, 4, 1][at % 4]!))
    expect((await checkModel(folder, registry, quiet)).problems).toEqual([])
    const file = join(work, 'sparse.onnx')
    await exportOnnx(folder, file, registry, {}, quiet)
    const model = await openModelFolder(folder)
    const graph = new Graph()
    const configured = registry.configure('bigbird', sparseArchitecture)
    const pattern = (await model.weights.read(PATTERN_NAME)).data as Int32Array
    const { logits } = configured.buildForward(graph, { batch: 1, structure: new Map([[PATTERN_NAME, pattern]]) })
    const feeds = new Map<string, ArrayLike<number>>()
    for (const p of configured.parameters)
      if (!p.structure) feeds.set(p.name, (await model.weights.read(p.name)).data as Float32Array)
    await model.close()
    const ids = Int32Array.from({ length: 12 }, (_, i) => (5 * i) % 11)
    const [expected] = evaluate([logits!], feeds.set('ids', ids))
    for (const source of [file, await runnableModel(folder, registry, {}, quiet)]) {
      const session = await compute.load(source)
      const got = await session.run({ ids: { dtype: 'int32', shape: [1, 12], data: ids } })
      expect(largest(got['logits']!.data as Float32Array, expected!.values)).toBeLessThan(1e-5)
    }
  })

  it('is found bad when the pattern names a block that the sequence has not', async () => {
    const folder = await sparseFolder('sparse-bad', () => 6)
    const { problems } = await checkModel(folder, registry, quiet)
    expect(problems.join()).toMatch(/lists block 6 of 6/)
  })
})

describe('factorising a trained transformer', () => {
  it('full-size ranks are refused; a rank that saves gives an lrt folder whose layers are the best approximations', async () => {
    const wide = { ...architecture, width: 24, feedForward: 40 }
    const all = modelRegistry([transformer, lrt])
    let n = 0
    const tensors = Object.fromEntries(
      all.configure('transformer', wide).parameters.map(p => [
        p.name,
        float32(
          Float32Array.from({ length: elementCount(p.shape) }, () => Math.sin(++n * 1.3)),
          p.shape,
        ),
      ]),
    )
    const source = await openSafetensors(memorySource(encodeSafetensors(tensors)))
    const folder = join(work, 'dense')
    await writeModelFolder(
      folder,
      {
        json: { ...description, architecture: wide },
        weights: source,
        specs: all.configure('transformer', wide).parameters,
      },
      quiet,
    )
    const request = { folder, out: join(work, 'lrt'), method: 'svd', choice: { rank: 5 }, seed: 1, now: 0 } as const
    await expect(factoriseModel({ ...request, choice: { rank: 12 } }, all, quiet)).rejects.toThrow(
      /rank 12 enlarges.*24 x 24/,
    )
    const { json, layers } = await factoriseModel(request, all, quiet)
    expect(json.kind).toBe('lrt')
    expect(layers.length).toBe(2 * 6) // q, k, v, o, w1, w2 in two layers
    expect((await checkModel(request.out, all, quiet)).problems).toEqual([])
    const made = await openModelFolder(request.out)
    for (const layer of layers) {
      const w = tensors[`${layer.name}.weight`]!
      const [out, inner] = w.shape as [number, number]
      const dense = denseMatrix(out, inner, w.data as Float32Array)
      const read = async (end: string) => {
        const t = await made.weights.read(`${layer.name}.${end}.weight`)
        return denseMatrix(t.shape[0] as number, t.shape[1] as number, t.data as Float32Array)
      }
      const lost = svd(dense)
        .values.slice(5)
        .reduce((s, x) => s + x * x, 0)
      const error = distance(dense, product(await read('up'), await read('down')))
      expect(error).toBeCloseTo(Math.sqrt(lost), 4) // Eckart-Young; factors are stored as float32
      expect(layer.relativeError).toBeCloseTo(Math.sqrt(lost) / norm(dense), 6)
      expect(layer.parametersAfter).toBe(5 * (out + inner))
    }
    expect((await made.weights.read('layers.0.attention.q.up.bias')).data).toEqual(
      tensors['layers.0.attention.q.bias']!.data,
    )
    await made.close()
    const energy = await factoriseModel({ ...request, choice: { keptEnergy: 0.6 }, replace: true }, all, quiet)
    expect(Math.min(...energy.layers.map(l => l.keptEnergy))).toBeGreaterThanOrEqual(0.6 - 1e-9)
    await factoriseModel({ ...request, method: 'semi-nmf', choice: { rank: 2 }, replace: true }, all, quiet)
    await expect(
      factoriseModel({ ...request, method: 'nmf', choice: { rank: 2 }, replace: true }, all, quiet),
    ).rejects.toThrow(/NMF needs weights/)
  })
})

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)))
  return most
}
