import { readSync, writeSync } from 'node:fs'
import { encodeFrame, type Frame, PREFIX_BYTES, readEnvelope, readPrefix, uninitialised } from './frames.ts'

/** The process's end of the wire. */
export interface Channel {
  /** The next frame, or undefined once the parent is gone. */
  receive(): Promise<Frame | undefined>
  send(frame: Frame): void
}

const FD = 3

/**
 * Frames on file descriptor 3, read and written synchronously: the process does one thing at a time, and reading straight into the
 * tensor's memory spares the copy and the event-loop turn that each 64 KB chunk of a stream costs.
 */
export function pipeChannel(): Channel {
  return {
    async receive() {
      const prefix = new Uint8Array(PREFIX_BYTES)
      if (!readFully(prefix)) return undefined
      const json = new Uint8Array(readPrefix(prefix))
      if (!readFully(json)) return undefined
      const envelope = readEnvelope(json)
      const buffers: Uint8Array[] = []
      for (const length of envelope.lengths) {
        const buffer = uninitialised(length)
        if (!readFully(buffer)) return undefined
        buffers.push(buffer)
      }
      return { header: envelope.message, buffers }
    },
    send(frame) {
      for (const piece of encodeFrame(frame)) writeFully(piece)
    },
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4))
const waitABit = () => void Atomics.wait(pause, 0, 0, 1)
const isAgain = (error: unknown) => (error as NodeJS.ErrnoException).code === 'EAGAIN'
const isGone = (error: unknown) => ['EOF', 'EPIPE', 'ECONNRESET'].includes((error as NodeJS.ErrnoException).code ?? '')
/** One read or write call carries at most this: libuv refuses 2 GB and more. */
const PIECE = 1 << 28

function readFully(target: Uint8Array): boolean {
  for (let at = 0; at < target.byteLength; ) {
    try {
      const n = readSync(FD, target, at, Math.min(PIECE, target.byteLength - at), null)
      if (n === 0) return false
      at += n
    } catch (error) {
      if (isGone(error)) return false
      if (!isAgain(error)) throw error
      waitABit()
    }
  }
  return true
}

function writeFully(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength; ) {
    try {
      at += writeSync(FD, bytes, at, Math.min(PIECE, bytes.byteLength - at))
    } catch (error) {
      if (isGone(error)) process.exit(0) // nobody is left to answer
      if (!isAgain(error)) throw error
      waitABit()
    }
  }
}

/** What Electron's `process.parentPort` and a MessagePortMain have in common. */
export interface MessageEnd {
  on(
    event: 'message',
    listener: (event: { readonly data: unknown; readonly ports?: readonly MessageEnd[] }) => void,
  ): unknown
  postMessage(message: unknown): void
  start?(): void
}

/**
 * Electron's utilityProcess: whole frames as structured clones. Who forks it need not be who computes: a first message that brings a port
 * (`child.postMessage(null, [port])`) moves the conversation there, so that main forks and the services process talks.
 */
export function messageChannel(parent: MessageEnd, viaPort: boolean): Channel {
  const received: Frame[] = []
  const unsent: Frame[] = []
  let wake: ((frame: Frame) => void) | undefined
  let end: MessageEnd | undefined
  const deliver = (data: unknown) => {
    const frame = data as Frame
    if (wake) {
      wake(frame)
      wake = undefined
    } else received.push(frame)
  }
  const talkTo = (other: MessageEnd) => {
    end = other
    for (const frame of unsent.splice(0)) other.postMessage(frame)
  }
  parent.on('message', ({ data, ports }) => {
    const port = ports?.[0]
    if (!viaPort) return deliver(data)
    if (end || !port) return
    port.on('message', event => deliver(event.data))
    port.start?.()
    talkTo(port)
  })
  if (!viaPort) talkTo(parent)
  return {
    receive: () => {
      const next = received.shift()
      return next
        ? Promise.resolve(next)
        : new Promise(resolve => {
            wake = resolve
          })
    },
    send(frame) {
      if (end) end.postMessage(frame)
      else unsent.push(frame)
    },
  }
}

/** Set to `port` by a host whose first message brings a port. */
export const CHANNEL_VARIABLE = 'DIPLOSCOPE_COMPUTE_CHANNEL'

/** The process's end of the link to its client: Electron's port when there is one, otherwise the pipe on descriptor 3. */
export function openChannel(): Channel {
  const { parentPort } = process as unknown as { parentPort?: MessageEnd }
  return parentPort ? messageChannel(parentPort, process.env[CHANNEL_VARIABLE] === 'port') : pipeChannel()
}
