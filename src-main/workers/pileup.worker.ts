import { parentPort } from 'node:worker_threads'
import type { PileupColumns } from '../../src-shared/genome/pileup.ts'
import { toWire } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { COLUMN_FIELDS } from '../domain/pileup/counters.ts'
import { pileupHandlers } from './pileupCalls.ts'
import type { CallName, FromWorker, ToWorker } from './pileupProtocol.ts'

/** Messages with columns that may be under way: enough to keep both threads busy, few enough to keep memory flat. */
const COLUMNS_UNDER_WAY = 4
/** Progress is for eyes: ten times a second is plenty. */
const PROGRESS_EVERY_MS = 100

interface Running {
  readonly stop: AbortController
  underWay: number
  wake: (() => void) | undefined
}

const port = parentPort
if (!port) throw new Error('the pileup worker is started as a thread')
const handlers = pileupHandlers()
const running = new Map<number, Running>()

const send = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)

port.on('message', (message: ToWorker) => {
  const call = running.get(message.id)
  if (message.kind === 'call') void run(message.id, message.name, message.args)
  else if (message.kind === 'cancel') {
    call?.stop.abort()
    call?.wake?.()
  } else if (call) {
    call.underWay--
    call.wake?.()
  }
})

async function run(id: number, name: CallName, args: unknown): Promise<void> {
  const call: Running = { stop: new AbortController(), underWay: 0, wake: undefined }
  running.set(id, call)
  let reportedAt = Number.NEGATIVE_INFINITY
  const ctx: WorkContext = {
    signal: call.stop.signal,
    report(progress) {
      const now = performance.now()
      if (now - reportedAt < PROGRESS_EVERY_MS && progress.done !== progress.total) return
      reportedAt = now
      send({ id, kind: 'progress', progress })
    },
  }
  const onColumns = async (columns: PileupColumns) => {
    send({ id, kind: 'columns', columns }, COLUMN_FIELDS.map(field => columns[field].buffer as ArrayBuffer)) // biome-ignore format: one line
    call.underWay++
    while (call.underWay >= COLUMNS_UNDER_WAY && !call.stop.signal.aborted)
      await new Promise<void>(resolve => {
        call.wake = resolve
      })
  }
  try {
    // The client's types tie the arguments to the name; this is the one place where they meet again.
    const handler = handlers[name] as (args: unknown, ctx: WorkContext, on: typeof onColumns) => Promise<unknown>
    send({ id, kind: 'result', result: await handler(args, ctx, onColumns) })
  } catch (error) {
    send({ id, kind: 'error', error: toWire(error) })
  } finally {
    running.delete(id)
  }
}
