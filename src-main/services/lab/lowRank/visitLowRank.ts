import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { float32, int64Scalar, type Tensors } from '../../../../src-shared/tensor.ts'
import { emitOnnx } from '../../../graph/onnx.ts'
import { trainingInputs } from '../../../graph/optimizer/trainingStep.ts'
import type { PointContext, Visit } from '../experiment.ts'
import { normalNumbers, randomWeights } from '../randomWeights.ts'
import { timedRuns } from '../timedRuns.ts'
import type { LowRankSetup } from './lowRank.ts'
import { encoderParameters, encoderSpecs, inferenceRun, trainingRun } from './lowRankNetworks.ts'
import type { LowRankRecipe } from './lowRankRecipe.ts'

/** Seconds of the runs of a point; what they read lies in the process before the first. */
export async function visitLowRank(setup: LowRankSetup, recipe: LowRankRecipe, context: PointContext): Promise<Visit> {
  const { model, tokens, batch, job } = setup
  const { sizes } = recipe
  const { signal } = context
  const training = job === 'training'
  const { outputs } = (training ? trainingRun : inferenceRun)(model, sizes, batch, tokens)
  const source = randomWeights(encoderSpecs(model, sizes, tokens))
  const weights = new Map<string, Float32Array>()
  for (const name of source.entries.keys()) weights.set(name, (await source.read(name)).data as Float32Array)
  // In a training weights are inputs, which change; in use they are part of the model.
  const onnx = emitOnnx(outputs, training ? {} : { values: weights })
  const compute = await context.compute()
  const session = await compute.load({ bytes: onnx.bytes }, { threads: context.threads, workload: 'fixed' }, signal)
  const shape = [batch, tokens, sizes.width]
  const x = float32(normalNumbers(batch * tokens * sizes.width, tokens), shape)
  const state = await compute.createState(
    {
      x,
      ...(training ? { target: float32(x.data.toReversed() as Float32Array, shape) } : {}),
      ...(training
        ? Object.fromEntries([...source.entries].map(([name, e]) => [name, float32(weights.get(name)!, e.shape)]))
        : {}),
    },
    signal,
  )
  let runs = 0
  const wanted = training ? ['loss', 'gradientNorm'] : ['corner']
  const once = async () => {
    const seed: Tensors = training ? { [trainingInputs.seed]: int64Scalar(++runs) } : {}
    const results = await session.run(seed, { state, outputs: wanted, signal })
    for (const { data } of Object.values(results))
      if (!(data as Float32Array).every(Number.isFinite))
        throw new WorkbenchError(
          'bad-model',
          `${model.name}: a value of the result is not a number`,
          'please report this',
        )
  }
  const seconds = await timedRuns(recipe, once, signal)
  await session.close()
  return { seconds, parameters: [encoderParameters(model, sizes, tokens)] }
}
