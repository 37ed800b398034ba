import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { float32, type Tensors } from '../../src-shared/tensor.ts'
import { onnxModel } from '../../test-support/onnx-model.ts'
import { createCompute } from './client.ts'
import { tryDevice } from './devices.ts'
import type { Session } from './engine.ts'
import { countProviders } from './profile.ts'

const cacheFolder = mkdtempSync(join(tmpdir(), 'devices-test-'))
const compute = createCompute({ cacheFolder, threads: 2 })
const webgpu = await compute.tryDevice('webgpu')
if (!webgpu.works) console.warn(`webgpu is not tested here: ${webgpu.reason}`)
afterAll(async () => {
  await compute.close()
  rmSync(cacheFolder, { recursive: true, force: true, maxRetries: 10 })
})

const SIZE = 64
/** A layer norm of a matrix product, with a softmax: several kernels, one of them a reduction. */
const network = onnxModel({
  inputs: { x: [SIZE, SIZE] },
  outputs: { y: [SIZE, SIZE] },
  nodes: [
    { op: 'MatMul', in: ['x', 'x'], out: ['p'] },
    { op: 'ReduceMean', in: ['p'], out: ['m'], attributes: { axes: [1], keepdims: 1 } },
    { op: 'Sub', in: ['p', 'm'], out: ['c'] },
    { op: 'Softmax', in: ['c'], out: ['y'], attributes: { axis: 1 } },
  ],
})
const x = {
  x: float32(
    Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.sin(i)),
    [SIZE, SIZE],
  ),
}

describe('devices', () => {
  it('the CPU works, and says so with what ran', async () => {
    const trial = await compute.tryDevice('cpu')
    expect(trial).toMatchObject({ works: true, ran: { CPUExecutionProvider: 3 } })
    expect(await compute.tryDevice('cpu')).toBe(trial) // remembered
  })

  it('CUDA, which is not installed with the program, is refused by code when asked for', async () => {
    const trial = await compute.tryDevice('cuda')
    if (trial.works) return // a machine that has it
    await expect(compute.load(network, { device: 'cuda' })).rejects.toMatchObject({
      code: 'provider-missing',
      remedy: expect.stringContaining('--device cpu'),
    })
    expect((await compute.load(network)).provider.requested).toBe('cpu') // the process goes on
  })

  it('auto runs on a device that won its trial, and otherwise on the CPU with the reason', async () => {
    const session = await compute.load(network, { device: 'auto' })
    const { y } = await session.run(x)
    expect(y?.shape).toEqual([SIZE, SIZE])
    const { ran, note, requested } = session.provider
    expect(requested).toBe('auto')
    const onGpu = (ran['WebGpuExecutionProvider'] ?? 0) + (ran['CUDAExecutionProvider'] ?? 0) > 0
    if (!onGpu) expect(note).toMatch(/^running on the CPU - cuda.*; webgpu/)
  })

  it.skipIf(!webgpu.works)('webgpu gives the numbers of the CPU within 1e-5, every node on it', async () => {
    const [cpu, gpu] = [await compute.load(network), await compute.load(network, { device: 'webgpu' })]
    const [a, b] = [(await cpu.run(x))['y']!.data as Float32Array, (await gpu.run(x))['y']!.data as Float32Array]
    for (let i = 0; i < a.length; i++) expect(Math.abs((a[i] as number) - (b[i] as number))).toBeLessThan(1e-5)
    expect(gpu.provider.ran).toEqual({ WebGpuExecutionProvider: 4 })
    expect(cpu.provider.ran['WebGpuExecutionProvider']).toBeUndefined()
  })

  it.skipIf(!webgpu.works)('an explicit webgpu is refused when none of the operators run there', async () => {
    // float64 arithmetic has no WebGPU kernel; whether the casts run there is the build's business.
    const model = onnxModel({
      inputs: { x: [2] },
      outputs: { y: [2] },
      nodes: [
        { op: 'Cast', in: ['x'], out: ['d'], attributes: { to: 11 } },
        { op: 'Add', in: ['d', 'd'], out: ['e'] },
        { op: 'Cast', in: ['e'], out: ['y'], attributes: { to: 1 } },
      ],
    })
    const session = await compute.load(model, { device: 'webgpu' })
    const outcome = await session.run({ x: float32(Float32Array.of(1, 2), [2]) }).then(
      () => 'ran',
      e => e.code,
    )
    expect([session.provider.ran['WebGpuExecutionProvider'] ? 'ran' : 'provider-missing']).toEqual([outcome])
  })

  describe('a trial judges by function', () => {
    /** A loader whose "device" answers as it likes. */
    const loader =
      (wrong: { scale?: number; ran?: Record<string, number>; fault?: Error }) =>
      async (_bytes: Uint8Array, provider: string): Promise<Session> => {
        const gpu = provider !== 'cpu'
        if (gpu && wrong.fault) throw wrong.fault
        const run = async (t: Tensors) => ({
          y: float32(
            (t['a']!.data as Float32Array).map(v => v * (gpu ? (wrong.scale ?? 1) : 1)),
            [512, 512],
          ),
        })
        const ran = gpu ? (wrong.ran ?? { WebGpuExecutionProvider: 3 }) : { CPUExecutionProvider: 3 }
        return {
          run,
          close: async () => {},
          provider: { requested: 'cpu', ran, note: undefined },
        } as unknown as Session
      }
    it.each([
      ['values that agree', {}, true, /ms a trial/],
      ['values off by 1e-3', { scale: 1.001 }, false, /differ from the CPU's by 1\.0e-3/],
      ['NaN', { scale: Number.NaN }, false, /differ/],
      ['a silent fall-back', { ran: { CPUExecutionProvider: 3 } }, false, /no operation ran/],
      ['a fault', { fault: new Error('no adapter') }, false, /no adapter/],
    ] as const)('%s', async (_name, wrong, works, reason) => {
      const trial = await tryDevice(loader(wrong), 'webgpu')
      expect(trial.works).toBe(works)
      expect(trial.reason).toMatch(reason)
    })
    // Truth: the devices' own pace, 2 and 120 ms a run; only the CPU's first session is held up, as on a busy machine.
    it('a CPU that was held up once does not lose to a slower device', async () => {
      let sessions = 0
      const plain = loader({})
      const trial = await tryDevice(async (bytes, provider) => {
        const session = await plain(bytes, provider)
        const ms = provider !== 'cpu' ? 120 : sessions++ === 0 ? 300 : 2
        const run: Session['run'] = async feeds => {
          await new Promise(done => setTimeout(done, ms))
          return session.run(feeds)
        }
        return { ...session, run }
      }, 'webgpu')
      expect(trial.works).toBe(true)
      expect(trial.ms!).toBeGreaterThan(trial.cpuMs!)
    })
  })

  it('counts node events by provider, and nothing else', () => {
    const events = [
      { cat: 'Session', args: {} },
      { cat: 'Node', args: { provider: 'A' } },
      { cat: 'Node', args: { provider: 'A' } },
      { cat: 'Node', args: { provider: 'B' } },
      { cat: 'Node', args: {} },
      { cat: 'Api', args: { provider: 'A' } },
    ]
    expect(countProviders(JSON.stringify(events))).toEqual({ A: 2, B: 1 })
  })
})
