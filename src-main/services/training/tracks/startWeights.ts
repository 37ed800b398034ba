import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { Tensor } from '../../../../src-shared/tensor.ts'
import { toFloat32 } from '../../../models/checkpoints/tensorSource.ts'
import type { AttentionPattern } from '../../../models/folder/modelJson.ts'
import { PATTERN_NAME } from '../../../models/layers/blockPattern.ts'
import type { ParameterSpec } from '../../../models/registry.ts'
import { initialTrunkWeights, type PatternDraw } from '../../../models/trunkInitialisation.ts'
import { openModelFolder } from '../../models/modelFolder.ts'
import type { StartRecipe } from './trackRecipe.ts'

export interface StartWeights {
  readonly weights: ReadonlyMap<string, Tensor>
  /** Names taken over from the other model. */
  readonly taken: readonly string[]
  /** Of the other model's weights, for provenance. */
  readonly source: { readonly id: string; readonly sha256: string } | undefined
  /** How the other model's attention pattern was drawn, where it is taken over. */
  readonly pattern?: AttentionPattern | null
}

/** Whether a name contains one of some parts; no parts: `otherwise`. A part that no name contains is a mistake of the recipe's. */
export const named = (parts: readonly string[], name: string): boolean => parts.some(part => name.includes(part))

/**
 * The weights of step 0: drawn, or, with `start`, another folder's by name, but for those that are to be fresh.
 * @throws WorkbenchError `bad-model` for weights of another shape, missing without being fresh, or not finite; `bad-input` for a part that
 * no weight's name contains
 */
export async function startWeights(
  specs: readonly ParameterSpec[],
  seed: number,
  pattern: PatternDraw | undefined,
  start: StartRecipe | undefined,
): Promise<StartWeights> {
  const drawn = initialTrunkWeights(specs, seed, pattern)
  if (!start) return { weights: drawn, taken: [], source: undefined }
  for (const field of ['fresh', 'train'] as const)
    for (const part of start[field])
      if (!specs.some(s => s.name.includes(part))) throw new WorkbenchError('bad-input', `recipe.start.${field} names '${part}', which is part of no weight's name`, `give parts of names such as ${specs[0]!.name}`) // biome-ignore format: one thought
  const model = await openModelFolder(start.model)
  try {
    const weights = new Map(drawn)
    const taken: string[] = []
    for (const spec of specs) {
      if (named(start.fresh, spec.name)) continue
      const entry = model.weights.entries.get(spec.name)
      const own = spec.shape.join(' x ')
      if (!entry) throw new WorkbenchError('bad-model', `'${start.model}' has no weight '${spec.name}'`, 'name it in recipe.start.fresh, or start from another model') // biome-ignore format: one thought
      if (entry.shape.join(' x ') !== own) throw new WorkbenchError('bad-model', `weight '${spec.name}' is ${entry.shape.join(' x ')} in '${start.model}', the recipe's network needs ${own}`, 'name it in recipe.start.fresh, or start from another model') // biome-ignore format: one thought
      const tensor = await model.weights.read(spec.name)
      if (spec.dtype === 'float32') {
        const data = toFloat32(tensor, spec.name)
        if (!data.every(Number.isFinite)) throw new WorkbenchError('bad-model', `weight '${spec.name}' of '${start.model}' is not finite`, 'start from another model') // biome-ignore format: one thought
        weights.set(spec.name, { dtype: 'float32', shape: spec.shape, data })
      } else weights.set(spec.name, tensor)
      taken.push(spec.name)
    }
    return {
      weights,
      taken,
      source: { id: model.json.id, sha256: model.json.weights.sha256 },
      ...(taken.includes(PATTERN_NAME) ? { pattern: model.json.attentionPattern } : {}),
    }
  } finally {
    await model.close()
  }
}
