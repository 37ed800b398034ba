import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { float32, type Tensors } from '../../src-shared/tensor.ts'
import { onnxModel } from '../../test-support/onnx-model.ts'
import { type Compute, type ComputeOptions, createCompute } from './client.ts'
import { builtEntry } from './entry.ts'
import { launchNode, nodeLauncher, type ProcessLauncher } from './launcher.ts'
import type { ProcessSettings } from './protocol.ts'

const folder = mkdtempSync(join(tmpdir(), 'compute-test-'))
const open: Compute[] = []
const compute = (options: ComputeOptions = {}) => {
  const c = createCompute({ cacheFolder: join(folder, 'cache'), threads: 2, ...options })
  open.push(c)
  return c
}
afterEach(async () => {
  await Promise.all(open.splice(0).map(c => c.close()))
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

/** y = 2x + 1 for any number of rows. */
const affine = onnxModel({
  inputs: { x: ['n', 3] },
  outputs: { y: ['n', 3] },
  nodes: [
    { op: 'Mul', in: ['x', 'two'], out: ['m'] },
    { op: 'Add', in: ['m', 'one'], out: ['y'] },
  ],
  floats: { two: { shape: [1], data: Float32Array.of(2) }, one: { shape: [1], data: Float32Array.of(1) } },
})

/** A chain of matrix products that takes seconds: something to cancel. */
const slow = (size: number, depth: number) =>
  onnxModel({
    inputs: { x: [size, size] },
    outputs: { y: [size, size] },
    nodes: Array.from({ length: depth }, (_, i) => ({
      op: i % 2 ? 'Tanh' : 'MatMul',
      in: i % 2 ? [i === 0 ? 'x' : `v${i}`] : [i === 0 ? 'x' : `v${i}`, 'x'],
      out: [i === depth - 1 ? 'y' : `v${i + 1}`],
    })),
  })

/** Repeats the input `n` times along a new axis: memory at will. */
const expand = onnxModel({
  inputs: { x: ['one'] },
  outputs: { y: ['k'] },
  nodes: [
    { op: 'Expand', in: ['x', 'shape'], out: ['e'] },
    { op: 'ReduceSum', in: ['e'], out: ['y'], attributes: { keepdims: 0 } },
  ],
  int64: { shape: [1 << 20, 1 << 20, 16] },
})

const square = (n: number) => float32(new Float32Array(n * n).fill(0.001), [n, n])
const row = (...values: number[]) => ({ x: float32(Float32Array.from(values), [values.length / 3, 3]) })
const alive = (pid: number | undefined) => {
  try {
    process.kill(pid ?? -1, 0)
    return true
  } catch {
    return false
  }
}

describe('compute process', () => {
  it('runs a model given as bytes: the closed form 2x + 1, and says that the CPU ran it', async () => {
    const c = compute()
    const session = await c.load(affine)
    expect(session.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['n', 3] }])
    const { y } = await session.run(row(1, 2, 3, -1, 0, 0.5))
    expect(y?.shape).toEqual([2, 3])
    expect([...(y!.data as Float32Array)]).toEqual([3, 5, 7, -1, 1, 2])
    expect(session.provider.requested).toBe('cpu')
    expect(session.provider.ran['CPUExecutionProvider']).toBeGreaterThan(0)
    expect(Object.keys(session.provider.ran)).toEqual(['CPUExecutionProvider'])
    const stats = await c.stats()
    expect(stats.sessions).toBe(1)
    expect(stats.peakRssBytes).toBeGreaterThan(10e6)
  })

  it('carries large tensors both ways unchanged, odd sizes and empty ones too', async () => {
    const session = await compute().load(affine)
    for (const rows of [0, 1, 333_333, 1_000_001]) {
      const x = new Float32Array(rows * 3).map((_, i) => (i % 1000) / 8) // exact in float32
      const { y } = await session.run({ x: float32(x, [rows, 3]) })
      expect(y?.shape).toEqual([rows, 3])
      const data = y?.data as Float32Array
      let wrong = 0
      for (let i = 0; i < x.length; i++) if (data[i] !== 2 * (x[i] as number) + 1) wrong++
      expect(wrong).toBe(0)
    }
  })

  it('opens a model by path, with weights in a file beside it', async () => {
    const weights = Float32Array.from({ length: 9 }, (_, i) => (i % 4 === 0 ? 3 : 0)) // 3·I
    const model = onnxModel({
      inputs: { x: ['n', 3] },
      outputs: { y: ['n', 3] },
      nodes: [{ op: 'MatMul', in: ['x', 'w'], out: ['y'] }],
      floats: { w: { shape: [3, 3], data: weights, file: 'weights.data' } },
    })
    const path = join(folder, 'external.onnx')
    writeFileSync(path, model)
    writeFileSync(join(folder, 'weights.data'), new Uint8Array(weights.buffer))
    const c = compute()
    const byPath = await (await c.load(path)).run(row(1, 2, 3))
    expect([...(byPath['y']!.data as Float32Array)]).toEqual([3, 6, 9])
    const byBytes = await c.load({ bytes: model, files: { 'weights.data': new Uint8Array(weights.buffer) } })
    expect([...((await byBytes.run(row(1, 2, 3)))['y']!.data as Float32Array)]).toEqual([3, 6, 9])
  })

  it('starts no process to say that it holds nothing', async () => {
    let launched = 0
    const counting: ProcessLauncher = (...args) => {
      launched++
      return nodeLauncher(...args)
    }
    const c = compute({ launcher: counting })
    expect(await c.stats()).toMatchObject({ rssBytes: 0, peakRssBytes: 0, pid: undefined })
    expect(launched).toBe(0)
    const { pid, rssBytes } = await c.stats({ start: true })
    expect([launched, rssBytes > 10e6]).toEqual([1, true])
    process.kill(pid as number, 'SIGKILL')
    await vi.waitFor(async () => expect((await c.stats()).rssBytes).toBe(0))
  })

  it('lists every input that does not fit', async () => {
    const session = await compute().load(affine)
    await expect(session.run({ z: float32(new Float32Array(3), [1, 3]) })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/input 'x' is missing.*no input 'z'/),
    })
    await expect(session.run({ x: float32(new Float32Array(4), [1, 4]) })).rejects.toThrow(/\[1, 4\].*\[n, 3\]/)
    await expect(session.run({ x: float32(new Float32Array(4), [1, 3]) })).rejects.toThrow(/4 elements/)
    await expect(session.run({ x: { dtype: 'float64', shape: [1, 3], data: new Float64Array(3) } })).rejects.toThrow(
      /float64.*float32/,
    )
    await expect(session.run(row(1, 2, 3), { outputs: ['q'] })).rejects.toThrow(/no output 'q'/)
    expect((await session.run(row(1, 2, 3)))['y']).toBeDefined()
  })

  it('answers bad-model for bytes that are no model, an unknown operator and a missing file, and goes on', async () => {
    const c = compute()
    await expect(c.load(new TextEncoder().encode('not a model at all'))).rejects.toMatchObject({ code: 'bad-model' })
    const unknown = onnxModel({
      inputs: { x: [1] },
      outputs: { y: [1] },
      nodes: [{ op: 'Frobnicate', in: ['x'], out: ['y'] }],
    })
    await expect(c.load(unknown)).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringContaining('Frobnicate'),
    })
    await expect(c.load(join(folder, 'absent.onnx'))).rejects.toMatchObject({ code: 'bad-model' })
    expect((await (await c.load(affine)).run(row(0, 0, 0)))['y']).toBeDefined()
    expect((await c.stats()).restarts).toBe(0)
  })

  it('reports progress between batches and stops there when cancelled', async () => {
    const c = compute()
    const session = await c.load(affine)
    const stop = new AbortController()
    const seen: number[] = []
    const batches: Tensors[] = Array.from({ length: 10 }, (_, i) => row(i, i, i))
    const context = {
      signal: stop.signal,
      report: (p: { done: number }) => {
        seen.push(p.done)
        if (p.done === 4) stop.abort()
      },
    }
    await expect(c.run({ session, batches, plan: { total: 10 } }, context)).rejects.toMatchObject({ code: 'cancelled' })
    expect(seen).toEqual([0, 1, 2, 3, 4])
    const whole = await c.run({ session, batches }, quietContext())
    expect(whole.map(t => (t['y']!.data as Float32Array)[0])).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19])
    expect((await c.stats()).restarts).toBe(0)
  })

  it.each([
    ["the engine's grace", { cancelGraceMs: 100 }, {}],
    ['a grace of its own', { cancelGraceMs: 600_000 }, { graceMs: 100 }],
  ])(
    'ends a run that does not stop within %s by ending the process; waiting calls go on in a new one',
    async (_, options, call) => {
      const c = compute(options)
      const [long, short] = [await c.load(slow(1024, 4001)), await c.load(affine)]
      const before = (await c.stats()).pid
      const stop = new AbortController()
      const cancelledRun = long.run({ x: square(1024) }, { signal: stop.signal, ...call })
      const waiting = short.run(row(1, 1, 1))
      // Long after it began, also on a busy machine; it takes minutes.
      setTimeout(() => stop.abort(), 1500)
      await expect(cancelledRun).rejects.toMatchObject({ code: 'cancelled' })
      expect([...((await waiting)['y']!.data as Float32Array)]).toEqual([3, 3, 3])
      const stats = await c.stats()
      expect(stats.restarts).toBe(1)
      expect(alive(before)).toBe(false)
    },
  )

  it('answers a crash with a coded error, fails only the call it had, and loses only resident state', async () => {
    const c = compute()
    const [long, short] = [await c.load(slow(1024, 4001)), await c.load(affine)]
    const state = await c.createState(row(1, 2, 3))
    const doomed = long.run({ x: square(1024) })
    const waiting = short.run(row(1, 1, 1))
    const { pid } = await c.stats()
    process.kill(pid as number, 'SIGSEGV')
    await expect(doomed).rejects.toMatchObject({ code: 'disconnected', message: expect.stringContaining('SIGSEGV') })
    expect([...((await waiting)['y']!.data as Float32Array)]).toEqual([3, 3, 3])
    await expect(state.fetch()).rejects.toMatchObject({ code: 'disconnected' })
    const second = short.run(row(2, 2, 2))
    process.kill((await c.stats()).pid as number, 'SIGKILL') // as the kernel does when memory is short
    await second.catch(e => expect(e.code).toBe('out-of-memory'))
    expect([...((await short.run(row(2, 2, 2)))['y']!.data as Float32Array)]).toEqual([5, 5, 5])
  })

  it('answers out-of-memory when the runtime cannot allocate, and starts afresh', async () => {
    const c = compute()
    const session = await c.load(expand)
    await expect(session.run({ x: float32(Float32Array.of(1), [1]) })).rejects.toMatchObject({
      code: 'out-of-memory',
      remedy: expect.stringContaining('smaller batch'),
    })
    expect((await (await c.load(affine)).run(row(0, 0, 0)))['y']).toBeDefined()
    expect((await c.stats()).restarts).toBe(1)
  })

  it('refuses a run beyond the memory limit with both numbers, before it starts', async () => {
    const c = compute({ memoryLimitBytes: 20e6 })
    const session = await c.load(affine)
    const rows = 1_000_000 // 12 MB in, 12 MB inside, 12 MB out
    await expect(session.run({ x: float32(new Float32Array(rows * 3), [rows, 3]) })).rejects.toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(/needs about 36 MB and 20 MB are free/),
      detail: { freeBytes: 20e6 },
    })
    expect((await session.run(row(1, 1, 1)))['y']).toBeDefined()
    expect((await c.stats()).restarts).toBe(0)
  })

  it('keeps state in the process: n doublings of a resident tensor', async () => {
    const c = compute()
    const session = await c.load(affine, { workload: 'fixed' })
    const state = await c.createState(row(1, 2, 3))
    for (let i = 0; i < 5; i++) {
      expect(await session.run({}, { state, carry: [{ from: 'y', to: 'x' }] })).toEqual({})
    }
    // x -> 2x + 1 five times: 32x + 31
    expect([...((await state.fetch())['x']!.data as Float32Array)]).toEqual([63, 95, 127])
    await state.put(row(0, 0, 0))
    const { y } = await session.run({}, { state, carry: [{ from: 'y', to: 'x' }], outputs: ['y'] })
    expect([...(y!.data as Float32Array)]).toEqual([1, 1, 1])
    expect((await c.stats()).stateBytes).toBe(12)
    await state.close()
    expect((await c.stats()).stateBytes).toBe(0)
  })

  it('keeps the state as it was when the guard output is zero', async () => {
    const c = compute()
    const session = await c.load(affine)
    const state = await c.createState(row(-0.5, 2, 3))
    const step = { state, carry: [{ from: 'y', to: 'x' }], outputs: ['y'] }
    const guarded = await session.run({}, { ...step, guard: 'y' })
    expect([...(guarded['y']!.data as Float32Array)]).toEqual([0, 5, 7]) // answered, and not carried
    expect([...((await state.fetch())['x']!.data as Float32Array)]).toEqual([-0.5, 2, 3])
    await session.run({}, step)
    expect([...((await state.fetch())['x']!.data as Float32Array)]).toEqual([0, 5, 7])
  })

  it('closes the least recently used model beyond the byte limit and opens it again when it is run', async () => {
    const big = (factor: number) =>
      onnxModel({
        inputs: { x: [1, 500_000] },
        outputs: { y: [1, 500_000] },
        nodes: [{ op: 'Mul', in: ['x', 'w'], out: ['y'] }],
        floats: { w: { shape: [500_000], data: new Float32Array(500_000).fill(factor) } },
      })
    const c = compute({ sessionLimitBytes: 5e6 }) // two models of 2 MB fit
    const sessions = [await c.load(big(2)), await c.load(big(3)), await c.load(big(4))]
    expect((await c.stats()).sessions).toBe(2)
    const x = float32(new Float32Array(500_000).fill(1), [1, 500_000])
    for (const [i, s] of sessions.entries()) {
      expect(((await s.run({ x }))['y']!.data as Float32Array)[7]).toBe(i + 2)
      expect((await c.stats()).sessionBytes).toBeLessThanOrEqual(5e6)
    }
    await sessions[2]?.close()
    expect((await c.stats()).sessions).toBe(1)
  })

  it('gives the same bytes for the same input again and in another process', async () => {
    const x = float32(
      new Float32Array(256 * 256).map((_, i) => Math.sin(i)),
      [256, 256],
    )
    const bytes: string[] = []
    for (let life = 0; life < 2; life++) {
      const session = await compute().load(slow(256, 21))
      for (let i = 0; i < 3; i++) {
        const { y } = await session.run({ x })
        bytes.push(Buffer.from((y!.data as Float32Array).buffer).toString('base64'))
      }
    }
    expect(new Set(bytes).size).toBe(1)
  })

  it('says in one sentence that the engine cannot be started', async () => {
    const entry = join(folder, 'broken.js')
    writeFileSync(entry, "throw new Error('no binding for this machine')")
    await expect(compute({ entry }).load(affine)).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringContaining('did not start'),
    })
  })

  it('ends with a parent that is killed, and leaves no folder behind', async () => {
    const settings: ProcessSettings = { sessionLimitBytes: 1e9, scratchFolder: mkdtempSync(join(folder, 'scratch-')) }
    const child = launchNode(builtEntry('compute/process.js'), settings, {})
    const gone = new Promise<void>(done => child.onEnd(() => done()))
    await new Promise<void>(done => child.onFrame(() => done()))
    expect(existsSync(settings.scratchFolder)).toBe(true)
    process.kill(child.pid as number, 'SIGINT') // a Ctrl+C in the terminal, which the parent handles
    child.disconnect() // what the system does to the pipe of a killed parent
    await gone
    expect(existsSync(settings.scratchFolder)).toBe(false)
  })

  it('notes a model that draws random numbers without a seed', async () => {
    const random = onnxModel({
      inputs: { x: [4] },
      outputs: { y: [4] },
      nodes: [
        { op: 'RandomNormalLike', in: ['x'], out: ['r'] },
        { op: 'Add', in: ['x', 'r'], out: ['y'] },
      ],
    })
    expect((await compute().load(random)).provider.note).toMatch(/RandomNormalLike.*do not repeat/)
  })
})
