import { expect } from 'vitest'
import type { GoldenCase } from '../../test-support/golden.ts'
import { goldenArray, goldenCases, Judge } from '../../test-support/golden.ts'
import { goldenOnDevices } from '../../test-support/golden-devices.ts'
import { type GoldenEnformer, goldenEnformer, oneHotCodes } from '../../test-support/golden-enformer.ts'
import { Graph, type Tensor } from '../graph/graph.ts'
import { slice, transpose } from '../graph/ops.ts'
import { enformerSpecs, runEnformer } from './enformer.ts'
import { positionFeatures } from './layers/positionFeatures.ts'
import { parameterCount } from './layers/weights.ts'

const cases = goldenCases('enformer')

/** Stages under the names of their files; `stem_first64` is a file of the first 64 positions. */
function stagesOf(graph: Graph, { config, batch, length }: GoldenEnformer, files: readonly string[]) {
  const stages = runEnformer(graph, config, graph.input('sequence', [batch, length, 4]))
  const outputs: Record<string, Tensor> = { tower: stages.tower, embedding: stages.embedding, ...stages.heads }
  stages.blocks.forEach((block, i) => {
    outputs[`block${i}`] = block
  })
  for (const file of files) {
    const positions = /^stem_first(\d+)$/.exec(file)?.[1]
    if (positions !== undefined) outputs[file] = transpose(slice(stages.stem, 2, 0, Number(positions)), [0, 2, 1])
  }
  return outputs
}

/** Truth: enformer-pytorch in float64 with its gamma features corrected, and an independent numpy forward. */
goldenOnDevices('enformer', cases, '$folder', (runner, float, device) => {
  const judgeCase = async (at: GoldenCase) => {
    const { json } = at
    const judge = new Judge()
    const golden = await goldenEnformer(at)
    judge.number('parameters', parameterCount(enformerSpecs(golden.config)), json.weights.parameters, 0)
    const files = Object.keys(json.tolerance).filter(file => file.endsWith('.npy'))
    const positional = files.filter(file => file.startsWith('positional_'))
    const names = files.filter(file => !positional.includes(file)).map(file => file.slice(0, -'.npy'.length))
    expect(names.length).toBeGreaterThanOrEqual(3 + golden.config.layers + golden.config.outputs.size)
    const graph = new Graph({ float })
    const outputs = stagesOf(graph, golden, names)
    const feeds = new Map<string, ArrayLike<number>>([...golden.weights, ['sequence', oneHotCodes(golden.codes)]])
    const results = await runner.run(outputs, feeds)
    for (const name of names) {
      const expected = goldenArray(at, `${name}.npy`).data as Float32Array
      // In float64 nothing is left but the rounding of the stored numbers to float32.
      const tolerance = float === 'float64' ? 1e-6 * Math.max(...expected.map(Math.abs)) : json.tolerance[`${name}.npy`]
      judge.array(name, results.get(name)!, expected, tolerance)
    }
    for (const file of positional) judgePositions(file)
    expect(judge.comparisons).toBeGreaterThan(1000)
    console.log(`enformer on ${device} in ${float}: ${judge.worst}`)

    function judgePositions(file: string) {
      const expected = goldenArray(at, file)
      const tokens = Number(/_T(\d+)/.exec(file)![1])
      const features = expected.shape[1]!
      const table = positionFeatures(tokens, features)
      const distances: readonly number[] | undefined = file.includes('_rows')
        ? json.positional[`T${tokens}`].d
        : undefined
      const rows = distances ?? Array.from({ length: 2 * tokens - 1 }, (_, row) => row - (tokens - 1))
      const ours = rows.flatMap(d => [...table.subarray((d + tokens - 1) * features, (d + tokens) * features)])
      judge.array(file, ours, expected.data as Float32Array, json.tolerance[file])
    }
  }

  return judgeCase
})
