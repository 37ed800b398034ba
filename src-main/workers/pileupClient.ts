import { Worker } from 'node:worker_threads'
import type { ApoeReport } from '../../src-shared/genome/apoe.ts'
import type { DiplotypeTrack } from '../../src-shared/genome/diplotypeTrack.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import type { ColumnDetail, PileupColumns, PileupLedger, PileupOptions } from '../../src-shared/genome/pileup.ts'
import { PILEUP_DEFAULTS } from '../../src-shared/genome/pileup.ts'
import { cancelled, fromWire, throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { DepthBins } from '../domain/pileup/depthBins.ts'
import type { ReadStory } from '../domain/pileup/readStory.ts'
import type { CohortFigures } from '../domain/statistics/cohortFigures.ts'
import type { AlignmentSource, CallName, FromWorker, PileupCalls, PileupRegion, Position, ToWorker } from './pileupProtocol.ts' // biome-ignore format: one line
import type { RiskReading } from './riskReadingRun.ts'
import type { SampleDiplotype } from './sampleDiplotypeRun.ts'
import { workerFile } from './workerFile.ts'

export type { AlignmentSource, PileupRegion, Position } from './pileupProtocol.ts'

/** Two threads: a long scan must not make a click on a position wait behind it. */
const THREADS = 2

interface Pending {
  resolve(result: unknown): void
  reject(error: unknown): void
  readonly onColumns: ((columns: PileupColumns) => void) | undefined
  readonly ctx: WorkContext
}

/** One worker thread and the calls it is answering. */
class Thread {
  readonly pending = new Map<number, Pending>()
  readonly worker: Worker

  constructor(onEnd: (thread: Thread) => void, file: URL) {
    this.worker = new Worker(file, { name: 'pileup' })
    this.worker.unref()
    this.worker.on('message', (message: FromWorker) => this.receive(message))
    let cause: unknown
    this.worker.on('error', error => {
      cause = error
    })
    this.worker.on('exit', () => {
      onEnd(this)
      const why = cause instanceof Error ? `: ${cause.message}` : ''
      const error = new WorkbenchError('disconnected', `the thread that was counting ended${why}`, 'try again', undefined, { cause }) // biome-ignore format: one line
      for (const call of this.pending.values()) call.reject(error)
      this.pending.clear()
    })
  }

  send(message: ToWorker): void {
    this.worker.postMessage(message)
  }

  private receive(message: FromWorker): void {
    const call = this.pending.get(message.id)
    switch (message.kind) {
      case 'columns':
        // A callback that throws fails its own call only.
        try {
          call?.onColumns?.(message.columns)
        } catch (error) {
          call?.reject(error)
          this.send({ id: message.id, kind: 'cancel' })
        }
        this.send({ id: message.id, kind: 'taken' })
        return
      case 'progress':
        call?.ctx.report(message.progress)
        return
      case 'result':
        call?.resolve(message.result)
        return
      case 'error':
        call?.reject(fromWire(message.error))
    }
  }
}

/**
 * Pileups in worker threads. A thread that dies fails its own calls with `disconnected`; the next call starts another.
 * Cancelling rejects the call at once, and the thread stops at its next batch, within some ten milliseconds.
 */
export class PileupWorkers {
  private threads: Thread[] = []
  private nextId = 1

  constructor(private readonly file: () => URL = () => workerFile('pileup')) {}

  /** Finished columns go to `onColumns` as they come, in order; the ledger at the end. Options default to pysam's. */
  pileup(
    request: AlignmentSource & { region: PileupRegion; options?: PileupOptions },
    ctx: WorkContext,
    onColumns?: (columns: PileupColumns) => void,
  ): Promise<PileupLedger> {
    return this.call('pileup', withDefaults(request), ctx, onColumns)
  }

  /** Every read over each position, kept and removed; one detail a position, in their order. */
  columnDetails(
    request: AlignmentSource & { positions: readonly Position[]; options?: PileupOptions },
    ctx: WorkContext,
  ): Promise<ColumnDetail[]> {
    return this.call('columnDetails', withDefaults(request), ctx)
  }

  /** Depth in bins, and letters where a bin is one base: what a coverage track draws. */
  depthBins(
    request: AlignmentSource & { interval: PileupRegion & { end: number }; bins: number; options?: PileupOptions },
    ctx: WorkContext,
  ): Promise<DepthBins> {
    return this.call('depthBins', withDefaults(request), ctx)
  }

  /** The fate of every record of one name in a region, and the columns that each lost. */
  readStories(
    request: AlignmentSource & { region: PileupRegion; name: string; options?: PileupOptions },
    ctx: WorkContext,
  ): Promise<ReadStory[]> {
    return this.call('readStories', withDefaults(request), ctx)
  }

  /** Where the reads of a file begin; null where none is mapped. */
  firstReads(request: AlignmentSource, ctx: WorkContext): Promise<Interval | null> {
    return this.call('firstReads', request, ctx)
  }

  /** One character a base of an interval, with depth and quality: what a diplotype track draws. At most 5 Mb at a time. */
  diplotype(request: PileupCalls['diplotype']['args'], ctx: WorkContext): Promise<DiplotypeTrack> {
    return this.call('diplotype', request, ctx)
  }

  /** APOE from the reads of one sample. */
  apoe(request: PileupCalls['apoe']['args'], ctx: WorkContext): Promise<ApoeReport> {
    return this.call('apoe', request, ctx)
  }

  /** The diplotype that a risk model reads of one sample. */
  sampleDiplotype(request: PileupCalls['sampleDiplotype']['args'], ctx: WorkContext): Promise<SampleDiplotype> {
    return this.call('sampleDiplotype', request, ctx)
  }

  /** The same, cut into tokens as a model reads it. */
  riskReading(request: PileupCalls['riskReading']['args'], ctx: WorkContext): Promise<RiskReading> {
    return this.call('riskReading', request, ctx)
  }

  /** What is told of a cohort's scores. */
  cohortFigures(request: PileupCalls['cohortFigures']['args'], ctx: WorkContext): Promise<CohortFigures | null> {
    return this.call('cohortFigures', request, ctx)
  }

  /** Ends the threads; calls under way fail with `disconnected`. */
  async close(): Promise<void> {
    await Promise.all(this.threads.map(thread => thread.worker.terminate()))
  }

  private async call<C extends CallName>(
    name: C,
    args: PileupCalls[C]['args'],
    ctx: WorkContext,
    onColumns?: (columns: PileupColumns) => void,
  ): Promise<PileupCalls[C]['result']> {
    throwIfCancelled(ctx.signal)
    const thread = this.leastBusy()
    const id = this.nextId++
    // Only while a call is under way does the thread keep the process alive.
    thread.worker.ref()
    let abort = () => {}
    try {
      return await new Promise<PileupCalls[C]['result']>((resolve, reject) => {
        const settle = (result: unknown) => resolve(result as PileupCalls[C]['result'])
        thread.pending.set(id, { resolve: settle, reject, onColumns, ctx })
        abort = () => {
          thread.send({ id, kind: 'cancel' })
          reject(cancelled())
        }
        ctx.signal.addEventListener('abort', abort, { once: true })
        thread.send({ id, kind: 'call', name, args })
      })
    } finally {
      ctx.signal.removeEventListener('abort', abort)
      thread.pending.delete(id)
      if (thread.pending.size === 0) thread.worker.unref()
    }
  }

  private leastBusy(): Thread {
    const idle = this.threads.find(thread => thread.pending.size === 0)
    if (idle) return idle
    if (this.threads.length < THREADS) {
      const thread = new Thread(ended => {
        this.threads = this.threads.filter(t => t !== ended)
      }, this.file())
      this.threads.push(thread)
      return thread
    }
    return this.threads.reduce((best, t) => (t.pending.size < best.pending.size ? t : best))
  }
}

const withDefaults = <R extends { options?: PileupOptions }>(request: R): R & { options: PileupOptions } => ({
  ...request,
  options: request.options ?? PILEUP_DEFAULTS,
})

const shared = new PileupWorkers()

/** The same calls on the program's own threads. */
export const pileup = shared.pileup.bind(shared)
export const columnDetails = shared.columnDetails.bind(shared)
export const depthBins = shared.depthBins.bind(shared)
export const readStories = shared.readStories.bind(shared)
export const firstReads = shared.firstReads.bind(shared)
export const diplotype = shared.diplotype.bind(shared)
export const apoe = shared.apoe.bind(shared)
export const sampleDiplotype = shared.sampleDiplotype.bind(shared)
export const riskReading = shared.riskReading.bind(shared)
export const cohortFigures = shared.cohortFigures.bind(shared)
export const closePileupWorkers = shared.close.bind(shared)
