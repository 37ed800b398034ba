import { Worker } from 'node:worker_threads'
import {
  cancelled,
  fromWire,
  throwIfCancelled,
  type WireError,
  WorkbenchError,
} from '../../../src-shared/ipc/errors.ts'
import { workerFile } from '../../workers/workerFile.ts'
import type { EstimateRequest, ModelEstimate } from './modelEstimate.ts'

export type FromEstimate =
  | { readonly kind: 'result'; readonly result: ModelEstimate }
  | { readonly kind: 'error'; readonly error: WireError }

/** Estimates in a thread of its own, so that whoever waits for an answer meanwhile gets it; cancelling ends the thread. */
export async function estimateInThread(request: EstimateRequest, signal?: AbortSignal): Promise<ModelEstimate> {
  if (signal) throwIfCancelled(signal)
  const worker = new Worker(workerFile('estimate'), { workerData: request, name: 'estimating' })
  let stop = () => {}
  try {
    return await new Promise<ModelEstimate>((resolve, reject) => {
      stop = () => reject(cancelled())
      signal?.addEventListener('abort', stop, { once: true })
      worker.on('message', (message: FromEstimate) => {
        if (message.kind === 'result') resolve(message.result)
        else reject(fromWire(message.error))
      })
      const ended = (why: string, cause?: unknown) => reject(new WorkbenchError('disconnected', `the thread that estimates ended${why}`, 'try again', undefined, { cause })) // biome-ignore format: one line
      worker.on('error', error => ended(`: ${error.message}`, error))
      worker.on('exit', () => ended(' without an answer'))
    })
  } finally {
    signal?.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
