import type { MessagePortMain, UtilityProcess } from 'electron'
import { fromWire, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { FromServices, ToServices } from './channels.ts'

/** A question that waits longer than this is answered by an error: the page shows it instead of waiting for ever. */
const ANSWER_WITHIN_MS = 30_000

/** The services process as main sees it: started on demand, restarted after a crash, asked questions by id. */
export interface ServicesProcess {
  send(message: ToServices, ports?: MessagePortMain[]): void
  ask(question: (id: number) => ToServices): Promise<unknown>
  stop(): Promise<void>
}

export interface ServicesProcessOptions {
  fork(): UtilityProcess
  start: Extract<ToServices, { kind: 'start' }>
  /** Starts a compute process and the channel between it and the services: one port goes to each. */
  forkCompute(
    entry: string,
    environment: Readonly<Record<string, string>>,
  ): { child: UtilityProcess; port: MessagePortMain }
  /** A report as HTML that is to become a PDF. */
  renderPdf(html: string): Promise<Uint8Array>
  /** The process ended by itself and was started again: windows need new ports. */
  onRestart(): void
}

/** More crashes than this in a row, without an answer in between, and we stop restarting. */
const MAX_RESTARTS = 3

export function createServicesProcess(options: ServicesProcessOptions): ServicesProcess {
  let nextId = 1
  let stopping = false
  let failures = 0
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  const computing = new Map<number, UtilityProcess>()
  let child = launch(options.start)

  function launch(start: Extract<ToServices, { kind: 'start' }>): UtilityProcess {
    const process = options.fork()
    process.postMessage(start)
    process.on('message', (message: FromServices) => {
      switch (message.kind) {
        case 'answer': {
          failures = 0
          const call = waiting.get(message.id)
          waiting.delete(message.id)
          if (message.error !== undefined) call?.reject(fromWire(message.error))
          else call?.resolve(message.value)
          return
        }
        case 'fork-compute': {
          const { child: compute, port } = options.forkCompute(message.entry, message.environment)
          computing.set(message.id, compute)
          process.postMessage({ kind: 'compute', id: message.id, pid: compute.pid } satisfies ToServices, [port])
          compute.on('exit', code => {
            computing.delete(message.id)
            process.postMessage({ kind: 'compute-exit', id: message.id, code } satisfies ToServices)
          })
          return
        }
        case 'kill-compute':
          computing.get(message.id)?.kill()
          return
        case 'pdf':
          void options.renderPdf(message.html).then(
            bytes =>
              process.postMessage({ kind: 'pdf-result', id: message.id, bytes, message: '' } satisfies ToServices),
            error =>
              process.postMessage({
                kind: 'pdf-result',
                id: message.id,
                bytes: null,
                message: error instanceof Error ? error.message : String(error),
              } satisfies ToServices),
          )
      }
    })
    process.on('exit', () => {
      for (const call of waiting.values())
        call.reject(
          new WorkbenchError(
            'disconnected',
            'the services ended unexpectedly',
            'they are started again; repeat the action',
          ),
        )
      waiting.clear()
      // Nobody is left to talk to them.
      for (const compute of computing.values()) compute.kill()
      computing.clear()
      if (stopping || ++failures > MAX_RESTARTS) return
      // Files given on the command line were opened by the first process and are in the saved session.
      child = launch({ ...start, startPaths: [] })
      options.onRestart()
    })
    return process
  }

  return {
    send: (message, ports = []) => child.postMessage(message, ports),
    ask(question) {
      const id = nextId++
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id)
          reject(new WorkbenchError('disconnected', 'the services did not answer within 30 s', 'restart the program'))
        }, ANSWER_WITHIN_MS)
        const settle =
          <T>(then: (value: T) => void) =>
          (value: T) => {
            clearTimeout(timer)
            then(value)
          }
        waiting.set(id, { resolve: settle(resolve), reject: settle(reject) })
        child.postMessage(question(id))
      })
    },
    async stop() {
      if (stopping) return
      stopping = true
      const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
      child.postMessage({ kind: 'stop' } satisfies ToServices)
      const timer = setTimeout(() => child.kill(), 4000)
      await gone
      clearTimeout(timer)
    },
  }
}
