import { isFrame, type Wire } from './wire.ts'

/** Page and worker ports speak events the DOM way, Electron's MessagePortMain the Node way. */
interface DomPort {
  postMessage(message: unknown): void
  addEventListener(type: 'message' | 'close', listener: (event: { data?: unknown }) => void): void
  start(): void
  close(): void
}
interface EmitterPort {
  postMessage(message: unknown): void
  on(type: 'message' | 'close', listener: (event: { data?: unknown }) => void): unknown
  start(): void
  close(): void
}
export type PortLike = DomPort | EmitterPort

/** A wire over a message port. Typed arrays are structured-cloned: no transfer list, which Electron loses (electron #34905). */
export function portWire(port: PortLike): Wire {
  const listen = (type: 'message' | 'close', l: (event: { data?: unknown }) => void) => {
    if ('addEventListener' in port) port.addEventListener(type, l)
    else port.on(type, l)
  }
  return {
    send: frame => port.postMessage(frame),
    onFrame(l) {
      listen('message', e => {
        // Whatever else a peer posts is not for us, and must not end this process.
        if (isFrame(e.data)) l(e.data)
      })
      port.start()
    },
    onClose: l => listen('close', () => l()),
    close: () => port.close(),
  }
}
