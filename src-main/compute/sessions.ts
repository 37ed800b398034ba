import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { freemem } from 'node:os'
import { dirname, join } from 'node:path'
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { bytesOfData, type DType, elementCount, type Tensor, viewAs } from '../../src-shared/tensor.ts'
import { estimateMemory, type ModelPlan, planModel } from './modelPlan.ts'
import { countProviders } from './profile.ts'
import type { SessionInfo, SessionSpec, StateUse, ValueInfo } from './protocol.ts'
import { loadError, outOfMemory, runError } from './runtimeErrors.ts'

export type Runtime = typeof import('onnxruntime-node')

/** Above this a protobuf is not parsed a second time just to estimate memory. */
const PLAN_LIMIT_BYTES = 512 * 1024 * 1024

interface OpenSession {
  readonly spec: SessionSpec
  readonly session: InferenceSession
  readonly info: SessionInfo
  readonly plan: ModelPlan | undefined
  readonly profilePrefix: string | undefined
  ran: Readonly<Record<string, number>> | undefined
}

export interface RunResult {
  readonly tensors: Record<string, Tensor>
  readonly ran: Readonly<Record<string, number>> | undefined
  readonly runMs: number
}

/** The open sessions of the process, the least recently used closed first when they hold more than `limitBytes`. */
export class Sessions {
  private readonly open = new Map<number, OpenSession>()
  private profiles = 0
  private readonly states = new Map<number, Map<string, OrtTensor>>()

  constructor(
    private readonly ort: Runtime,
    private readonly limitBytes: number,
    private readonly scratchFolder: string,
  ) {}

  get bytes(): number {
    let sum = 0
    for (const s of this.open.values()) sum += s.info.bytes
    return sum
  }

  get count(): number {
    return this.open.size
  }

  get stateBytes(): number {
    let sum = 0
    for (const state of this.states.values()) for (const t of state.values()) sum += dataOf(t).byteLength
    return sum
  }

  async load(spec: SessionSpec): Promise<OpenSession> {
    const known = this.open.get(spec.id)
    if (known) {
      this.open.delete(spec.id) // put last: most recently used
      this.open.set(spec.id, known)
      return known
    }
    try {
      const { plan, bytes } = readModel(spec.path)
      await this.makeRoom(bytes)
      const profilePrefix = spec.profile ? join(this.scratchFolder, `profile-${this.profiles++}`) : undefined
      const session = await this.ort.InferenceSession.create(spec.path, {
        executionProviders: spec.provider === 'cpu' ? ['cpu'] : [spec.provider, 'cpu'],
        intraOpNumThreads: spec.threads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        enableCpuMemArena: spec.arena,
        // The pattern's one block comes on top of what the arena holds since the first run: 1,666 MiB instead of 962 for a
        // training step of 4 layers, width 256, batch 8 x 512.
        enableMemPattern: false,
        logSeverityLevel: 3,
        ...(spec.spin ? {} : { extra: { session: { intra_op: { allow_spinning: '0' } } } }),
        ...(profilePrefix ? { enableProfiling: true, profileFilePrefix: profilePrefix } : {}),
      })
      const info: SessionInfo = {
        inputs: session.inputMetadata.map(valueInfo),
        outputs: session.outputMetadata.map(valueInfo),
        bytes,
        notes: (plan?.unseeded ?? []).map(op => `${op} draws without a seed: results do not repeat`),
      }
      const opened: OpenSession = { spec, session, info, plan, profilePrefix, ran: undefined }
      this.open.set(spec.id, opened)
      return opened
    } catch (error) {
      throw loadError(error, spec.path)
    }
  }

  async run(
    spec: SessionSpec,
    inputs: Record<string, Tensor>,
    wanted: readonly string[] | undefined,
    stateUse: StateUse | undefined,
    memoryLimit: number | undefined,
  ): Promise<RunResult> {
    const opened = await this.load(spec)
    const state = stateUse ? this.stateOf(stateUse.id) : undefined
    const feeds: Record<string, OrtTensor> = {}
    for (const [name, t] of state ?? []) feeds[name] = t
    for (const [name, t] of Object.entries(inputs)) feeds[name] = this.toOrt(t, name)
    checkFeeds(opened.info, feeds)
    const carried = stateUse?.carry ?? []
    const names = opened.info.outputs.map(o => o.name)
    const returned = wanted ?? names.filter(n => !carried.some(c => c.from === n))
    const guard = stateUse?.guard
    const fetched = [...new Set([...returned, ...carried.map(c => c.from), ...(guard ? [guard] : [])])]
    const strangers = fetched.filter(n => !names.includes(n))
    if (strangers.length)
      throw new WorkbenchError('bad-input', `the model has no output '${strangers.join("', '")}', only ${names.join(', ')}`, 'ask for one of its outputs') // biome-ignore format: one thought
    checkMemory(opened, feeds, fetched, memoryLimit)
    const started = performance.now()
    const results = await opened.session.run(feeds, fetched).catch(error => {
      throw runError(error)
    })
    const runMs = performance.now() - started
    if (opened.profilePrefix && !opened.ran) opened.ran = endProfile(opened.session, opened.profilePrefix)
    const good = !guard || Number(dataOf(results[guard] as OrtTensor)[0]) !== 0
    if (good) for (const { from, to } of carried) state?.set(to, results[from] as OrtTensor)
    const tensors: Record<string, Tensor> = {}
    for (const name of returned) tensors[name] = fromOrt(results[name] as OrtTensor)
    return { tensors, ran: opened.ran, runMs }
  }

