import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type GoldenCase,
  goldenArray,
  goldenCases,
  goldenHas,
  goldenJson,
  goldenWeights,
  Judge,
  type Summary,
} from '../../test-support/golden.ts'
import { type Feeds, GraphRunner } from '../../test-support/golden-run.ts'
import { gradient } from '../graph/gradient.ts'
import { Graph, type Tensor } from '../graph/graph.ts'
import { crossEntropy } from '../graph/losses/crossEntropy.ts'
import { nextName, trainingInputs, trainingStep } from '../graph/optimizer/trainingStep.ts'
import { sizeOf } from '../graph/types.ts'
import { linformerDefinition } from './linformer.ts'
import { lrtDefinition } from './lrt.ts'
import { encodeTokens, type TokenEncoderConfig, tokenEncoderSpecs } from './tokenEncoder.ts'
import { transformerDefinition } from './transformer.ts'

const cases = goldenCases('encoders')

/** The architecture of a variant in this program's terms. */
function configOf({ json }: GoldenCase, name: string): TokenEncoderConfig {
  const a = json.architecture
  const { kind, norm, act } = json.variants[name]
  const definition = { transformer: transformerDefinition, lrt: lrtDefinition, linformer: linformerDefinition }[
    kind as 'lrt'
  ]
  return definition.parseConfig({
    vocabulary: a.vocabulary,
    maxTokens: a.max_length,
    width: a.width,
    layers: a.layers,
    heads: a.heads,
    feedForward: a.ff,
    norm,
    activation: act,
    normEpsilon: a.layer_norm_eps,
    dropout: a.dropout,
    tokenHead: 'separate',
    ...(kind === 'lrt' ? { rank: a.lrt_rank } : {}),
    ...(kind === 'linformer' ? { projection: a.linformer_k } : {}),
  })
}

const variants = cases.flatMap(at => Object.keys(at.json.variants).map(name => ({ at, name, folder: at.folder })))

