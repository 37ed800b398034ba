import { parentPort, workerData } from 'node:worker_threads'
import { toWire } from '../../../src-shared/ipc/errors.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import type { FromEstimate } from './estimateThread.ts'
import { type EstimateRequest, modelEstimate } from './modelEstimate.ts'

// One estimate a thread. It is cancelled by ending the thread.
const port = parentPort
if (!port) throw new Error('estimates are made in a thread')
const send = (message: FromEstimate) => port.postMessage(message)

try {
  send({ kind: 'result', result: modelEstimate(workerData as EstimateRequest, modelRegistry(MODELS)) })
} catch (error) {
  send({ kind: 'error', error: toWire(error) })
}
