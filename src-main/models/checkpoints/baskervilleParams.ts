import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Activation, Norm } from '../layers/blockBackend.ts'
import type { SequenceBlock } from '../layers/sequenceBlocks.ts'

type Json = Readonly<Record<string, unknown>>

/** Fields that only training reads. */
const TRAINING = ['l1_scale', 'l2_scale', 'mha_l2_scale', 'bn_momentum', 'kernel_initializer', 'mha_initializer', 'norm_gamma', 'weight_range', 'weight_exp'] // biome-ignore format: one list
/** What every block inherits from the model unless it says otherwise. */
const GLOBAL = ['activation', 'norm_type', 'padding'] as const
const MODEL = [...TRAINING, ...GLOBAL, 'seq_length', 'trunk', 'augment_rc', 'augment_shift', 'strand_pair', 'verbose', 'seq_depth'] // biome-ignore format: one list

/**
 * `architecture` of a baskerville network from the `model` of its params.json (calico/baskerville, seqnn.py and blocks.py; the
 * defaults are theirs). Nothing is guessed: a block, a field or a value that is not known here is refused by name.
 * @throws WorkbenchError `bad-model`
 */
export function baskervilleArchitecture(params: unknown, gelu: 'tanh' | 'erf' | 'sigmoid' = 'tanh') {
  const root = objectOf(params, 'the file')
  const model = root['model'] === undefined ? root : objectOf(root['model'], 'model')
  const heads = Object.keys(model)
    .filter(key => key.startsWith('head'))
    .sort(natural)
  const known = new Set([...MODEL, ...heads])
  const unknown = Object.keys(model).find(key => !known.has(key))
  if (unknown) throw refusal('model', unknown, model[unknown])
  const whole = new Block(model, 'model', model)
  if (whole.value('padding', 'same') !== 'same') throw refusal('model', 'padding', model['padding'])
  if (whole.value('seq_depth', 4) !== 4) throw refusal('model', 'seq_depth', model['seq_depth'])
  if (!heads.length) throw new WorkbenchError('bad-model', 'params.json: model has no head', 'give the params.json that the network was trained with') // biome-ignore format: one thought
  const trunk = blocksOf(model['trunk'], 'trunk', model)
  const described = heads.map(key => [nameOf(key, heads), headOf(model[key], key, model)] as const)
  return {
    length: whole.count('seq_length'),
    gelu,
    trunk,
    activation: whole.activation('activation'),
    outputs: Object.fromEntries(described.map(([name, { units }]) => [name, units])),
    heads: Object.fromEntries(described.map(([name, { blocks, activation }]) => [name, { blocks, activation }])),
  }
}

/** `head_human` is human; a bare `head` is head. */
const nameOf = (key: string, all: readonly string[]) => (key.startsWith('head_') && !all.includes(key.slice(5)) ? key.slice(5) : key) // biome-ignore format: one thought
/** Digits by their number, as the program orders its heads (natsort). */
const natural = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true })

function headOf(json: unknown, key: string, model: Json) {
  const list = Array.isArray(json) ? json : [json]
  const blocks = list.slice(0, -1).flatMap((b, i) => blockOf(b, `${key}[${i}]`, model))
  const last = new Block(list.at(-1), Array.isArray(json) ? `${key}[${list.length - 1}]` : key, model)
  const name = last.value('name', undefined)
  if (name !== 'final' && name !== 'dense') throw refusal(key, 'name', name)
  last.onlyIf('flatten', false)
  // Without one of its own, a head would inherit the activation of the blocks: nobody means that.
  if (last.own('activation') === undefined) throw refusal(key, 'activation', undefined)
  const head = { blocks, units: last.count('units'), activation: last.activation('activation') }
  last.end()
  return head
}

function blocksOf(json: unknown, where: string, model: Json): SequenceBlock[] {
  if (!Array.isArray(json) || json.length === 0) throw refusal('model', where, json)
  return json.flatMap((block, i) => blockOf(block, `${where}[${i}]`, model))
}

function blockOf(json: unknown, where: string, model: Json): SequenceBlock[] {
  const b = new Block(json, where, model)
  const read = Object.hasOwn(READERS, b.name) ? READERS[b.name] : undefined
  if (!read) throw new WorkbenchError('bad-model', `params.json: ${where} is a block '${b.name}', which is not one of ${Object.keys(READERS).join(', ')}`, 'use a network of these blocks') // biome-ignore format: one thought
  const blocks = read(b)
  b.end()
  return blocks
}

