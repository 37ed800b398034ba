import { createHash } from 'node:crypto'
import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { elementCount, float32, type Tensors } from '../../../src-shared/tensor.ts'
import type { Compute } from '../../compute/client.ts'
import type { CallOptions, LoadOptions, ProviderReport, Session } from '../../compute/engine.ts'
import { estimateMemory, planModel } from '../../compute/modelPlan.ts'
import { Graph, type Tensor } from '../../graph/graph.ts'
import { emitOnnx } from '../../graph/onnx.ts'
import {
  frontierName,
  type LocalPart,
  localPart,
  restGraph,
  type Tile,
  tileGraph,
  tilePositions,
  tilesOf,
} from '../../graph/tiling.ts'
import type { ForwardOutputs } from '../../models/registry.ts'
import type { SelectedNetwork } from './selectedNetwork.ts'

/** `auto`: tiles where the whole would need much memory. A number: base pairs of a tile. */
export type TileChoice = 'auto' | 'off' | number

/** Bytes of the intermediate results of one sequence above which a network is tiled. */
const WHOLE_BYTES = 512 * 2 ** 20
/**
 * What those of one tile may be. Enformer's convolutions on two cores take 6.6 s of both for 196,608 bp in tiles of 128 tokens (155 MB),
 * 6.8 s whole, and 7.3 s in tiles of 32, whose halos weigh: larger tiles only need more memory.
 */
const TILE_BYTES = 192 * 2 ** 20

/** What a network of tracks runs on, whole or in tiles. */
export type NetworkSession = Pick<Session, 'outputs' | 'provider' | 'run' | 'close'>

/** Tiles that are computed by one model: all inside a sequence are. */
interface TileGroup {
  readonly tiles: { readonly tile: Tile; readonly read: { readonly start: number; readonly end: number } }[]
  readonly outputs: Readonly<Record<string, Tensor>>
}

interface TilePlan {
  readonly local: LocalPart
  readonly groups: readonly TileGroup[]
}

/**
 * Opens a network so that its local part runs tile by tile and the rest once, for one sequence a run. Undefined where it is to run
 * whole: the choice says so, it is small, or nothing of it is local.
 * @throws WorkbenchError `bad-input` for tiles that cannot be, `unsupported` where tiles were asked for and are not possible
 */
export async function openTiled(
  network: SelectedNetwork,
  choice: TileChoice,
  options: LoadOptions,
  compute: Compute,
  signal: AbortSignal,
): Promise<NetworkSession | undefined> {
  if (choice === 'off') return undefined
  const outputs = network.build(new Graph(), 1)
  const plan = planOf(outputs, choice)
  if (!plan) return undefined
  const rest = await load(restGraph(plan.local, outputs).outputs, network, options, compute, signal)
  return new TiledSession(plan, network, rest, options, compute)
}

/** What `openTiled` runs one after the other, each with how often it runs; only one is open at a time besides the last. Undefined: whole. */
export function tiledParts(
  outputs: ForwardOutputs,
  choice: TileChoice,
): readonly { readonly outputs: readonly Tensor[]; readonly times: number }[] | undefined {
  const plan = choice === 'off' ? undefined : planOf(outputs, choice)
  return (
    plan && [
      ...plan.groups.map(group => ({ outputs: Object.values(group.outputs), times: group.tiles.length })),
      { outputs: Object.values(restGraph(plan.local, outputs).outputs), times: 1 },
    ]
  )
}

function planOf(outputs: ForwardOutputs, choice: 'auto' | number): TilePlan | undefined {
  const [input] = Object.values(outputs)[0]!.graph.leaves('input')
  if (choice === 'auto' && activationBytes(outputs) <= WHOLE_BYTES) return undefined
  return input && planTiles(outputs, input, choice)
}

function planTiles(outputs: ForwardOutputs, input: Tensor, choice: 'auto' | number): TilePlan | undefined {
  try {
    const local = localPart(Object.values(outputs), input)
    if (!local) {
      if (choice === 'auto') return undefined
      throw new WorkbenchError('unsupported', 'nothing of this network can be computed in tiles', 'run it whole: --tile off') // biome-ignore format: one thought
    }
    const length = input.shape[local.input.axis]!
    const positions = choice === 'auto' ? fittingTile(local) : Math.round((choice * tilePositions(local)) / length)
    if (positions < 1)
      throw new WorkbenchError(
        'bad-input',
        `tiles of ${choice} bp are shorter than a position of the network, which is ${length / tilePositions(local)} bp`,
        'ask for longer tiles',
      )
    return positions >= tilePositions(local) ? undefined : { local, groups: grouped(local, tilesOf(local, positions)) }
  } catch (error) {
    // An operation that has no parts: the network still runs whole.
    if (choice === 'auto' && error instanceof WorkbenchError && error.code === 'unsupported') return undefined
    throw error
  }
}

/** The longest tile whose results fit, all tiles about alike. */
function fittingTile(local: LocalPart): number {
  const all = tilePositions(local)
  const bytesOf = (positions: number) => {
    const tiles = tilesOf(local, positions)
    return activationBytes(named(tileGraph(local, tiles[tiles.length >> 1]!).outputs))
  }
  let positions = all
  // Halos make a tile larger than its share; two steps come close enough.
  for (let step = 0; step < 3; step++) {
    const bytes = bytesOf(positions)
    if (bytes <= TILE_BYTES) break
    positions = Math.max(1, Math.floor((positions * TILE_BYTES) / bytes))
  }
  return Math.ceil(all / Math.ceil(all / positions))
}

