import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MessageChannel } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { pacedWire } from '../../src-main/hosts/headless/pacedWire.ts'
import type { WorkContext } from '../job.ts'
import { createClient } from './client.ts'
import type { Handlers } from './contract.ts'
import { WorkbenchError } from './errors.ts'
import { type PortLike, portWire } from './portWire.ts'
import { serve } from './server.ts'
import { type SocketLike, socketWire } from './socketWire.ts'
import type { Wire } from './wire.ts'

interface Pair {
  readonly page: Wire
  readonly host: Wire
  end(): Promise<void>
}

/** Electron's MessagePortMain: Node-style listeners, `{ data }` events, structured clone, queued until `start`. */
class ImitatedElectronPort {
  peer: ImitatedElectronPort | undefined
  private started = false
  private open = true
  private readonly waiting: unknown[] = []
  private readonly listeners: { message: ((e: { data?: unknown }) => void)[]; close: ((e: object) => void)[] } = {
    message: [],
    close: [],
  }
  on(type: 'message' | 'close', listener: (event: { data?: unknown }) => void) {
    this.listeners[type].push(listener)
    return this
  }
  start() {
    this.started = true
    for (const m of this.waiting.splice(0)) this.deliver(m)
  }
  postMessage(message: unknown, transfer?: unknown[]) {
    if (transfer) throw new Error('a transfer list loses the message')
    const copy = structuredClone(message)
    setImmediate(() => this.peer?.deliver(copy))
  }
  private deliver(data: unknown) {
    if (!this.open) return
    if (this.started) for (const l of this.listeners.message) l({ data })
    else this.waiting.push(data)
  }
  close() {
    if (!this.open) return
    this.open = false
    for (const l of this.listeners.close) l({})
    setImmediate(() => this.peer?.close())
  }
}

async function messageChannel(): Promise<Pair> {
  const { port1, port2 } = new MessageChannel()
  return {
    page: portWire(port1 as unknown as PortLike),
    host: portWire(port2 as unknown as PortLike),
    end: async () => port1.close(),
  }
}

async function electron(): Promise<Pair> {
  const a = new ImitatedElectronPort()
  const b = new ImitatedElectronPort()
  a.peer = b
  b.peer = a
  return { page: portWire(a), host: portWire(b), end: async () => a.close() }
}

async function webSocket(): Promise<Pair> {
  const server: Server = createServer()
  const sockets = new WebSocketServer({ server })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const hostSide = new Promise<WebSocket>(done => sockets.once('connection', done))
  const pageSide = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await new Promise(done => pageSide.once('open', done))
  const page = socketWire(pageSide as unknown as SocketLike)
  return {
    page,
    host: pacedWire(await hostSide),
    async end() {
      pageSide.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise(done => server.close(done))
    },
  }
}

const info = { version: '1', host: 'headless', versions: {}, dialogs: 'browse', threads: 2 } as const

/** Handlers of the test; what is not given answers that it is not. */
function handlersWith(given: Partial<Handlers>): Handlers {
  return new Proxy(given, {
    has: () => true,
    getOwnPropertyDescriptor: (target, key) =>
      Object.getOwnPropertyDescriptor(target, key) ?? { configurable: true, enumerable: true, value: undefined },
  }) as Handlers
}

