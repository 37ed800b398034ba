import { FS, File as Hdf5File, ready } from 'h5wasm'
import { beforeAll, describe, expect, it } from 'vitest'
import type { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { KerasTwin } from '../../../test-support/keras-twin.ts'
import { openKeras } from './keras.ts'
import { readKerasConfig } from './kerasConfig.ts'

let good: Uint8Array
beforeAll(async () => {
  await ready
  const twin = new KerasTwin('small')
  const x = [[1, 2, 3, 4]]
  twin.conv1d(x, 3, 5)
  twin.batchNorm(x)
  twin.attention(x, { heads: 2, keySize: 2, features: 4 })
  twin.dense(x, 2)
  good = twin.save()
})

/** Opens and reads everything; the fault, if any. */
async function faultOf(bytes: Uint8Array): Promise<unknown> {
  try {
    const file = await openKeras(bytes, 'model.h5')
    try {
      for (const name of file.entries.keys()) await file.read(name)
    } finally {
      await file.close()
    }
    return undefined
  } catch (error) {
    return error
  }
}

/** A file that the writer makes by hand. */
function written(write: (file: Hdf5File) => void): Uint8Array {
  const file = new Hdf5File('/hand.h5', 'w')
  write(file)
  file.close()
  const bytes = (FS!.readFile('/hand.h5') as unknown as Uint8Array).slice()
  FS!.unlink('/hand.h5')
  return bytes
}

describe('a Keras file', () => {
  // Truth: the twin that was written.
  it('gives every weight by layer and name', async () => {
    const file = await openKeras(good, 'model.h5')
    expect([...file.entries.values()].map(e => `${e.name} ${e.shape}`)).toEqual([
      'conv1d/kernel 5,4,3',
      'conv1d/bias 3',
      'batch_normalization/gamma 4',
      'batch_normalization/beta 4',
      'batch_normalization/moving_mean 4',
      'batch_normalization/moving_variance 4',
      'multihead_attention/r_w_bias 1,2,1,2',
      'multihead_attention/r_r_bias 1,2,1,2',
      'multihead_attention/q_layer/kernel 4,4',
      'multihead_attention/k_layer/kernel 4,4',
      'multihead_attention/v_layer/kernel 4,4',
      'multihead_attention/embedding_layer/kernel 4,4',
      'multihead_attention/embedding_layer/bias 4',
      'multihead_attention/r_k_layer/kernel 4,4',
      'dense/kernel 4,2',
      'dense/bias 2',
    ])
    const twin = new KerasTwin('small')
    twin.conv1d([[1, 2, 3, 4]], 3, 5)
    const kernel = twin.layers.get('conv1d')!.get('conv1d/kernel:0')!
    expect((await file.read('conv1d/kernel')).data).toEqual(kernel.data)
    await expect(file.read('nothing')).rejects.toMatchObject({ code: 'not-found' })
    await file.close()
    await file.close()
  })
  it('holds its weights at the root when it was saved without the model', async () => {
    const bytes = written(file => {
      file.create_attribute('layer_names', ['dense'])
      const group = file.create_group('dense')
      group.create_attribute('weight_names', ['dense/kernel:0'])
      group.create_group('dense').create_dataset({ name: 'kernel:0', data: new Float64Array([1, 2]), shape: [1, 2] })
    })
    const file = await openKeras(bytes, 'weights.h5')
    expect(file.config).toBeUndefined()
    expect(await file.read('dense/kernel')).toMatchObject({ dtype: 'float64', shape: [1, 2], data: new Float64Array([1, 2]) }) // biome-ignore format: one thought
    await file.close()
  })
  it('may have its list of layers in pieces', async () => {
    const bytes = written(file => {
      file.create_attribute('layer_names0', ['dense'])
      file.create_attribute('layer_names1', ['dense_1'])
      for (const layer of ['dense', 'dense_1']) {
        const group = file.create_group(layer)
        group.create_attribute('weight_names', [`${layer}/bias:0`])
        group.create_group(layer).create_dataset({ name: 'bias:0', data: new Float32Array([1]), shape: [1] })
      }
    })
    const file = await openKeras(bytes, 'weights.h5')
    expect([...file.entries.keys()]).toEqual(['dense/bias', 'dense_1/bias'])
    await file.close()
  })
})

describe('a file that cannot be right', () => {
  it.each([
    ['nothing', () => new Uint8Array(0), 'wrong-type'],
    ['text', () => new TextEncoder().encode('Not the file you are looking for. '.repeat(40)), 'wrong-type'],
    ['a signature alone', () => good.slice(0, 8), 'truncated'],
    ['half of it', () => good.slice(0, good.length >> 1), 'truncated'],
    ['all but the last byte', () => good.slice(0, -1), 'truncated'],
    ['HDF5 that Keras did not write', () => written(f => void f.create_group('data')), 'wrong-type'],
    ['a layer that is not there', () => written(f => f.create_attribute('layer_names', ['dense'])), 'corrupt'],
    ['numbers for names', () => written(f => f.create_attribute('layer_names', new Float32Array([1, 2]))), 'wrong-type or corrupt'], // biome-ignore format: a table
    [
      'whole numbers for weights',
      () =>
        written(f => {
          f.create_attribute('layer_names', ['dense'])
          const group = f.create_group('dense')
          group.create_attribute('weight_names', ['bias:0'])
          group.create_dataset({ name: 'bias:0', data: new Int32Array([1]), shape: [1] })
        }),
      'unsupported',
    ],
  ])('%s', async (_, bytes, code) => {
    const fault = (await faultOf(bytes())) as WorkbenchError | undefined
    if (code.includes(' or ')) expect(fault === undefined || code.includes(fault.code)).toBe(true)
    else expect(fault).toMatchObject({ name: 'WorkbenchError', code })
  })
})

describe('what a Keras file says of its layers', () => {
  const config = (...layers: unknown[]) => ({ config: { layers } })
  const named = (class_name: string, own: object, inbound: unknown = []) => ({ class_name, config: own, inbound_nodes: inbound }) // biome-ignore format: one line
  it.each([
    ['nothing', undefined, {}],
    ['nonsense', { config: 3 }, {}],
    [
      'the tanh form',
      config(named('TFOpLambda', { function: 'nn.gelu' }, [['x', 0, 0, { approximate: true }]])),
      { gelu: 'tanh' },
    ],
    ['the exact form', config(named('TFOpLambda', { function: 'nn.gelu' }, [['x', 0, 0, {}]])), { gelu: 'erf' }],
    ['the old form', config(named('GELU', {})), { gelu: 'sigmoid' }],
    [
      'the epsilons',
      config(named('BatchNormalization', { epsilon: 0.01 }), named('LayerNormalization', { epsilon: 0.02 })),
      { bnEpsilon: 0.01, lnEpsilon: 0.02 },
    ],
  ])('%s', (_, json, expected) => {
    expect(readKerasConfig(json)).toEqual(expected)
  })
  it('refuses layers that contradict each other', () => {
    const two = config(named('BatchNormalization', { epsilon: 0.01 }), named('BatchNormalization', { epsilon: 0.1 }))
    expect(() => readKerasConfig(two)).toThrow(/0.01 in one layer and 0.1 in another/)
  })
})