const READERS: Readonly<Record<string, (b: Block) => SequenceBlock[]>> = {
  conv_dna(b) {
    b.onlyIf('residual', false)
    b.onlyIf('se', false)
    b.onlyIf('stride', 1)
    b.ignore('dropout_residual')
    const norm = b.norm()
    return [conv(b, 'conv-norm-activation', 15, b.flag('use_bias', norm === 'none'), norm)]
  },
  conv_nac: b => {
    b.onlyIf('se', false)
    return [strided(b, 'norm-activation-conv', true)]
  },
  conv_block: b => {
    b.onlyIf('activation_end', null)
    return [strided(b, 'activation-conv-norm', b.norm() === 'none')]
  },
  conv_tower: b => [tower(b, 'activation-conv-norm', b.norm() === 'none', 'after-pool', 1)],
  conv_tower_nac: b => [tower(b, 'norm-activation-conv', true, 'after-pool', 1)],
  res_tower: b => [tower(b, 'norm-activation-conv', true, 'before-pool', b.count('num_convs', 2))],
  transformer: b => [transformer(b, 1)],
  transformer_tower(b) {
    b.onlyIf('block_type', 'transformer')
    return [transformer(b, b.count('repeat', 2))]
  },
  unet_conv: b => [unet(b, b.flag('upsample_conv', false))],
  fpn_unet: b => [unet(b, true)], // an earlier name, which always maps the shorter side
  Cropping1D(b) {
    const value = b.value('cropping', 1)
    const [left, right] = Array.isArray(value) ? value : [value, value]
    if (!isCount(left, 0) || left !== right) throw b.refuse('cropping', value)
    return [{ block: 'crop', positions: left }]
  },
}
type Order = 'conv-norm-activation' | 'norm-activation-conv' | 'activation-conv-norm'

function unit(b: Block, order: Order, kernel: number, bias: boolean, norm: Norm) {
  b.onlyIf('pool_type', 'max')
  const type = b.value('conv_type', 'standard')
  if (type !== 'standard' && type !== 'separable') throw b.refuse('conv_type', type)
  return {
    order,
    kernel: b.count('kernel_size', kernel),
    dilation: b.count('dilation_rate', 1),
    bias,
    separable: type === 'separable',
    norm,
    activation: b.activation('activation', 'relu'),
    dropout: b.rate('dropout', 0),
  }
}
function conv(b: Block, order: Order, kernel: number, bias: boolean, norm: Norm): SequenceBlock {
  const filters = b.count('filters')
  return { block: 'conv', ...unit(b, order, kernel, bias, norm), filters, residual: b.flag('residual', false), pool: b.count('pool_size', 1) } // biome-ignore format: one thought
}
function strided(b: Block, order: Order, bias: boolean): SequenceBlock {
  b.onlyIf('stride', 1)
  return conv(b, order, 1, bias, b.norm())
}

function tower(
  b: Block,
  order: Order,
  bias: boolean,
  keep: 'before-pool' | 'after-pool',
  convolutions: number,
): SequenceBlock {
  // biome-ignore format: one thought
  b.onlyIf('residual', false)
  b.onlyIf('se', false)
  b.onlyIf('stride', 1)
  b.onlyIf('activation_end', null)
  const pool = b.count('pool_size', keep === 'before-pool' ? 2 : 1)
  return { block: 'tower', ...unit(b, order, 1, bias, b.norm()), filters: towerFilters(b), convolutions, pool, keep }
}

function unet(b: Block, dense: boolean): SequenceBlock {
  b.onlyIf('stride', 2)
  return {
    block: 'unet',
    kernel: b.count('kernel_size', 1),
    norm: b.norm(),
    activation: b.activation('activation', 'relu'),
    dense,
    dropout: b.rate('dropout', 0),
  }
}

/** init·(end / init)^(i / (repeat - 1)), each rounded to a multiple (halves to even, as numpy rounds). */
function towerFilters(b: Block): number[] {
  const [init, repeat, step] = [b.count('filters_init'), b.count('repeat', 1), b.count('divisible_by', 1)]
  const end = b.own('filters_end') === undefined ? undefined : b.count('filters_end')
  const given = b.value('filters_mult', undefined)
  if (given !== undefined && (typeof given !== 'number' || !(given > 0))) throw b.refuse('filters_mult', given)
  if (given === undefined && end === undefined) throw b.refuse('filters_end', undefined)
  const factor = (given as number | undefined) ?? (repeat > 1 ? Math.exp(Math.log(end! / init) / (repeat - 1)) : 1)
  const filters: number[] = []
  for (let i = 0, now = init; i < repeat; i++, now *= factor) filters.push(roundHalfEven(now / step) * step)
  if (!filters.every(f => isCount(f, 1))) throw b.refuse('filters_init', init)
  return filters
}
function roundHalfEven(x: number): number {
  const low = Math.floor(x)
  return x - low === 0.5 ? low + (low % 2) : Math.round(x)
}

