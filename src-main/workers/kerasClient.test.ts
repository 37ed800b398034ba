import { ready } from 'h5wasm'
import { beforeAll, describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { KerasTwin } from '../../test-support/keras-twin.ts'
import { SeededRandom } from '../../test-support/random.ts'
import { openKerasInThread } from './kerasClient.ts'

let good: Uint8Array<ArrayBuffer>
let kernel: Float32Array
beforeAll(async () => {
  await ready
  const twin = new KerasTwin('thread')
  twin.conv1d([[1, 2, 3, 4]], 3, 5)
  twin.batchNorm([[1, 2, 3, 4]])
  good = new Uint8Array(twin.save())
  kernel = twin.layers.get('conv1d')!.get('conv1d/kernel:0')!.data
})
const never = new AbortController().signal

describe('a Keras file in a thread', () => {
  // Truth: the numbers that were written.
  it('gives its weights, also when several are asked for at once', async () => {
    const file = await openKerasInThread(good.slice(), 'model.h5', never)
    try {
      const all = await Promise.all([...file.entries.keys()].map(name => file.read(name)))
      expect(all.map(t => t.shape)).toEqual([...file.entries.values()].map(e => e.shape))
      expect(all[0]!.data).toEqual(kernel)
      await expect(file.read('nothing')).rejects.toMatchObject({ code: 'not-found' })
      expect((await file.read('conv1d/kernel')).data).toEqual(kernel)
    } finally {
      await file.close()
    }
  })
  it('stops when it is cancelled', async () => {
    const stop = new AbortController()
    const opening = openKerasInThread(good.slice(), 'model.h5', stop.signal)
    stop.abort()
    await expect(opening).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('a file that keeps the library busy for ever is given up', async () => {
    const twin = new KerasTwin('small')
    const x = [[1, 2, 3, 4]]
    twin.conv1d(x, 3, 5)
    twin.batchNorm(x)
    twin.attention(x, { heads: 2, keySize: 2, features: 4 })
    twin.dense(x, 2)
    const bytes = new Uint8Array(twin.save())
    // Found by flipping bits at random: a list of the file that is its own next entry.
    for (const [at, bit] of [[1421, 1], [2729, 2], [8081, 6], [10597, 6], [1563, 5]] as const) bytes[at]! ^= 1 << bit // biome-ignore format: one thought
    await expect(openKerasInThread(bytes, 'model.h5', never, 2000)).rejects.toMatchObject({ code: 'corrupt' })
  })
  // The library runs in circles on some of these; each is read, or refused with a code, in bounded time.
  it('flipped bits: read, or refused with a code', async () => {
    const random = new SeededRandom('flips')
    let refused = 0
    for (let i = 0; i < 24; i++) {
      const bytes = good.slice()
      for (let n = random.integer(2, 8); n > 0; n--)
        bytes[random.integer(8, bytes.length)]! ^= 1 << random.integer(0, 8)
      try {
        const file = await openKerasInThread(bytes, 'model.h5', never, 3000)
        try {
          for (const name of file.entries.keys()) await file.read(name)
        } finally {
          await file.close()
        }
      } catch (error) {
        expect(error).toBeInstanceOf(WorkbenchError)
        expect((error as WorkbenchError).code).not.toBe('internal')
        refused++
      }
    }
    expect(refused).toBeGreaterThan(3)
  })
})
