import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { wilsonInterval } from '../../../domain/statistics/wilson.ts'
import { flopsOf } from '../../../graph/flops.ts'
import { learningRate } from '../../../graph/optimizer/schedule.ts'
import { makeFolders } from '../../../storage/folders.ts'
import { int32 } from '../../risk/network.ts'
import { trainLoop } from '../../training/trainLoop.ts'
import type { PointContext, Visit } from '../experiment.ts'
import { type EffectNetwork, effectNetwork } from './effectNetwork.ts'
import type { EffectModel, EffectSet } from './effectRecipe.ts'
import { countRight, JUDGED, openJudge } from './judgeDigits.ts'
import type { DigitSets } from './mnist.ts'
import { StepClock } from './stepClock.ts'
import { ExampleOrder, idsOf, pooled } from './tokens.ts'

/** What a point trains: a network of a set from one seed. */
export interface TrainedPoint {
  readonly set: EffectSet
  readonly model: EffectModel
  readonly seed: number
}

/**
 * Trains one network with the set's budget and judges it on the whole test set and as many training images. Stopped and visited again it goes
 * on at its last checkpoint, to the same weights byte for byte.
 */
export async function trainPoint(
  { set, model, seed }: TrainedPoint,
  digits: DigitSets,
  context: PointContext,
): Promise<Visit> {
  const { budget, tokens } = set
  if (budget.batch > digits.train.count) throw new WorkbenchError('bad-input', `the batch of ${budget.batch} is larger than the ${digits.train.count} training images`, 'use a smaller batch') // biome-ignore format: one thought
  const train = pooled(digits.train, set.pool)
  const test = pooled(digits.test, set.pool)
  const network = effectNetwork(context.registry, set, model)
  const step = network.step()
  const names = network.model.parameters.map(p => p.name)
  const order = new ExampleOrder(seed, train.count, budget.batch)
  await makeFolders(context.folder)
  const clock = new StepClock(context.folder)
  const compute = await context.compute()
  const session = await compute.load(
    { bytes: step.onnx },
    { workload: 'fixed', threads: context.threads },
    context.signal,
  )
  const judge = await openJudge(compute, network.model, { batch: JUDGED, length: tokens, threads: context.threads }, context.signal) // biome-ignore format: one thought
  try {
    const done = await trainLoop(
      {
        compute,
        session,
        initialState: () => network.initial(step, seed),
        async batch(cursor) {
          const { at } = cursor as { at: number }
          const members = order.members(at)
          const labels = Int32Array.from(members, i => train.labels[i]!)
          const tensors = { ids: int32(idsOf(train, members), [budget.batch, tokens]), labels: int32(labels, [budget.batch]) } // biome-ignore format: one thought
          clock.begin()
          return { tensors, cursor: { at: at + 1 } }
        },
        firstCursor: { at: 0 },
        rate: at => learningRate({ kind: 'cosine', rate: budget.rate, warmupSteps: budget.warmupSteps, totalSteps: budget.steps }, at), // biome-ignore format: one thought
        seed,
        steps: budget.steps,
        checkpointEvery: budget.checkpointEvery,
        fingerprint: fingerprintOf({ set, model, seed }, digits),
        onStep: ({ step: at }) => clock.end(at),
        validation: {
          every: budget.curve.every,
          async run(_at, fetch) {
            const images = Math.min(budget.curve.images, test.count)
            clock.sawPeak((await compute.stats()).peakRssBytes)
            const right = await countRight(compute, judge, await fetch(names), test, images, context.signal)
            return { metrics: { testAccuracy: right / images }, memory: null, kept: {}, stop: false }
          },
        },
      },
      context.folder,
      context,
      { resume: true },
    )
    const weights = Object.fromEntries(names.map(name => [name, done.state[name]!]))
    const right = await countRight(compute, judge, weights, test, test.count, context.signal)
    // As many as there are test images: judging all of them would take as long as a good part of the training.
    const known = Math.min(train.count, test.count)
    const rightKnown = await countRight(compute, judge, weights, train, known, context.signal)
    const [lower, upper] = wilsonInterval(right, test.count)
    clock.sawPeak((await compute.stats()).peakRssBytes)
    const { seconds, peakBytes } = clock
    return {
      testAccuracy: [right / test.count],
      testLowerAccuracy: [lower],
      testUpperAccuracy: [upper],
      trainAccuracy: [rightKnown / known],
      trainSeconds: [seconds.reduce((a, b) => a + b, 0)],
      trainStepSeconds: seconds,
      peakBytes: [peakBytes],
      ...sizesOf(network, budget.steps * flopsOf(step.outputs)),
      ...(await curveOf(context.folder, budget.batch)),
    }
  } finally {
    await session.close()
    await judge.close()
  }
}

/** Exact counts of a point. */
export const sizesOf = (network: EffectNetwork, trainFlops: number): Visit => ({
  parameters: [network.parameters],
  trainFlops: [trainFlops],
  forwardFlops: [network.forwardFlops()],
})

/** Accuracy on a part of the test set, and mean loss since the last time, by examples seen: what metrics.jsonl holds. */
async function curveOf(folder: string, batch: number): Promise<Visit> {
  const out: Record<string, number[]> = {}
  let losses: number[] = []
  for (const line of (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).split('\n').filter(Boolean)) {
    const { step, loss, testAccuracy } = JSON.parse(line) as { step: number; loss?: number; testAccuracy?: number }
    if (loss !== undefined) losses.push(loss)
    if (testAccuracy === undefined) continue
    out[`curve.${step * batch}.testAccuracy`] = [testAccuracy]
    out[`curve.${step * batch}.lossNats`] = [losses.reduce((a, b) => a + b, 0) / losses.length]
    losses = []
  }
  return out
}

const fingerprintOf = ({ set, model, seed }: TrainedPoint, digits: DigitSets): string =>
  createHash('sha256')
    .update(JSON.stringify([model.kind, model.architecture, set.pool, set.budget, seed]))
    .update(digits.train.labels)
    .update(digits.test.labels)
    .digest('hex')
