import { expect, it } from 'vitest'
import { cancelled } from '../../src-shared/ipc/errors.ts'
import type { Progress, WorkContext } from '../../src-shared/job.ts'
import { sharedWork } from './sharedWork.ts'

const caller = () => {
  const controller = new AbortController()
  const seen: Progress[] = []
  const context: WorkContext = { signal: controller.signal, report: p => void seen.push(p) }
  return { context, seen, stop: () => controller.abort() }
}

/** Work that ends when it is told to, or stopped. */
function gate() {
  let go: (value: string) => void = () => {}
  let own: WorkContext | undefined
  const made = sharedWork(context => {
    own = context
    return new Promise<string>((resolve, reject) => {
      go = resolve
      context.signal.addEventListener('abort', () => reject(cancelled()))
    })
  })
  return { made, go: (value: string) => go(value), report: (p: Progress) => own!.report(p), stopped: () => own!.signal.aborted } // biome-ignore format: one line
}

it('is not ended with the caller that started it, and tells all of its progress', async () => {
  const work = gate()
  const [first, second] = [caller(), caller()]
  const waiting = [work.made.join(first.context), work.made.join(second.context)]
  work.report({ phase: 'p', done: 1, total: 2 })
  first.stop()
  await expect(waiting[0]).rejects.toMatchObject({ code: 'cancelled' })
  expect(work.stopped()).toBe(false)
  work.report({ phase: 'p', done: 2, total: 2 })
  work.go('made')
  expect(await waiting[1]).toBe('made')
  expect([first.seen.length, second.seen.length]).toEqual([1, 2])
  expect(await work.made.join(caller().context)).toBe('made')
  expect(work.stopped()).toBe(false)
})

it('is ended with its last caller, and says so', async () => {
  const work = gate()
  const only = caller()
  const waiting = work.made.join(only.context)
  only.stop()
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  expect(work.stopped()).toBe(true)
  await work.made.failed
})

it('that fails gives all callers its fault', async () => {
  const made = sharedWork(() => Promise.reject(new Error('broken')))
  await expect(made.join(caller().context)).rejects.toThrow('broken')
  await made.failed
})
