import { join } from 'node:path'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { elementCount, float32, type Tensor } from '../../../src-shared/tensor.ts'
import type { Compute } from '../../compute/client.ts'
import type { LoadOptions, ProviderReport, Session } from '../../compute/engine.ts'
import { waitingFor } from '../../graph/flops.ts'
import { Graph } from '../../graph/graph.ts'
import { emitOnnx } from '../../graph/onnx.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { channelsByHead, selectedColumns, selectNetwork } from './selectedNetwork.ts'
import { type NetworkSession, openTiled, type TileChoice } from './tiledNetwork.ts'

/** An open network of which only some tracks are computed. */
export interface TrackNetwork {
  /** Sequences a run: one where the network runs in tiles. */
  readonly batch: number
  readonly provider: ProviderReport
  /** Column of each channel (place in the track table) in the values of a run. */
  readonly columns: ReadonlyMap<number, number>
  /** One-hot sequences [batch, window, 4] -> for each sequence [kept bins, columns], row-major. */
  run(sequences: Float32Array, signal: AbortSignal): Promise<readonly Float32Array[]>
  close(): Promise<void>
}

export interface NetworkRequest {
  readonly folder: string
  readonly json: ModelJson
  /** Places in the track table. */
  readonly channels: readonly number[]
  readonly batch: number
  readonly load: LoadOptions
  /** Default `auto`. An ONNX model always runs whole. */
  readonly tile?: TileChoice
}

/**
 * Opens the network of a model folder for prediction, in tiles where its memory calls for them. Heads and tracks that are not asked for are not computed where the kind
 * allows it; the weights are read from the folder's own file. A folder of kind `onnx` holds an ONNX model as its weights: input
 * [batch, window, 4] or [batch, 4, window], and an output [batch, bins, tracks] or [batch, tracks, bins] for each head,
 * `architecture.outputs` naming them (`{"human": "output_0"}`; default: the head's own name, or the only output).
 */
