import { Worker } from 'node:worker_threads'
import { cancelled, fromWire, throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { FromTraining, TokenizerTrainingRequest, TokenizerTrainingResult } from './tokenizerTrainingProtocol.ts'
import { workerFile } from './workerFile.ts'

/** Trains a tokenizer in a thread of its own; cancelling ends the thread. */
export async function trainTokenizerInThread(
  request: TokenizerTrainingRequest,
  ctx: WorkContext,
): Promise<TokenizerTrainingResult> {
  throwIfCancelled(ctx.signal)
  // The heap holds strings of the vocabulary only; the corpus lies in typed arrays outside it.
  const worker = new Worker(workerFile('tokenizerTraining'), { workerData: request, name: 'tokenizer training' })
  try {
    return await new Promise((resolve, reject) => {
      ctx.signal.addEventListener('abort', () => reject(cancelled()), { once: true })
      worker.on('message', (message: FromTraining) => {
        if (message.kind === 'progress') ctx.report(message.progress)
        else if (message.kind === 'result') resolve(message.result)
        else reject(fromWire(message.error))
      })
      worker.on('error', error => {
        const memory =
          (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' || error instanceof RangeError
        reject(
          memory
            ? new WorkbenchError(
                'out-of-memory',
                'the corpus does not fit into memory',
                'train on fewer lines with --sentences',
                undefined,
                { cause: error },
              )
            : new WorkbenchError(
                'disconnected',
                `the training thread ended: ${error.message}`,
                'try again',
                undefined,
                { cause: error },
              ),
        )
      })
      worker.on('exit', () =>
        reject(new WorkbenchError('disconnected', 'the training thread ended without an answer', 'try again')),
      )
    })
  } finally {
    await worker.terminate()
  }
}
