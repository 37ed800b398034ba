import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { Tensor } from '../../../../src-shared/tensor.ts'
import type { TrackRegion } from '../../../analyses/trackBatches.ts'
import type { StartWeights } from './startWeights.ts'

/** Where the bias of the head starts: at 0, where softplus gives 0.69, or where it gives the mean of each track. */
export type HeadBias = 'zero' | 'mean'

/** Mean target of each track over all bins of some regions. */
export function meanTargets(regions: readonly TrackRegion[], tracks: number): Float64Array {
  const sums = new Float64Array(tracks)
  let bins = 0
  for (const region of regions) {
    bins += region.bins
    region.targets.forEach((x, i) => {
      sums[i % tracks]! += x
    })
  }
  return sums.map(sum => sum / bins)
}

/** A track without any signal starts here, since softplus is nowhere 0. */
const LEAST_MEAN = 1e-3

/** x of ln(1 + eˣ) = mean, without overflow. */
export function inverseSoftplus(mean: number): number {
  const y = Math.max(mean, LEAST_MEAN)
  return y + Math.log(-Math.expm1(-y))
}

/**
 * The weights of step 0 with the head's bias where the untrained head gives each track's mean over the training regions. From 0, the
 * first dozens of steps only raise every prediction to that mean, and all layers learn the one direction that does: attention may end as a
 * switch between two states, whose gradient drowns all others (docs/benchmarks.md). A bias that was taken over from another model stays.
 * @throws WorkbenchError `bad-input` for a head that does not end in softplus (no `bias`)
 */
export function withMeanBias(start: StartWeights, bias: string | undefined, means: Float64Array): StartWeights {
  if (bias === undefined)
    throw new WorkbenchError('bad-input', "recipe.training.headBias is 'mean', and the head does not end in softplus", "leave it out, or give 'zero'") // biome-ignore format: one thought
  if (start.taken.includes(bias)) return start
  const tensor: Tensor = { dtype: 'float32', shape: [means.length], data: Float32Array.from(means, inverseSoftplus) }
  return { ...start, weights: new Map(start.weights).set(bias, tensor) }
}
