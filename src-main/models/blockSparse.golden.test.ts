import { expect } from 'vitest'
import {
  goldenArray,
  goldenCases,
  goldenHas,
  goldenJson,
  goldenWeights,
  Judge,
  type Summary,
} from '../../test-support/golden.ts'
import { goldenOnDevices } from '../../test-support/golden-devices.ts'
import { gradient } from '../graph/gradient.ts'
import { Graph } from '../graph/graph.ts'
import { mul, reduceSum } from '../graph/ops.ts'
import { attentionSpecs } from './layers/attention.ts'
import type { RandomBlocks } from './layers/blockPattern.ts'
import { blockSparseAttention } from './layers/blockSparse.ts'
import { Weights } from './layers/weights.ts'

const cases = goldenCases('block-sparse')
const patterns = cases.flatMap(at => Object.keys(at.json.cases).map(name => ({ at, name, folder: at.folder })))

/** Truth: dense softmax with a mask in float64, there checked against google-research/bigbird. */
goldenOnDevices('block-sparse attention', patterns, '$folder $name', (runner, float, device) => {
  const judgeCase = async ({ at, name }: (typeof patterns)[number]) => {
    const { architecture, tolerance, cases: listed } = at.json
    const random: RandomBlocks = listed[name].random_blocks
    const judge = new Judge()
    const weights = await goldenWeights(at, 'weights.safetensors')
    const input = goldenArray(at, 'x.npy')
    const graph = new Graph({ float })
    const x = graph.input('x', input.shape)
    const specs = attentionSpecs('attention', architecture.width)
    const y = blockSparseAttention(new Weights(graph, specs), 'attention', x, {
      heads: architecture.heads,
      block: architecture.block,
      random,
    })
    const parameters = graph.leaves('parameter')
    const loss = reduceSum(mul(y, graph.input('upstream', y.shape)))
    const [byX, ...byParameters] = gradient(loss, [x, ...parameters])
    const outputs = Object.fromEntries(parameters.map((p, i) => [`d ${p.node.leaf!.name}`, byParameters[i]!]))
    const feeds = new Map<string, ArrayLike<number>>([
      ['x', input.data as Float32Array],
      ['upstream', goldenArray(at, 'grad_output.npy').data as Float32Array],
      ...[...weights].map(([key, tensor]) => [`attention.${key}`, tensor.data as Float32Array] as const),
    ])
    expect(specs.map(spec => spec.name).sort()).toEqual([...weights.keys()].map(key => `attention.${key}`).sort())
    const results = await runner.run({ y, byX: byX!, ...outputs }, feeds)
    const expected = goldenArray(at, `${name}_output.npy`)
    judge.array('output', results.get('y')!, expected.data as Float32Array, tolerance.output_abs)
    // A pattern that repeats blocks comes without the gradient by the input; its parameters' gradients are there.
    const byInput = `${name}_grad_x.npy`
    const summaries = `${name}_grad_parameters.json`
    const repeats = listed[name].counting_duplicates_once_changes_output_by > 0
    if (!repeats || goldenHas(at, byInput))
      judge.array(
        'gradient by x',
        results.get('byX')!,
        goldenArray(at, byInput).data as Float32Array,
        tolerance.input_gradient_abs,
      )
    for (const [key, summary] of Object.entries<Summary>(goldenJson(at, summaries)))
      judge.summary(
        `gradient of ${key}`,
        results.get(`d attention.${key}`)!,
        summary,
        tolerance.parameter_gradient_relative,
        key === 'k.bias' ? tolerance.k_bias_gradient_abs : undefined,
      )
    const once = `${name}_output_counted_once.npy`
    if (repeats) {
      // Counting a repeated block once gives another result: the case states by how much.
      const other = goldenArray(at, once).data as Float32Array
      const ours = results.get('y')!
      let gap = 0
      for (let i = 0; i < other.length; i++) gap = Math.max(gap, Math.abs(ours[i]! - other[i]!))
      judge.number(
        'difference from counting once',
        gap,
        listed[name].counting_duplicates_once_changes_output_by,
        2 * tolerance.output_abs,
      )
    }
    expect(judge.comparisons).toBeGreaterThan(input.data.length + specs.length)
    console.log(`block-sparse ${name} on ${device} in ${float}: ${judge.worst}`)
  }

  return judgeCase
})
