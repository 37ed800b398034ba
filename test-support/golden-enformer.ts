import { dirname, join } from 'node:path'
import { type EnformerConfig, enformerDefinition, enformerSpecs } from '../src-main/models/enformer.ts'
import { type GoldenCase, goldenArray, goldenJson, goldenWeights } from './golden.ts'

/** A one-hot sequence [batch, length, 4] from codes 0..3 (A C G T) and 4 (N, all zeros). */
export function oneHotCodes(codes: ArrayLike<number>): Float32Array {
  const oneHot = new Float32Array(4 * codes.length)
  for (let i = 0; i < codes.length; i++) if (codes[i]! < 4) oneHot[4 * i + codes[i]!] = 1
  return oneHot
}

/** An Enformer case: its configuration in this program's terms, its weights and its sequences. */
export interface GoldenEnformer {
  readonly config: EnformerConfig
  readonly weights: ReadonlyMap<string, Float32Array>
  readonly codes: Uint8Array
  readonly batch: number
  readonly length: number
}

/** The network that `at.json.model` names, or the one in the case's own folder. */
export async function goldenEnformer(at: GoldenCase): Promise<GoldenEnformer> {
  const file: string = at.json.model ?? 'model.safetensors'
  const home = dirname(file)
  const { architecture: a } = at.json.architecture ? at.json : goldenJson(at, join(home, 'case.json'))
  const stored = await goldenWeights(at, file)
  const config = enformerDefinition.parseConfig({
    length: a.sequence_length,
    stemFilters: a.stem_channels,
    stemKernel: stored.get('stem.0.weight')!.shape[2],
    towerFilters: a.tower_channels,
    towerKernel: stored.get('conv_tower.0.0.2.weight')!.shape[2],
    layers: a.depth,
    heads: a.heads,
    keySize: a.attn_dim_key,
    valueSize: a.value_dim_per_head,
    positionFeatures: a.relative_position_features,
    targetBins: a.target_length,
    outputs: a.heads_out,
    bnEpsilon: a.batch_norm_eps,
    lnEpsilon: a.layer_norm_eps,
  })
  const weights = new Map<string, Float32Array>()
  for (const { name, shape } of enformerSpecs(config)) {
    const tensor = stored.get(name)
    // Pooling weights have two more axes of length 1 in the file.
    if (tensor?.shape.filter((d, i) => i < shape.length || d !== 1).join() !== shape.join())
      throw new Error(`${name}: the file has [${tensor?.shape}], the network needs [${shape}]`)
    weights.set(name, tensor.data as Float32Array)
  }
  const unused = [...stored.keys()].filter(name => !weights.has(name) && !name.endsWith('.num_batches_tracked'))
  if (unused.length > 0) throw new Error(`unused tensors: ${unused.join(', ')}`)
  const tokens = goldenArray(at, join(home, 'tokens.npy'))
  const [batch, length] = tokens.shape as readonly [number, number]
  return { config, weights, codes: tokens.data as Uint8Array, batch, length }
}
