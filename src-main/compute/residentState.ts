import type { Tensors } from '../../src-shared/tensor.ts'
import type { StateHandle } from './engine.ts'
import { packTensors } from './frames.ts'
import type { CallQueue } from './queue.ts'

/** A state of the process, tied to the life in which it was made. */
export class ResidentState implements StateHandle {
  constructor(
    private readonly queue: CallQueue,
    readonly id: number,
    readonly generation: number,
  ) {}

  async fetch(names?: readonly string[], signal?: AbortSignal): Promise<Tensors> {
    const reply = await this.queue.call(call => ({ request: { kind: 'get', call, state: this.id, ...(names ? { names } : {}) } }), { signal, generation: this.generation }) // biome-ignore format: one call
    return reply.tensors
  }

  async put(tensors: Tensors, signal?: AbortSignal): Promise<void> {
    const { metas, buffers } = packTensors(tensors)
    await this.queue.call(call => ({ request: { kind: 'put', call, state: this.id, tensors: metas }, buffers }), { signal, generation: this.generation }) // biome-ignore format: one call
  }

  async close(): Promise<void> {
    await this.queue.forget(call => ({ request: { kind: 'drop', call, state: this.id } }), this.generation)
  }
}
