import { createHash } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { throwIfCancelled } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { ModelBytes } from '../../compute/modelCache.ts'
import { Graph } from '../../graph/graph.ts'
import { emitOnnx, type OnnxModel, type ParameterValues } from '../../graph/onnx.ts'
import { mapTensors, sameNames } from '../../models/checkpoints/mapTensors.ts'
import type { TensorSource } from '../../models/checkpoints/tensorSource.ts'
import type { ModelRegistry, ParameterSpec } from '../../models/registry.ts'
import { openAtomic, writeFileAtomic } from '../../storage/atomic.ts'
import { type OpenModelFolder, openModelFolder } from './modelFolder.ts'

export interface ExportOptions {
  /** Default 1. */
  readonly batch?: number
  /** Base pairs or tokens; default: what the model is made for. */
  readonly length?: number
}

export interface Exported {
  readonly files: readonly string[]
  readonly inputs: Readonly<Record<string, readonly number[]>>
  readonly outputs: Readonly<Record<string, readonly number[]>>
  readonly sha256: string
}

/**
 * A model folder as an ONNX model with its weights inside (beside it from 1 GB on). Shapes are fixed to the batch and length.
 * `inPlace`: the model points into the folder's own weights file, which must then lie beside it; no weight is read.
 */
export async function buildOnnx(
  model: OpenModelFolder,
  registry: ModelRegistry,
  options: ExportOptions & { readonly dataFile?: string; readonly inPlace?: boolean },
  context: WorkContext,
): Promise<OnnxModel> {
  const { json } = model
  const configured = registry.configure(json.kind, json.architecture)
  const weights = await mapTensors(model.weights, configured.parameters, sameNames)
  const graph = new Graph()
  const outputs = configured.buildForward(graph, {
    batch: options.batch ?? 1,
    ...(options.length !== undefined ? { length: options.length } : {}),
    structure: await storedStructure(weights, configured.parameters),
  })
  const types = new Map(configured.parameters.map(s => [s.name, s.dtype]))
  const structural = new Set(configured.parameters.filter(s => s.structure).map(s => s.name))
  const values = new Map<string, ParameterValues>()
  let done = 0
  for (const name of weights.entries.keys()) {
    if (structural.has(name)) continue
    throwIfCancelled(context.signal)
    context.report({ phase: 'reading weights', done: done++, total: weights.entries.size })
    const inPlace = options.inPlace ? valueInPlace(model, name, types.get(name)) : undefined
    values.set(name, inPlace ?? ((await weights.read(name)).data as Float32Array | Int32Array | BigInt64Array))
  }
  return emitOnnx(outputs, { values, ...(options.dataFile ? { externalLocation: options.dataFile } : {}) })
}

/** The weights that shape the graph (a stored attention pattern): what `buildForward` takes as `structure`. */
export async function storedStructure(
  weights: TensorSource,
  specs: readonly ParameterSpec[],
): Promise<ReadonlyMap<string, ArrayLike<number>>> {
  const structure = new Map<string, ArrayLike<number>>()
  for (const spec of specs)
    if (spec.structure && weights.entries.has(spec.name))
      structure.set(spec.name, (await weights.read(spec.name)).data as Int32Array)
  return structure
}

/** Where a weight lies in the folder's file, when it has the type that the graph takes: a value that is never copied. */
export function valueInPlace(
  model: OpenModelFolder,
  name: string,
  dtype: string | undefined,
): ParameterValues | undefined {
  const place = model.weights.entries.get(name)?.dtype === dtype ? model.weights.place(name) : undefined
  return place && { location: model.json.weights.file, ...place }
}

/**
 * What `Compute.load` takes to run a model folder: a small graph, with the folder's weights linked beside it, so that a model of 1 GB is
 * neither copied nor read into this process.
 */
export async function runnableModel(
  folder: string,
  registry: ModelRegistry,
  options: ExportOptions,
  context: WorkContext,
): Promise<ModelBytes> {
  const model = await openModelFolder(folder)
  try {
    const onnx = await buildOnnx(model, registry, { ...options, inPlace: true }, context)
    return { bytes: onnx.bytes, links: { [model.json.weights.file]: model.weightsPath } }
  } finally {
    await model.close()
  }
}

/** Writes FILE (and FILE.data for weights above 1 GB): an ONNX model for any runtime, with the same numbers. */
export async function exportOnnx(
  folder: string,
  file: string,
  registry: ModelRegistry,
  options: ExportOptions,
  context: WorkContext,
): Promise<Exported> {
  const model = await openModelFolder(folder)
  try {
    const dataFile = `${basename(file)}.data`
    const onnx = await buildOnnx(model, registry, { ...options, dataFile }, context)
    const files = [file]
    if (onnx.external) {
      const path = join(dirname(file), dataFile)
      const data = await openAtomic(path)
      try {
        for (const part of onnx.external.parts) await data.write(part)
        await data.commit()
      } finally {
        await data.abandon()
      }
      files.push(path)
    }
    await writeFileAtomic(file, onnx.bytes)
    const shapes = (m: OnnxModel['inputs']) => Object.fromEntries([...m].map(([name, t]) => [name, t.shape]))
    return {
      files,
      inputs: shapes(onnx.inputs),
      outputs: shapes(onnx.outputs),
      sha256: createHash('sha256').update(onnx.bytes).digest('hex'),
    }
  } finally {
    await model.close()
  }
}
