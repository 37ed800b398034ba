import { cancelled, throwIfCancelled } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'

/** Work that several callers wait for. */
export interface SharedWork<T> {
  /** Waits for it, told of its progress. The end of one caller is not the end of the work, that of the last is. @throws WorkbenchError `cancelled` */
  join(context: WorkContext): Promise<T>
  /** Resolves when it failed or nobody waited for it any more: who comes then needs other work. */
  readonly failed: Promise<void>
}

/** Starts work that belongs to nobody alone. */
export function sharedWork<T>(work: (context: WorkContext) => Promise<T>): SharedWork<T> {
  const controller = new AbortController()
  const waiting = new Set<WorkContext>()
  let ended = false
  const report: WorkContext['report'] = progress => {
    for (const context of waiting) context.report(progress)
  }
  const made = work({ signal: controller.signal, report })
  let giveUp = () => {}
  const failed = new Promise<void>(resolve => {
    giveUp = resolve
  })
  made.then(
    () => {
      ended = true
    },
    () => {
      ended = true
      giveUp()
    },
  )
  return {
    failed,
    async join(context) {
      throwIfCancelled(context.signal)
      waiting.add(context)
      let stop = () => {}
      const stopped = new Promise<never>((_, reject) => {
        stop = () => reject(cancelled())
        context.signal.addEventListener('abort', stop, { once: true })
      })
      try {
        return await Promise.race([made, stopped])
      } finally {
        context.signal.removeEventListener('abort', stop)
        waiting.delete(context)
        if (waiting.size === 0 && !ended) {
          giveUp()
          controller.abort(cancelled())
        }
      }
    },
  }
}