  async unload(id: number): Promise<void> {
    const opened = this.open.get(id)
    this.open.delete(id)
    await opened?.session.release()
  }

  put(id: number, tensors: Record<string, Tensor>): void {
    const state = this.states.get(id) ?? new Map<string, OrtTensor>()
    for (const [name, t] of Object.entries(tensors)) state.set(name, this.toOrt(t, name))
    this.states.set(id, state)
  }

  get(id: number, names: readonly string[] | undefined): Record<string, Tensor> {
    const state = this.stateOf(id)
    const out: Record<string, Tensor> = {}
    for (const name of names ?? state.keys()) {
      const t = state.get(name)
      if (!t)
        throw new WorkbenchError('bad-input', `the state holds no tensor '${name}'`, 'ask for a name that was put')
      out[name] = fromOrt(t)
    }
    return out
  }

  drop(id: number): void {
    this.states.delete(id)
  }

  private stateOf(id: number): Map<string, OrtTensor> {
    const state = this.states.get(id)
    if (!state) throw new WorkbenchError('disconnected', `the compute process no longer holds state ${id}`, 'resume from the last checkpoint') // biome-ignore format: one thought
    return state
  }

  private async makeRoom(bytes: number): Promise<void> {
    for (const id of [...this.open.keys()]) {
      if (this.bytes + bytes <= this.limitBytes) return
      await this.unload(id)
    }
  }

  private toOrt(t: Tensor, name: string): OrtTensor {
    if (t.dtype === 'bfloat16') throw new WorkbenchError('unsupported', `input '${name}' is bfloat16`, 'convert it to float32') // biome-ignore format: one thought
    const Ctor = this.ort.Tensor as unknown as new (type: string, data: unknown, dims: readonly number[]) => OrtTensor
    return new Ctor(t.dtype, t.data, t.shape)
  }
}

function readModel(path: string): { plan: ModelPlan | undefined; bytes: number } {
  const size = statSync(path).size
  if (size > PLAN_LIMIT_BYTES) return { plan: undefined, bytes: size }
  const plan = planModel(readFileSync(path))
  const beside = plan.externalFiles.reduce((sum, name) => sum + statSync(join(dirname(path), name)).size, 0)
  return { plan, bytes: size + beside }
}

function endProfile(session: InferenceSession, prefix: string): Readonly<Record<string, number>> {
  session.endProfiling()
  const folder = dirname(prefix)
  const name = readdirSync(folder).find(n => join(folder, n).startsWith(`${prefix}_`))
  if (!name) return {}
  const file = join(folder, name)
  try {
    return countProviders(readFileSync(file, 'utf8'))
  } finally {
    rmSync(file, { force: true })
  }
}

const valueInfo = (m: InferenceSession.ValueMetadata): ValueInfo => {
  if (!m.isTensor || m.type === 'string') throw new WorkbenchError('unsupported', `'${m.name}' is not a tensor of numbers`, 'use a model whose inputs and outputs are numeric tensors') // biome-ignore format: one thought
  return { name: m.name, dtype: m.type as DType, shape: m.shape }
}

/** Every name, type and shape that does not fit, in one message. */
function checkFeeds(info: SessionInfo, feeds: Readonly<Record<string, OrtTensor>>): void {
  const wrong: string[] = []
  for (const want of info.inputs) {
    const got = feeds[want.name]
    if (!got) wrong.push(`input '${want.name}' is missing`)
    else if (got.type !== want.dtype) wrong.push(`input '${want.name}' is ${got.type}, the model takes ${want.dtype}`)
    else if (
      got.dims.length !== want.shape.length ||
      want.shape.some((d, i) => typeof d === 'number' && d !== got.dims[i])
    )
      wrong.push(`input '${want.name}' has shape [${got.dims.join(', ')}], the model takes [${want.shape.join(', ')}]`)
  }
  for (const name of Object.keys(feeds))
    if (!info.inputs.some(i => i.name === name)) wrong.push(`the model has no input '${name}'`)
  if (wrong.length) throw new WorkbenchError('bad-input', wrong.join('; '), 'give the inputs that the model states')
}

const mb = (bytes: number) => Math.round(bytes / 1e6).toLocaleString('en')

/** Refuses a run that cannot fit, before the operating system has to end the process. */
function checkMemory(
  opened: OpenSession,
  feeds: Readonly<Record<string, OrtTensor>>,
  returned: readonly string[],
  limit: number | undefined,
): void {
  if (!opened.plan) return
  const shapes = new Map(Object.entries(feeds).map(([name, t]) => [name, t.dims]))
  const need = estimateMemory(opened.plan, shapes, returned)
  // What this process holds already (weights, arenas of earlier runs) is used again by this run.
  const held = process.memoryUsage.rss()
  const machine = (process.availableMemory?.() ?? freemem()) + held
  const room = Math.min(limit ?? Number.POSITIVE_INFINITY, machine)
  if (need.bytes <= room) return
  throw outOfMemory(`this run needs about ${mb(need.bytes)} MB and ${mb(room)} MB are free`, {
    neededBytes: need.bytes,
    freeBytes: room,
  })
}

const dataOf = (t: OrtTensor) => t.data as unknown as Uint8Array

function fromOrt(t: OrtTensor): Tensor {
  const data = dataOf(t)
  const bytes = bytesOfData(data)
  const dtype = t.type as DType
  return {
    dtype,
    shape: [...t.dims],
    data: viewAs(dtype, bytes.buffer as ArrayBuffer, bytes.byteOffset, elementCount(t.dims)),
  }
}
