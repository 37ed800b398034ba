import { ARGUMENTS } from './arguments.ts'
import type { EventName, Events, Handlers, Method } from './contract.ts'
import { toWire, WorkbenchError } from './errors.ts'
import type { Wire } from './wire.ts'

/** Progress frames at most this often for each call; the result itself is always sent. */
const PROGRESS_EVERY_MS = 100

export interface Served {
  emit<E extends EventName>(event: E, payload: Events[E]): void
}

/**
 * Answers calls on a wire with `handlers`. Arguments are parsed before a handler sees them; a call dies with its connection.
 * `now` is a clock in milliseconds; `onFault` is told of faults we did not foresee (never of a person's data).
 */
export function serve(
  wire: Wire,
  handlers: Handlers,
  options: { now: () => number; onFault?: (error: unknown, method: string) => void },
): Served {
  const running = new Map<number, AbortController>()
  let open = true
  const send: Wire['send'] = frame => {
    if (open) wire.send(frame)
  }
  wire.onClose(() => {
    open = false
    for (const c of running.values()) c.abort()
    running.clear()
  })
  wire.onFrame(frame => {
    if (frame.kind === 'cancel') {
      running.get(frame.id)?.abort()
      return
    }
    if (frame.kind !== 'call') return
    const { id, method } = frame
    if (running.has(id)) return
    const controller = new AbortController()
    running.set(id, controller)
    let reported = Number.NEGATIVE_INFINITY
    void (async () => {
      try {
        if (!Object.hasOwn(handlers, method) || !Object.hasOwn(ARGUMENTS, method))
          throw new WorkbenchError(
            'not-found',
            `there is no method '${String(method).slice(0, 60)}'`,
            'reload the window',
          )
        const name = method as Method
        const args = ARGUMENTS[name](frame.args)
        const handler = handlers[name] as (a: unknown, c: unknown) => Promise<unknown>
        const value = await handler(args, {
          signal: controller.signal,
          report: (progress: { done: number; total: number; phase: string }) => {
            const t = options.now()
            if (t - reported < PROGRESS_EVERY_MS) return
            reported = t
            send({ kind: 'progress', id, progress })
          },
        })
        send({ kind: 'result', id, value })
      } catch (error) {
        const wireError = toWire(error)
        if (wireError.code === 'internal') options.onFault?.(error, method)
        send({ kind: 'error', id, error: wireError })
      } finally {
        running.delete(id)
      }
    })()
  })
  return { emit: (name, payload) => send({ kind: 'event', name, payload }) }
}
