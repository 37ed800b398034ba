import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { MappingRules } from './mapTensors.ts'
import type { TensorSource } from './tensorSource.ts'

/** The published module registers its trunk a second time under these names (lucidrains/enformer-pytorch, `_trunk`). */
const ALIASES: readonly (readonly [string, string])[] = [
  ['_trunk.1.', 'stem.'],
  ['_trunk.2.', 'conv_tower.'],
  ['_trunk.4.', 'transformer.'],
  ['_trunk.6.', 'final_pointwise.'],
]

/**
 * Names of EleutherAI/enformer-official-rough (enformer-pytorch's state dict), which are ours too. Batch counters are dropped; pooling
 * weights are [c, c, 1, 1] there.
 */
export const huggingFaceEnformer: MappingRules = {
  rename(name) {
    if (name.endsWith('.num_batches_tracked')) return undefined
    for (const [alias, ours] of ALIASES) if (name.startsWith(alias)) return ours + name.slice(alias.length)
    return name
  },
  ignoreUnitAxes: true,
}

/** `architecture` of model.json, read from the shapes of the state dict; only what no tensor shows comes from config.json. */
export function enformerArchitecture(
  source: TensorSource,
  config: Readonly<Record<string, unknown>>,
  length: number,
): Record<string, unknown> {
  const shapes = new Map<string, readonly number[]>()
  for (const entry of source.entries.values()) {
    const name = huggingFaceEnformer.rename(entry.name)
    if (name !== undefined) shapes.set(name, entry.shape)
  }
  const shape = (name: string): readonly number[] => {
    const found = shapes.get(name)
    if (found) return found
    throw new WorkbenchError('bad-model', `${source.name} has no tensor '${name}', so it is not an Enformer state dict`, 'give pytorch_model.bin or model.safetensors of an Enformer') // biome-ignore format: one thought
  }
  const count = (pattern: (i: number) => string) => {
    let n = 0
    while (shapes.has(pattern(n))) n++
    return n
  }
  const tower = count(i => `conv_tower.${i}.0.2.weight`)
  const heads = shape('transformer.0.0.fn.1.rel_content_bias')
  const attention = (name: string) => shape(`transformer.0.0.fn.1.${name}.weight`)
  const number = (field: string, otherwise: number) => {
    const value = config[field]
    return typeof value === 'number' ? value : otherwise
  }
  const outputs = Object.fromEntries(
    [...shapes].flatMap(([name, s]) => {
      const head = /^_heads\.([^.]+)\.0\.weight$/.exec(name)?.[1]
      return head ? [[head, s[0]]] : []
    }),
  )
  // The defaults are those of the published configuration class.
  return {
    length,
    stemFilters: shape('stem.0.weight')[0],
    stemKernel: shape('stem.0.weight')[2],
    towerFilters: Array.from({ length: tower }, (_, i) => shape(`conv_tower.${i}.0.2.weight`)[0]),
    towerKernel: shape('conv_tower.0.0.2.weight')[2],
    layers: count(i => `transformer.${i}.0.fn.0.weight`),
    heads: heads[1],
    keySize: heads[3],
    valueSize: (attention('to_v')[0] as number) / (heads[1] as number),
    positionFeatures: attention('to_rel_k')[1],
    targetBins: number('target_length', 896),
    outputs,
    dropout: number('dropout_rate', 0.4),
    attentionDropout: number('attn_dropout', 0.05),
    positionDropout: number('pos_dropout', 0.01),
  }
}
