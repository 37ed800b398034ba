import { Worker } from 'node:worker_threads'
import { cancelled, fromWire, throwIfCancelled, type WireError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Factors } from '../models/lowRank/factorise.ts'
import type { FactoriseCall } from '../models/lowRank/factoriseModel.ts'
import type { DenseMatrix } from '../models/lowRank/matrix.ts'
import { workerFile } from './workerFile.ts'

export type ToFactorise = { readonly w: DenseMatrix; readonly call?: FactoriseCall }
export type FromFactorise =
  | { readonly kind: 'values'; readonly values: Float64Array }
  | { readonly kind: 'factors'; readonly factors: Factors }
  | { readonly kind: 'fault'; readonly error: WireError }

/** Factorisations in a thread of their own, one at a time: a map of a large network takes minutes. */
export interface FactoriseThread {
  /** Singular values, descending. */
  singularValues(w: DenseMatrix): Promise<Float64Array>
  factorise(w: DenseMatrix, call: FactoriseCall): Promise<Factors>
  close(): Promise<void>
}

/** Opens the thread; cancelling ends it, and what waits is `cancelled`. */
export function openFactoriseThread(
  signal: AbortSignal,
  file: () => URL = () => workerFile('factorise'),
): FactoriseThread {
  // biome-ignore format: one line
  throwIfCancelled(signal)
  const worker = new Worker(file(), { name: 'factorise' })
  let settle: ((answer: FromFactorise | WorkbenchError) => void) | undefined
  let ended: WorkbenchError | undefined
  const end = (why: WorkbenchError) => {
    ended ??= why
    settle?.(ended)
  }
  worker.on('message', (message: FromFactorise) => settle?.(message))
  worker.on(
    'error',
    error =>
    end(new WorkbenchError('out-of-memory', `the factorising thread ended: ${error.message.slice(0, 120)}`, 'close other programs, or factorise on a machine with more memory')), // biome-ignore format: one thought
  )
  worker.on('exit', () => end(new WorkbenchError('disconnected', 'the factorising thread ended without an answer', 'try again'))) // biome-ignore format: one thought
  const abort = () => {
    end(cancelled())
    void worker.terminate()
  }
  signal.addEventListener('abort', abort, { once: true })
  let turn: Promise<unknown> = Promise.resolve()
  const ask = <K extends FromFactorise['kind']>(kind: K, message: ToFactorise) => {
    const answered = turn.then(
      () =>
        new Promise<Extract<FromFactorise, { kind: K }>>((resolve, reject) => {
          if (ended) return reject(ended)
          settle = answer => {
            settle = undefined
            if (answer instanceof WorkbenchError) reject(answer)
            else if (answer.kind === 'fault') reject(fromWire(answer.error))
            else if (answer.kind !== kind)
              reject(new WorkbenchError('internal', `the factorising thread said '${answer.kind}'`, 'please report this')) // biome-ignore format: one thought
            else resolve(answer as Extract<FromFactorise, { kind: K }>)
          }
          worker.postMessage(message)
        }),
    )
    turn = answered.catch(() => undefined)
    return answered
  }
  return {
    singularValues: async w => (await ask('values', { w })).values,
    factorise: async (w, call) => (await ask('factors', { w, call })).factors,
    async close() {
      signal.removeEventListener('abort', abort)
      await worker.terminate()
    },
  }
}
