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

/** Whether a value has the outer form of a frame; what is inside is checked by whoever reads it. */
export function isFrame(value: unknown): value is Frame {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false
  const f = value as Record<string, unknown>
  switch (f['kind']) {
    case 'call':
      return Number.isInteger(f['id']) && typeof f['method'] === 'string'
    case 'cancel':
    case 'result':
      return Number.isInteger(f['id'])
    case 'progress':
      return Number.isInteger(f['id']) && typeof f['progress'] === 'object'
    case 'error':
      return Number.isInteger(f['id']) && typeof f['error'] === 'object' && f['error'] !== null
    case 'event':
      return typeof f['name'] === 'string'
    default:
      return false
  }
}
