import { type MessageProcess, messageLauncher, type ProcessLauncher } from '../../compute/launcher.ts'
import type { FromServices } from './channels.ts'

/** The end of a channel as the utility process gets it. */
export interface RelayPort {
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown
  postMessage(message: unknown): void
  start(): void
  close(): void
}

export interface ComputeRelay {
  readonly launcher: ProcessLauncher
  attach(id: number, pid: number | undefined, port: RelayPort): void
  exited(id: number, code: number): void
}

interface Relayed {
  pid: number | undefined
  port: RelayPort | undefined
  readonly unsent: unknown[]
  readonly onMessage: ((message: unknown) => void)[]
  readonly onExit: ((code: number) => void)[]
}

/**
 * The services process may not fork (only Electron's main may, and `runAsNode` is off): it asks main, which starts the compute process
 * and sends a port to it. Frames then go from services to compute without passing through main.
 */
export function createComputeRelay(tell: (message: FromServices) => void): ComputeRelay {
  let nextId = 1
  const running = new Map<number, Relayed>()
  const fork = (entry: string, environment: Readonly<Record<string, string>>): MessageProcess => {
    const id = nextId++
    const relayed: Relayed = { pid: undefined, port: undefined, unsent: [], onMessage: [], onExit: [] }
    running.set(id, relayed)
    tell({ kind: 'fork-compute', id, entry, environment })
    return {
      get pid() {
        return relayed.pid
      },
      // What it writes is inherited by the program's own stderr.
      stderr: null,
      postMessage(message) {
        if (relayed.port) relayed.port.postMessage(message)
        else relayed.unsent.push(message)
      },
      on(event: 'message' | 'exit', listener: ((message: unknown) => void) & ((code: number) => void)) {
        if (event === 'message') relayed.onMessage.push(listener)
        else relayed.onExit.push(listener)
      },
      kill() {
        tell({ kind: 'kill-compute', id })
        return true
      },
    }
  }
  return {
    launcher: messageLauncher(fork),
    attach(id, pid, port) {
      const relayed = running.get(id)
      if (!relayed) return port.close()
      relayed.pid = pid
      relayed.port = port
      port.on('message', event => {
        for (const l of relayed.onMessage) l(event.data)
      })
      port.start()
      for (const message of relayed.unsent.splice(0)) port.postMessage(message)
    },
    exited(id, code) {
      const relayed = running.get(id)
      running.delete(id)
      relayed?.port?.close()
      for (const l of relayed?.onExit ?? []) l(code)
    },
  }
}
