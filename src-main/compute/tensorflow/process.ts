import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { toWire, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { DType, Tensor } from '../../../src-shared/tensor.ts'
import { openChannel } from '../channel.ts'
import { type Frame, packTensors, unpackTensors } from '../frames.ts'
import { peakRssBytes } from '../peakMemory.ts'
import {
  type Answer,
  type MemoryUse,
  type ProcessSettings,
  type Request,
  SETTINGS_VARIABLE,
  type SessionInfo,
  type SessionSpec,
  type ValueInfo,
} from '../protocol.ts'
import { runError } from '../runtimeErrors.ts'
import {
  MODULE_VARIABLE,
  type SavedModel,
  type SavedModelInfo,
  type TensorFlowModule,
  type TensorFlowTensor,
  type TensorFlowType,
} from './module.ts'

/** The process of the optional TensorFlow engine: the wire of the compute process, with SavedModels behind it. */
async function main(): Promise<void> {
  process.on('SIGINT', () => {}) // what is to end here is the parent's to say
  const { scratchFolder } = JSON.parse(process.env[SETTINGS_VARIABLE] ?? '{}') as Partial<ProcessSettings>
  process.on('exit', () => scratchFolder && rmSync(scratchFolder, { recursive: true, force: true }))
  const channel = openChannel()
  const answer = (message: Answer, buffers: readonly Uint8Array[] = []) => channel.send({ header: message, buffers })
  let tf: TensorFlowModule
  try {
    tf = createRequire(import.meta.url)(process.env[MODULE_VARIABLE] ?? '') as TensorFlowModule
    if (typeof tf.node?.loadSavedModel !== 'function' || typeof tf.tensor !== 'function')
      throw new Error('it has no loadSavedModel')
    answer({ kind: 'ready', engine: `tensorflow ${tf.version?.['tfjs-core'] ?? ''}`.trim(), providers: ['tensorflow'] })
  } catch (error) {
    answer({ kind: 'engine-missing', error: toWire(unusable(error)) })
    process.exit(0)
  }
  const models = new Map<number, SavedModel>()
  for (let frame = await channel.receive(); frame; frame = await channel.receive()) {
    const request = frame.header as Request
    try {
      const done = await handle(tf, models, request, frame)
      const { metas, buffers } = packTensors(done.tensors ?? {})
      answer(
        {
          kind: 'done',
          call: request.call,
          tensors: metas,
          memory: memory(models.size),
          ...(done.info ? { info: done.info } : {}),
        },
        buffers,
      )
    } catch (error) {
      answer({ kind: 'failed', call: request.call, error: toWire(error), memory: memory(models.size) })
    }
  }
  process.exit(0)
}

const unusable = (cause: unknown) =>
  new WorkbenchError(
    'engine-missing',
    `the TensorFlow engine cannot be loaded (${String((cause as Error)?.message ?? cause).split('\n', 1)[0]})`,
    'install @tensorflow/tfjs-node-gpu for Node 20 or 22, or convert the model to ONNX with tf2onnx',
    undefined,
    { cause },
  )

const memory = (sessions: number): MemoryUse => ({
  rssBytes: process.memoryUsage.rss(),
  peakRssBytes: peakRssBytes(),
  cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  sessionBytes: 0, // the package does not tell
  sessions,
  stateBytes: 0,
})

interface Done {
  readonly info?: SessionInfo
  readonly tensors?: Record<string, Tensor>
}

async function handle(
  tf: TensorFlowModule,
  models: Map<number, SavedModel>,
  request: Request,
  frame: Frame,
): Promise<Done> {
  switch (request.kind) {
    case 'load':
      return { info: infoOf(await open(tf, models, request.session)) }
    case 'run': {
      const model = await open(tf, models, request.session)
      return { tensors: await run(tf, model, unpackTensors(request.tensors, frame.buffers), request.outputs) }
    }
    case 'unload':
      models.get(request.session)?.dispose()
      models.delete(request.session)
      return {}
    case 'stats':
      return {}
    default:
      throw new WorkbenchError(
        'unsupported',
        'the TensorFlow engine keeps no state between runs',
        'train with the built-in engine',
      )
  }
}

async function open(tf: TensorFlowModule, models: Map<number, SavedModel>, spec: SessionSpec): Promise<SavedModel> {
  const known = models.get(spec.id)
  if (known) return known
  try {
    const model = await tf.node.loadSavedModel(spec.path, ['serve'], 'serving_default')
    models.set(spec.id, model)
    return model
  } catch (error) {
    throw new WorkbenchError('bad-model', `the SavedModel '${spec.path}' cannot be opened: ${(error as Error).message.split('\n', 1)[0]}`, "check that it is a SavedModel folder with the signature 'serving_default'", undefined, { cause: error }) // biome-ignore format: one thought
  }
}

const TYPES: Readonly<Record<string, DType>> = { float32: 'float32', DT_FLOAT: 'float32', int32: 'int32', DT_INT32: 'int32', bool: 'bool', DT_BOOL: 'bool' } // biome-ignore format: a table

function infoOf(model: SavedModel): SessionInfo {
  const value = (i: SavedModelInfo): ValueInfo => {
    const dtype = TYPES[i.dtype]
    if (!dtype)
      throw new WorkbenchError(
        'unsupported',
        `'${i.name}' of the SavedModel is ${i.dtype}`,
        'use a model with float32, int32 or bool tensors',
      )
    return { name: i.name, dtype, shape: (i.shape ?? []).map((d, axis) => (d === null || d < 0 ? `axis${axis}` : d)) }
  }
  return {
    inputs: model.inputs.map(value),
    outputs: model.outputs.map(value),
    bytes: 0,
    notes: ['TensorFlow does not tell which device ran'],
  }
}

async function run(
  tf: TensorFlowModule,
  model: SavedModel,
  inputs: Readonly<Record<string, Tensor>>,
  wanted: readonly string[] | undefined,
): Promise<Record<string, Tensor>> {
  const missing = model.inputs.filter(i => !inputs[i.name]).map(i => i.name)
  const strangers = Object.keys(inputs).filter(name => !model.inputs.some(i => i.name === name))
  if (missing.length || strangers.length)
    throw new WorkbenchError(
      'bad-input',
      `inputs missing: ${missing.join(', ') || 'none'}; unknown: ${strangers.join(', ') || 'none'}`,
      `give ${model.inputs.map(i => i.name).join(', ')}`,
    )
  const made: TensorFlowTensor[] = []
  try {
    const feeds: Record<string, TensorFlowTensor> = {}
    for (const [name, t] of Object.entries(inputs)) {
      const fed = tf.tensor(t.data as Float32Array, t.shape, typeFor(name, t))
      feeds[name] = fed
      made.push(fed)
    }
    const result = model.predict(feeds)
    // A model with one output may answer with the tensor itself.
    const first = model.outputs[0]
    const named = 'dispose' in result && typeof result.dispose === 'function' ? { [first?.name ?? 'output']: result as TensorFlowTensor } : (result as Readonly<Record<string, TensorFlowTensor>>) // biome-ignore format: one choice
    made.push(...Object.values(named))
    const out: Record<string, Tensor> = {}
    for (const name of wanted ?? Object.keys(named)) {
      const t = named[name]
      if (!t)
        throw new WorkbenchError(
          'bad-input',
          `the SavedModel has no output '${name}'`,
          `ask for ${Object.keys(named).join(', ')}`,
        )
      out[name] = { dtype: TYPES[t.dtype] ?? 'float32', shape: [...t.shape], data: await t.data() }
    }
    return out
  } catch (error) {
    throw runError(error)
  } finally {
    for (const t of made) t.dispose()
  }
}

function typeFor(name: string, t: Tensor): TensorFlowType {
  if (t.dtype === 'float32' || t.dtype === 'int32' || t.dtype === 'bool') return t.dtype
  throw new WorkbenchError(
    'bad-input',
    `input '${name}' is ${t.dtype}`,
    'TensorFlow in JavaScript takes float32, int32 or bool',
  )
}

await main()
