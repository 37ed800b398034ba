import type { Graph } from '../graph/graph.ts'
import { crop, maxPool1d, relu, reshape, sigmoid, transpose } from '../graph/ops.ts'
import { ConfigFields } from './layers/configFields.ts'
import { batchNorm, batchNormSpecs, convSpecs } from './layers/convBlock.ts'
import { convolved, project, projectionSpecs } from './layers/projection.ts'
import { parseRanks, type Ranks, withRanks } from './layers/ranks.ts'
import { type WeightSpec, Weights } from './layers/weights.ts'
import { type ForwardOptions, type ForwardOutputs, registered } from './registry.ts'

/** Convolutions, then dense layers over all that is left of the sequence: Basset and its kin (Kelley, Snoek and Rinn 2016). */
export interface BassetConfig {
  readonly length: number
  /** Of each convolution: channels, kernel, and positions that are pooled to one. */
  readonly filters: readonly number[]
  readonly kernels: readonly number[]
  readonly pools: readonly number[]
  /** Width of each hidden dense layer. */
  readonly dense: readonly number[]
  readonly outputs: ReadonlyMap<string, number>
  readonly bnEpsilon: number
  readonly ranks?: Ranks | undefined
}

function parse(json: unknown): BassetConfig {
  const fields = new ConfigFields(json)
  const config: BassetConfig = {
    length: fields.count('length'),
    filters: fields.counts('filters'),
    kernels: fields.counts('kernels'),
    pools: fields.counts('pools'),
    dense: fields.counts('dense'),
    outputs: fields.namedCounts('outputs'),
    bnEpsilon: fields.number('bnEpsilon', { otherwise: 1e-3, least: 0, below: 0.5 }),
    ranks: parseRanks(fields),
  }
  fields.end()
  for (const name of ['kernels', 'pools'] as const)
    if (config[name].length !== config.filters.length) throw fields.fault(name, `${config.filters.length} numbers, one for each convolution`) // biome-ignore format: one thought
  if (left(config, config.length) < 1) throw fields.fault('length', 'enough positions for all pools')
  return config
}

/** Positions after all pools: what does not fill a pool at the end is left out. */
const left = (config: BassetConfig, length: number): number => config.pools.reduce((n, pool) => Math.floor(n / pool), length) // biome-ignore format: one line

const specs = (config: BassetConfig): readonly WeightSpec[] => withRanks(denseSpecs(config), config.ranks)

function denseSpecs(config: BassetConfig): readonly WeightSpec[] {
  const { filters, kernels, dense } = config
  const widths = [filters.at(-1)! * left(config, config.length), ...dense]
  return [
    ...filters.flatMap((out, i) => [
      ...convSpecs(`conv.${i}`, i === 0 ? 4 : filters[i - 1]!, out, kernels[i]!),
      ...batchNormSpecs(`conv.${i}.norm`, out),
    ]),
    ...dense.flatMap((out, i) => [...projectionSpecs(`dense.${i}`, widths[i]!, out), ...batchNormSpecs(`dense.${i}.norm`, out)]), // biome-ignore format: one line
    ...[...config.outputs].flatMap(([head, tracks]) => projectionSpecs(`head.${head}`, widths.at(-1)!, tracks)),
  ]
}

export const bassetDefinition = {
  kind: 'basset',
  parseConfig: parse,
  parameters: specs,
  /** Input `sequence` [batch, length, 4], one-hot ACGT; one output a head, [batch, 1, tracks], probabilities of the whole sequence. */
  buildForward(
    graph: Graph,
    config: BassetConfig,
    { batch, length = config.length, training }: ForwardOptions,
  ): ForwardOutputs {
    // biome-ignore format: one line
    const weights = new Weights(graph, specs(config))
    const norm = { epsilon: config.bnEpsilon, training }
    let x = transpose(graph.input('sequence', [batch, length, 4]), [0, 2, 1])
    config.pools.forEach((pool, i) => {
      x = relu(batchNorm(weights, `conv.${i}.norm`, convolved(weights, `conv.${i}`, x), norm))
      const rest = x.shape[2]! % pool
      x = maxPool1d(rest > 0 ? crop(x, 2, 0, rest) : x, pool)
    })
    let y = reshape(x, [batch, -1])
    config.dense.forEach((_, i) => {
      y = relu(batchNorm(weights, `dense.${i}.norm`, project(weights, `dense.${i}`, y), norm))
    })
    const outputs: Record<string, typeof y> = {}
    for (const [head, tracks] of config.outputs)
      outputs[head] = reshape(sigmoid(project(weights, `head.${head}`, y)), [batch, 1, tracks])
    return outputs
  },
}
export const basset = registered(bassetDefinition)
