import type { WeightedLayer } from '../layers/blockBackend.ts'
import type { MappingRules, WantedTensor } from './mapTensors.ts'
import type { TensorSource } from './tensorSource.ts'

/** Keras names a layer by its class, in snake case, and counts each class from nothing, `_1`, `_2` in order of creation. */
const KIND: Readonly<Record<string, WeightedLayer['kind']>> = {
  conv1d: 'conv',
  separable_conv1d: 'separable',
  dense: 'dense',
  batch_normalization: 'batch',
  sync_batch_normalization: 'batch',
  layer_normalization: 'layer',
  scale: 'scale',
  multihead_attention: 'attention',
}

/** A weight's name in Keras -> behind the layer's name in ours. */
const WEIGHTS: Readonly<Record<WeightedLayer['kind'], Readonly<Record<string, string>>>> = {
  conv: { kernel: '.weight', bias: '.bias' },
  dense: { kernel: '.weight', bias: '.bias' },
  separable: { depthwise_kernel: 'depthwise.weight', pointwise_kernel: 'pointwise.weight', bias: 'pointwise.bias' },
  batch: { gamma: '.weight', beta: '.bias', moving_mean: '.running_mean', moving_variance: '.running_var' },
  layer: { gamma: '.weight', beta: '.bias' },
  scale: { scale: '.weight' },
  attention: {
    r_w_bias: '.rel_content_bias',
    r_r_bias: '.rel_pos_bias',
    'q_layer/kernel': '.q.weight',
    'k_layer/kernel': '.k.weight',
    'v_layer/kernel': '.v.weight',
    'embedding_layer/kernel': '.out.weight',
    'embedding_layer/bias': '.out.bias',
    'r_k_layer/kernel': '.rel_k.weight',
  },
}

/**
 * Names and layouts of a Keras file of a baskerville network. `layers` in order of creation, all heads included: a file may
 * hold some heads only, and the others leave their numbers free. A model that was not the first of its process counts on from
 * the one before, so numbers are taken from the lowest of each class.
 */
export function kerasBaskerville(source: TensorSource, layers: readonly WeightedLayer[]): MappingRules {
  const names = namesInFile(source, layers)
  return {
    rename(weight) {
      const slash = weight.indexOf('/')
      const found = names.get(weight.slice(0, slash))
      const behind = found && WEIGHTS[found.kind][weight.slice(slash + 1)]
      return behind === undefined ? weight : found!.name + behind
    },
    axes: keras,
  }
}

/** Heads whose last layer the file holds. */
export function headsInFile(
  source: TensorSource,
  layers: readonly WeightedLayer[],
  heads: Iterable<string>,
): readonly string[] {
  const present = new Set([...namesInFile(source, layers).values()].map(layer => layer.name))
  return [...heads].filter(head => present.has(`head.${head}`))
}

function namesInFile(source: TensorSource, layers: readonly WeightedLayer[]): ReadonlyMap<string, WeightedLayer> {
  const numbers = new Map<WeightedLayer['kind'], Map<string, number>>()
  for (const entry of source.entries.keys()) {
    const layer = entry.slice(0, entry.indexOf('/'))
    const [, base = layer, number] = /^(.*?)(?:_(\d+))?$/.exec(layer) ?? []
    const kind = Object.hasOwn(KIND, base) ? KIND[base] : undefined
    if (kind === undefined) continue
    if (!numbers.has(kind)) numbers.set(kind, new Map())
    numbers.get(kind)!.set(layer, Number(number ?? 0))
  }
  const names = new Map<string, WeightedLayer>()
  for (const [kind, inFile] of numbers) {
    const lowest = Math.min(...inFile.values())
    const ours = layers.filter(layer => layer.kind === kind)
    for (const [layer, number] of inFile) {
      const own = ours[number - lowest]
      if (own) names.set(layer, own)
    }
  }
  return names
}

/** TensorFlow's axes: linear [in, out], conv [kernel, in, out], depthwise [kernel, channels, 1]. */
function keras(wanted: WantedTensor): readonly number[] | undefined {
  if (wanted.shape.length === 2) return [1, 0]
  if (wanted.shape.length !== 3) return undefined
  return wanted.name.endsWith('depthwise.weight') ? [1, 2, 0] : [2, 1, 0]
}
