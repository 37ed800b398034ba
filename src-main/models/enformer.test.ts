import { describe, expect, it } from 'vitest'
import { drawn, judgingGraph, type Numbers, relativeGap, valuesOf } from '../../test-support/small-network.ts'
import { gradient } from '../graph/gradient.ts'
import { reachedSpans } from '../graph/locality.ts'
import { poisson } from '../graph/losses/poisson.ts'
import { type EnformerConfig, enformerDefinition, runEnformer } from './enformer.ts'
import { drawPattern, layerPattern, layerReach, PATTERN_NAME } from './layers/blockPattern.ts'
import { runSEnformer, sEnformerDefinition, sEnformerPattern } from './sEnformer.ts'

const trunk = { stemFilters: 3, towerFilters: [4, 4], layers: 1, heads: 2, outputs: { human: 2 } }
const config: EnformerConfig = enformerDefinition.parseConfig({
  ...trunk,
  length: 48,
  targetBins: 4,
  keySize: 2,
  valueSize: 3,
  positionFeatures: 6,
})

/** A one-hot sequence, N where the code is 4. */
const oneHot = (codes: readonly number[]): number[] =>
  codes.flatMap(code => [0, 1, 2, 3].map(base => (base === code ? 1 : 0)))
const codes = Array.from({ length: 48 }, (_, i) => (i * i + 3 * i) % 5)

describe('a small Enformer', () => {
  const build = (batchNorm?: 'batch') => {
    const graph = judgingGraph()
    const sequence = graph.input('sequence', [1, 48, 4])
    const stages = runEnformer(graph, config, sequence, batchNorm && { batchNorm })
    const numbers: Numbers = drawn(graph)
    numbers.set('sequence', oneHot(codes))
    return { graph, sequence, stages, numbers }
  }

  // Truth: central finite differences of the plain loops, along one direction a tensor.
  it.each([undefined, 'batch'] as const)('gradients of the Poisson loss, batch statistics: %s', mode => {
    const { graph, sequence, stages, numbers } = build(mode)
    const human = stages.heads['human']!
    const target = graph.constant([3, 0, 0, 1, 2, 0, 0.5, 4], human.shape)
    const loss = poisson(human, target)
    const leaves = [sequence, ...graph.leaves('parameter')]
    const gradients = gradient(loss, leaves)
    leaves.forEach((leaf, i) => {
      const name = leaf.node.leaf!.name
      const values = numbers.get(name)!
      const direction = values.map((_, at) => Math.cos(2 * at + 1))
      const at = (step: number) =>
        valuesOf(
          loss,
          new Map(numbers).set(
            name,
            values.map((v, k) => v + step * direction[k]!),
          ),
        )[0]!
      const numeric = (at(1e-5) - at(-1e-5)) / 2e-5
      const exact = valuesOf(gradients[i]!, numbers).reduce((sum, g, k) => sum + g * direction[k]!, 0)
      expect(Math.abs(exact - numeric), name).toBeLessThan(1e-6 * Math.max(1, Math.abs(numeric)))
    })
  })

  // Truth: what the operations declare about their reach must hold for the numbers: outside exactly nothing changes.
  it('changes exactly the tokens that its operations declare', () => {
    const { sequence, stages, numbers } = build()
    const plain = valuesOf(stages.tower, numbers)
    for (let position = 0; position < 48; position += 5) {
      const mutated = new Map(numbers).set('sequence', oneHot(codes.with(position, (codes[position]! + 1) % 4)))
      const after = valuesOf(stages.tower, mutated)
      const span = reachedSpans([stages.tower], sequence, { axis: 1, start: position, end: position + 1 }).get(
        stages.tower,
      )!
      for (let token = 0; token < 6; token++) {
        const changed = plain.slice(4 * token, 4 * token + 4).some((v, i) => v !== after[4 * token + i])
        expect(changed, `position ${position}, token ${token}`).toBe(token >= span.start && token < span.end)
      }
    }
  })
  it('moves running statistics only when told to', () => {
    expect(build().graph.updates.size).toBe(0)
    expect([...build('batch').graph.updates.keys()].filter(name => name.endsWith('running_var'))).toHaveLength(6)
  })
})

describe('a small S-Enformer', () => {
  const sparse = sEnformerDefinition.parseConfig({ ...trunk, length: 128, targetBins: 16, block: 2, randomBlocks: 1 })
  const shape = sEnformerPattern(sparse)
  const pattern = drawPattern(shape, 'uniform', 5)
  const sequence = Array.from({ length: 128 }, (_, i) => (i * i + 3 * i) % 4)
  const build = (settings = sparse) => {
    const graph = judgingGraph()
    const input = graph.input('sequence', [1, 128, 4])
    const stages = runSEnformer(graph, settings, input, { structure: new Map([[PATTERN_NAME, pattern]]) })
    return { stages, numbers: drawn(graph).set('sequence', oneHot(sequence)) }
  }

  // Truth: the boolean reach of the stored pattern after one layer.
  it('reaches the blocks that its pattern says', () => {
    const { stages, numbers } = build()
    const plain = valuesOf(stages.blocks[0]!, numbers)
    const reach = layerReach(layerPattern(pattern, shape, 0), shape.blocks)
    const towerBefore = valuesOf(stages.tower, numbers)
    for (const position of [0, 40, 70, 127]) {
      const mutated = new Map(numbers).set('sequence', oneHot(sequence.with(position, (sequence[position]! + 2) % 4)))
      const tower = valuesOf(stages.tower, mutated)
      const moved = new Set<number>()
      tower.forEach((v, i) => {
        if (v !== towerBefore[i]) moved.add(Math.floor(i / 4 / 2))
      })
      const after = valuesOf(stages.blocks[0]!, mutated)
      for (let query = 0; query < shape.blocks; query++) {
        const changed = plain.slice(8 * query, 8 * query + 8).some((v, i) => v !== after[8 * query + i])
        expect(changed).toBe([...moved].some(key => reach[query]![key]))
      }
    }
  })
  // Truth: tokens without a single known base are hidden, so what else is there cannot depend on them being seen.
  it('hides padded flanks unless told not to', () => {
    const padded = sequence.map((code, i) => (i < 40 ? 4 : code))
    const values = [sparse, { ...sparse, maskPadding: false }].map(settings => {
      const { stages, numbers } = build(settings)
      return valuesOf(stages.embedding, numbers.set('sequence', oneHot(padded)))
    })
    expect(relativeGap(values[0]!, values[1]!)).toBeGreaterThan(1e-3)
    const whole = [sparse, { ...sparse, maskPadding: false }].map(settings => {
      const { stages, numbers } = build(settings)
      return valuesOf(stages.embedding, numbers)
    })
    expect(relativeGap(whole[0]!, whole[1]!)).toBeLessThan(1e-12)
  })
})
