import { Worker } from 'node:worker_threads'
import type { GeneHit, GeneModels } from '../../src-shared/genome/genes.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import { cancelled, fromWire, throwIfCancelled, type WireError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { MalformedLines } from '../readers/genes.ts'
import { workerFile } from './workerFile.ts'

export type FoundGene = Omit<GeneHit, 'fileId'>

/** `state` tells one version of a file from another. */
type Asked =
  | { readonly kind: 'search'; readonly query: string; readonly limit: number }
  | { readonly kind: 'range'; readonly interval: Interval }
export type ToGeneWorker = Asked & { readonly id: number; readonly path: string; readonly state: string }

export type FromGeneWorker =
  | { readonly id: number; readonly malformed: MalformedLines; readonly value: readonly FoundGene[] | GeneModels }
  | { readonly id: number; readonly error: WireError }

interface Pending {
  resolve(value: unknown): void
  reject(error: unknown): void
  readonly path: string
  readonly state: string
}

/**
 * Genes of annotation files, read and held by one worker thread: a whole genome's takes seconds to read. A cancelled call rejects at
 * once; the reading goes on, for the next call. `malformed` is told once a file version of lines that were left out.
 */
export class GeneWorker {
  private worker: Worker | undefined
  private nextId = 1
  private readonly pending = new Map<number, Pending>()
  private readonly told = new Set<string>()

  constructor(
    private readonly malformed: (path: string, lines: MalformedLines) => void,
    private readonly file: () => URL = () => workerFile('genes'),
  ) {}

  search(
    path: string,
    state: string,
    query: string,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly FoundGene[]> {
    return this.ask(path, state, { kind: 'search', query, limit }, signal)
  }

  range(path: string, state: string, interval: Interval, signal: AbortSignal): Promise<GeneModels> {
    return this.ask(path, state, { kind: 'range', interval }, signal)
  }

  async close(): Promise<void> {
    await this.worker?.terminate()
  }

  private async ask<T>(path: string, state: string, asked: Asked, signal: AbortSignal): Promise<T> {
    throwIfCancelled(signal)
    const worker = this.started()
    const id = this.nextId++
    worker.ref()
    let stop = () => {}
    try {
      return await new Promise<T>((resolve, reject) => {
        this.pending.set(id, { resolve: value => resolve(value as T), reject, path, state })
        stop = () => reject(cancelled())
        signal.addEventListener('abort', stop, { once: true })
        worker.postMessage({ ...asked, id, path, state } satisfies ToGeneWorker)
      })
    } finally {
      signal.removeEventListener('abort', stop)
      this.pending.delete(id)
      if (this.pending.size === 0) worker.unref()
    }
  }

  private started(): Worker {
    if (this.worker) return this.worker
    const worker = new Worker(this.file(), { name: 'genes' })
    this.worker = worker
    worker.unref()
    worker.on('message', (message: FromGeneWorker) => {
      const call = this.pending.get(message.id)
      if (!call) return
      if ('error' in message) return call.reject(fromWire(message.error))
      const version = `${call.state} ${call.path}`
      if (message.malformed.count > 0 && !this.told.has(version)) {
        this.told.add(version)
        this.malformed(call.path, message.malformed)
      }
      call.resolve(message.value)
    })
    let cause: unknown
    worker.on('error', error => {
      cause = error
    })
    worker.on('exit', () => {
      this.worker = undefined
      const why = cause instanceof Error ? `: ${cause.message}` : ''
      const error = new WorkbenchError('disconnected', `the thread that held the genes ended${why}`, 'try again', undefined, { cause }) // biome-ignore format: one line
      for (const call of this.pending.values()) call.reject(error)
    })
    return worker
  }
}
