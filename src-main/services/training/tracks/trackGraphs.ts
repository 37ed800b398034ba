import { Graph, type Tensor } from '../../../graph/graph.ts'
import { poisson, poissonMultinomial } from '../../../graph/losses.ts'
import { emitOnnx } from '../../../graph/onnx.ts'
import { dropout } from '../../../graph/ops.ts'
import { seedInput, trainingStep } from '../../../graph/optimizer/trainingStep.ts'
import type { TensorType } from '../../../graph/types.ts'
import type { ConfiguredModel } from '../../../models/registry.ts'
import type { TrackLoss, TrainingRecipe } from './trackRecipe.ts'

export interface TrainingGraph {
  readonly onnx: Uint8Array
  /** What one run computes: loss, new weights, new moments. */
  readonly outputs: readonly Tensor[]
  /** Moments by input name, zeros at first. */
  readonly moments: ReadonlyMap<string, TensorType>
  /** Weights and statistics that the graph is fed, trained or not. */
  readonly inputs: readonly string[]
  readonly trained: readonly string[]
}

/** What a batch is called in both graphs. */
export const SEQUENCE = 'sequence'
export const TARGET = 'target'

const lossOf = (loss: TrackLoss, predicted: Tensor, target: Tensor): Tensor =>
  loss.kind === 'poisson' ? poisson(predicted, target) : poissonMultinomial(predicted, target, loss.totalWeight)

/** The step of a training on tracks as one run. `isTrained`: which weights move; the others are frozen, bit for bit. */
export function trackTrainingGraph(
  model: ConfiguredModel,
  recipe: Pick<TrainingRecipe, 'batch' | 'batchNorm' | 'loss' | 'optimizer' | 'clipNorm' | 'clipEach'>,
  structure: ReadonlyMap<string, ArrayLike<number>>,
  isTrained: (name: string) => boolean,
): TrainingGraph {
  const graph = new Graph()
  const training = {
    dropout: (x: Tensor, rate: number) => dropout(x, rate, seedInput(graph)),
    batchNorm: recipe.batchNorm,
  }
  const [predicted] = Object.values(model.buildForward(graph, { batch: recipe.batch, training, structure })) as [Tensor]
  const target = graph.input(TARGET, predicted.shape)
  const parameters = graph.leaves('parameter').filter(p => isTrained(p.node.leaf!.name))
  const step = trainingStep({
    losses: [lossOf(recipe.loss, predicted, target)],
    parameters,
    optimizer: recipe.optimizer,
    ...(recipe.clipNorm !== undefined ? { clipNorm: recipe.clipNorm } : {}),
    ...(recipe.clipEach !== undefined ? { clipEach: recipe.clipEach } : {}),
    // Norms, biases and pools are not decayed.
    group: name => (decays(graph, name) ? {} : { weightDecay: 0 }),
  })
  const onnx = emitOnnx(step.outputs)
  const fed = new Set(onnx.inputs.keys())
  const names = [...graph.leaves('parameter'), ...graph.leaves('state')].map(t => t.node.leaf!.name)
  return { onnx: onnx.bytes, outputs: Object.values(step.outputs), moments: step.moments, inputs: names.filter(n => fed.has(n)), trained: parameters.map(p => p.node.leaf!.name) } // biome-ignore format: one thought
}

const decays = (graph: Graph, name: string): boolean =>
  !name.includes('to_attn_logits') && graph.leaves('parameter').find(p => p.node.leaf!.name === name)!.shape.length > 1

/** The network as it is used, with its weights as inputs. */
export function trackForwardGraph(
  model: ConfiguredModel,
  batch: number,
  structure: ReadonlyMap<string, ArrayLike<number>>,
): { readonly onnx: Uint8Array; readonly inputs: readonly string[]; readonly output: string } {
  const graph = new Graph()
  const outputs = model.buildForward(graph, { batch, structure })
  const [output] = Object.keys(outputs) as [string]
  const onnx = emitOnnx(outputs)
  return { onnx: onnx.bytes, inputs: [...onnx.inputs.keys()].filter(n => n !== SEQUENCE), output }
}
