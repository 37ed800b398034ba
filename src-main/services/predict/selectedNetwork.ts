import { throwIfCancelled } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { Graph } from '../../graph/graph.ts'
import type { ParameterValues } from '../../graph/onnx.ts'
import { mapTensors, sameNames } from '../../models/checkpoints/mapTensors.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ConfiguredModel, ForwardOutputs, ModelRegistry } from '../../models/registry.ts'
import { selectTracks, takeRows } from '../../models/trackSelection.ts'
import { storedStructure, valueInPlace } from '../models/exportOnnx.ts'
import { openModelFolder } from '../models/modelFolder.ts'

/** A network of which only some tracks are computed, before it is built: nothing of it is open any more. */
export interface SelectedNetwork {
  readonly network: ConfiguredModel
  /** Values of all weights that are fed: places in the folder's own file, or numbers. */
  readonly values: ReadonlyMap<string, ParameterValues>
  /** Files that the emitted model points into, by the names it uses. */
  readonly links: Readonly<Record<string, string>>
  build(graph: Graph, batch: number): ForwardOutputs
}

/** Tracks of each head, ascending, by their index within it. `channels` are places in the track table. */
export function channelsByHead(json: ModelJson, channels: readonly number[]): Map<string, number[]> {
  const wanted = new Map<string, number[]>()
  for (const channel of [...new Set(channels)].sort((a, b) => a - b)) {
    const { head, index } = json.tracks[channel]!
    if (!wanted.has(head)) wanted.set(head, [])
    wanted.get(head)!.push(index)
  }
  return wanted
}

/** What the outputs of a selected network hold: heads in the order of their columns, the tracks of each, and where each channel is. */
export interface SelectedColumns {
  readonly heads: readonly string[]
  readonly columns: ReadonlyMap<number, number>
}

/** Which tracks the outputs have: those asked for, or all of a head where the kind cannot leave any out. `width` of each output by name. */
export function selectedColumns(
  json: ModelJson,
  wanted: ReadonlyMap<string, readonly number[]>,
  width: (head: string) => number | string | undefined,
): SelectedColumns {
  const channel = new Map(json.tracks.map((t, i) => [`${t.head} ${t.index}`, i]))
  const counts = new Map((json.output.heads ?? []).map(h => [h.name, h.tracks]))
  const columns = new Map<number, number>()
  for (const [head, tracks] of wanted) {
    const there = width(head) === tracks.length ? tracks : Array.from({ length: counts.get(head)! }, (_, i) => i)
    for (const index of there) columns.set(channel.get(`${head} ${index}`)!, columns.size)
  }
  return { heads: [...wanted.keys()], columns }
}

/** Reads what a network with heads for the wanted tracks alone needs. Weights stay in the folder's own file where they can. */
export async function selectNetwork(
  folder: string,
  json: ModelJson,
  wanted: ReadonlyMap<string, readonly number[]>,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<SelectedNetwork> {
  const selection = selectTracks(json, registry, wanted)
  const model = await openModelFolder(folder)
  try {
    const whole = registry.configure(json.kind, json.architecture).parameters
    const weights = await mapTensors(model.weights, whole, sameNames)
    const network = registry.configure(json.kind, selection?.architecture ?? json.architecture)
    const values = new Map<string, ParameterValues>()
    const structure = await storedStructure(weights, network.parameters)
    const read = async (name: string) => (await weights.read(name)).data as Float32Array | Int32Array
    for (const spec of network.parameters) {
      throwIfCancelled(context.signal)
      if (!weights.entries.has(spec.name) || structure.has(spec.name)) continue
      const rows = selection?.rows.get(spec.name)
      if (rows)
        values.set(spec.name, takeRows((await read(spec.name)) as Float32Array, whole.find(p => p.name === spec.name)!.shape[0]!, rows)) // biome-ignore format: one thought
      else values.set(spec.name, valueInPlace(model, spec.name, spec.dtype) ?? (await read(spec.name)))
    }
    return {
      network,
      values,
      links: { [json.weights.file]: model.weightsPath },
      build: (graph, batch) => network.buildForward(graph, { batch, structure }),
    }
  } finally {
    await model.close()
  }
}
