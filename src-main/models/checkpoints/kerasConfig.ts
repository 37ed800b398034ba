import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'

type Json = Readonly<Record<string, unknown>>

/** What the `model_config` of a Keras file says and params.json does not. Absent: the file does not say. */
export interface KerasConfig {
  readonly gelu?: 'tanh' | 'erf' | 'sigmoid'
  readonly bnEpsilon?: number
  readonly lnEpsilon?: number
}

/** @throws WorkbenchError `bad-model` when layers of one kind contradict each other */
export function readKerasConfig(config: unknown): KerasConfig {
  const layers = layersOf(config)
  const gelus = layers.flatMap(geluOf)
  const epsilons = (suffix: string) =>
    layers.filter(l => String(l['class_name']).endsWith(suffix)).flatMap(l => (typeof own(l)['epsilon'] === 'number' ? [own(l)['epsilon'] as number] : [])) // biome-ignore format: one thought
  const gelu = single('the form of GELU', gelus)
  const bnEpsilon = single('the epsilon of batch normalisation', epsilons('BatchNormalization'))
  const lnEpsilon = single('the epsilon of layer normalisation', epsilons('LayerNormalization'))
  return {
    ...(gelu ? { gelu } : {}),
    ...(bnEpsilon !== undefined ? { bnEpsilon } : {}),
    ...(lnEpsilon !== undefined ? { lnEpsilon } : {}),
  }
}

/** tf.nn.gelu says whether it approximates; older networks have a layer GELU of their own, x·sigmoid(1.702x). */
function geluOf(layer: Json): readonly ('tanh' | 'erf' | 'sigmoid')[] {
  if (layer['class_name'] === 'GELU') return ['sigmoid']
  if (own(layer)['activation'] === 'gelu') return ['erf']
  if (own(layer)['function'] !== 'nn.gelu') return []
  return [JSON.stringify(layer['inbound_nodes'] ?? '').includes('"approximate":true') ? 'tanh' : 'erf']
}

const isObject = (x: unknown): x is Json => typeof x === 'object' && x !== null && !Array.isArray(x)
const own = (layer: Json): Json => (isObject(layer['config']) ? layer['config'] : {})

function layersOf(config: unknown): readonly Json[] {
  const inner = isObject(config) && isObject(config['config']) ? config['config']['layers'] : undefined
  return Array.isArray(inner) ? inner.filter(isObject) : []
}

function single<T>(what: string, values: readonly T[]): T | undefined {
  const other = values.find(v => v !== values[0])
  if (other !== undefined) throw new WorkbenchError('bad-model', `${what} is ${values[0]} in one layer and ${other} in another`, 'this network cannot be imported') // biome-ignore format: one thought
  return values[0]
}
