import { asWorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { elementCount } from '../../../src-shared/tensor.ts'
import { Graph } from '../../graph/graph.ts'
import { mapTensors, sameNames } from '../../models/checkpoints/mapTensors.ts'
import { toFloat32 } from '../../models/checkpoints/tensorSource.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { storedStructure } from './exportOnnx.ts'
import { fileSha256 } from './fileSource.ts'
import { openModelFolder } from './modelFolder.ts'

export interface ModelCheck {
  readonly folder: string
  readonly id: string
  readonly kind: string
  readonly tensors: number
  readonly parameters: number
  readonly problems: readonly string[]
}

/**
 * Verifies a model folder: the JSON, the hashes, every tensor's name, shape and type, that none is unused, and that all weights are finite.
 * Problems of content are listed; a folder that cannot be read at all throws.
 */
export async function checkModel(folder: string, registry: ModelRegistry, context: WorkContext): Promise<ModelCheck> {
  const model = await openModelFolder(folder)
  const problems: string[] = []
  let parameters = 0
  try {
    const { json } = model
    const files: readonly (readonly [string, string, string])[] = [
      [json.weights.file, model.weightsPath, json.weights.sha256],
      ...(json.tokenizer && model.tokenizerPath
        ? [[json.tokenizer.file, model.tokenizerPath, json.tokenizer.sha256] as const]
        : []),
    ]
    for (const [name, path, expected] of files) {
      const got = await fileSha256(path, context)
      if (got !== expected) problems.push(`${name} has SHA-256 ${got}, model.json says ${expected}`)
    }
    if (json.attentionPattern && !model.weights.entries.has(json.attentionPattern.tensor))
      problems.push(`the attention pattern '${json.attentionPattern.tensor}' is not among the weights`)
    await collect(problems, async () => {
      const configured = registry.configure(json.kind, json.architecture)
      const specs = configured.parameters
      const buffers = new Set(specs.filter(s => s.buffer).map(s => s.name))
      for (const e of model.weights.entries.values()) if (!buffers.has(e.name)) parameters += elementCount(e.shape)
      const weights = await mapTensors(model.weights, specs, sameNames)
      // A stored pattern can name blocks that the sequence has not: the graph says so.
      configured.buildForward(new Graph(), { batch: 1, structure: await storedStructure(weights, specs) })
      if (parameters !== json.weights.parameters)
        problems.push(`model.json says ${json.weights.parameters} parameters, the file has ${parameters}`)
    })
    let done = 0
    for (const e of model.weights.entries.values()) {
      context.report({ phase: 'reading weights', done: done++, total: model.weights.entries.size })
      if (!e.dtype.includes('float')) continue
      const at = toFloat32(await model.weights.read(e.name), e.name).findIndex(x => !Number.isFinite(x))
      if (at >= 0) problems.push(`weight ${at} of '${e.name}' is not finite`)
    }
    return { folder, id: json.id, kind: json.kind, tensors: model.weights.entries.size, parameters, problems }
  } finally {
    await model.close()
  }
}

async function collect(problems: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const e = asWorkbenchError(error)
    if (e.code === 'cancelled' || e.code === 'internal') throw e
    problems.push(e.message)
  }
}
