import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { ACTIVATIONS, type Activation, type BlockBackend, NORMS, type Norm } from './blockBackend.ts'
import type { ConfigFields } from './configFields.ts'
import type { RelativeAttentionConfig } from './relativeAttention.ts'

/** Order of a convolution, its norm and its activation: a published network is one of three. */
export const ORDERS = ['conv-norm-activation', 'norm-activation-conv', 'activation-conv-norm'] as const

/** One convolution with what goes around it. */
export interface ConvUnit {
  readonly order: (typeof ORDERS)[number]
  readonly kernel: number
  readonly dilation: number
  readonly bias: boolean
  readonly separable: boolean
  readonly norm: Norm
  readonly activation: Activation
  readonly dropout: number
}
export interface ConvBlock extends ConvUnit {
  readonly block: 'conv'
  readonly filters: number
  /** Adds the input to the output. */
  readonly residual: boolean
  readonly pool: number
}
/** Convolutions that halve the length again and again, and keep what U-net blocks read later. */
export interface TowerBlock extends ConvUnit {
  readonly block: 'tower'
  readonly filters: readonly number[]
  /** Convolutions a stage; from the second on they have kernel 1, are scaled and added to the first. */
  readonly convolutions: number
  readonly pool: number
  /** Whether a stage is kept before it is pooled. */
  readonly keep: 'before-pool' | 'after-pool'
}
export interface TransformerBlock {
  readonly block: 'transformer'
  readonly repeat: number
  readonly heads: number
  readonly keySize: number
  readonly positionFeatures: number
  /** Width of the inner layer in widths of the block, rounded down; 0: none. */
  readonly mlpRatio: number
  readonly dropout: number
  readonly attentionDropout: number
  readonly positionDropout: number
}
/** Doubles the length and adds what was kept at the new length. */
export interface UnetBlock {
  readonly block: 'unet'
  readonly kernel: number
  readonly norm: Norm
  readonly activation: Activation
  /** Whether the shorter side is mapped before it is doubled. */
  readonly dense: boolean
  readonly dropout: number
}
export interface CropBlock {
  readonly block: 'crop'
  /** Positions off each end. */
  readonly positions: number
}
export type SequenceBlock = ConvBlock | TowerBlock | TransformerBlock | UnetBlock | CropBlock

const BLOCKS = ['conv', 'tower', 'transformer', 'unet', 'crop'] as const
const rate = { otherwise: 0, least: 0, below: 1 }

function convUnit(fields: ConfigFields): ConvUnit {
  return {
    order: fields.choice('order', ORDERS),
    kernel: fields.count('kernel'),
    dilation: fields.count('dilation', { otherwise: 1 }),
    bias: fields.flag('bias'),
    separable: fields.flag('separable', false),
    norm: fields.choice('norm', NORMS),
    activation: fields.choice('activation', ACTIVATIONS),
    dropout: fields.number('dropout', rate),
  }
}

/** One entry of a list of blocks in `architecture`. @throws WorkbenchError `bad-model` that names the field and its value */
export function parseBlock(fields: ConfigFields): SequenceBlock {
  const block = fields.choice('block', BLOCKS)
  const parsed = ((): SequenceBlock => {
    switch (block) {
      case 'conv':
        return {
          block,
          ...convUnit(fields),
          filters: fields.count('filters'),
          residual: fields.flag('residual', false),
          pool: fields.count('pool', { otherwise: 1 }),
        }
      case 'tower':
        return {
          block,
          ...convUnit(fields),
          filters: fields.counts('filters'),
          convolutions: fields.count('convolutions', { otherwise: 1 }),
          pool: fields.count('pool'),
          keep: fields.choice('keep', ['before-pool', 'after-pool']),
        }
      case 'transformer':
        return {
          block,
          repeat: fields.count('repeat'),
          heads: fields.count('heads'),
          keySize: fields.count('keySize'),
          positionFeatures: fields.count('positionFeatures', { least: 2 }),
          mlpRatio: fields.number('mlpRatio', { otherwise: 2, least: 0, below: 64 }),
          dropout: fields.number('dropout', rate),
          attentionDropout: fields.number('attentionDropout', rate),
          positionDropout: fields.number('positionDropout', rate),
        }
      case 'unet':
        return {
          block,
          kernel: fields.count('kernel'),
          norm: fields.choice('norm', NORMS),
          activation: fields.choice('activation', ACTIVATIONS),
          dense: fields.flag('dense'),
          dropout: fields.number('dropout', rate),
        }
      case 'crop':
        return { block, positions: fields.count('positions', { least: 0 }) }
    }
  })()
  fields.end()
  if (parsed.block === 'transformer' && parsed.positionFeatures % 2 !== 0)
    throw fields.fault('positionFeatures', 'an even number (each mask, and the same with a sign)')
  return parsed
}

/** How many of each block were walked, for their names. */
interface Names {
  conv: number
  tower: number
  transformer: number
  unet: number
}

/**
 * Runs blocks one after another. Their names are those of the model folder: `stem`, `tower.0.conv`, `transformer.0.attention`,
 * `unet.0.dense`, `conv.0.conv`; a list of a head has a prefix of its own.
 * @throws WorkbenchError `bad-model` when a length does not divide, a crop takes all, or a U-net finds nothing of twice its length
 */