describe.each([
  ['MessagePort', messageChannel],
  ['WebSocket', webSocket],
  ["an imitation of Electron's port", electron],
])('the contract over %s', (_name, connect) => {
  let pair: Pair | undefined
  afterEach(async () => {
    await pair?.end()
    pair = undefined
  })
  const between = async (given: Partial<Handlers>, now = () => 0) => {
    pair = await connect()
    const served = serve(pair.host, handlersWith(given), { now })
    return { client: createClient(pair.page), served, ...pair }
  }
  const SEQUENCE = { fileId: 'f', interval: { contig: 'chr1', start: 0, end: 10 } }

  it('brings a typed result', async () => {
    const { client } = await between({ 'app.info': async () => info })
    expect(await client.call('app.info', {})).toEqual(info)
  })

  it('brings binary results as the typed arrays that they were', async () => {
    const mean = Float32Array.from({ length: 200_000 }, (_, i) => i / 3)
    const max = Int32Array.from({ length: 200_000 }, (_, i) => -i)
    const { client } = await between({
      'coverage.bins': async ({ interval }) => ({ interval, binBp: 1, mean, max }),
    })
    const options = {} as never // defaults are filled in by the check
    const answer = await client.call('coverage.bins', { ...SEQUENCE, bins: 100, options })
    expect(answer.mean).toBeInstanceOf(Float32Array)
    expect(answer.max).toBeInstanceOf(Int32Array)
    expect(answer.mean).toEqual(mean)
    expect(answer.max).toEqual(max)
  })

  it('answers many calls at once, each with its own result', async () => {
    const { client } = await between({
      'reference.sequence': async ({ interval }) => {
        await new Promise(done => setTimeout(done, (interval.start * 7) % 5))
        return { sequence: String(interval.start) }
      },
    })
    const starts = Array.from({ length: 50 }, (_, i) => i)
    const answers = await Promise.all(
      starts.map(start =>
        client.call('reference.sequence', { fileId: 'f', interval: { contig: 'c', start, end: start + 1 } }),
      ),
    )
    expect(answers.map(a => a.sequence)).toEqual(starts.map(String))
  })

  it('reports progress in order and before the result', async () => {
    let t = 0
    const { client } = await between(
      {
        'reference.sequence': async (_args, { report }) => {
          for (let done = 1; done <= 5; done++) {
            t += 100
            report({ phase: 'reading', done, total: 5 })
          }
          return { sequence: '' }
        },
      },
      () => t,
    )
    const seen: (number | string)[] = []
    await client
      .call('reference.sequence', SEQUENCE, { onProgress: p => void seen.push(p.done) })
      .then(() => seen.push('result'))
    expect(seen).toEqual([1, 2, 3, 4, 5, 'result'])
  })

  it('does not flood: progress within 100 ms of the last is left out', async () => {
    let t = 0
    const { client } = await between(
      {
        'reference.sequence': async (_args, { report }) => {
          for (let done = 0; done < 1000; done++) {
            t += 1
            report({ phase: 'reading', done, total: 1000 })
          }
          return { sequence: '' }
        },
      },
      () => t,
    )
    let count = 0
    await client.call('reference.sequence', SEQUENCE, { onProgress: () => count++ })
    expect(count).toBe(10)
  })

  it('carries a cancel to the handler and rejects at once', async () => {
    let started: (c: WorkContext) => void = () => {}
    const running = new Promise<WorkContext>(done => {
      started = done
    })
    const { client } = await between({
      'reference.sequence': (_args, context) => {
        started(context)
        return new Promise((_, reject) =>
          context.signal.addEventListener('abort', () => reject(new WorkbenchError('cancelled', 'Cancelled', ''))),
        )
      },
    })
    const stop = new AbortController()
    const call = client.call('reference.sequence', SEQUENCE, { signal: stop.signal })
    const { signal } = await running
    const aborted = new Promise(done => signal.addEventListener('abort', done))
    stop.abort()
    await expect(call).rejects.toMatchObject({ code: 'cancelled' })
    await aborted
  })

  it('brings a coded error with its remedy and detail', async () => {
    const { client } = await between({
      'reference.sequence': async () => {
        throw new WorkbenchError('changed', "'a.fa' changed", 'reload the file', { size: 3 })
      },
    })
    await expect(client.call('reference.sequence', SEQUENCE)).rejects.toMatchObject({
      name: 'WorkbenchError',
      code: 'changed',
      message: "'a.fa' changed",
      remedy: 'reload the file',
      detail: { size: 3 },
    })
  })

  it('answers an unknown method and wrong arguments with an error, without a handler seeing them', async () => {
    let called = false
    const { client } = await between({
      'reference.sequence': async () => {
        called = true
        return { sequence: '' }
      },
    })
    await expect(client.call('no.such' as 'app.info', {})).rejects.toMatchObject({ code: 'not-found' })
    await expect(client.call('toString' as 'app.info', {})).rejects.toMatchObject({ code: 'not-found' })
    const path = { ...SEQUENCE, fileId: '../etc/passwd' }
    await expect(client.call('reference.sequence', path)).rejects.toMatchObject({ code: 'bad-input' })
    expect(called).toBe(false)
  })

  it('delivers events in order to whoever listens, until told not to', async () => {
    const { client, served } = await between({ 'app.info': async () => info })
    const seen: string[] = []
    const stop = client.on('notice', n => void seen.push(n.message))
    for (const message of ['a', 'b', 'c']) served.emit('notice', { code: 'changed', message, remedy: '' })
    await client.call('app.info', {})
    stop()
    served.emit('notice', { code: 'changed', message: 'd', remedy: '' })
    await client.call('app.info', {})
    expect(seen).toEqual(['a', 'b', 'c'])
  })

  it('rejects what waits when the connection is lost, stops the handlers, and refuses later calls', async () => {
    let signal: AbortSignal | undefined
    let began: () => void = () => {}
    const running = new Promise<void>(done => {
      began = done
    })
    const { client } = await between({
      'reference.sequence': (_args, context) => {
        signal = context.signal
        began()
        return new Promise(() => {})
      },
    })
    const call = client.call('reference.sequence', SEQUENCE)
    let told = false
    client.onDisconnect(() => {
      told = true
    })
    await running
    const rejected = expect(call).rejects.toMatchObject({ code: 'disconnected' })
    await pair?.end()
    pair = undefined
    await rejected
    expect(told).toBe(true)
    await expect(client.call('app.info', {})).rejects.toMatchObject({ code: 'disconnected' })
    await new Promise<void>(done => {
      if (signal?.aborted) done()
      else signal?.addEventListener('abort', () => done())
    })
  })
})

describe('a port', () => {
  it('lets a message pass that is not a frame, without harm', async () => {
    const { port1, port2 } = new MessageChannel()
    const host = portWire(port2 as unknown as PortLike)
    const seen: unknown[] = []
    host.onFrame(f => seen.push(f))
    for (const odd of [null, 5, 'call', { kind: 'call' }, { kind: 'call', id: 'x', method: 'y' }, []])
      port1.postMessage(odd)
    port1.postMessage({ kind: 'cancel', id: 1 })
    while (seen.length === 0) await new Promise(done => setTimeout(done, 1))
    expect(seen).toEqual([{ kind: 'cancel', id: 1 }])
    port1.close()
  })
})
