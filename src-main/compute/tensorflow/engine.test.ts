import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { float32 } from '../../../src-shared/tensor.ts'
import type { Engine } from '../engine.ts'
import { createTensorFlowEngine, type TensorFlowOptions } from './engine.ts'
import { unfitNode } from './module.ts'

const work = mkdtempSync(join(tmpdir(), 'tensorflow-test-'))
const open: Engine[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(e => e.close()))
})
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

/** A stand-in for the package: the few calls that the adapter makes, with a model that doubles. What it proves is the wiring, not TensorFlow. */
const STAND_IN = `
let alive = 0
const tensor = (data, shape, dtype) => { alive++; return { shape, dtype, data: async () => data, dispose() { alive-- } } }
module.exports = {
  version: { 'tfjs-core': '4.22.0-stand-in' },
  tensor,
  node: {
    async loadSavedModel(path, tags, signature) {
      if (path.endsWith('broken')) throw new Error('Could not find SavedModel .pb')
      if (tags[0] !== 'serve' || signature !== 'serving_default') throw new Error('wrong signature')
      return {
        inputs: [{ name: 'x', dtype: 'DT_FLOAT', shape: [null, 3] }],
        outputs: [{ name: 'y', dtype: 'DT_FLOAT', shape: [null, 3] }, { name: 'alive', dtype: 'DT_INT32', shape: [1] }],
        predict({ x }) {
          if (x.shape[1] !== 3) throw new Error('Incompatible shapes')
          return { y: { ...tensor(null, x.shape, 'float32'), data: async () => (await x.data()).map(v => 2 * v) }, alive: tensor(Int32Array.of(alive), [1], 'int32') }
        },
        dispose() {},
      }
    },
  },
}`
function install(name: string, code: string): string {
  const folder = join(work, name, '@tensorflow', 'tfjs-node-gpu')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: '@tensorflow/tfjs-node-gpu', version: '4.22.0', main: 'index.js' }),
  )
  writeFileSync(join(folder, 'index.js'), code)
  return join(work, name)
}
const good = install('good', STAND_IN)
const model = (name: string) => {
  mkdirSync(join(work, name), { recursive: true })
  writeFileSync(join(work, name, 'saved_model.pb'), '')
  return join(work, name)
}
const engine = (options: TensorFlowOptions) => {
  const e = createTensorFlowEngine(options)
  open.push(e)
  return e
}

describe('the optional TensorFlow engine (wiring only, against a stand-in)', () => {
  it('opens a SavedModel, runs it, gives every tensor back to the package', async () => {
    const session = await engine({ modulePath: good }).load(model('doubles'))
    expect(session.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['axis0', 3] }])
    for (let i = 0; i < 3; i++) {
      const out = await session.run({ x: float32(Float32Array.of(1, 2, 3), [1, 3]) })
      expect([...(out['y']!.data as Float32Array)]).toEqual([2, 4, 6])
      expect([...out['alive']!.data]).toEqual([2]) // the input and y: nothing of earlier runs
    }
    expect(session.provider.note).toContain('does not tell which device ran')
    expect(
      Object.keys(await session.run({ x: float32(Float32Array.of(1, 2, 3), [1, 3]) }, { outputs: ['y'] })),
    ).toEqual(['y'])
  })

  it('answers wrong inputs and broken models with coded errors and goes on', async () => {
    const e = engine({ modulePath: good })
    const session = await e.load(model('doubles'))
    await expect(session.run({ z: float32(Float32Array.of(1), [1]) })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/missing: x.*unknown: z/),
    })
    await expect(session.run({ x: float32(Float32Array.of(1), [1, 1]) })).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringContaining('Incompatible'),
    })
    await expect(e.load(model('broken'))).rejects.toMatchObject({ code: 'bad-model' })
    await expect(e.load(join(work, 'nothing'))).rejects.toMatchObject({ code: 'not-found' })
    expect((await session.run({ x: float32(Float32Array.of(0, 0, 1), [1, 3]) }))['y']!.data[2]).toBe(2)
  })

  it('says in one sentence what to install when the package is absent, broken, or the Node too new', async () => {
    expect(() => createTensorFlowEngine()).toThrow(
      expect.objectContaining({ code: 'engine-missing', remedy: expect.stringMatching(/npm install.*tf2onnx/) }),
    )
    expect(() => createTensorFlowEngine({ modulePath: work })).toThrow(/not installed in/)
    const broken = engine({ modulePath: install('broken-binding', "throw new Error('tfjs_binding.node is missing')") })
    await expect(broken.load(model('doubles'))).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringContaining('tfjs_binding.node is missing'),
    })
    expect(unfitNode('v24.1.0')).toMatch(/does not work on Node 24/)
    expect(unfitNode('v22.11.0')).toBeUndefined()
    const fake = join(work, 'node24')
    writeFileSync(fake, '#!/bin/sh\necho v24.0.0\n', { mode: 0o755 })
    if (process.platform !== 'win32')
      expect(() => createTensorFlowEngine({ modulePath: good, nodePath: fake })).toThrow(/Node 24/)
  })
})
