import { decodeFrame, encodeFrame } from './frameCodec.ts'
import type { Frame, Wire } from './wire.ts'

/** The part of a WebSocket that is used: the browser's and the `ws` package's both have it. */
export interface SocketLike {
  binaryType: string
  send(bytes: Uint8Array<ArrayBuffer>): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: () => void): void
  close(code?: number): void
}

/** 1002 is "protocol error" (RFC 6455 7.4.1). */
const PROTOCOL_ERROR = 1002

/** A wire over a WebSocket. A frame that does not parse closes the connection: the peer is not ours. */
export function socketWire(socket: SocketLike): Wire {
  socket.binaryType = 'arraybuffer'
  return {
    send: frame => socket.send(encodeFrame(frame)),
    onFrame: listener =>
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
      }),
    onClose: listener => socket.addEventListener('close', listener),
    close: () => socket.close(),
  }
}
