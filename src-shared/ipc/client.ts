import type { Progress } from '../job.ts'
import type { Args, EventName, Events, Method, Result } from './contract.ts'
import { cancelled, fromWire, WorkbenchError } from './errors.ts'
import type { Wire } from './wire.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

export interface Client {
  call<M extends Method>(method: M, args: Args<M>, options?: CallOptions): Promise<Result<M>>
  /** Returns what ends the subscription. */
  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void
  onDisconnect(listener: () => void): void
}

interface Pending {
  resolve(value: unknown): void
  reject(error: Error): void
  readonly onProgress: CallOptions['onProgress']
}

/** The page's side of the contract over any wire. A lost connection rejects every call that waits, with `disconnected`. */
export function createClient(wire: Wire): Client {
  let nextId = 1
  let closed = false
  const pending = new Map<number, Pending>()
  const listeners = new Map<string, Set<(payload: never) => void>>()
  const closers = new Set<() => void>()
  const lost = () =>
    new WorkbenchError('disconnected', 'The connection to the workbench was lost', 'restart it; nothing saved is lost')

  wire.onFrame(frame => {
    if (frame.kind === 'event') {
      for (const l of listeners.get(frame.name) ?? []) l(frame.payload as never)
      return
    }
    if (frame.kind === 'call' || frame.kind === 'cancel') return
    const call = pending.get(frame.id)
    if (!call) return
    if (frame.kind === 'progress') {
      call.onProgress?.(frame.progress)
      return
    }
    pending.delete(frame.id)
    if (frame.kind === 'result') call.resolve(frame.value)
    else call.reject(fromWire(frame.error))
  })
  wire.onClose(() => {
    closed = true
    for (const c of pending.values()) c.reject(lost())
    pending.clear()
    for (const l of closers) l()
  })

  return {
    call(method, args, options = {}) {
      const { signal, onProgress } = options
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(cancelled())
        if (closed) return reject(lost())
        const id = nextId++
        const stop = () => {
          if (!pending.delete(id)) return
          wire.send({ kind: 'cancel', id })
          reject(cancelled())
        }
        const settle =
          <T>(then: (value: T) => void) =>
          (value: T) => {
            signal?.removeEventListener('abort', stop)
            then(value)
          }
        pending.set(id, { resolve: settle(resolve as (v: unknown) => void), reject: settle(reject), onProgress })
        signal?.addEventListener('abort', stop, { once: true })
        try {
          wire.send({ kind: 'call', id, method, args })
        } catch (error) {
          pending.delete(id)
          reject(error)
        }
      })
    },
    on(event, listener) {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set)
      set.add(listener as (payload: never) => void)
      return () => set.delete(listener as (payload: never) => void)
    },
    onDisconnect(listener) {
      closers.add(listener)
    },
  }
}
