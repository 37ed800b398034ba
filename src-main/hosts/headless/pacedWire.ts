import type { WebSocket } from 'ws'
import { decodeFrame, encodeFrame } from '../../../src-shared/ipc/frameCodec.ts'
import type { Frame, Wire } from '../../../src-shared/ipc/wire.ts'

/** Over this many bytes unsent, the peer is not read from, and frames that may be late wait. */
const HIGH_WATER = 16 * 1024 * 1024
/** A peer that lets this much pile up does not read at all. */
const MAX_QUEUED = 512 * 1024 * 1024
/** RFC 6455 7.4.1: protocol error; the peer is too slow or asked for too much ("policy violation"). */
const PROTOCOL_ERROR = 1002
const POLICY = 1008

/**
 * The server's wire over a WebSocket, with back-pressure: while more than 16 MB are unsent no further calls are read, results wait
 * in order, and of a call's progress or a job's changes only the newest is kept. A frame that does not parse closes the connection.
 */
export function pacedWire(socket: WebSocket): Wire {
  socket.binaryType = 'arraybuffer'
  const queue: { key: string | undefined; bytes: Uint8Array<ArrayBuffer> }[] = []
  let queued = 0

  const drain = () => {
    while (queue.length > 0 && socket.bufferedAmount < HIGH_WATER) {
      const next = queue.shift()
      if (!next) break
      queued -= next.bytes.length
      socket.send(next.bytes, drain)
    }
    if (queue.length === 0 && socket.bufferedAmount < HIGH_WATER && socket.isPaused) socket.resume()
  }

  return {
    send(frame) {
      if (socket.readyState !== socket.OPEN) return
      const bytes = encodeFrame(frame)
      if (queue.length === 0 && socket.bufferedAmount < HIGH_WATER) {
        socket.send(bytes, drain)
        return
      }
      socket.pause()
      const key = lateKey(frame)
      const at = key === undefined ? -1 : queue.findIndex(q => q.key === key)
      if (at >= 0) queued -= queue.splice(at, 1)[0]?.bytes.length ?? 0
      queue.push({ key, bytes })
      queued += bytes.length
      if (queued > MAX_QUEUED) socket.close(POLICY)
    },
    onFrame(listener) {
      socket.addEventListener('message', event => {
        let frame: Frame
        try {
          if (!(event.data instanceof ArrayBuffer)) throw new TypeError('text frame')
          frame = decodeFrame(event.data)
        } catch {
          socket.close(PROTOCOL_ERROR)
          return
        }
        listener(frame)
      })
    },
    onClose: listener => socket.addEventListener('close', () => listener()),
    close: () => socket.close(),
  }
}

/** Frames with the same key replace one another while they wait. */
function lateKey(frame: Frame): string | undefined {
  if (frame.kind === 'progress') return `progress ${frame.id}`
  if (frame.kind === 'event' && frame.name === 'job.changed') return `job ${(frame.payload as { id: string }).id}`
  return undefined
}
