import { rmSync } from 'node:fs'
import { fromWire, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Tensor } from '../../src-shared/tensor.ts'
import { type Frame, unpackTensors } from './frames.ts'
import type { ComputeProcess, ProcessEnd, ProcessLauncher } from './launcher.ts'
import type { Answer, MemoryUse } from './protocol.ts'
import { outOfMemory } from './runtimeErrors.ts'
import { scratchFolder } from './scratch.ts'

export type Done = Extract<Answer, { kind: 'done' }>

export interface Reply {
  readonly done: Done
  readonly tensors: Record<string, Tensor>
}

const START_LIMIT_MS = 60_000

/** One life of the compute process: it answers one message at a time, until it ends. */
export class Worker {
  readonly ready: Promise<Extract<Answer, { kind: 'ready' }>>
  readonly ended: Promise<void>
  /** Its last word on memory. */
  memory: MemoryUse | undefined
  private readonly process: ComputeProcess
  private readonly scratch = scratchFolder()
  private waiting: { resolve(frame: Frame): void; reject(error: unknown): void } | undefined
  private end: ProcessEnd | undefined
  private killedByUs = false

  constructor(
    launcher: ProcessLauncher,
    entry: string,
    sessionLimitBytes: number,
    readonly generation: number,
  ) {
    const first = new Promise<Frame>((resolve, reject) => {
      this.waiting = { resolve, reject }
    })
    this.process = launcher(entry, { sessionLimitBytes, scratchFolder: this.scratch })
    this.process.onFrame(frame => this.settle(frame))
    this.ended = new Promise(resolve => {
      this.process.onEnd(end => {
        this.end = end
        rmSync(this.scratch, { recursive: true, force: true })
        this.waiting?.reject(this.endError())
        this.waiting = undefined
        resolve()
      })
    })
    const late = setTimeout(() => this.kill(), START_LIMIT_MS)
    this.ready = first
      .then(frame => {
        const answer = frame.header as Answer
        if (answer.kind === 'engine-missing') throw fromWire(answer.error)
        if (answer.kind !== 'ready') throw new WorkbenchError('internal', `the compute process began with '${answer.kind}'`, 'please report this') // biome-ignore format: one thought
        return answer
      })
      .catch((error: unknown) => {
        this.kill()
        if (error instanceof WorkbenchError && error.code === 'engine-missing') throw error
        throw new WorkbenchError('engine-missing', `the compute process did not start (${lastLine(this.end?.stderr) || (error as Error).message})`, "run 'npm ci' and 'npm run build' again", undefined, { cause: error }) // biome-ignore format: one thought
      })
      .finally(() => clearTimeout(late))
  }

  get alive(): boolean {
    return this.end === undefined
  }

  get pid(): number | undefined {
    return this.process.pid
  }

  /** Sends one request and waits for its answer. @throws the coded error of the answer, or of the process's end */
  async exchange(frame: Frame): Promise<Reply> {
    this.process.hold(true)
    try {
      if (this.end) throw this.endError()
      const answered = new Promise<Frame>((resolve, reject) => {
        this.waiting = { resolve, reject }
      })
      this.process.send(frame)
      const { header, buffers } = await answered
      const answer = header as Answer
      if (answer.kind === 'done' || answer.kind === 'failed') this.memory = answer.memory
      if (answer.kind === 'failed') throw fromWire(answer.error)
      if (answer.kind !== 'done') throw new WorkbenchError('internal', `the compute process answered '${answer.kind}'`, 'please report this') // biome-ignore format: one thought
      return { done: answer, tensors: unpackTensors(answer.tensors, buffers) }
    } finally {
      if (this.end === undefined) this.rest()
    }
  }

  /** Lets the program end while this process idles; not while somebody waits for the end of this process. */
  rest(): void {
    if (!this.killedByUs) this.process.hold(false)
  }

  kill(): void {
    this.killedByUs = true
    this.process.hold(true) // somebody may wait for its end
    this.process.kill()
  }

  private settle(frame: Frame): void {
    const waiting = this.waiting
    this.waiting = undefined
    waiting?.resolve(frame)
  }

  private endError(): WorkbenchError {
    const { code, signal, stderr } = this.end ?? { code: null, signal: null, stderr: '' }
    const how = signal ?? `exit code ${code}`
    if (this.killedByUs)
      return new WorkbenchError('disconnected', 'the compute process was stopped', 'start the work again')
    // Nobody here sent it: on Linux that is the kernel's out-of-memory killer.
    if (signal === 'SIGKILL' || /bad_alloc|out of memory|heap limit/i.test(stderr))
      return outOfMemory(`the compute process was ended for lack of memory (${how})`, peakOf(this.memory))
    return new WorkbenchError('disconnected', `the compute process ended unexpectedly (${how}${stderr ? `: ${lastLine(stderr)}` : ''})`, 'try again: it is started anew', peakOf(this.memory)) // biome-ignore format: one thought
  }
}

const peakOf = (m: MemoryUse | undefined) => (m ? { peakRssBytes: m.peakRssBytes } : undefined)
const lastLine = (text = '') => text.trim().split('\n').at(-1)?.slice(0, 200) ?? ''
