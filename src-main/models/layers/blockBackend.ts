import type { Graph, Tensor } from '../../graph/graph.ts'
import {
  add,
  conv1d,
  crop,
  type GeluForm,
  gelu,
  maxPool1d,
  mul,
  relu,
  repeat,
  reshape,
  sigmoid,
  softplus,
  tanh,
  transpose,
} from '../../graph/ops.ts'
import { centralMask } from './centralMask.ts'
import { batchNorm, batchNormSpecs } from './convBlock.ts'
import { normalise, normSpecs } from './norm.ts'
import { convolved, project } from './projection.ts'
import { type Ranks, withRanks } from './ranks.ts'
import {
  type RelativeAttentionConfig,
  type RelativeAttentionForm,
  relativeAttention,
  relativeAttentionSpecs,
} from './relativeAttention.ts'
import { dropped, type TrainingMode } from './training.ts'
import { mapWeight, type WeightSpec, Weights, weight } from './weights.ts'

export const ACTIVATIONS = ['linear', 'relu', 'gelu', 'sigmoid', 'tanh', 'softplus'] as const
export type Activation = (typeof ACTIVATIONS)[number]
export const NORMS = ['none', 'batch', 'layer'] as const
export type Norm = (typeof NORMS)[number]

export interface ConvShape {
  readonly filters: number
  readonly kernel: number
  readonly dilation: number
  readonly bias: boolean
  /** Depthwise, then pointwise. */
  readonly separable: boolean
}

/** A layer that has weights, in the order in which the network's program creates them. */
export interface WeightedLayer {
  readonly kind: 'conv' | 'separable' | 'dense' | 'batch' | 'layer' | 'scale' | 'attention'
  /** Before the names of its weights. */
  readonly name: string
  readonly specs: readonly WeightSpec[]
}

/** What blocks are written in: once over shapes (which weights are there, how long is the output), once over tensors. */
export interface BlockBackend<X> {
  channels(x: X): number
  length(x: X): number
  conv(name: string, x: X, shape: ConvShape): X
  /** A linear map of each position. */
  dense(name: string, x: X, units: number): X
  norm(name: string, x: X, norm: Norm): X
  activate(x: X, activation: Activation): X
  maxPool(x: X, size: number): X
  /** Each position twice. */
  upsample(x: X): X
  /** Positions off both ends. */
  crop(x: X, positions: number): X
  add(a: X, b: X): X
  /** Each channel times a trained number. */
  scale(name: string, x: X): X
  dropout(x: X, rate: number): X
  attention(name: string, x: X, config: RelativeAttentionConfig): X
}

const CENTRAL_MASK: RelativeAttentionForm = { prefix: '', table: centralMask }

interface Sized {
  readonly channels: number
  readonly length: number
}

/** Walks shapes and notes every layer with weights. */
export class ShapeBackend implements BlockBackend<Sized> {
  readonly layers: WeightedLayer[] = []

  #layer(kind: WeightedLayer['kind'], name: string, ...specs: WeightSpec[]): void {
    this.layers.push({ kind, name, specs })
  }
  channels = (x: Sized) => x.channels
  length = (x: Sized) => x.length
  conv(name: string, x: Sized, { filters, kernel, bias, separable }: ConvShape): Sized {
    const offset = (of: string) => (bias ? [weight(`${of}.bias`, filters)] : [])
    if (separable)
      this.#layer('separable', name, weight(`${name}depthwise.weight`, x.channels, 1, kernel), mapWeight(`${name}pointwise.weight`, filters, x.channels, 1), ...offset(`${name}pointwise`)) // biome-ignore format: one thought
    else this.#layer('conv', name, mapWeight(`${name}.weight`, filters, x.channels, kernel), ...offset(name))
    return { ...x, channels: filters }
  }
  dense(name: string, x: Sized, units: number): Sized {
    this.#layer('dense', name, mapWeight(`${name}.weight`, units, x.channels), weight(`${name}.bias`, units))
    return { ...x, channels: units }
  }
  norm(name: string, x: Sized, norm: Norm): Sized {
    if (norm === 'batch') this.#layer('batch', name, ...batchNormSpecs(name, x.channels))
    if (norm === 'layer') this.#layer('layer', name, ...normSpecs(name, x.channels))
    return x
  }
  activate = (x: Sized) => x
  maxPool = (x: Sized, size: number): Sized => ({ ...x, length: x.length / size })
  upsample = (x: Sized): Sized => ({ ...x, length: 2 * x.length })
  crop = (x: Sized, positions: number): Sized => ({ ...x, length: x.length - 2 * positions })
  add = (a: Sized) => a
  scale(name: string, x: Sized): Sized {
    this.#layer('scale', name, weight(`${name}.weight`, x.channels))
    return x
  }
  dropout = (x: Sized) => x
  attention(name: string, x: Sized, config: RelativeAttentionConfig): Sized {
    this.#layer('attention', name, ...relativeAttentionSpecs(name, config, CENTRAL_MASK))
    return x
  }
}

