import { parentPort, workerData } from 'node:worker_threads'
import { toWire } from '../../src-shared/ipc/errors.ts'
import { type PeopleRowsRequest, peopleRows } from './peopleRows.ts'
import type { FromPeopleRows } from './peopleRowsClient.ts'

// One cohort a thread. It is cancelled by ending the thread.
const PROGRESS_EVERY_MS = 100

const port = parentPort
if (!port) throw new Error('people are encoded in a thread')
const send = (message: FromPeopleRows) => port.postMessage(message)
let reportedAt = 0

try {
  const result = peopleRows(workerData as PeopleRowsRequest, {
    signal: new AbortController().signal,
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
