import type { Factors } from '../../../../src-shared/lab/result.ts'
import { Graph } from '../../../graph/graph.ts'
import { MODELS } from '../../../models/kinds.ts'
import { type ModelRegistry, modelRegistry } from '../../../models/registry.ts'
import { tiledParts } from '../../predict/tiledNetwork.ts'
import type { ExperimentReader, PlannedGraph, PointPlan } from '../experiment.ts'
import { inferenceGraph, type LengthSetup, lengthNetwork, trainingGraph } from './lengthNetworks.ts'
import { type LengthPart, type LengthRecipe, parseLengthRecipe } from './lengthRecipe.ts'
import { visitLength } from './visitLength.ts'

/** Memory and time of Enformer and S-Enformer against the length of the window (Figures 1 to 3 of the S-Enformer report). */
export const readLengthExperiment: ExperimentReader = async file => {
  const recipe = parseLengthRecipe(file)
  const setups = recipe.parts.flatMap(setupsOf)
  const points = new Map(setups.map(setup => [planOf(setup), setup]))
  return {
    name: 'length',
    visits: recipe.visits,
    pointLimitSeconds: recipe.pointLimitSeconds,
    notes: notesOf(recipe),
    points: [...points.keys()],
    visit: (point, context) => visitLength(points.get(point)!, setups, context),
  }
}

function setupsOf(part: LengthPart): LengthSetup[] {
  return part.lengthsBp.flatMap(lengthBp =>
    part.layers.flatMap(layers => part.models.map(model => ({ part, model, lengthBp, layers }))),
  )
}

function planOf(setup: LengthSetup): PointPlan {
  const { part, model, lengthBp, layers } = setup
  const { job, attention, width } = part
  const factors: Factors = { model, lengthBp, layers, job, attention, width }
  return { factors, graph: () => plannedGraph(setup, modelRegistry(MODELS)) }
}

function plannedGraph(setup: LengthSetup, registry: ModelRegistry): PlannedGraph {
  const { part } = setup
  const network = lengthNetwork(setup, registry)
  const runs = { runs: part.warmUp + part.repeats, enough: part }
  if (part.job !== 'inference') {
    const { graph, step } = trainingGraph(network, setup)
    return { graph, outputs: Object.values(step.outputs), ...runs, work: 'training', workload: part.workload }
  }
  const graph = new Graph()
  const outputs = inferenceGraph(network, setup, graph)
  const parts = tiledParts(outputs, part.attention === 'whole' ? 'off' : 'auto')
  return { graph, outputs: Object.values(outputs), ...runs, work: 'inference', workload: 'varied', ...(parts ? { parts } : {}) } // biome-ignore format: one graph
}

function notesOf({ parts, visits }: LengthRecipe): string[] {
  const reduced = [...new Set(parts.map(p => p.width).filter(w => w !== 1536))]
  return [
    'Random weights and random bases: time and memory do not depend on them. Nothing here says how well a model predicts.',
    'A window is filled with bases; no flank is padding. 896 bins are kept of every window.',
    ...(reduced.length > 0
      ? [
          `Reduced width: ${reduced.join(' and ')} of the published 1,536 channels, everything else in proportion; 8 heads as published.`,
        ]
      : []),
    ...(parts.some(p => p.job === 'training')
      ? ['Training: one step of Adam on one window with the gradients of all weights. The published figures 1 to 3 took gradients of the attention variables alone (u and w of Enformer; q, k, v and out of S-Enformer) and are not to be compared with it.'] // biome-ignore format: one sentence
      : []),
    ...(parts.some(p => p.job === 'training-attention')
      ? ['Training of the attention alone: gradients of u and w (Enformer) or q, k, v and out (S-Enformer), as the published figures took them: one step instead of a human and a mouse step.'] // biome-ignore format: one sentence
      : []),
    ...(parts.some(p => p.job !== 'inference' && p.workload === 'varied')
      ? [
          'Memory that a step has freed is given back at once instead of being kept for the next: peak memory is what the step needs.',
        ]
      : []),
    ...(parts.some(p => p.attention === 'chunked')
      ? ['`chunked`: what this program runs: convolutions in tiles (inference), scores of some queries at a time.']
      : []),
    ...(parts.some(p => p.attention === 'whole')
      ? ['`whole`: all of the network and all scores at once, as the published code.']
      : []),
    `Peak memory is that of a process of its own for each visit${visits > 1 ? `; ${visits} visits in turns` : ''}.`,
  ]
}
