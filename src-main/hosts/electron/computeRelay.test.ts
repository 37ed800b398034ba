import { MessageChannel } from 'node:worker_threads'
import { describe, expect, it, vi } from 'vitest'
import type { FromServices } from './channels.ts'
import { createComputeRelay, type RelayPort } from './computeRelay.ts'

// A Node port in place of Electron's, and this test in place of main.
function relayed() {
  const told: FromServices[] = []
  const relay = createComputeRelay(message => told.push(message))
  const child = relay.launcher('/app/dist/compute/process.js', { threads: 2 } as never)
  const { port1, port2 } = new MessageChannel()
  const own: RelayPort = {
    on: (event, listener) => port1.on(event, data => listener({ data })),
    postMessage: message => port1.postMessage(message),
    start: () => port1.start(),
    close: () => port1.close(),
  }
  return { told, relay, child, own, compute: port2 }
}
/** A busy machine may let a message wait. */
const soon = { timeout: 30_000 }
const frame = (n: number) => ({ header: { n }, buffers: [Float32Array.from([n, 2])] }) as never

describe('the relay to the compute process', () => {
  it('asks main to fork with the settings, and sends what was said before the port came, in order', async () => {
    const { told, relay, child, own, compute } = relayed()
    expect(told[0]).toMatchObject({ kind: 'fork-compute', id: 1, entry: '/app/dist/compute/process.js' })
    const got: unknown[] = []
    compute.on('message', m => got.push(m))
    child.send(frame(1))
    child.send(frame(2))
    relay.attach(1, 4242, own)
    child.send(frame(3))
    await vi.waitFor(() => expect(got).toHaveLength(3), soon)
    expect(got.map(m => (m as { header: { n: number } }).header.n)).toEqual([1, 2, 3])
    expect((got[0] as { buffers: Float32Array[] }).buffers[0]).toEqual(Float32Array.from([1, 2]))
    expect(child.pid).toBe(4242)
    compute.close()
  })

  it('brings answers back, and the end of the process', async () => {
    const { relay, child, own, compute } = relayed()
    const frames: unknown[] = []
    const ends: unknown[] = []
    child.onFrame(f => frames.push(f))
    child.onEnd(e => ends.push(e))
    relay.attach(1, undefined, own)
    compute.postMessage(frame(7))
    await vi.waitFor(() => expect(frames).toHaveLength(1), soon)
    relay.exited(1, 134)
    expect(ends).toEqual([expect.objectContaining({ code: 134 })])
  })

  it('kills through main when it knows no process id, and closes a port that comes too late', () => {
    const { told, relay, child, own } = relayed()
    child.kill()
    expect(told.at(-1)).toEqual({ kind: 'kill-compute', id: 1 })
    relay.exited(1, 0)
    const close = vi.spyOn(own, 'close')
    relay.attach(1, 1, own)
    expect(close).toHaveBeenCalledOnce()
  })
})
