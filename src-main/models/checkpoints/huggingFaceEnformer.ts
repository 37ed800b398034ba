import type { MappingRules } from './mapTensors.ts'

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
