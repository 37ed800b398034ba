import { Worker } from 'node:worker_threads'
import { cancelled, fromWire, type WireError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Tensor } from '../../src-shared/tensor.ts'
import type { KerasFile } from '../models/checkpoints/keras.ts'
import type { TensorEntry } from '../models/checkpoints/tensorSource.ts'
import { workerFile } from './workerFile.ts'

export interface KerasWorkerData {
  readonly bytes: Uint8Array
  readonly name: string
}
export type FromKerasWorker =
  | { readonly kind: 'opened'; readonly entries: readonly TensorEntry[]; readonly config: unknown }
  | { readonly kind: 'tensor'; readonly tensor: Tensor }
  | { readonly kind: 'fault'; readonly error: WireError }

/** Opening Borzoi's 700 MB takes seconds; a file that keeps the library busy for a minute never ends. */
const LIMIT_MS = 60_000

/**
 * Opens a Keras file in a thread of its own: the HDF5 library runs in circles on some broken files, and its complaints on stderr
 * are not for the user. One tensor is read at a time. `bytes` are handed over: they are empty afterwards.
 * @throws WorkbenchError as openKeras; `corrupt` when the file keeps the library busy for `limitMs`
 */
export async function openKerasInThread(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  signal: AbortSignal,
  limitMs = LIMIT_MS,
): Promise<KerasFile> {
  const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
  const worker = new Worker(workerFile('keras'), {
    workerData: { bytes: own, name } satisfies KerasWorkerData,
    transferList: [own.buffer],
    stdout: true,
    stderr: true,
  })
  const broken = (why: string) => new WorkbenchError('corrupt', `${name} cannot be read as HDF5 (${why})`, 'get the file again') // biome-ignore format: one thought
  let settle: ((answer: FromKerasWorker | WorkbenchError) => void) | undefined
  worker.on('message', (message: FromKerasWorker) => settle?.(message))
  worker.on('error', error => settle?.(broken(error.message.slice(0, 120))))
  worker.on('exit', () => settle?.(broken('the library ended')))
  // One call at a time: an answer belongs to the last question.
  const ask = (tensor?: string): Promise<FromKerasWorker> =>
    new Promise((resolve, reject) => {
      const abort = () => settle?.(cancelled())
      const timer = setTimeout(() => settle?.(broken(`no end after ${limitMs / 1000} s`)), limitMs)
      signal.addEventListener('abort', abort)
      settle = answer => {
        settle = undefined
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        if (answer instanceof WorkbenchError) reject(answer)
        else resolve(answer)
      }
      if (signal.aborted) abort()
      else if (tensor !== undefined) worker.postMessage(tensor)
    })
  const answered = async <K extends FromKerasWorker['kind']>(kind: K, tensor?: string) => {
    const message = await ask(tensor)
    if (message.kind === 'fault') throw fromWire(message.error)
    if (message.kind !== kind) throw new WorkbenchError('internal', `the Keras thread said '${message.kind}'`, 'please report this') // biome-ignore format: one thought
    return message as Extract<FromKerasWorker, { kind: K }>
  }
  const close = async () => void (await worker.terminate())
  try {
    const { entries, config } = await answered('opened')
    const byName = new Map(entries.map(e => [e.name, e]))
    let last: Promise<unknown> = Promise.resolve()
    return {
      name,
      entries: byName,
      config,
      read(tensor) {
        const next = last.catch(() => undefined).then(async () => (await answered('tensor', tensor)).tensor)
        last = next
        return next
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
