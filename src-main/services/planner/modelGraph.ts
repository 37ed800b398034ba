import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { gradient } from '../../graph/gradient.ts'
import { Graph, type Tensor } from '../../graph/graph.ts'
import { crossEntropy, poisson } from '../../graph/losses.ts'
import { dropout, reduceSum, reshape } from '../../graph/ops.ts'
import { seedInput, trainingStep } from '../../graph/optimizer/trainingStep.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ForwardOptions, ForwardOutputs, ModelRegistry } from '../../models/registry.ts'
import type { PlannedGraph } from '../lab/experiment.ts'
import { drawnStructure } from '../models/drawnStructure.ts'
import { tiledParts } from '../predict/tiledNetwork.ts'
import { atWindow } from '../predict/windowLength.ts'

/** What a model computes, before a weight of it is read. */
export interface ModelWork {
  readonly json: ModelJson
  /** `gradient`: of the outputs by the sequence, as attribution and previews of scans run it. */
  readonly work: 'inference' | 'training' | 'gradient'
  /** Base pairs of the window, or tokens; default: what the model is made for. */
  readonly length?: number
  /** Default 1. */
  readonly batch?: number
  /** How often the graph runs; default 1. */
  readonly runs?: number
  /** How an inference opens the graph (compute/engine.ts); default `fixed`, as predictions and scores do. */
  readonly workload?: 'fixed' | 'varied'
  /** In tiles whatever its size, as `--tile` asks for; else where it is large, as predictions run. */
  readonly tiled?: boolean
}

/** Tiles for what does not fit otherwise. */
const TILE_BP = 16_384

/**
 * The graph of a model's job, from its configuration alone. A stored attention pattern is drawn here: which blocks it names costs nothing,
 * how many does. Training is a step of AdamW over all weights, with dropout and the loss that its kind of output has.
 * @throws WorkbenchError as reading the configuration does; `unsupported` for an imported ONNX graph
 */
export function modelGraph(request: ModelWork, registry: ModelRegistry): PlannedGraph {
  const { work, batch = 1, runs = 1, workload = 'fixed' } = request
  const json = sized(request, registry)
  if (json.kind === 'onnx') throw new WorkbenchError('unsupported', `model '${json.id}' is an imported ONNX graph, of which nothing is planned`, 'run it: its memory is checked before each run') // biome-ignore format: one thought
  if (json.kind === 'logistic' && work !== 'inference') throw new WorkbenchError('unsupported', `model '${json.id}' is a logistic model, which is fitted at once and has no ${work === 'training' ? 'training steps' : 'sequence to look back to'}`, 'plan its inference, or run it: it costs next to nothing') // biome-ignore format: one thought
  const network = registry.configure(json.kind, json.architecture)
  const graph = new Graph()
  const length = json.input.type === 'dna' ? undefined : request.length
  const options: ForwardOptions = {
    batch,
    ...(length === undefined ? {} : { length }),
    structure: drawnStructure(network.parameters),
  }
  if (work === 'inference') {
    const outputs = network.buildForward(graph, options)
    const parts =
      json.input.type === 'dna' && batch === 1 ? tiledParts(outputs, request.tiled ? TILE_BP : 'auto') : undefined
    return { graph, outputs: Object.values(outputs), runs, work, workload, ...(parts ? { parts } : {}) }
  }
  if (work === 'gradient') {
    const [output] = Object.values(network.buildForward(graph, options))
    const sequence = graph.leaves('input').find(t => t.node.leaf?.name === 'sequence')
    if (!sequence) throw new WorkbenchError('unsupported', `model '${json.id}' reads no sequence`, 'use a model of DNA')
    const all = reduceSum(reshape(output!, [-1]), 0)
    return { graph, outputs: gradient(all, [sequence]), runs, work: 'inference', workload }
  }
  const training = {
    dropout: (x: Tensor, rate: number) => dropout(x, rate, seedInput(graph)),
    batchNorm: 'batch' as const,
  }
  const losses = [lossOf(network.buildForward(graph, { ...options, training }))]
  const parameters = trainedOf(graph, losses)
  const step = trainingStep({ losses, parameters, optimizer: { kind: 'adamw', weightDecay: 0.01 }, clipNorm: 1 })
  return { graph, outputs: Object.values(step.outputs), runs, work, workload: 'fixed' }
}

/** The same model at the length that is asked for. */
function sized({ json, length }: ModelWork, registry: ModelRegistry): ModelJson {
  if (length === undefined || json.input.type !== 'dna') return json
  const { attentionPattern } = json
  if (!attentionPattern) return atWindow(json, length, registry)
  // A stored pattern is of one length: what another one would cost is told all the same.
  const { binSize = 1, cropBins = 0 } = json.output
  const architecture = {
    ...json.architecture,
    length,
    ...('targetBins' in json.architecture ? { targetBins: length / binSize - 2 * cropBins } : {}),
  }
  return { ...json, architecture, input: { ...json.input, length } }
}

/** As trackGraphs.ts and risk/classify.ts make it; terms beside the dominant one cost next to nothing. */
function lossOf(outputs: ForwardOutputs): Tensor {
  const [name, predicted] = Object.entries(outputs)[0]!
  const { graph } = predicted
  if (name !== 'logits' && name !== 'classLogits') return poisson(predicted, graph.input('target', predicted.shape))
  const classes = predicted.shape.at(-1)!
  const rows = reshape(predicted, [-1, classes])
  return crossEntropy(rows, graph.input('labels', [rows.shape[0]!], 'int32'))
}

/** Weights that the loss depends on. */
function trainedOf(graph: Graph, losses: readonly Tensor[]): Tensor[] {
  const reached = new Set<number>()
  const stack = losses.map(l => l.node)
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (reached.has(node.id)) continue
    reached.add(node.id)
    stack.push(...node.inputs.map(t => t.node))
  }
  return graph.leaves('parameter').filter(p => reached.has(p.node.id) && p.dtype === graph.float)
}
