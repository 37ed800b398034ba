import { parentPort, workerData } from 'node:worker_threads'
import { toWire } from '../../src-shared/ipc/errors.ts'
import { type KerasFile, openKeras } from '../models/checkpoints/keras.ts'
import type { FromKerasWorker, KerasWorkerData } from './kerasClient.ts'

const port = parentPort
if (!port) throw new Error('the Keras worker is started as a thread')

const { bytes, name } = workerData as KerasWorkerData
const say = (message: FromKerasWorker, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, transfer)

async function answer(file: KerasFile, tensor: string): Promise<void> {
  try {
    const read = await file.read(tensor)
    say({ kind: 'tensor', tensor: read }, [read.data.buffer as ArrayBuffer])
  } catch (error) {
    say({ kind: 'fault', error: toWire(error) })
  }
}

try {
  const file = await openKeras(bytes, name)
  port.on('message', (tensor: string) => void answer(file, tensor))
  say({ kind: 'opened', entries: [...file.entries.values()], config: file.config })
} catch (error) {
  say({ kind: 'fault', error: toWire(error) })
}