const named = (outputs: readonly (Tensor | undefined)[]): Record<string, Tensor> =>
  Object.fromEntries(outputs.flatMap((tensor, i) => (tensor ? [[`frontier.${i}`, tensor]] : [])))

/** Tiles with the same model, which is compared without its weights. */
function grouped(local: LocalPart, tiles: readonly Tile[]): readonly TileGroup[] {
  const groups = new Map<string, TileGroup>()
  for (const tile of tiles) {
    const graph = tileGraph(local, tile)
    const outputs = named(graph.outputs)
    const key = createHash('sha256').update(emitOnnx(outputs).bytes).digest('hex')
    const group = groups.get(key) ?? { tiles: [], outputs }
    group.tiles.push({ tile, read: graph.read })
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** Bytes of the intermediate results that are held at once, without weights. */
function activationBytes(outputs: Readonly<Record<string, Tensor>>): number {
  const model = emitOnnx(outputs)
  const shapes = new Map(
    Object.values(outputs)[0]!
      .graph.leaves('input')
      .map(t => [t.node.leaf!.name, t.shape]),
  )
  const plan = planModel(model.bytes)
  return estimateMemory(plan, shapes, Object.keys(outputs)).bytes - plan.weightBytes
}

const load = (
  outputs: Readonly<Record<string, Tensor>>,
  { values, links }: SelectedNetwork,
  options: LoadOptions,
  compute: Compute,
  signal: AbortSignal | undefined,
): Promise<Session> => {
  const { bytes } = emitOnnx(outputs, { values })
  return compute.load({ bytes, links }, options, signal)
}

class TiledSession implements NetworkSession {
  readonly #ran: Record<string, number> = {}

  constructor(
    private readonly plan: TilePlan,
    private readonly network: SelectedNetwork,
    private readonly rest: Session,
    private readonly options: LoadOptions,
    private readonly compute: Compute,
  ) {}

  get outputs() {
    return this.rest.outputs
  }

  get provider(): ProviderReport {
    const { requested, ran, note } = this.rest.provider
    const all = { ...this.#ran }
    for (const [name, count] of Object.entries(ran)) all[name] = (all[name] ?? 0) + count
    return { requested, ran: all, note }
  }

  /** Only one group of tiles is open at a time, so that only one holds its memory. */
  async run(inputs: Tensors, call: CallOptions = {}): Promise<Tensors> {
    const { local, groups } = this.plan
    const { tensor: input, axis } = local.input
    const name = input.node.leaf!.name
    const sequence = inputs[name]!.data as Float32Array
    const whole = local.frontier.map(({ tensor }) =>
      tensor === input ? undefined : new Float32Array(elementCount(tensor.shape)),
    )
    for (const { tiles, outputs } of groups) {
      const options: LoadOptions = { ...this.options, workload: tiles.length > 1 ? 'fixed' : 'varied' }
      const session = await load(outputs, this.network, options, this.compute, call.signal)
      try {
        for (const { tile, read } of tiles) {
          if (call.signal) throwIfCancelled(call.signal)
          const own = positionsOf(sequence, input.shape, axis, read)
          const shape = input.shape.with(axis, read.end - read.start)
          const results = await session.run({ [name]: float32(own, shape) }, call.signal ? { signal: call.signal } : {})
          for (const [i, { tensor, axis: along }] of local.frontier.entries()) {
            const into = whole[i]
            if (into) place(into, tensor.shape, along, tile[i]!, results[`frontier.${i}`]!.data as Float32Array)
          }
        }
        for (const [provider, count] of Object.entries(session.provider.ran))
          this.#ran[provider] = (this.#ran[provider] ?? 0) + count
      } finally {
        await session.close()
      }
    }
    const given = local.frontier.map(({ tensor }, i) => [
      frontierName(local, i),
      whole[i] ? float32(whole[i], tensor.shape) : inputs[name]!,
    ])
    return this.rest.run(Object.fromEntries(given) as Tensors, call)
  }

  close(): Promise<void> {
    return this.rest.close()
  }
}

/** Elements before, along and after an axis. */
function strides(shape: readonly number[], axis: number) {
  return {
    before: elementCount(shape.slice(0, axis)),
    length: shape[axis]!,
    after: elementCount(shape.slice(axis + 1)),
  }
}

/** Positions of an axis, row-major; no copy where it is the outermost. */
function positionsOf(
  values: Float32Array,
  shape: readonly number[],
  axis: number,
  { start, end }: { readonly start: number; readonly end: number },
): Float32Array {
  const { before, length, after } = strides(shape, axis)
  if (before === 1) return values.subarray(start * after, end * after)
  const own = new Float32Array(before * (end - start) * after)
  for (let i = 0; i < before; i++)
    own.set(values.subarray((i * length + start) * after, (i * length + end) * after), i * (end - start) * after)
  return own
}

function place(
  into: Float32Array,
  shape: readonly number[],
  axis: number,
  { start, end }: { readonly start: number; readonly end: number },
  values: Float32Array,
): void {
  const { before, length, after } = strides(shape, axis)
  const size = (end - start) * after
  for (let i = 0; i < before; i++) into.set(values.subarray(i * size, (i + 1) * size), (i * length + start) * after)
}
