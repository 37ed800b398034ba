import { cancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ComputeStats } from './client.ts'
import type { ProcessLauncher } from './launcher.ts'
import type { Request } from './protocol.ts'
import { type Reply, Worker } from './worker.ts'

export interface QueueOptions {
  readonly launcher: ProcessLauncher
  entry(): string
  readonly sessionLimitBytes: number
  readonly cancelGraceMs: number
}

export interface Message {
  readonly request: Request
  readonly buffers?: readonly Uint8Array[]
}

export interface QueueCall {
  readonly signal?: AbortSignal | undefined
  /** Replaces `cancelGraceMs` for this call. */
  readonly graceMs?: number
  /** The life of the process that this call's state lives in. */
  readonly generation?: number
}

interface Job {
  readonly build: (call: number) => Message
  readonly generation: number | undefined
  resolve(reply: Reply & { generation: number }): void
  reject(error: unknown): void
  settled: boolean
}

/**
 * Calls to the compute process, one after the other. The process is started when first needed and again after it ended; a call that was
 * with it when it ended fails with a coded error, those that wait go on.
 */
export class CallQueue {
  private readonly waiting: Job[] = []
  private worker: Worker | undefined
  private active: Job | undefined
  private pumping = false
  private started = 0
  private nextCall = 1
  private closed = false

  constructor(private readonly options: QueueOptions) {}

  get busy(): boolean {
    return this.active !== undefined || this.waiting.length > 0
  }

  call(
    build: (call: number) => Message,
    { signal, generation, graceMs }: QueueCall,
  ): Promise<Reply & { generation: number }> {
    if (signal?.aborted) return Promise.reject(cancelled())
    if (this.closed)
      return Promise.reject(new WorkbenchError('disconnected', 'the compute engine was closed', 'start it again'))
    return new Promise((resolve, reject) => {
      const settle = (work: () => void) => {
        if (job.settled) return
        job.settled = true
        signal?.removeEventListener('abort', onAbort)
        work()
      }
      const job: Job = {
        build,
        generation,
        resolve: reply => settle(() => resolve(reply)),
        reject: error => settle(() => reject(error)),
        settled: false,
      }
      const onAbort = () => {
        job.reject(cancelled())
        if (this.active === job) this.endUnlessIdle(job, graceMs ?? this.options.cancelGraceMs)
        else this.waiting.splice(this.waiting.indexOf(job), 1)
      }
      signal?.addEventListener('abort', onAbort)
      this.waiting.push(job)
      void this.pump()
    })
  }

  /** Tells the process that something is no longer needed; a process that is gone has forgotten already. */
  async forget(build: (call: number) => Message, generation?: number): Promise<void> {
    if (this.closed || !this.worker?.alive) return
    if (generation !== undefined && generation !== this.worker.generation) return
    await this.call(build, {}).catch(() => undefined)
  }

  stats(): ComputeStats {
    const nothing = { rssBytes: 0, peakRssBytes: 0, cpuSeconds: 0, sessionBytes: 0, sessions: 0, stateBytes: 0 }
    return {
      ...((this.worker?.alive && this.worker.memory) || nothing),
      pid: this.worker?.alive ? this.worker.pid : undefined,
      restarts: Math.max(0, this.started - 1),
      queued: this.waiting.length,
    }
  }

  async close(): Promise<void> {
    this.closed = true
    for (const job of this.waiting.splice(0)) job.reject(cancelled())
    this.active?.reject(cancelled())
    const worker = this.worker
    if (!worker?.alive) return
    worker.kill()
    await worker.ended
  }

  /** Politeness has an end: a run that goes on after its cancelling is stopped with its process. */
  private endUnlessIdle(job: Job, graceMs: number): void {
    setTimeout(() => {
      if (this.active === job) this.worker?.kill()
    }, graceMs).unref()
  }

  private async pump(): Promise<void> {
    if (this.pumping) return
    this.pumping = true
    try {
      for (let job = this.waiting.shift(); job; job = this.waiting.shift()) await this.perform(job)
    } finally {
      this.pumping = false
    }
  }

  private async perform(job: Job): Promise<void> {
    this.active = job
    try {
      if (job.generation !== undefined && !(this.worker?.alive && this.worker.generation === job.generation))
        throw new WorkbenchError('disconnected', 'the compute process was restarted and its state is gone', 'resume from the last checkpoint') // biome-ignore format: one thought
      const worker = await this.running()
      if (job.settled) return
      const { request, buffers = [] } = job.build(this.nextCall++)
      const reply = await worker.exchange({ header: request, buffers })
      job.resolve({ ...reply, generation: worker.generation })
    } catch (error) {
      // An allocation that failed inside the runtime leaves the process in doubt: the next call gets a fresh one.
      if (error instanceof WorkbenchError && error.code === 'out-of-memory' && !error.detail?.['neededBytes'])
        await this.stop()
      job.reject(error)
    } finally {
      this.active = undefined
      if (this.worker?.alive) this.worker.rest()
    }
  }

  private async running(): Promise<Worker> {
    if (!this.worker?.alive) {
      this.worker = new Worker(
        this.options.launcher,
        this.options.entry(),
        this.options.sessionLimitBytes,
        ++this.started,
      )
    }
    const worker = this.worker
    await worker.ready
    return worker
  }

  private async stop(): Promise<void> {
    const worker = this.worker
    if (!worker?.alive) return
    worker.kill()
    await worker.ended
  }
}
