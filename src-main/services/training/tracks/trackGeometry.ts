import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { WindowGeometry } from '../../../analyses/predict.ts'
import { baskervilleDefinition, baskervilleGeometry } from '../../../models/baskerville.ts'
import { binSize, enformerDefinition, type TrunkConfig } from '../../../models/enformer.ts'
import type { AttentionPattern } from '../../../models/folder/modelJson.ts'
import { PATTERN_NAME } from '../../../models/layers/blockPattern.ts'
import { sEnformerDefinition } from '../../../models/sEnformer.ts'
import type { PatternDraw } from '../../../models/trunkInitialisation.ts'

/** What a training and its model.json need to know of an architecture. */
export interface TrackArchitecture extends WindowGeometry {
  readonly lengthMultiple: number
  readonly outputs: ReadonlyMap<string, number>
  /** The bias of the (first) head, where the head ends in softplus. */
  readonly headBias: string | undefined
  /** Of a network with a stored pattern, as model.json describes it. */
  readonly pattern?: (draw: PatternDraw) => AttentionPattern
}

type Architecture = Readonly<Record<string, unknown>>

function ofTrunk(config: TrunkConfig): TrackArchitecture {
  const binBp = binSize(config)
  const tokens = config.length / binBp
  const cropBins = (tokens - config.targetBins) / 2
  if (!Number.isInteger(cropBins) || cropBins < 0)
    throw new WorkbenchError('bad-input', `recipe.model.architecture.targetBins is ${config.targetBins}; ${tokens} bins of ${binBp} bp leave no equal margins around them`, 'give an even number fewer than the bins of the window') // biome-ignore format: one thought
  return {
    windowBp: config.length,
    binBp,
    bins: config.targetBins,
    cropBins,
    lengthMultiple: binBp,
    outputs: config.outputs,
    headBias: `_heads.${[...config.outputs.keys()][0]}.0.bias`,
  }
}

const KINDS: Readonly<Record<string, (architecture: Architecture) => TrackArchitecture>> = {
  enformer: architecture => ofTrunk(enformerDefinition.parseConfig(architecture)),
  's-enformer': architecture => {
    const config = sEnformerDefinition.parseConfig(architecture)
    const trunk = ofTrunk(config)
    return {
      ...trunk,
      pattern: ({ rule, seed }) => ({ blockSize: config.block, randomBlocks: config.randomBlocks, tokens: trunk.windowBp / trunk.binBp, rule, seed, tensor: PATTERN_NAME }), // biome-ignore format: one thought
    }
  },
  baskerville: architecture => {
    const config = baskervilleDefinition.parseConfig(architecture)
    const { binSize: binBp, bins, cropBins, lengthMultiple } = baskervilleGeometry(config)
    const [head] = [...config.outputs.keys()] as [string]
    const headBias = config.heads.get(head)!.activation === 'softplus' ? `head.${head}.bias` : undefined
    return { windowBp: config.length, binBp, bins, cropBins, lengthMultiple, outputs: config.outputs, headBias }
  },
}

/** @throws WorkbenchError `unsupported` for a kind that is not trained on tracks here; `bad-model` from the kind's own reader */
export function trackArchitecture(kind: string, architecture: Architecture): TrackArchitecture {
  const read = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (!read) throw new WorkbenchError('unsupported', `recipe.model.kind is '${kind.slice(0, 40)}', not one of ${Object.keys(KINDS).join(', ')}`, 'use a network that predicts tracks') // biome-ignore format: one thought
  return read(architecture)
}
