import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { inspectSavedModel, isSavedModel } from './savedModel.ts'

// A stand-in for the optional package: what is proved is the way to it, not TensorFlow.
const work = mkdtempSync(join(tmpdir(), 'diploscope-savedmodel-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))
const folder = join(work, 'model')
mkdirSync(folder)
writeFileSync(join(folder, 'saved_model.pb'), '')
const module = join(work, 'node_modules', '@tensorflow', 'tfjs-node-gpu')
mkdirSync(module, { recursive: true })
writeFileSync(
  join(module, 'package.json'),
  JSON.stringify({ name: '@tensorflow/tfjs-node-gpu', version: '4.22.0', main: 'index.js' }),
)
writeFileSync(
  join(module, 'index.js'),
  `module.exports = { version: { 'tfjs-core': 'stand-in' }, tensor() {}, node: { loadSavedModel: async () => ({
     inputs: [{ name: 'x', dtype: 'DT_FLOAT', shape: [null, 3] }], outputs: [{ name: 'y', dtype: 'DT_FLOAT', shape: [null, 2] }], dispose() {} }) } }`,
)
it('tells the signature of a SavedModel through the optional engine', async () => {
  expect(isSavedModel(folder)).toBe(true)
  expect(isSavedModel(work)).toBe(false)
  expect(await inspectSavedModel(folder, { modulePath: work })).toMatchObject({
    engine: 'tensorflow-savedmodel',
    inputs: [{ name: 'x', dtype: 'float32', shape: ['axis0', 3] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['axis0', 2] }],
  })
})

it('says what to install when the package is absent', async () => {
  await expect(inspectSavedModel(folder, { modulePath: join(work, 'model') })).rejects.toMatchObject({
    code: 'engine-missing',
    remedy: expect.stringContaining('npm install @tensorflow/tfjs-node-gpu'),
  })
})