export interface TensorBackendOptions {
  readonly gelu: GeluForm
  readonly bnEpsilon: number
  readonly lnEpsilon: number
  readonly training: TrainingMode | undefined
  readonly ranks?: Ranks | undefined
}

/** Builds the graph; sequences are [batch, channels, length]. */
export class TensorBackend implements BlockBackend<Tensor> {
  readonly #weights: Weights
  readonly #options: TensorBackendOptions

  constructor(graph: Graph, layers: readonly WeightedLayer[], options: TensorBackendOptions) {
    this.#weights = new Weights(
      graph,
      withRanks(
        layers.flatMap(layer => layer.specs),
        options.ranks,
      ),
    )
    this.#options = options
  }
  channels = (x: Tensor) => x.shape[1]!
  length = (x: Tensor) => x.shape[2]!
  conv(name: string, x: Tensor, { dilation, separable }: ConvShape): Tensor {
    if (!separable) return convolved(this.#weights, name, x, { dilation })
    const depthwise = this.#weights.get(`${name}depthwise.weight`)
    const each = conv1d(x, depthwise, { dilation, groups: x.shape[1]! })
    return convolved(this.#weights, `${name}pointwise`, each)
  }
  dense(name: string, x: Tensor): Tensor {
    return convolved(this.#weights, name, x)
  }
  norm(name: string, x: Tensor, norm: Norm): Tensor {
    const { bnEpsilon, lnEpsilon, training } = this.#options
    if (norm === 'batch') return batchNorm(this.#weights, name, x, { epsilon: bnEpsilon, training })
    if (norm === 'none') return x
    return swapped(normalise(this.#weights, name, swapped(x), lnEpsilon))
  }
  activate(x: Tensor, activation: Activation): Tensor {
    switch (activation) {
      case 'linear':
        return x
      case 'relu':
        return relu(x)
      case 'gelu':
        return gelu(x, this.#options.gelu)
      case 'sigmoid':
        return sigmoid(x)
      case 'tanh':
        return tanh(x)
      case 'softplus':
        return softplus(x)
    }
  }
  maxPool = (x: Tensor, size: number) => maxPool1d(x, size)
  upsample = (x: Tensor) => repeat(x, 2, 2)
  crop = (x: Tensor, positions: number) => (positions === 0 ? x : crop(x, 2, positions))
  add = (a: Tensor, b: Tensor) => add(a, b)
  scale(name: string, x: Tensor): Tensor {
    return mul(x, reshape(this.#weights.get(`${name}.weight`), [x.shape[1]!, 1]))
  }
  dropout = (x: Tensor, rate: number) => dropped(this.#options.training, x, rate)
  attention(name: string, x: Tensor, config: RelativeAttentionConfig): Tensor {
    return swapped(relativeAttention(this.#weights, name, swapped(x), config, this.#options.training, CENTRAL_MASK))
  }
  /** The last map of a head: [batch, channels, length] -> [batch, length, units]. */
  output(name: string, x: Tensor): Tensor {
    return project(this.#weights, name, swapped(x))
  }
}

/** [batch, channels, length] <-> [batch, length, channels]. */
const swapped = (x: Tensor): Tensor => transpose(x, [0, 2, 1])
