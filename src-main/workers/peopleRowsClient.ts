import { Worker } from 'node:worker_threads'
import { cancelled, fromWire, throwIfCancelled, type WireError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Progress, WorkContext } from '../../src-shared/job.ts'
import type { PeopleRows, PeopleRowsRequest } from './peopleRows.ts'
import { workerFile } from './workerFile.ts'

export type FromPeopleRows =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'result'; readonly result: PeopleRows }
  | { readonly kind: 'error'; readonly error: WireError }

/** Of the thread that made it first, for those that come. */
let charsmap: Uint8Array | undefined

/** Encodes people in a thread of its own, so that whoever waits for an answer meanwhile gets it; cancelling ends the thread. */
export async function peopleRowsInThread(request: PeopleRowsRequest, context: WorkContext): Promise<PeopleRows> {
  const { signal } = context
  throwIfCancelled(signal)
  const workerData: PeopleRowsRequest = charsmap ? { ...request, charsmap } : request
  const worker = new Worker(workerFile('peopleRows'), { workerData, name: 'encoding people' })
  let stop = () => {}
  try {
    const rows = await new Promise<PeopleRows>((resolve, reject) => {
      stop = () => reject(cancelled())
      signal.addEventListener('abort', stop, { once: true })
      worker.on('message', (message: FromPeopleRows) => {
        if (message.kind === 'progress') context.report(message.progress)
        else if (message.kind === 'result') resolve(message.result)
        else reject(fromWire(message.error))
      })
      const ended = (why: string, cause?: unknown) => reject(new WorkbenchError('disconnected', `the thread that encodes people ended${why}`, 'try again', undefined, { cause })) // biome-ignore format: one line
      worker.on('error', error => ended(`: ${error.message}`, error))
      worker.on('exit', () => ended(' without an answer'))
    })
    charsmap ??= rows.charsmap ?? undefined
    return rows
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