/** Truth: explicit PyTorch code in float64, each variant checked there against an independent module. */
describe.skipIf(cases.length === 0).each(['cpu', 'webgpu'] as const)('golden: encoders on %s', device => {
  const runner = new GraphRunner(device)
  let reason = ''
  let works = false
  beforeAll(async () => {
    ;({ works, reason } = await runner.works())
  })
  afterAll(() => runner.close())

  it.for(variants)('$folder $name', async ({ at, name }, { skip }) => {
    if (!works) console.log(`encoders: ${device} skipped: ${reason}`)
    skip(!works, reason)
    const { json } = at
    const { tolerance, zero_gradient_tensors: zero, ...variant } = json.variants[name]
    const config = configOf(at, name)
    const specs = tokenEncoderSpecs(config)
    const judge = new Judge()
    const path = (file: string) => `${name}/${file}`
    const stored = await goldenWeights(at, path(variant.weights))
    expect(specs.map(spec => spec.name).sort()).toEqual([...stored.keys()].sort())
    judge.number(
      'parameters',
      specs.reduce((sum, spec) => sum + spec.shape.reduce((n, d) => n * d, 1), 0),
      variant.parameters,
      0,
    )
    const ids = goldenArray(at, 'ids.npy')
    const labels = goldenArray(at, 'labels.npy')
    const feeds: Map<string, ArrayLike<number>> = new Map<string, ArrayLike<number>>([
      ...[...stored].map(([key, tensor]) => [key, tensor.data as Float32Array] as const),
      ['ids', ids.data as Int32Array],
      ['labels', labels.data as Int32Array],
    ])

    const graph = new Graph()
    const idTensor = graph.input('ids', ids.shape, 'int32')
    const stages = encodeTokens(graph, config, idTensor)
    const logits = stages.outputs['logits']!
    const loss = crossEntropy(logits, graph.input('labels', labels.shape, 'int32'))
    const parameters = graph.leaves('parameter')
    const gradients = gradient(loss, parameters)
    const outputs: Record<string, Tensor> = { embeddings: stages.embeddings, logits, loss }
    stages.layers.forEach((layer, i) => {
      outputs[`hidden${i}`] = layer
    })
    if (config.finalNorm) outputs['final'] = stages.hidden
    parameters.forEach((parameter, i) => {
      outputs[`d ${parameter.node.leaf!.name}`] = gradients[i]!
    })
    const results = await runner.run(outputs, feeds)
    for (const key of [
      'embeddings',
      ...stages.layers.map((_, i) => `hidden${i}`),
      ...(config.finalNorm ? ['final'] : []),
      'logits',
    ])
      judge.array(
        key,
        results.get(key)!,
        goldenArray(at, path(`${key}.npy`)).data as Float32Array,
        tolerance.output_abs,
      )
    judge.number('loss', results.get('loss')![0], variant.loss_float64, tolerance.loss_relative * variant.loss_float64)
    const expected: Record<string, Summary> = goldenJson(at, path('gradients.json'))
    expect(Object.keys(expected).sort()).toEqual(specs.map(spec => spec.name).sort())
    for (const [key, summary] of Object.entries(expected))
      judge.summary(`gradient of ${key}`, results.get(`d ${key}`)!, summary, tolerance.gradient_relative, zero.includes(key) ? tolerance.gradient_relative : undefined) // biome-ignore format: one call

    await shortLogits(
      at,
      config,
      path('logits_short.npy'),
      ids.data as Int32Array,
      ids.shape,
      feeds,
      judge,
      tolerance.output_abs,
    )
    await trainedTensors(at, name, config, feeds, judge)
    expect(judge.comparisons).toBeGreaterThan(20 * specs.length + stages.layers.length * config.width)
    console.log(`encoders ${name} on ${device}: ${judge.worst}`)
  })

  /** As many AdamW steps as the case took, each one run of the training graph. */
  async function trainedTensors(at: GoldenCase, name: string, config: TokenEncoderConfig, feeds: Feeds, judge: Judge) {
    const { optimizer: o } = at.json
    const {
      tolerance,
      zero_gradient_tensors: zero,
      losses_before_each_step_and_after_float64: losses,
    } = at.json.variants[name]
    const graph = new Graph()
    const { outputs } = encodeTokens(graph, config, graph.input('ids', goldenArray(at, 'ids.npy').shape, 'int32'))
    const labels = graph.input('labels', goldenArray(at, 'labels.npy').shape, 'int32')
    const parameters = graph.leaves('parameter')
    expect(o.name).toMatch(/^AdamW\b/)
    const [beta1, beta2] = o.betas
    const step = trainingStep({
      losses: [crossEntropy(outputs['logits']!, labels)],
      parameters,
      optimizer: { kind: 'adamw', beta1, beta2, epsilon: o.eps, weightDecay: o.weight_decay },
    })
    const state = new Map<string, ArrayLike<number>>(feeds)
    for (const [moment, type] of step.moments) state.set(moment, new Float32Array(sizeOf(type.shape)))
    state.set(trainingInputs.rate, [o.lr])
    expect(losses.length).toBe(o.steps + 1)
    const session = await runner.open(step.outputs)
    for (let t = 1; t <= o.steps + 1; t++) {
      const results = await session.run(state.set(trainingInputs.step, [t]))
      judge.number(
        `loss before step ${t}`,
        results.get('loss')![0],
        losses[t - 1],
        tolerance.loss_relative * losses[t - 1],
      )
      if (t > o.steps) break
      for (const key of [...parameters.map(p => p.node.leaf!.name), ...step.moments.keys()])
        state.set(key, results.get(nextName(key))!)
    }
    await session.close()
    const expected: Record<string, Summary & { change_norm: number }> = goldenJson(at, `${name}/after${o.steps}.json`)
    expect(Object.keys(expected).sort()).toEqual(parameters.map(p => p.node.leaf!.name).sort())
    for (const [key, summary] of Object.entries(expected)) {
      const bound = zero.includes(key) ? tolerance.after3_abs_zero_gradient_tensors : tolerance.after3_abs
      const values = state.get(key)!
      const start = feeds.get(key)!
      const joint = bound * Math.sqrt(values.length)
      judge.array(
        `${key} after training`,
        Array.from(summary.first, (_, i) => values[i]!),
        summary.first,
        bound,
      )
      judge.number(
        `norm of ${key} after training`,
        euclidean(values, i => values[i]!),
        summary.norm,
        joint,
      )
      judge.number(
        `change of ${key}`,
        euclidean(values, i => values[i]! - start[i]!),
        summary.change_norm,
        joint,
      )
    }
    const whole = `${name}/after${o.steps}_token_embedding.npy`
    judge.array(
      whole,
      state.get('embeddings.token.weight')!,
      goldenArray(at, whole).data as Float32Array,
      tolerance.after3_abs,
    )
  }

  /** A shorter sequence: the first columns of the ids, in a graph of its own. */
  async function shortLogits(
    at: GoldenCase,
    config: TokenEncoderConfig,
    file: string,
    ids: Int32Array,
    [batch, length]: readonly number[],
    feeds: Feeds,
    judge: Judge,
    tolerance: number,
  ) {
    if (!goldenHas(at, file)) throw new Error(`${file} is missing`)
    const expected = goldenArray(at, file)
    const short = expected.shape[1]!
    const cut = Int32Array.from(
      { length: batch! * short },
      (_, i) => ids[Math.floor(i / short) * length! + (i % short)]!,
    )
    const graph = new Graph()
    const { outputs } = encodeTokens(graph, config, graph.input('ids', [batch!, short], 'int32'))
    const results = await runner.run({ logits: outputs['logits']! }, new Map(feeds).set('ids', cut))
    judge.array('logits of the short sequence', results.get('logits')!, expected.data as Float32Array, tolerance)
  }
})

function euclidean(values: ArrayLike<number>, of: (i: number) => number): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += of(i) ** 2
  return Math.sqrt(sum)
}
