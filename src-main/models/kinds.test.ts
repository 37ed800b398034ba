import { describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import {
  drawnPattern,
  SMALL_ARCHITECTURES as examples,
  SMALL_TOKENS as tokens,
} from '../../test-support/small-architectures.ts'
import { drawn, judgingGraph, valuesOf } from '../../test-support/small-network.ts'
import { sizeOf } from '../graph/types.ts'
import { MODELS } from './kinds.ts'
import { PATTERN_NAME } from './layers/blockPattern.ts'
import { modelRegistry } from './registry.ts'

const registry = modelRegistry(MODELS)
const kinds = Object.entries(examples)

describe('every kind of network', () => {
  it('has an example here', () => expect(registry.kinds.toSorted()).toEqual(Object.keys(examples).toSorted()))

  // Truth: what the file must hold is what the graph asks for, neither more nor less.
  it.each(kinds)('%s: the graph declares exactly its parameters', (kind, architecture) => {
    const model = registry.configure(kind, architecture)
    const graph = judgingGraph()
    model.buildForward(graph, { batch: 2, structure: drawnPattern(model) })
    const declared = [...graph.leaves('parameter'), ...graph.leaves('state')]
    const specs = model.parameters.filter(spec => !spec.structure)
    expect(declared.map(t => t.node.leaf!.name).toSorted()).toEqual(specs.map(spec => spec.name).toSorted())
    const shapes = new Map(declared.map(t => [t.node.leaf!.name, t.shape]))
    for (const spec of specs) expect(shapes.get(spec.name), spec.name).toEqual(spec.shape)
  })

  // Truth: sequences of a batch do not see each other.
  it.each(kinds)('%s: a batch is its sequences one by one', (kind, architecture) => {
    const model = registry.configure(kind, architecture)
    const options = { structure: drawnPattern(model) }
    const pair = judgingGraph()
    const two = model.buildForward(pair, { batch: 2, ...options })
    const numbers = new Map<string, number[]>(drawn(pair))
    for (const input of pair.leaves('input'))
      if (input.dtype === 'int32')
        numbers.set(
          input.node.leaf!.name,
          Array.from({ length: sizeOf(input.shape) }, (_, i) => (3 * i + 1) % 5),
        )
    for (let i = 0; i < 2; i++) {
      const single = judgingGraph()
      const one = model.buildForward(single, { batch: 1, ...options })
      const part = new Map(numbers)
      for (const input of single.leaves('input')) {
        const name = input.node.leaf!.name
        part.set(name, numbers.get(name)!.slice(i * sizeOf(input.shape), (i + 1) * sizeOf(input.shape)))
      }
      expect(Object.keys(one)).toEqual(Object.keys(two))
      for (const [name, tensor] of Object.entries(one)) {
        const alone = valuesOf(tensor, part)
        expect(alone.every(Number.isFinite)).toBe(true)
        const together = valuesOf(two[name]!, numbers).slice(i * alone.length, (i + 1) * alone.length)
        alone.forEach((value, at) => {
          expect(Math.abs(value - together[at]!)).toBeLessThan(1e-12)
        })
      }
    }
  })

  it.each(kinds)('%s: a wrong field is named with its value', (kind, architecture) => {
    for (const [field, value] of Object.entries(architecture)) {
      if (value === false) continue
      const wrong = { ...architecture, [field]: typeof value === 'number' ? value + 0.5 : 'nonsense' }
      const error = caught(() => registry.configure(kind, wrong))
      expect(error.code).toBe('bad-model')
      expect(error.message).toContain(field)
      expect(error.message).toContain(typeof value === 'number' ? String(value + 0.5) : 'nonsense')
    }
  })
  it.each(kinds)('%s: a missing or an unknown field is named', (kind, architecture) => {
    const needed = ['width', 'length'].find(field => field in architecture)!
    const { [needed]: _, ...without } = architecture
    expect(caught(() => registry.configure(kind, without)).message).toBe(
      `architecture.${needed} is missing, expected a whole number from 1`,
    )
    expect(caught(() => registry.configure(kind, { ...architecture, colour: 1 })).message).toContain(
      'architecture.colour',
    )
    expect(caught(() => registry.configure(kind, [])).message).toContain('architecture')
  })
  it.each([
    ['heads that do not divide the width', 'transformer', { ...tokens, heads: 3 }, 'heads'],
    ['a padding token beyond the vocabulary', 'linformer', { ...tokens, projection: 3, padToken: 9 }, 'padToken'],
    ['a pooler without classes', 'lrt', { ...tokens, rank: 2, classes: 0 }, 'pooler'],
    ['a length between bins', 'enformer', { ...examples['enformer'], length: 60 }, 'length'],
    [
      'position features that do not split',
      'enformer',
      { ...examples['enformer'], positionFeatures: 8 },
      'positionFeatures',
    ],
    ['blocks that do not fill the sequence', 'bigbird', { ...examples['bigbird'], block: 3 }, 'block'],
    ['too few blocks', 's-enformer', { ...examples['s-enformer'], block: 4 }, 'length'],
  ])('refuses %s', (_, kind, architecture, field) => {
    expect(caught(() => registry.configure(kind, architecture)).message).toContain(`architecture.${field}`)
  })
  it('asks for the stored pattern where a network has one', () => {
    const model = registry.configure('bigbird', examples['bigbird'])
    expect(() => model.buildForward(judgingGraph(), { batch: 1 })).toThrow(PATTERN_NAME)
  })
  it('says which lengths Enformer takes', () => {
    const model = registry.configure('enformer', examples['enformer'])
    expect(() => model.buildForward(judgingGraph(), { batch: 1, length: 24 })).toThrow(/24 bp are 3 bins of 8/)
  })
})

function caught(work: () => unknown): WorkbenchError {
  try {
    work()
  } catch (error) {
    if (error instanceof WorkbenchError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
