import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { Tensors } from '../../src-shared/tensor.ts'
import type { BatchPlan, CallOptions, Device, ProviderReport, Session } from './engine.ts'
import { packTensors } from './frames.ts'
import { PROVIDER_NAMES } from './profile.ts'
import type { Request, SessionInfo, SessionSpec } from './protocol.ts'
import type { CallQueue } from './queue.ts'
import type { ResidentState } from './residentState.ts'

/** A model that the process has open, or opens again when it must. */
export class OpenedSession implements Session {
  private ran: Readonly<Record<string, number>> = {}
  private note: string | undefined
  private closed = false
  private runMs: number | undefined

  constructor(
    private readonly queue: CallQueue,
    private readonly spec: SessionSpec,
    private readonly info: SessionInfo,
    private readonly report: {
      readonly requested: Device
      readonly note?: string | undefined
      readonly strict: boolean
    },
    private readonly memoryLimit: number | undefined,
  ) {
    this.note = [report.note, ...info.notes].filter(Boolean).join('; ') || undefined
  }

  get inputs() {
    return this.info.inputs
  }

  get outputs() {
    return this.info.outputs
  }

  get provider(): ProviderReport {
    return { requested: this.report.requested, ran: this.ran, note: this.note }
  }

  get lastRunMs(): number | undefined {
    return this.runMs
  }

  async run(inputs: Tensors, call: CallOptions = {}): Promise<Tensors> {
    if (this.closed) throw new WorkbenchError('internal', 'a closed model was run', 'please report this')
    const state = call.state as ResidentState | undefined
    const { metas, buffers } = packTensors(inputs)
    const build = (id: number): { request: Request; buffers: readonly Uint8Array[] } => ({
      request: {
        kind: 'run',
        call: id,
        session: this.spec,
        tensors: metas,
        ...(call.outputs ? { outputs: call.outputs } : {}),
        ...(state
          ? { state: { id: state.id, carry: call.carry ?? [], ...(call.guard ? { guard: call.guard } : {}) } }
          : {}),
        ...(this.memoryLimit !== undefined ? { memoryLimit: this.memoryLimit } : {}),
      },
      buffers,
    })
    const reply = await this.queue.call(build, {
      signal: call.signal,
      ...(call.graceMs !== undefined ? { graceMs: call.graceMs } : {}),
      ...(state ? { generation: state.generation } : {}),
    })
    this.runMs = reply.done.runMs
    if (reply.done.ran && Object.keys(this.ran).length === 0) this.assertProvider(reply.done.ran)
    return reply.tensors
  }

  /** The session options say what was asked for; only the profile says what ran. */
  private assertProvider(ran: Readonly<Record<string, number>>): void {
    this.ran = ran
    const { provider } = this.spec
    if (provider === 'cpu' || (ran[PROVIDER_NAMES[provider]] ?? 0) > 0) return
    const what = `no operation of this model ran on ${provider}`
    if (this.report.strict) throw new WorkbenchError('provider-missing', what, 'use --device cpu or auto')
    this.note = [this.note, what].filter(Boolean).join('; ')
  }

  async *runBatches(
    batches: Iterable<Tensors> | AsyncIterable<Tensors>,
    context: WorkContext,
    plan: BatchPlan = {},
  ): AsyncGenerator<Tensors> {
    const { total = 0, phase = 'compute', outputs } = plan
    let done = 0
    context.report({ phase, done, total })
    for await (const batch of batches) {
      throwIfCancelled(context.signal)
      const answer = await this.run(batch, { signal: context.signal, ...(outputs ? { outputs } : {}) })
      done++
      context.report({ phase, done, total })
      yield answer
    }
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.queue.forget(call => ({ request: { kind: 'unload', call, session: this.spec.id } }))
  }
}
