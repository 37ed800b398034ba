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

/** The part of Electron's `process.parentPort` that we use. */
interface ParentPort {
  on(event: 'message', listener: (event: { data: Frame }) => void): void
  postMessage(message: Frame): void
}

/** Electron's utilityProcess: whole frames as structured clones. */
export function parentPortChannel(port: ParentPort): Channel {
  const waiting: Frame[] = []
  let wake: ((frame: Frame) => void) | undefined
  port.on('message', ({ data }) => {
    if (wake) {
      wake(data)
      wake = undefined
    } else waiting.push(data)
  })
  return {
    receive: () => {
      const next = waiting.shift()
      return next
        ? Promise.resolve(next)
        : new Promise(resolve => {
            wake = resolve
          })
    },
    send: frame => port.postMessage(frame),
  }
}

export function openChannel(): Channel {
  const port = (process as unknown as { parentPort?: ParentPort }).parentPort
  return port ? parentPortChannel(port) : pipeChannel()
}