function transformer(b: Block, repeat: number): SequenceBlock {
  b.onlyIf('out_size', null)
  b.onlyIf('qkv_width', 1)
  b.onlyIf('content_position_bias', true)
  b.ignore('activation', 'norm_type') // the block norms by layer and uses ReLU whatever the model says
  const heads = b.count('heads', 1)
  const positionFeatures = b.value('num_position_features', undefined)
  if (!isCount(positionFeatures, 2)) throw b.refuse('num_position_features', positionFeatures)
  const expansion = b.value('dense_expansion', 2)
  if (typeof expansion !== 'number' || !(expansion >= 0)) throw b.refuse('dense_expansion', expansion)
  return {
    block: 'transformer',
    repeat,
    heads,
    keySize: b.count('key_size'),
    positionFeatures,
    mlpRatio: expansion,
    dropout: b.rate('dropout', 0.25),
    attentionDropout: b.rate('attention_dropout', 0.05),
    positionDropout: b.rate('position_dropout', 0.01),
  }
}

/** One block of params.json with what it inherits; remembers which fields were read. */
class Block {
  readonly #json: Json
  readonly #read = new Set<string>(['name', ...TRAINING])

  constructor(
    json: unknown,
    readonly where: string,
    readonly model: Json,
  ) {
    this.#json = objectOf(json, where)
  }
  get name(): string {
    return String(this.#json['name'])
  }
  /** The block's own value, null included. */
  own(field: string): unknown {
    this.#read.add(field)
    return this.#json[field]
  }
  value(field: string, otherwise: unknown): unknown {
    const own = this.own(field)
    if (own !== undefined) return own
    // As in seqnn.py: an inherited value counts only when it says something.
    const inherited = (GLOBAL as readonly string[]).includes(field) ? this.model[field] : undefined
    return inherited || otherwise
  }
  count(field: string, otherwise?: number): number {
    const value = this.value(field, otherwise)
    if (!isCount(value, 1)) throw this.refuse(field, value)
    return value
  }
  flag(field: string, otherwise: boolean): boolean {
    const value = this.value(field, otherwise) ?? otherwise
    if (typeof value !== 'boolean') throw this.refuse(field, value)
    return value
  }
  rate(field: string, otherwise: number): number {
    const value = this.value(field, otherwise)
    if (typeof value !== 'number' || !(value >= 0 && value < 1)) throw this.refuse(field, value)
    return value
  }
  activation(field: string, otherwise?: Activation): Activation {
    const value = this.value(field, otherwise)
    switch (value) {
      case null:
        return 'linear'
      case 'relu':
      case 'gelu':
      case 'sigmoid':
      case 'tanh':
      case 'softplus':
      case 'linear':
        return value
      default:
        throw this.refuse(field, value)
    }
  }
  norm(): Norm {
    const value = this.value('norm_type', null)
    switch (value) {
      case null:
        return 'none'
      case 'batch':
      case 'batch-sync': // the same numbers, gathered over devices in training
        return 'batch'
      case 'layer':
        return 'layer'
      default:
        throw this.refuse('norm_type', value)
    }
  }
  /** A field that is understood with one value only. */
  onlyIf(field: string, value: unknown): void {
    const own = this.own(field)
    if (own !== undefined && own !== value && !(own === null && !value)) throw this.refuse(field, own)
  }
  ignore(...fields: string[]): void {
    for (const field of fields) this.#read.add(field)
  }
  refuse(field: string, value: unknown): WorkbenchError {
    return refusal(this.where === 'model' ? 'model' : `${this.where} (${this.name})`, field, value)
  }
  end(): void {
    this.onlyIf('padding', 'same')
    this.ignore('padding')
    const unknown = Object.keys(this.#json).find(field => !this.#read.has(field))
    if (unknown) throw this.refuse(unknown, this.#json[unknown])
  }
}

const isCount = (value: unknown, least: number): value is number => Number.isSafeInteger(value) && (value as number) >= least // biome-ignore format: one thought
const show = (value: unknown) => (value === undefined ? 'missing' : JSON.stringify(value).slice(0, 60))
const refusal = (where: string, field: string, value: unknown) => new WorkbenchError('bad-model', `params.json: ${where}: ${field} is ${show(value)}, which this program does not know how to build`, 'use a network without it; nothing is guessed', { field }) // biome-ignore format: one thought

function objectOf(json: unknown, where: string): Json {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Json
  throw new WorkbenchError('bad-model', `params.json: ${where} is ${show(json)}, not an object`, 'give the params.json that the network was trained with') // biome-ignore format: one thought
}
