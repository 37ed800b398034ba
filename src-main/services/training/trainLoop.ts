import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { Tensor, Tensors } from '../../../src-shared/tensor.ts'
import type { Compute } from '../../compute/client.ts'
import type { Session } from '../../compute/engine.ts'
import { nextName, trainingInputs } from '../../graph/optimizer/trainingStep.ts'
import { makeFolders } from '../../storage/folders.ts'
import { type Json, readCheckpoint, type Standing, writeCheckpoint } from './checkpoint.ts'
import { MetricsLog } from './metricsLog.ts'

export interface Training {
  readonly compute: Compute
  /** The training-step graph (graph/optimizer/trainingStep.ts), opened for a fixed workload. */
  readonly session: Session
  /** Parameters, moments and running statistics before the first step, by input name. */
  initialState(): Tensors | Promise<Tensors>
  /** The inputs of the next batch and where the data go on: a function of the cursor alone, so that it can be taken again. */
  batch(cursor: Json): Promise<{ readonly tensors: Tensors; readonly cursor: Json }>
  readonly firstCursor: Json
  /** Learning rate of a step; the first is 0. */
  rate(step: number): number
  readonly seed: number
  readonly steps: number
  readonly checkpointEvery: number
  /** SHA-256 or the like over recipe, data and network. */
  readonly fingerprint: string
  /** Told after each step, 1 being the first. */
  onStep?(metrics: StepMetrics): void
  /** Looks at the weights now and then, and may end the training. */
  readonly validation?: Validation
}

/** A judgement of the weights that belongs to the training: it is saved with it and gone on with. */
export interface Validation {
  /** After each so many steps, and after the last. */
  readonly every: number
  /**
   * Judges the weights of a step. `fetch` gives tensors of the state by name; `before` is what the last judgement left. It must be a
   * function of these alone: a step that is taken again is judged again.
   */
  run(
    step: number,
    fetch: (names: readonly string[]) => Promise<Tensors>,
    before: Standing | undefined,
  ): Promise<Judged>
}

export interface Judged extends Standing {
  /** A line of metrics.jsonl, the step apart. */
  readonly metrics: Readonly<Record<string, number>>
}

export interface StepMetrics {
  readonly step: number
  readonly loss: number
  /** Before clipping. */
  readonly gradientNorm: number
  readonly rate: number
}

export interface Trained {
  readonly step: number
  readonly state: Tensors
  readonly cursor: Json
  readonly last: StepMetrics | undefined
  /** What the last validation left. */
  readonly standing: Standing | undefined
}

/**
 * Drives a training step by step. Weights stay in the compute process; every `checkpointEvery` steps they are fetched and written with
 * moments, step and data cursor. With `resume` it goes on at the newest checkpoint: killed and resumed at any step, the result
 * and metrics.jsonl have the same bytes as without.
 * @throws WorkbenchError `not-finite` at the step whose loss or gradient is NaN or infinite (the last checkpoint is kept);
 * `cancelled` after writing a checkpoint, or without one when the step under way does not end soon; `disconnected` or `out-of-memory` when the compute process ended: resume
 */