export async function openTrackNetwork(
  request: NetworkRequest,
  compute: Compute,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<TrackNetwork> {
  const { json, folder } = request
  if (json.kind !== 'onnx') return openSelected(request, compute, registry, context)
  const session = await compute.load(join(folder, json.weights.file), request.load, context.signal)
  try {
    return foreign(session, json, request.batch)
  } catch (error) {
    await session.close()
    throw error
  }
}

const channelOf = (json: ModelJson) => new Map(json.tracks.map((t, i) => [`${t.head} ${t.index}`, i]))

async function openSelected(
  { folder, json, channels, batch, load, tile }: NetworkRequest,
  compute: Compute,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<TrackNetwork> {
  const wanted = channelsByHead(json, channels)
  const selected = await selectNetwork(folder, json, wanted, registry, context)
  const tiled = await openTiled(selected, tile ?? 'auto', load, compute, context.signal)
  if (tiled) return own(tiled, json, wanted, 1)
  const outputs = selected.build(new Graph(), batch)
  const onnx = emitOnnx(outputs, { values: selected.values })
  const options = { ...load, waiting: waitingFor(Object.values(outputs)) }
  const session = await compute.load({ bytes: onnx.bytes, links: selected.links }, options, context.signal)
  return own(session, json, wanted, batch)
}

function own(
  session: NetworkSession,
  json: ModelJson,
  wanted: ReadonlyMap<string, readonly number[]>,
  batch: number,
): TrackNetwork {
  const { heads: names, columns } = selectedColumns(json, wanted, head => session.outputs.find(o => o.name === head)?.shape.at(-1)) // biome-ignore format: one thought
  const { length } = json.input as { length: number }
  return {
    batch,
    columns,
    get provider() {
      return session.provider
    },
    async run(sequences, signal) {
      const inputs = { sequence: float32(sequences, [batch, length, 4]) }
      const outputs = await session.run(inputs, { signal, outputs: names })
      return joined(
        names.map(name => outputs[name]!),
        batch,
      )
    },
    close: () => session.close(),
  }
}

function foreign(session: Session, json: ModelJson, asked: number): TrackNetwork {
  const { length } = json.input as { length: number }
  const heads = json.output.heads ?? []
  const [input, ...more] = session.inputs
  const bad = (what: string) => new WorkbenchError('bad-model', `${json.weights.file}: ${what}`, 'check model.json against the ONNX model') // biome-ignore format: one thought
  if (!input || more.length || input.shape.length !== 3) throw bad(`it has inputs ${session.inputs.map(i => `${i.name} [${i.shape.join(', ')}]`).join(', ')}, expected one of [batch, ${length}, 4]`) // biome-ignore format: one thought
  const [fixed, second, third] = input.shape
  const last = third === 4 || (second !== 4 && typeof third === 'string')
  if ((last ? second : third) !== length && typeof (last ? second : third) === 'number') throw bad(`its input is [${input.shape.join(', ')}], model.json says ${length} bp`) // biome-ignore format: one thought
  const batch = typeof fixed === 'number' ? fixed : asked
  const given = json.architecture['outputs'] as Readonly<Record<string, unknown>> | undefined
  const names = heads.map(({ name }) => {
    const wanted = given?.[name] ?? (session.outputs.length === 1 ? session.outputs[0]!.name : name)
    const found = session.outputs.find(o => o.name === wanted)
    if (!found) throw bad(`it has no output '${String(wanted)}' for head '${name}', only ${session.outputs.map(o => o.name).join(', ')}`) // biome-ignore format: one thought
    return found.name
  })
  const channel = channelOf(json)
  const columns = new Map<number, number>()
  for (const { name, tracks } of heads)
    for (let i = 0; i < tracks; i++) columns.set(channel.get(`${name} ${i}`)!, columns.size)
  return {
    batch,
    columns,
    get provider() {
      return session.provider
    },
    async run(sequences, signal) {
      const tensor = last
        ? float32(sequences, [batch, length, 4])
        : float32(batchwise(sequences, batch, length, 4), [batch, 4, length])
      const outputs = await session.run({ [input.name]: tensor }, { signal, outputs: [...new Set(names)] })
      const parts = names.map((name, i) => byBins(outputs[name]!, batch, json.output.bins!, heads[i]!.tracks, bad))
      return joined(parts, batch)
    },
    close: () => session.close(),
  }
}

/** An output as [batch, bins, tracks], whichever of its two last axes holds the bins. */
function byBins(t: Tensor, batch: number, bins: number, tracks: number, bad: (what: string) => WorkbenchError): Tensor {
  const [b, second, third] = t.shape
  const shape = [batch, bins, tracks]
  if (t.dtype !== 'float32' || t.shape.length !== 3 || b !== batch) throw bad(`an output is ${t.dtype} [${t.shape.join(', ')}], expected float32 [${shape.join(', ')}]`) // biome-ignore format: one thought
  if (second === bins && third === tracks) return t
  if (second === tracks && third === bins) return float32(batchwise(t.data as Float32Array, batch, tracks, bins), shape)
  throw bad(`an output is [${t.shape.join(', ')}], expected [${shape.join(', ')}]`)
}

/** [batch, rows, columns] -> [batch, columns, rows]. */
function batchwise(values: Float32Array, batch: number, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length)
  for (let b = 0; b < batch; b++)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) out[(b * columns + c) * rows + r] = values[(b * rows + r) * columns + c]!
  return out
}

/** Heads side by side, cut into the sequences of the batch. */
function joined(heads: readonly Tensor[], batch: number): readonly Float32Array[] {
  const bins = heads[0]!.shape[1]!
  const widths = heads.map(h => h.shape[2]!)
  const total = widths.reduce((a, b) => a + b, 0)
  return Array.from({ length: batch }, (_, b) => {
    const parts = heads.map(h => {
      const size = elementCount(h.shape) / batch
      return (h.data as Float32Array).subarray(b * size, (b + 1) * size)
    })
    if (parts.length === 1) return parts[0]!
    const out = new Float32Array(bins * total)
    let at = 0
    parts.forEach((part, h) => {
      const width = widths[h]!
      for (let bin = 0; bin < bins; bin++) out.set(part.subarray(bin * width, (bin + 1) * width), bin * total + at)
      at += width
    })
    return out
  })
}
