import type { Progress } from '../job.ts'
import type { WireError } from './errors.ts'

/** What travels. Values are plain data; typed arrays stay binary (frameCodec.ts on sockets, structured clone on ports). */
export type Frame =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: unknown }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError }
  | { readonly kind: 'event'; readonly name: string; readonly payload: unknown }

/** A two-way pipe of frames: the only thing that a transport has to provide. */
export interface Wire {
  send(frame: Frame): void
  onFrame(listener: (frame: Frame) => void): void
  onClose(listener: () => void): void
  close(): void
}