export async function trainLoop(
  training: Training,
  folder: string,
  context: WorkContext,
  options: { readonly resume?: boolean } = {},
): Promise<Trained> {
  const { session, steps } = training
  await makeFolders(folder).catch(error => {
    throw asWorkbenchError(error)
  })
  const before = await readCheckpoint(folder, training.fingerprint)
  if (before && !options.resume) throw new WorkbenchError('bad-input', `'${folder}' holds a training at step ${before.step}`, 'give --resume to go on, or another folder') // biome-ignore format: one thought
  const log = await MetricsLog.open(folder, before?.metricsBytes ?? 0)
  const initial = before?.state ?? (await training.initialState())
  let standing = before?.standing
  const state = await training.compute.createState(initial, context.signal)
  const carry = carriedNames(initial, session)
  const seeded = session.inputs.some(i => i.name === trainingInputs.seed)
  let step = before?.step ?? 0
  let cursor = before?.cursor ?? training.firstCursor
  let saved = before ? step : -1
  let last: StepMetrics | undefined
  const save = async (): Promise<void> => {
    if (saved === step) return
    const metricsBytes = await log.mark()
    await writeCheckpoint(folder, {
      step,
      cursor,
      metricsBytes,
      fingerprint: training.fingerprint,
      state: await state.fetch(),
      ...(standing ? { standing } : {}),
    })
    saved = step
  }
  const { validation } = training
  try {
    while (step < steps && !standing?.stop) {
      if (context.signal.aborted) await save()
      throwIfCancelled(context.signal)
      const { tensors, cursor: after } = await training.batch(cursor)
      const rate = training.rate(step)
      const feeds = { ...tensors, ...scalars(rate, step, seeded ? training.seed : undefined) }
      const out = await patient(context.signal, signal =>
        session.run(feeds, {
          signal,
          graceMs: 0,
          state,
          carry,
          guard: 'finite',
          outputs: ['loss', 'gradientNorm', 'finite'],
        }),
      )
      last = { step: step + 1, loss: scalar(out, 'loss'), gradientNorm: scalar(out, 'gradientNorm'), rate }
      if (!scalar(out, 'finite') || !Number.isFinite(last.loss)) throw notFinite(last, saved)
      step++
      cursor = after
      await log.append({ ...last })
      training.onStep?.(last)
      context.report({ phase: 'training', done: step, total: steps })
      if (validation && (step % validation.every === 0 || step === steps)) {
        const { metrics, ...left } = await validation.run(step, names => state.fetch(names), standing)
        standing = left
        await log.append({ step, ...metrics })
      }
      if (step % training.checkpointEvery === 0 || step === steps || standing?.stop) await save()
    }
    return { step, state: await state.fetch(), cursor, last, standing }
  } finally {
    await log.close()
    // Not awaited: the process may still be in a step that nobody waits for any more.
    void state.close().catch(() => undefined)
  }
}

/** A step under way is let finish after a cancel, so that its checkpoint can be written, but not for longer than this. */
const PATIENCE_MS = 1500

/** Runs `work` with a signal that follows `signal` late. */
async function patient<T>(signal: AbortSignal, work: (late: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onAbort = () => {
    timer = setTimeout(() => late.abort(), PATIENCE_MS)
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await work(late.signal)
  } finally {
    signal.removeEventListener('abort', onAbort)
    clearTimeout(timer)
  }
}

function notFinite(at: StepMetrics, saved: number): WorkbenchError {
  const kept = saved >= 0 ? `the checkpoint of step ${saved} is kept` : 'there was no checkpoint yet'
  return new WorkbenchError(
    'not-finite',
    `step ${at.step}: the loss is ${at.loss} and the gradient's norm ${at.gradientNorm}; ${kept}`,
    'use a lower learning rate or a lower clipping norm, and look at the data of that step',
    { step: at.step, checkpoint: saved },
  )
}

/** What the step renews; tensors without a new value (frozen weights) stay. */
function carriedNames(state: Tensors, session: Session): { from: string; to: string }[] {
  const outputs = new Set(session.outputs.map(o => o.name))
  const carry = Object.keys(state)
    .map(to => ({ from: nextName(to), to }))
    .filter(c => outputs.has(c.from))
  if (carry.length === 0) throw new WorkbenchError('bad-model', 'the training graph renews none of the given tensors', 'build it with trainingStep') // biome-ignore format: one thought
  return carry
}

function scalars(rate: number, step: number, seed: number | undefined): Tensors {
  const int64 = (value: bigint): Tensor => ({ dtype: 'int64', shape: [], data: BigInt64Array.of(value) })
  return {
    [trainingInputs.rate]: { dtype: 'float32', shape: [], data: Float32Array.of(rate) },
    [trainingInputs.step]: int64(BigInt(step + 1)),
    ...(seed === undefined ? {} : { [trainingInputs.seed]: int64(stepSeed(seed, step)) }),
  }
}

/**
 * The random numbers of a step as a function of seed and step alone, so that there is no generator whose state could be lost:
 * 31 bits of splitmix64 (Steele, Lea and Flood 2014).
 */
export function stepSeed(seed: number, step: number): bigint {
  const mask = (1n << 64n) - 1n
  let z = (BigInt(seed) * 0x9e3779b97f4a7c15n + BigInt(step + 1) * 0xbf58476d1ce4e5b9n) & mask
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask
  return (z ^ (z >> 31n)) >> 33n
}

function scalar(out: Tensors, name: string): number {
  const t = out[name]
  if (!t)
    throw new WorkbenchError('bad-model', `the training graph has no output '${name}'`, 'build it with trainingStep')
  return Number(t.data[0])
}