export function walkBlocks<X>(on: BlockBackend<X>, input: X, blocks: readonly SequenceBlock[], prefix = ''): X {
  const names: Names = { conv: 0, tower: 0, transformer: 0, unet: 0 }
  const kept: X[] = []
  let x = input
  blocks.forEach((block, i) => {
    switch (block.block) {
      case 'conv': {
        const first = i === 0 && prefix === '' && block.order === 'conv-norm-activation'
        const name = first ? 'stem' : `${prefix}conv.${names.conv++}`
        x = convBlock(on, x, block, first ? name : `${name}.conv`, first ? 'stem_norm' : `${name}.norm`)
        break
      }
      case 'tower':
        x = tower(on, x, block, names, prefix, kept)
        break
      case 'transformer':
        for (let r = 0; r < block.repeat; r++)
          x = transformer(on, x, block, `${prefix}transformer.${names.transformer++}`)
        break
      case 'unet': {
        const wanted = 2 * on.length(x)
        const skip = kept.slice(0, -1).findLast(k => on.length(k) === wanted)
        if (skip === undefined) throw new WorkbenchError('bad-model', `block ${i + 1} (unet) finds no earlier result of ${wanted} positions to add`, 'check the trunk of the network, or give another length') // biome-ignore format: one thought
        x = unet(on, x, skip, block, `${prefix}unet.${names.unet++}.`)
        break
      }
      case 'crop':
        if (on.length(x) <= 2 * block.positions) throw new WorkbenchError('bad-model', `block ${i + 1} crops ${block.positions} of ${on.length(x)} positions off each end`, 'give a longer window, or check the crop') // biome-ignore format: one thought
        x = on.crop(x, block.positions)
        break
    }
    kept.push(x)
  })
  return x
}

function unit<X>(on: BlockBackend<X>, x: X, u: ConvUnit, filters: number, conv: string, norm: string): X {
  const { kernel, dilation, bias, separable } = u
  const convolve = (y: X) => on.conv(separable ? `${conv}.` : conv, y, { filters, kernel, dilation, bias, separable })
  const ordered = () => {
    switch (u.order) {
      case 'conv-norm-activation':
        return on.activate(on.norm(norm, convolve(x), u.norm), u.activation)
      case 'norm-activation-conv':
        return convolve(on.activate(on.norm(norm, x, u.norm), u.activation))
      case 'activation-conv-norm':
        return on.norm(norm, convolve(on.activate(x, u.activation)), u.norm)
    }
  }
  return on.dropout(ordered(), u.dropout)
}

function pooled<X>(on: BlockBackend<X>, x: X, size: number): X {
  if (size === 1) return x
  if (on.length(x) % size !== 0) throw new WorkbenchError('bad-model', `${on.length(x)} positions cannot be pooled by ${size}`, 'give a window that the network can halve all the way') // biome-ignore format: one thought
  return on.maxPool(x, size)
}

function convBlock<X>(on: BlockBackend<X>, x: X, block: ConvBlock, conv: string, norm: string): X {
  const y = unit(on, x, block, block.filters, conv, norm)
  return pooled(on, block.residual ? on.add(x, y) : y, block.pool)
}

function tower<X>(on: BlockBackend<X>, input: X, block: TowerBlock, names: Names, prefix: string, kept: X[]): X {
  let x = input
  for (const filters of block.filters) {
    const name = `${prefix}tower.${names.tower++}`
    const more = block.convolutions > 1
    // The dropout of a stage is that of its end.
    const first = unit(on, x, { ...block, dropout: 0 }, filters, `${name}.conv`, `${name}.norm`)
    x = first
    for (let c = 1; c < block.convolutions; c++)
      x = unit(on, x, { ...block, kernel: 1, dropout: 0 }, filters, `${name}.conv${c}`, `${name}.norm${c}`)
    x = on.dropout(x, block.dropout)
    if (more) x = on.add(first, on.scale(`${name}.scale`, x))
    if (block.keep === 'before-pool') kept.push(x)
    x = pooled(on, x, block.pool)
    if (block.keep === 'after-pool') kept.push(x)
  }
  return x
}

/** Pre-norm: x + attention(norm(x)), then x + MLP(norm(x)) with ReLU. */
function transformer<X>(on: BlockBackend<X>, x: X, block: TransformerBlock, name: string): X {
  const width = on.channels(x)
  if (width % block.heads !== 0)
    throw new WorkbenchError(
      'bad-model',
      `${name}: width ${width} is not a multiple of ${block.heads} heads`,
      'check the network',
    )
  const config: RelativeAttentionConfig = { ...block, width, valueSize: width / block.heads }
  const attended = on.attention(`${name}.attention`, on.norm(`${name}.norm1`, x, 'layer'), config)
  const y = on.add(x, on.dropout(attended, block.dropout))
  if (block.mlpRatio === 0) return y
  const inner = on.dense(`${name}.mlp.0`, on.norm(`${name}.norm2`, y, 'layer'), Math.floor(block.mlpRatio * width))
  const outer = on.dense(`${name}.mlp.1`, on.activate(on.dropout(inner, block.dropout), 'relu'), width)
  return on.add(y, on.dropout(outer, block.dropout))
}

function unet<X>(on: BlockBackend<X>, x: X, skip: X, block: UnetBlock, name: string): X {
  const units = on.channels(x)
  const normed = on.norm(`${name}norm`, x, block.norm)
  const aside = on.activate(on.norm(`${name}skip_norm`, skip, block.norm), block.activation)
  const active = on.activate(normed, block.activation)
  const low = block.dense ? on.dense(`${name}dense`, active, units) : active
  const high = on.dense(`${name}skip_dense`, aside, units)
  const joined = on.add(on.upsample(low), high)
  const shape = { filters: units, kernel: block.kernel, dilation: 1, bias: true, separable: true }
  return on.dropout(on.conv(name, joined, shape), block.dropout)
}
