import type { EventName, Events } from '../../src-shared/ipc/contract.ts'

export type Emit = <E extends EventName>(event: E, payload: Events[E]) => void

export interface EventHub {
  readonly emit: Emit
  /** Adds a window; what it returns removes it. */
  add(listener: Emit): () => void
  readonly size: number
}

/** Tells events to every connected window. A notice that nobody could see yet is kept for the first window (the last 20 of them). */
export function createHub(): EventHub {
  const listeners = new Set<Emit>()
  let unseen: Events['notice'][] = []
  return {
    emit(event, payload) {
      if (event === 'notice' && listeners.size === 0) {
        unseen = [...unseen, payload as Events['notice']].slice(-20)
        return
      }
      for (const l of listeners) {
        // A window that cannot be told must not keep the others from hearing it.
        try {
          l(event, payload)
        } catch {
          listeners.delete(l)
        }
      }
    },
    add(listener) {
      listeners.add(listener)
      for (const n of unseen.splice(0)) listener('notice', n)
      return () => void listeners.delete(listener)
    },
    get size() {
      return listeners.size
    },
  }
}
