import { float32, int64Scalar, type Tensors } from '../../../../src-shared/tensor.ts'
import { flopsOf } from '../../../graph/flops.ts'
import { trainingInputs } from '../../../graph/optimizer/trainingStep.ts'
import { int32 } from '../../risk/network.ts'
import type { PointContext, Visit } from '../experiment.ts'
import { type Repetitions, timedRuns } from '../timedRuns.ts'
import { effectNetwork } from './effectNetwork.ts'
import type { EffectModel, EffectSet } from './effectRecipe.ts'
import { openJudge } from './judgeDigits.ts'
import type { DigitSets } from './mnist.ts'
import { idsOf, pooled } from './tokens.ts'
import { sizesOf } from './trainPoint.ts'

/** Times training steps of a network from its first weights, then forward passes of the same batch; nothing is learned. */
export async function costPoint(
  set: EffectSet,
  model: EffectModel,
  runs: Repetitions,
  digits: DigitSets,
  context: PointContext,
): Promise<Visit> {
  const { batch, rate, steps } = set.budget
  const train = pooled(digits.train, set.pool)
  const network = effectNetwork(context.registry, set, model)
  const step = network.step()
  const members = Array.from({ length: batch }, (_, i) => i % train.count)
  const ids = int32(idsOf(train, members), [batch, set.tokens])
  const labels = int32(
    Int32Array.from(members, i => train.labels[i]!),
    [batch],
  )
  const compute = await context.compute()
  const initial = network.initial(step, 1)
  const session = await compute.load(
    { bytes: step.onnx },
    { workload: 'fixed', threads: context.threads },
    context.signal,
  )
  const state = await compute.createState(initial, context.signal)
  let at = 0
  const feeds = (): Tensors => ({
    ids,
    labels,
    [trainingInputs.rate]: float32(Float32Array.of(rate), []),
    [trainingInputs.step]: int64Scalar(++at),
    ...(session.inputs.some(i => i.name === trainingInputs.seed) ? { [trainingInputs.seed]: int64Scalar(at) } : {}),
  })
  const trainStepSeconds = await timedRuns(runs, () => session.run(feeds(), { signal: context.signal, state, outputs: ['loss'] }), context.signal) // biome-ignore format: one thought
  await session.close()
  await state.close()
  const weights = await compute.createState(Object.fromEntries(network.model.parameters.map(p => [p.name, initial[p.name]!])), context.signal) // biome-ignore format: one thought
  const forward = await openJudge(compute, network.model, { batch, length: set.tokens, threads: context.threads }, context.signal) // biome-ignore format: one thought
  const inferenceSeconds = await timedRuns(runs, () => forward.run({ ids }, { signal: context.signal, state: weights, outputs: ['classLogits'] }), context.signal) // biome-ignore format: one thought
  await forward.close()
  await weights.close()
  return { trainStepSeconds, inferenceSeconds, ...sizesOf(network, steps * flopsOf(step.outputs)) }
}
