import { describe, expect, it } from 'vitest'
import { Graph } from '../../../graph/graph.ts'
import { MODELS } from '../../../models/kinds.ts'
import { parameterCount } from '../../../models/layers/weights.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { inferenceGraph, type LengthSetup, lengthNetwork, trainingGraph } from './lengthNetworks.ts'
import type { LengthPart } from './lengthRecipe.ts'

const registry = modelRegistry(MODELS)
const part: LengthPart = {
  job: 'inference',
  attention: 'chunked',
  width: 1536,
  tracks: 5313,
  workload: 'fixed',
  models: ['enformer', 's-enformer'],
  layers: [11, 1],
  lengthsBp: [196_608],
  warmUp: 0,
  repeats: 1,
  seconds: 1,
}
const setup = (model: LengthSetup['model'], change: Partial<LengthPart> = {}, layers = 11): LengthSetup => ({
  part: { ...part, ...change },
  model,
  lengthBp: 196_608,
  layers,
})
/** Of the mouse head of the published network, which is left out: 1,643 tracks of 3,072 channels with bias. */
const MOUSE = 1643 * 3072 + 1643

describe('the networks of the experiment', () => {
  // Truth: the published networks have 251,221,292 and 284,782,380 parameters with both heads.
  it('have the parameters of the published ones at full width', () => {
    const count = (model: LengthSetup['model']) => parameterCount(lengthNetwork(setup(model), registry).parameters)
    expect(count('enformer') + MOUSE).toBe(251_221_292)
    expect(count('s-enformer') + MOUSE).toBe(284_782_380)
  })
  it('keep 896 bins of any window, and all of a shorter one', () => {
    const shapeAt = (lengthBp: number) => {
      const small = { ...setup('enformer', { width: 48, tracks: 2 }, 1), lengthBp }
      return inferenceGraph(lengthNetwork(small, registry), small, new Graph())['human']!.shape
    }
    expect(shapeAt(393_216)).toEqual([1, 896, 2])
    expect(shapeAt(32_768)).toEqual([1, 256, 2])
  })
})

describe('gradients of the published measurement', () => {
  // Truth: u and w of each layer of Enformer; q, k, v and out with their biases of S-Enformer.
  it.each([
    ['enformer', 2],
    ['s-enformer', 8],
  ] as const)('of %s are of %d variables a layer', (model, each) => {
    const small = { ...setup(model, { job: 'training-attention', width: 48, tracks: 2 }, 3), lengthBp: 24_576 }
    const { step } = trainingGraph(lengthNetwork(small, registry), small)
    const trained = Object.keys(step.outputs).filter(name => /^next\/(?!m\/|v\/).*\.fn\.1\./.test(name))
    expect(trained).toHaveLength(3 * each)
    expect(step.moments.size).toBe(2 * 3 * each)
  })
  it('of a whole training are of every parameter', () => {
    const small = { ...setup('s-enformer', { job: 'training', width: 48, tracks: 2 }, 1), lengthBp: 24_576 }
    const network = lengthNetwork(small, registry)
    const { step, frozen } = trainingGraph(network, small)
    expect(frozen).toEqual([])
    expect(step.moments.size).toBe(2 * network.parameters.filter(p => !p.buffer).length)
  })
})
