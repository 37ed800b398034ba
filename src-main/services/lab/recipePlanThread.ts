import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { cancelled, fromWire, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Rates } from '../../analyses/planner/rates.ts'
import { workerFile } from '../../workers/workerFile.ts'
import type { Planner } from '../planner/planner.ts'
import type { FromPlan, PlanRecipes, RecipeRequest } from './recipePlan.ts'
import type { PlanPoint, Prediction } from './run.ts'

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
  async (requests, points, tell, signal) =>
    // Estimates that nobody waits for any more do not keep a program alive.
    inThread({ requests, points, dataFolders, rates: await rates() }, !points, tell, signal)

/** The plan of one point of a recipe, waited for before it is visited. */
export const planPointInThread =
  (dataFolders: readonly string[], planner: Pick<Planner, 'rates' | 'calibration'>): PlanPoint =>
  async (recipe, index, signal) => {
    const request: RecipeRequest = { key: recipe.sha256, path: recipe.path, from: index, to: index + 1, dataFolder: recipe.dataFolder } // biome-ignore format: one request
    const basis = (await planner.calibration()) ? 'calibrated' : 'typical'
    let told: Prediction | null = null
    let fault: WorkbenchError | undefined
    await inThread(
      { requests: [request], points: true, dataFolders, rates: await planner.rates() },
      true,
      message => {
        if (message.kind === 'unavailable') fault = fromWire(message.error)
        if (message.kind === 'point' && message.cost?.planned) told = { ...message.cost.planned, basis }
      },
      signal,
    )
    if (fault) throw fault
    return told
  }

/** What makes the plans of two programs the same: their version and the code of the thread. */
export async function planningCode(version: string): Promise<string> {
  const code = await readFile(workerFile('recipePlan'))
  return `${version} ${createHash('sha256').update(code).digest('hex')}`
}

/** `waited`: the program stays alive for the answer. */
async function inThread(
  workerData: ThreadRequest,
  waited: boolean,
  tell: (message: FromPlan) => void,
  signal: AbortSignal,
): Promise<void> {
  throwIfCancelled(signal)
  const worker = new Worker(workerFile('recipePlan'), { workerData, name: 'planning recipes' })
  if (!waited) worker.unref()
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
