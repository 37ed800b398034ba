import { parentPort, workerData } from 'node:worker_threads'
import { toWire } from '../../src-shared/ipc/errors.ts'
import { trainTokenizer } from './tokenizerTraining.ts'
import type { FromTraining, TokenizerTrainingRequest } from './tokenizerTrainingProtocol.ts'

// One training a thread. It is cancelled by ending the thread: nothing it holds is shared.
const PROGRESS_EVERY_MS = 100

const port = parentPort
if (!port) throw new Error('tokenizer training is started as a thread')
const send = (message: FromTraining, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)
let reportedAt = 0

try {
  const result = await trainTokenizer(workerData as TokenizerTrainingRequest, {
    signal: new AbortController().signal,
    report(progress) {
      const now = performance.now()
      if (now - reportedAt < PROGRESS_EVERY_MS) return
      reportedAt = now
      send({ kind: 'progress', progress })
    },
  })
  send({ kind: 'result', result }, [result.model.buffer as ArrayBuffer])
} catch (error) {
  send({ kind: 'error', error: toWire(error) })
}
