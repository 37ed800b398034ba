import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { decodeFrame } from '../../../src-shared/ipc/frameCodec.ts'
import type { Frame, Wire } from '../../../src-shared/ipc/wire.ts'
import { pacedWire } from './pacedWire.ts'

let server: WebSocketServer
let peer: WebSocket
let socket: WebSocket
let wire: Wire
beforeEach(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await new Promise(done => server.once('listening', done))
  const accepted = new Promise<WebSocket>(done => server.once('connection', done))
  peer = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  peer.binaryType = 'arraybuffer'
  await new Promise(done => peer.once('open', done))
  socket = await accepted
  wire = pacedWire(socket)
})
afterEach(async () => {
  peer.terminate()
  await new Promise(done => server.close(done))
})

const MB = 1024 * 1024
const result = (id: number): Frame => ({ kind: 'result', id, value: new Uint8Array(8 * MB).fill(id) })

it('holds results for a peer that does not read, reads no more of its calls meanwhile, and then gives them in order', async () => {
  const got: Frame[] = []
  peer.on('message', data => got.push(decodeFrame(data as ArrayBuffer)))
  peer.pause()
  for (let id = 1; id <= 10; id++) wire.send(result(id))
  // What the system's own buffers took, and 16 MB more, are under way; the rest of the 80 MB waits in the queue.
  expect(socket.bufferedAmount).toBeLessThan(32 * MB)
  expect(socket.isPaused).toBe(true)
  for (let done = 1; done <= 500; done++)
    wire.send({ kind: 'progress', id: 7, progress: { phase: 'p', done, total: 500 } })
  wire.send({ kind: 'result', id: 11, value: 'last' })
  peer.resume()
  while (!got.some(f => f.kind === 'result' && f.id === 11)) await new Promise(done => setTimeout(done, 5))
  expect(got.flatMap(f => (f.kind === 'result' ? [f.id] : []))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  // Of the progress only the newest was kept.
  expect(got.filter(f => f.kind === 'progress')).toEqual([
    { kind: 'progress', id: 7, progress: { phase: 'p', done: 500, total: 500 } },
  ])
  while (socket.isPaused) await new Promise(done => setTimeout(done, 5))
})

it('gives up on a peer that never reads', async () => {
  peer.pause()
  const closing = new Promise(done => {
    const look = () => (socket.readyState === socket.OPEN ? setTimeout(look, 5) : done(undefined))
    look()
  })
  const big: Frame = { kind: 'result', id: 1, value: new Uint8Array(60 * MB) }
  for (let i = 0; i < 10; i++) wire.send(big)
  await closing
  expect(socket.readyState).not.toBe(socket.OPEN)
})

it('keeps quiet after the end', async () => {
  const closed = new Promise<void>(done => wire.onClose(done))
  peer.terminate()
  await closed
  expect(() => wire.send(result(1))).not.toThrow()
})
