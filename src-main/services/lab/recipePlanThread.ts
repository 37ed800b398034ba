import { Worker } from 'node:worker_threads'
import { cancelled, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Rates } from '../../analyses/planner/rates.ts'
import { workerFile } from '../../workers/workerFile.ts'
import type { FromPlan, PlanRecipes, RecipeRequest } from './recipePlan.ts'

export interface ThreadRequest {
  readonly requests: readonly RecipeRequest[]
  readonly points: boolean
  readonly dataFolders: readonly string[]
  readonly rates: Rates
}

export type FromThread = FromPlan | 'done'

/** Plans recipes in a thread of its own, so that windows are answered meanwhile; cancelling ends the thread. */
export const planRecipesInThread =
  (dataFolders: readonly string[], rates: () => Promise<Rates>): PlanRecipes =>
  async (requests, points, tell, signal) => {
    const workerData: ThreadRequest = { requests, points, dataFolders, rates: await rates() }
    throwIfCancelled(signal)
    const worker = new Worker(workerFile('recipePlan'), { workerData, name: 'planning recipes' })
    // Estimates that nobody waits for any more do not keep a program alive.
    if (points) worker.unref()
    let stop = () => {}
    try {
      await new Promise<void>((resolve, reject) => {
        stop = () => reject(cancelled())
        signal.addEventListener('abort', stop, { once: true })
        worker.on('message', (message: FromThread) => {
          if (message === 'done') resolve()
          else tell(message)
        })
        const ended = (why: string, cause?: unknown) => reject(new WorkbenchError('disconnected', `the thread that plans recipes ended${why}`, 'ask again', undefined, { cause })) // biome-ignore format: one line
        worker.on('error', error => ended(`: ${error.message}`, error))
        worker.on('exit', () => ended(' without an answer'))
      })
    } finally {
      signal.removeEventListener('abort', stop)
      await worker.terminate()
    }
  }
