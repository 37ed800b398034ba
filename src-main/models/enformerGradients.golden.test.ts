import { expect } from 'vitest'
import {
  type GoldenCase,
  goldenArray,
  goldenCases,
  goldenJson,
  Judge,
  type Summary,
} from '../../test-support/golden.ts'
import { goldenOnDevices } from '../../test-support/golden-devices.ts'
import { type GoldenEnformer, goldenEnformer, oneHotCodes } from '../../test-support/golden-enformer.ts'
import { gradient } from '../graph/gradient.ts'
import { Graph, type Tensor } from '../graph/graph.ts'
import { poisson } from '../graph/losses/poisson.ts'
import { reduceMean, slice } from '../graph/ops.ts'
import { runEnformer } from './enformer.ts'

const cases = goldenCases('enformer-gradients')
type Values = ReadonlyMap<string, ArrayLike<number>>

/** Truth: autograd in float64, there checked by central finite differences. */
goldenOnDevices('enformer gradients', cases, '$folder', (runner, float, device) => {
  const judgeCase = async (at: GoldenCase) => {
    const golden = await goldenEnformer(at)
    const judge = new Judge()
    await meanOfTracks(at, golden, judge)
    await poissonLoss(at, golden, judge)
    await trainingMode(at, golden, judge)
    expect(judge.comparisons).toBeGreaterThan(golden.length * 4 + 100)
    console.log(`enformer gradients on ${device} in ${float}: ${judge.worst}`)
  }

  const build = (golden: GoldenEnformer, sequences: number, training?: 'batch') => {
    const graph = new Graph({ float })
    const sequence = graph.input('sequence', [sequences, golden.length, 4])
    const stages = runEnformer(graph, golden.config, sequence, training && { batchNorm: training })
    return { graph, sequence, human: stages.heads['human']!, parameters: graph.leaves('parameter') }
  }
  const feedsOf = (
    golden: GoldenEnformer,
    sequences: number,
    more: readonly (readonly [string, ArrayLike<number>])[] = [],
  ) =>
    new Map<string, ArrayLike<number>>([
      ...golden.weights,
      ['sequence', oneHotCodes(golden.codes.subarray(0, sequences * golden.length))],
      ...more,
    ])
  const named = (parameters: readonly Tensor[], gradients: readonly Tensor[]): Record<string, Tensor> =>
    Object.fromEntries(parameters.map((p, i) => [`d ${p.node.leaf!.name}`, gradients[i]!]))

  /** Each file names its scalar: the mean of one human track over the batch, or over one sequence alone. */
  async function meanOfTracks(at: GoldenCase, golden: GoldenEnformer, judge: Judge) {
    const { json } = at
    const { tolerance } = json
    const files = Object.keys(json.files)
    const inputs = files.filter(file => /^grad_input(_seq\d+)?_track\d+\.npy$/.test(file))
    expect(inputs.length).toBeGreaterThan(0)
    for (const file of inputs) {
      const [, sequence, track] = /^grad_input(?:_seq(\d+))?_track(\d+)/.exec(file)!
      const batch = sequence === undefined ? golden.batch : 1
      const { sequence: x, human, parameters } = build(golden, batch)
      const scalar = reduceMean(slice(human, 2, Number(track), Number(track) + 1))
      const wanted = files.find(f => f === `parameters_mean_track${track}.json`)
      const trained = sequence === undefined && wanted !== undefined ? parameters : []
      const [byInput, ...byParameters] = gradient(scalar, [x, ...trained])
      const feeds = feedsOf(golden, batch)
      if (sequence !== undefined)
        feeds.set(
          'sequence',
          oneHotCodes(golden.codes.subarray(Number(sequence) * golden.length, (Number(sequence) + 1) * golden.length)),
        )
      const results = await runner.run({ scalar, byInput: byInput!, ...named(trained, byParameters) }, feeds)
      const key = `scalar${sequence === undefined ? '' : `_seq${sequence}`}_mean_track${track}`
      judge.number(key, results.get('scalar')![0], json[key], tolerance.loss_relative * Math.abs(json[key]))
      judge.array(
        file,
        results.get('byInput')!,
        goldenArray(at, file).data as Float32Array,
        tolerance.input_gradient_abs,
      )
      if (trained.length > 0)
        judgeParameters(at, judge, wanted!, results, golden, tolerance.parameter_gradient_relative, [])
    }
  }

  async function poissonLoss(at: GoldenCase, golden: GoldenEnformer, judge: Judge) {
    const { json } = at
    const { tolerance } = json
    const targets = goldenArray(at, 'targets_human.npy')
    const { graph, sequence, human, parameters } = build(golden, golden.batch)
    const loss = poisson(human, graph.input('targets', targets.shape))
    const [byHuman, byInput, ...byParameters] = gradient(loss, [human, sequence, ...parameters])
    const outputs = { loss, byHuman: byHuman!, first: slice(byInput!, 0, 0, 1), ...named(parameters, byParameters) }
    const results = await runner.run(
      outputs,
      feedsOf(golden, golden.batch, [['targets', targets.data as Float32Array]]),
    )
    const value = json.poisson.value_keras_form
    judge.number('poisson loss', results.get('loss')![0], value, tolerance.loss_relative * value)
    judge.array(
      'gradient by predictions',
      results.get('byHuman')!,
      goldenArray(at, 'grad_poisson_predictions.npy').data as Float32Array,
      tolerance.poisson_input_gradient_abs,
    )
    judge.array(
      'poisson gradient by input',
      results.get('first')!,
      goldenArray(at, 'grad_poisson_input_seq0.npy').data as Float32Array,
      tolerance.poisson_input_gradient_abs,
    )
    judgeParameters(
      at,
      judge,
      'parameters_poisson.json',
      results,
      golden,
      tolerance.parameter_gradient_relative,
      json.zero_gradient_tensors,
    )
  }

  async function trainingMode(at: GoldenCase, golden: GoldenEnformer, judge: Judge) {
    const { json } = at
    const { tolerance } = json
    const targets = goldenArray(at, 'targets_human.npy')
    const { graph, human, parameters } = build(golden, golden.batch, 'batch')
    const loss = poisson(human, graph.input('targets', targets.shape))
    const outputs: Record<string, Tensor> = { loss, ...named(parameters, gradient(loss, parameters)) }
    for (const [name, value] of graph.updates) outputs[`next ${name}`] = value
    const results = await runner.run(
      outputs,
      feedsOf(golden, golden.batch, [['targets', targets.data as Float32Array]]),
    )
    const value = json.poisson.value_train_mode_keras_form
    judge.number('loss in training mode', results.get('loss')![0], value, tolerance.loss_relative * value)
    judgeParameters(
      at,
      judge,
      'parameters_poisson_train_mode.json',
      results,
      golden,
      tolerance.train_mode_parameter_gradient_relative,
      json.zero_gradient_tensors_train_mode,
    )
    const after: Record<string, Record<string, Summary>> = goldenJson(at, 'batchnorm_after_train_step.json')
    expect(2 * Object.keys(after).length).toBe(graph.updates.size)
    for (const [layer, statistics] of Object.entries(after))
      for (const [name, summary] of Object.entries(statistics))
        judge.summary(
          `${layer}.${name}`,
          results.get(`next ${layer}.${name}`)!,
          summary,
          tolerance.batchnorm_after_relative,
        )
  }

  function judgeParameters(
    at: GoldenCase,
    judge: Judge,
    file: string,
    results: Values,
    golden: GoldenEnformer,
    relative: number,
    zero: readonly string[],
  ) {
    const expected: Record<string, Summary> = goldenJson(at, file)
    expect(Object.keys(expected).length, file).toBeGreaterThan(golden.config.layers)
    for (const [name, summary] of Object.entries(expected)) {
      const absolute =
        zero.includes(name) || summary.norm === 0 ? at.json.tolerance.train_mode_zero_gradient_abs : undefined
      judge.summary(`${file}: ${name}`, results.get(`d ${name}`)!, summary, relative, absolute)
    }
  }

  return judgeCase
})
