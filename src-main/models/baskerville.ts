import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Graph } from '../graph/graph.ts'
import { type GeluForm, transpose } from '../graph/ops.ts'
import { ACTIVATIONS, type Activation, ShapeBackend, TensorBackend, type WeightedLayer } from './layers/blockBackend.ts'
import { ConfigFields } from './layers/configFields.ts'
import { parseRanks, type Ranks, withRanks } from './layers/ranks.ts'
import { parseBlock, type SequenceBlock, walkBlocks } from './layers/sequenceBlocks.ts'
import type { WeightSpec } from './layers/weights.ts'
import { type ForwardOptions, type ForwardOutputs, registered } from './registry.ts'

export interface HeadConfig {
  readonly blocks: readonly SequenceBlock[]
  readonly activation: Activation
}

/** A network of calico/baskerville (Borzoi: Linder et al. 2025): blocks one after another, then heads. */
export interface BaskervilleConfig {
  /** Base pairs that the model is made for. */
  readonly length: number
  /** Which of the published forms `gelu` stands for; the program that trained Borzoi uses the tanh form. */
  readonly gelu: GeluForm
  readonly trunk: readonly SequenceBlock[]
  /** Between trunk and heads. */
  readonly activation: Activation
  /** Tracks of each head. */
  readonly outputs: ReadonlyMap<string, number>
  /** How each head goes; may describe heads that are not among `outputs`. */
  readonly heads: ReadonlyMap<string, HeadConfig>
  readonly bnEpsilon: number
  readonly lnEpsilon: number
  readonly ranks?: Ranks | undefined
}

/** Keras' default for both norms. */
const EPSILON = 1e-3

function parse(json: unknown): BaskervilleConfig {
  const fields = new ConfigFields(json)
  const epsilon = { otherwise: EPSILON, least: 0, below: 0.5 }
  const config: BaskervilleConfig = {
    length: fields.count('length'),
    gelu: fields.choice('gelu', ['erf', 'tanh', 'sigmoid'], 'tanh'),
    trunk: fields.list('trunk').map(parseBlock),
    activation: fields.choice('activation', ACTIVATIONS),
    outputs: fields.namedCounts('outputs'),
    heads: new Map([...fields.named('heads')].map(([name, head]) => [name, parseHead(head)])),
    bnEpsilon: fields.number('bnEpsilon', epsilon),
    lnEpsilon: fields.number('lnEpsilon', epsilon),
    ranks: parseRanks(fields),
  }
  fields.end()
  for (const name of config.outputs.keys())
    if (!config.heads.has(name)) throw fields.fault('heads', `a description of head '${name}'`)
  baskervilleSpecs(config)
  baskervilleGeometry(config) // a network that cannot be built is refused when it is read
  return config
}

function parseHead(fields: ConfigFields): HeadConfig {
  const head = {
    blocks: fields.list('blocks', { mayBeEmpty: true }).map(parseBlock),
    activation: fields.choice('activation', ACTIVATIONS),
  }
  fields.end()
  return head
}

/** Layers with weights in the order in which the Keras program creates them, and the positions that each head gives. */
function outline(config: BaskervilleConfig, length = config.length) {
  const shapes = new ShapeBackend()
  const trunk = walkBlocks(shapes, { channels: 4, length }, config.trunk)
  const bins = new Map<string, number>()
  for (const [name, tracks] of config.outputs) {
    const output = walkBlocks(shapes, trunk, config.heads.get(name)!.blocks, `head.${name}.`)
    shapes.dense(`head.${name}`, output, tracks)
    bins.set(name, output.length)
  }
  return { layers: shapes.layers, bins }
}

export const baskervilleLayers = (config: BaskervilleConfig): readonly WeightedLayer[] => outline(config).layers

const baskervilleSpecs = (config: BaskervilleConfig): readonly WeightSpec[] =>
  withRanks(
    baskervilleLayers(config).flatMap(layer => layer.specs),
    config.ranks,
  )

export interface SequenceGeometry {
  /** Base pairs of a bin. */
  readonly binSize: number
  readonly bins: number
  /** Bins left out at each end of the window. */
  readonly cropBins: number
  /** What a window's length must be a multiple of. */
  readonly lengthMultiple: number
}

/** @throws WorkbenchError `bad-model` when the heads differ in their bins, or the blocks do not fit the length */
export function baskervilleGeometry(config: BaskervilleConfig): SequenceGeometry {
  const { bins } = outline(config)
  const [first, ...others] = [...bins]
  const [name, count] = first!
  const other = others.find(([, n]) => n !== count)
  if (other) throw new WorkbenchError('bad-model', `head '${name}' gives ${count} bins and head '${other[0]}' ${other[1]}`, 'import the heads one by one') // biome-ignore format: one thought
  // Base pairs of a position halve and double with pools and U-nets alone.
  let [bp, most] = [1, 1]
  for (const block of [...config.trunk, ...config.heads.get(name)!.blocks]) {
    if (block.block === 'conv') bp *= block.pool
    if (block.block === 'tower') bp *= block.pool ** block.filters.length
    if (block.block === 'unet') bp /= 2
    most = Math.max(most, bp)
  }
  const cropBins = (config.length / bp - count) / 2
  if (!Number.isInteger(bp) || !Number.isInteger(cropBins))
    throw new WorkbenchError(
      'bad-model',
      `${count} bins of ${bp} bp do not lie in ${config.length} bp`,
      'check the network',
    )
  return { binSize: bp, bins: count, cropBins, lengthMultiple: most }
}

export const baskervilleDefinition = {
  kind: 'baskerville',
  parseConfig: parse,
  parameters: baskervilleSpecs,
  /** Input `sequence` [batch, length, 4], one-hot ACGT, zeros for any other letter; one output a head, [batch, bins, tracks]. */
  buildForward(graph: Graph, config: BaskervilleConfig, options: ForwardOptions): ForwardOutputs {
    const length = options.length ?? config.length
    const { layers } = outline(config, length)
    const { gelu, bnEpsilon, lnEpsilon, ranks } = config
    const on = new TensorBackend(graph, layers, { gelu, bnEpsilon, lnEpsilon, ranks, training: options.training })
    const sequence = graph.input('sequence', [options.batch, length, 4])
    const trunk = walkBlocks(on, transpose(sequence, [0, 2, 1]), config.trunk)
    const active = on.activate(trunk, config.activation)
    const outputs: Record<string, ReturnType<typeof on.output>> = {}
    for (const name of config.outputs.keys()) {
      const head = config.heads.get(name)!
      const output = walkBlocks(on, active, head.blocks, `head.${name}.`)
      outputs[name] = on.activate(on.output(`head.${name}`, output), head.activation)
    }
    return outputs
  },
}
export const baskerville = registered(baskervilleDefinition)
