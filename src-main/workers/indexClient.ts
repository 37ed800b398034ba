import { Worker } from 'node:worker_threads'
import { cancelled, fromWire, throwIfCancelled, type WireError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Progress, WorkContext } from '../../src-shared/job.ts'
import type { IndexRequest, IndexResult } from '../readers/indexBuilder.ts'
import { workerFile } from './workerFile.ts'

export interface IndexTask {
  readonly path: string
  readonly request: IndexRequest
}

export type FromIndexWorker =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'result'; readonly result: IndexResult }
  | { readonly kind: 'error'; readonly error: WireError }

/** A thread that has not stopped by itself in this time is ended. An index is written whole or not at all either way. */
const STOP_WITHIN_MS = 80

/** Builds an index in a thread of its own, so that hours of it leave the program free. @throws what buildIndex throws */
export async function buildIndexInThread(
  task: IndexTask,
  context: WorkContext,
  file: () => URL = () => workerFile('index'),
): Promise<IndexResult> {
  throwIfCancelled(context.signal)
  const worker = new Worker(file(), { name: 'index', workerData: task })
  let timer: NodeJS.Timeout | undefined
  const stop = () => {
    worker.postMessage('stop')
    timer = setTimeout(() => void worker.terminate(), STOP_WITHIN_MS)
  }
  context.signal.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise<IndexResult>((resolve, reject) => {
      worker.on('message', (message: FromIndexWorker) => {
        if (message.kind === 'progress') context.report(message.progress)
        else if (message.kind === 'result') resolve(message.result)
        else reject(fromWire(message.error))
      })
      let cause: unknown
      worker.on('error', error => {
        cause = error
      })
      worker.on('exit', () => {
        if (context.signal.aborted) return reject(cancelled())
        const why = cause instanceof Error ? `: ${cause.message}` : ''
        reject(new WorkbenchError('disconnected', `the thread that was indexing ended${why}`, 'try again', undefined, { cause })) // biome-ignore format: one line
      })
    })
  } finally {
    clearTimeout(timer)
    context.signal.removeEventListener('abort', stop)
  }
}
