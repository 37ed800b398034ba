import { Graph, type Tensor } from '../../../graph/graph.ts'
import { poisson } from '../../../graph/losses.ts'
import { dropout } from '../../../graph/ops.ts'
import { seedInput, type TrainingStep, trainingStep } from '../../../graph/optimizer/trainingStep.ts'
import type { ConfiguredModel, ForwardOutputs, ModelRegistry } from '../../../models/registry.ts'
import { drawnStructure } from '../../models/drawnStructure.ts'
import type { LengthModel, LengthPart } from './lengthRecipe.ts'

/** A point of the experiment. */
export interface LengthSetup {
  readonly part: LengthPart
  readonly model: LengthModel
  readonly lengthBp: number
  readonly layers: number
}

/** Bins that the published network keeps of any window. */
const BINS = 896
const BIN_BP = 128

/**
 * `architecture` of Enformer or S-Enformer at a width: what is published has 1,536 channels, stem 768, tower 768 to 1,536 in sixths,
 * 8 heads with keys of a 24th and values of an eighth of the width, features of position as many as a value.
 */
export function publishedArchitecture(
  model: LengthModel,
  {
    width,
    tracks,
    lengthBp,
    layers,
  }: { readonly width: number; readonly tracks: number; readonly lengthBp: number; readonly layers: number },
): Readonly<Record<string, unknown>> {
  const twelfth = width / 12
  const trunk = {
    length: lengthBp,
    targetBins: Math.min(BINS, lengthBp / BIN_BP),
    stemFilters: 6 * twelfth,
    towerFilters: [6, 7, 8, 9, 10, 12].map(n => n * twelfth),
    layers,
    heads: 8,
    outputs: { human: tracks },
  }
  return model === 's-enformer'
    ? trunk
    : { ...trunk, keySize: width / 24, valueSize: width / 8, positionFeatures: width / 8 }
}

export const lengthNetwork = (setup: LengthSetup, registry: ModelRegistry): ConfiguredModel =>
  registry.configure(setup.model, publishedArchitecture(setup.model, { ...setup.part, ...setup }))

/** The network of a point as it is used. */
export const inferenceGraph = (
  network: ConfiguredModel,
  { part }: LengthSetup,
  graph: Graph,
  batch = 1,
): ForwardOutputs =>
  network.buildForward(graph, { batch, structure: drawnStructure(network.parameters), attention: part.attention })

export interface LengthTraining {
  readonly graph: Graph
  readonly step: TrainingStep
  /** Weights that are neither trained nor renewed. */
  readonly frozen: readonly Tensor[]
  readonly target: Tensor
}

/** One step of Adam on the Poisson loss of one window, with dropout and the batch's own statistics, as the published training. */
export function trainingGraph(network: ConfiguredModel, { part, model }: LengthSetup): LengthTraining {
  const graph = new Graph()
  const training = {
    dropout: (x: Tensor, rate: number) => dropout(x, rate, seedInput(graph)),
    batchNorm: 'batch' as const,
  }
  const options = { batch: 1, structure: drawnStructure(network.parameters), attention: part.attention, training }
  const [predicted] = Object.values(network.buildForward(graph, options)) as [Tensor]
  const target = graph.input('target', predicted.shape)
  const all = graph.leaves('parameter')
  const isTrained = part.job === 'training' ? () => true : (name: string) => PUBLISHED_GRADIENTS[model].test(name)
  const trained = (t: Tensor) => isTrained(t.node.leaf!.name)
  const parameters = all.filter(trained)
  const step = trainingStep({ losses: [poisson(predicted, target)], parameters, optimizer: { kind: 'adam' } })
  return { graph, step, frozen: all.filter(t => !trained(t)), target }
}

/**
 * Variables that existed when the published measurement listed them, before the first pass made the others: the two biases of position of
 * Enformer's attention, the four maps of S-Enformer's.
 */
const PUBLISHED_GRADIENTS: Readonly<Record<LengthModel, RegExp>> = {
  enformer: /\.rel_(content|pos)_bias$/,
  's-enformer': /\.0\.fn\.1\.(q|k|v|o)\.(weight|bias)$/,
}
