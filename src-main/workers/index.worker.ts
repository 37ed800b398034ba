import { parentPort, workerData } from 'node:worker_threads'
import { toWire } from '../../src-shared/ipc/errors.ts'
import { buildIndex } from '../readers/indexBuilder.ts'
import type { FromIndexWorker, IndexTask } from './indexClient.ts'

/** Progress is for eyes: ten times a second is plenty. */
const PROGRESS_EVERY_MS = 100

const port = parentPort
if (!port) throw new Error('the index worker is started as a thread')
const { path, request } = workerData as IndexTask
const stop = new AbortController()
port.once('message', () => stop.abort()) // the one message that is ever sent: stop
const send = (message: FromIndexWorker) => port.postMessage(message)
let reportedAt = Number.NEGATIVE_INFINITY
try {
  const result = await buildIndex(path, request, {
    signal: stop.signal,
    report(progress) {
      const now = performance.now()
      if (now - reportedAt < PROGRESS_EVERY_MS) return
      reportedAt = now
      send({ kind: 'progress', progress })
    },
  })
  send({ kind: 'result', result })
} catch (error) {
  send({ kind: 'error', error: toWire(error) })
}
port.close()
