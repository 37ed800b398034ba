import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cancelled } from '../../../src-shared/ipc/errors.ts'
import { quietContext } from '../../../src-shared/job.ts'
import { regressionBatch, regressionStep } from '../../../test-support/train-driver.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import type { Session } from '../../compute/engine.ts'
import { type StepMetrics, stepSeed, type Training, trainLoop } from './trainLoop.ts'

const root = resolve(import.meta.dirname, '../../..')
const work = mkdtempSync(join(root, 'node_modules/.train-test-')) // below node_modules: the driver resolves packages from there
const cacheFolder = join(work, 'cache')
let compute: Compute
let session: Session
const { onnx, initial } = regressionStep()
beforeAll(async () => {
  compute = createCompute({ cacheFolder, threads: 1 })
  session = await compute.load(onnx, { workload: 'fixed' })
})
afterAll(async () => {
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

const training = (more: Partial<Training> = {}): Training => ({
  compute,
  session,
  initialState: () => initial,
  batch: async cursor => regressionBatch(cursor),
  firstCursor: { position: 0 },
  rate: step => 0.01 * 0.99 ** step,
  seed: 7,
  steps: 40,
  checkpointEvery: 5,
  fingerprint: 'regression',
  ...more,
})

const files = (folder: string) => ({
  metrics: readFileSync(join(folder, 'metrics.jsonl'), 'utf8'),
  checkpoints: readdirSync(join(folder, 'checkpoints')).sort().map(n => [n, readFileSync(join(folder, 'checkpoints', n)).toString('base64')]), // biome-ignore format: one line
})

describe('trainLoop', () => {
  it('learns: the loss of the last steps is far below that of the first', async () => {
    const seen: StepMetrics[] = []
    const folder = join(work, 'learns')
    const done = await trainLoop(
      training({ steps: 400, checkpointEvery: 200, rate: () => 0.01, onStep: m => seen.push(m) }),
      folder,
      quietContext(),
    )
    const mean = (m: readonly StepMetrics[]) => m.reduce((s, x) => s + x.loss, 0) / m.length
    expect(mean(seen.slice(-40))).toBeLessThan(0.6 * mean(seen.slice(0, 40)))
    expect(done.step).toBe(400)
    expect(readdirSync(join(folder, 'checkpoints'))).toEqual([
      'step-000000200.safetensors',
      'step-000000400.safetensors',
    ])
    expect(readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n').map(l => JSON.parse(l).step)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1)) // biome-ignore format: one line
  })

  it('weights that stay in the process equal weights fed and fetched at each step, byte for byte', async () => {
    const resident = await trainLoop(training({ steps: 12 }), join(work, 'resident'), quietContext())
    let state = { ...initial }
    let cursor: Parameters<typeof regressionBatch>[0] = { position: 0 }
    for (let step = 0; step < 12; step++) {
      const { tensors, cursor: next } = regressionBatch(cursor)
      cursor = next
      const out = await session.run({
        ...state,
        ...tensors,
        'training.rate': { dtype: 'float32', shape: [], data: Float32Array.of(0.01 * 0.99 ** step) },
        'training.step': { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(step + 1)) },
        'training.seed': { dtype: 'int64', shape: [], data: BigInt64Array.of(stepSeed(7, step)) },
      })
      state = Object.fromEntries(Object.keys(state).map(name => [name, out[`next/${name}`]!]))
    }
    for (const [name, t] of Object.entries(state)) expect(resident.state[name]?.data).toEqual(t.data)
  })

  it('cancelled and resumed gives the bytes of an uninterrupted run', async () => {
    const whole = join(work, 'whole')
    await trainLoop(training(), whole, quietContext())
    const parts = join(work, 'parts')
    for (const stopAt of [3, 17, 18, 99]) {
      const stop = new AbortController()
      const run = trainLoop(
        training({ onStep: m => m.step >= stopAt && stop.abort() }),
        parts,
        { signal: stop.signal, report() {} },
        { resume: true },
      )
      if (stopAt < 40) await expect(run).rejects.toMatchObject({ code: 'cancelled' })
      else await run
    }
    expect(files(parts).metrics).toBe(files(whole).metrics)
    expect(files(parts).checkpoints.at(-1)).toEqual(files(whole).checkpoints.at(-1))
  })

  it('a process killed at random steps and started again gives the bytes of one that was not killed', async () => {
    const driver = join(work, 'driver.mjs')
    await build({
      entryPoints: [join(root, 'test-support/train-driver.ts')],
      outfile: driver,
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['onnxruntime-node'],
      logLevel: 'error',
    })
    const entry = join(root, 'dist/compute/process.js')
    const STEPS = 60
    /** Runs until the end, or until step `killAt` has been printed. Gives the last step seen, negative when it was killed. */
    const life = (folder: string, killAt: number) =>
      new Promise<number>((done, fail) => {
        const child = spawn(process.execPath, [driver, folder, entry, cacheFolder, String(STEPS), '7'], {
          env: { ...process.env, TRAIN_DRIVER: 'run' },
          stdio: ['ignore', 'pipe', 'pipe'],
        })
        let last = 0
        let errors = ''
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          last = Number(text.trim().split('\n').at(-1))
          if (last >= killAt) child.kill('SIGKILL')
        })
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          errors += text
        })
        child.on('close', (code, signal) =>
          signal === 'SIGKILL' || code === 0 ? done(signal ? -last : last) : fail(new Error(errors)),
        )
      })
    const whole = join(work, 'unkilled')
    await life(whole, STEPS + 1)
    const killed = join(work, 'killed')
    // Where the kill falls within a step is up to the scheduler: anywhere in computing, fetching or writing.
    const ends: number[] = []
    for (const at of [2, 9, 18, 26, 34, 44]) ends.push(await life(killed, at))
    expect(ends.filter(e => e < 0).length).toBeGreaterThanOrEqual(4)
    expect(await life(killed, STEPS + 1)).toBe(STEPS)
    expect(files(killed).metrics).toBe(files(whole).metrics)
    expect(files(killed).checkpoints.at(-1)).toEqual(files(whole).checkpoints.at(-1))
    expect(readdirSync(join(killed, 'checkpoints')).filter(n => n.endsWith('.safetensors')).length).toBeLessThanOrEqual(
      2,
    )
  })

  it('stops at the step whose loss is not finite, says which, and keeps the last good checkpoint', async () => {
    const folder = join(work, 'nan')
    const poisoned = training({ batch: async cursor => regressionBatch(cursor, 12) }) // batch 12 is that of step 13
    await expect(trainLoop(poisoned, folder, quietContext())).rejects.toMatchObject({
      code: 'not-finite',
      message: expect.stringMatching(/step 13: the loss is NaN.*checkpoint of step 10 is kept/),
      detail: { step: 13, checkpoint: 10 },
    })
    const whole = join(work, 'ten')
    await trainLoop(training({ steps: 10 }), whole, quietContext())
    expect(files(folder).checkpoints.at(-1)).toEqual(files(whole).checkpoints.at(-1))
    const mended = await trainLoop(training(), folder, quietContext(), { resume: true })
    expect(mended.step).toBe(40)
    for (const t of Object.values(mended.state)) expect(t.data.every(x => Number.isFinite(Number(x)))).toBe(true)
  })

  it('refuses to write over a training, and a checkpoint of another one; falls back to the one before a spoilt one', async () => {
    const folder = join(work, 'guard')
    await trainLoop(training({ steps: 10 }), folder, quietContext())
    await expect(trainLoop(training(), folder, quietContext())).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('step 10'),
    })
    await expect(
      trainLoop(training({ fingerprint: 'other' }), folder, quietContext(), { resume: true }),
    ).rejects.toMatchObject({ code: 'bad-input' })
    const newest = join(folder, 'checkpoints', 'step-000000010.safetensors')
    const good = readFileSync(newest)
    writeFileSync(newest, good.subarray(0, good.length - 5))
    await trainLoop(training({ steps: 10 }), folder, quietContext(), { resume: true })
    expect(readFileSync(newest)).toEqual(good)
  })

  it('cancelled in a step that does not end: the step is given up and the last checkpoint stays', async () => {
    const folder = join(work, 'endless')
    const stop = new AbortController()
    let run: Promise<unknown> = Promise.resolve()
    const stuck = new Promise<never>((_, reject) => {
      const endless: Session = {
        inputs: session.inputs,
        outputs: session.outputs,
        provider: session.provider,
        runBatches: () => session.runBatches([], quietContext()),
        close: () => session.close(),
        run: (inputs, call) => {
          if (inputs['training.step']!.data[0] !== 8n) return session.run(inputs, call)
          call!.signal!.addEventListener('abort', () => reject(cancelled()))
          stop.abort()
          return stuck
        },
      }
      run = trainLoop(training({ session: endless }), folder, { signal: stop.signal, report() {} })
    })
    await expect(run).rejects.toMatchObject({ code: 'cancelled' })
    expect(readdirSync(join(folder, 'checkpoints'))).toEqual(['step-000000005.safetensors'])
    await trainLoop(training(), folder, quietContext(), { resume: true })
    await trainLoop(training(), join(work, 'unstuck'), quietContext())
    expect(files(folder)).toEqual(files(join(work, 'unstuck')))
  })

  it('cuts off what a killed process had logged behind its checkpoint', async () => {
    const folder = join(work, 'logged')
    await trainLoop(training({ steps: 5 }), folder, quietContext())
    const log = join(folder, 'metrics.jsonl')
    const lines = readFileSync(log)
    writeFileSync(log, Buffer.concat([lines, Buffer.from('{"step":6,"loss":1}\n{"st')]))
    await trainLoop(training({ steps: 5 }), folder, quietContext(), { resume: true })
    expect(readFileSync(log)).toEqual(lines)
  })

  it('removes the half-written checkpoint of a killed process', async () => {
    const folder = join(work, 'litter')
    await trainLoop(training({ steps: 5 }), folder, quietContext())
    const gone = spawnSync(process.execPath, ['-e', '']).pid // a process that has ended
    writeFileSync(join(folder, 'checkpoints', `.step-000000010.safetensors.${gone}-abc.part`), 'half')
    const own = `.step-000000010.safetensors.${process.pid}-abc.part`
    writeFileSync(join(folder, 'checkpoints', own), 'being written')
    await trainLoop(training({ steps: 10 }), folder, quietContext(), { resume: true })
    expect(readdirSync(join(folder, 'checkpoints')).sort()).toEqual([
      own,
      'step-000000005.safetensors',
      'step-000000010.safetensors',
    ])
  })

  it('a compute process that dies in training is a coded error, and the training resumes', async () => {
    const folder = join(work, 'crash')
    const doomed = createCompute({ cacheFolder, threads: 1 })
    const own = await doomed.load(onnx, { workload: 'fixed' })
    const run = trainLoop(
      training({
        compute: doomed,
        session: own,
        onStep: m => m.step === 8 && void doomed.stats().then(s => s.pid && process.kill(s.pid, 'SIGSEGV')),
      }),
      folder,
      quietContext(),
    )
    await expect(run).rejects.toMatchObject({ code: 'disconnected' })
    const done = await trainLoop(training({ compute: doomed, session: own }), folder, quietContext(), { resume: true })
    const whole = await trainLoop(training(), join(work, 'uncrashed'), quietContext())
    expect(done.state).toEqual(whole.state)
    await doomed.close()
  })
})
