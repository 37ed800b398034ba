import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { gradient } from '../gradient.ts'
import type { Graph, Tensor } from '../graph.ts'
import { abs } from '../ops/abs.ts'
import { add } from '../ops/add.ts'
import { div } from '../ops/div.ts'
import { lessOrEqual } from '../ops/lessOrEqual.ts'
import { minimum } from '../ops/minimum.ts'
import { mul } from '../ops/mul.ts'
import { reduceSum } from '../ops/reduceSum.ts'
import { sqrt } from '../ops/sqrt.ts'
import type { TensorType } from '../types.ts'
import { type Optimizer, type ParameterGroup, slotsOf } from './optimizer.ts'
import { updateParameter, updateScalars } from './update.ts'

/** Names of the scalars that each training run is given. */
export const trainingInputs = { rate: 'training.rate', step: 'training.step', seed: 'training.seed' } as const

/** Name of the input of a moment, and of the output of a new value. */
export const slotName = (slot: string, parameter: string): string => `${slot}/${parameter}`
/** The output that renews the input of this name. */
export const nextName = (name: string): string => `next/${name}`
/** The input that holds a parameter's gradients summed over micro-batches. */
export const sumName = (parameter: string): string => `sum/${parameter}`

export interface TrainingOptions {
  /** Scalar losses of one batch each; several are micro-batches whose gradients are averaged in this one step. */
  readonly losses: readonly Tensor[]
  /** What is trained. Every other parameter is frozen: it gets no gradient, no moment and no output. */
  readonly parameters: readonly Tensor[]
  readonly optimizer: Optimizer
  /** Scales all gradients so that their joint Euclidean norm is at most this. */
  readonly clipNorm?: number
  /** Scales each gradient alone so that its norm is at most this. */
  readonly clipEach?: number
  /** What differs for a parameter, by its name. */
  readonly group?: (parameter: string) => ParameterGroup
}

export interface TrainingStep {
  /** For `emitOnnx`: loss, gradientNorm (before `clipNorm`), finite (bool), next/<parameter>, next/<moment>, next/<state>. */
  readonly outputs: Readonly<Record<string, Tensor>>
  /** Moments by input name, all starting at zeros. */
  readonly moments: ReadonlyMap<string, TensorType>
}

/** The int64 scalar from which dropout draws; feeding the same number gives the same masks. */
export const seedInput = (graph: Graph): Tensor => graph.input(trainingInputs.seed, [], 'int64')

/**
 * One training step as one run: losses, gradients, clipping and update. Inputs beside the batch: every parameter and
 * moment, `training.rate`, `training.step` (int64, from 1: the number of this update) and, where dropout is used, `training.seed`.
 * When `finite` is 0 the new values must be thrown away: the caller still holds the old ones.
 */
export function trainingStep(options: TrainingOptions): TrainingStep {
  const { loss, gradients } = averaged(options)
  return applied(options, loss, gradients)
}

/**
 * The first half of a step whose batch is too large for one run: adds the gradients of this micro-batch to the inputs
 * sum/<parameter> (zeros at first). Outputs: loss, next/sum/<parameter>, next/<state>.
 */
export function accumulationStep(
  options: Pick<TrainingOptions, 'losses' | 'parameters'>,
): Readonly<Record<string, Tensor>> {
  const { loss, gradients } = averaged(options)
  const outputs: Record<string, Tensor> = { loss, ...states(loss.graph) }
  options.parameters.forEach((parameter, i) => {
    const name = sumName(leafName(parameter))
    outputs[nextName(name)] = add(loss.graph.input(name, parameter.shape), gradients[i]!)
  })
  return outputs
}

/** The second half: the update from the inputs sum/<parameter> of `count` micro-batches. */
export function applyStep(graph: Graph, count: number, options: Omit<TrainingOptions, 'losses'>): TrainingStep {
  const gradients = options.parameters.map(parameter =>
    mul(graph.input(sumName(leafName(parameter)), parameter.shape), 1 / count),
  )
  return applied(options, undefined, gradients)
}

function averaged({ losses, parameters }: Pick<TrainingOptions, 'losses' | 'parameters'>): {
  loss: Tensor
  gradients: Tensor[]
} {
  const [first] = losses
  if (first === undefined || parameters.length === 0)
    throw new WorkbenchError(
      'bad-model',
      `a training step of ${losses.length} losses and ${parameters.length} parameters`,
      'give at least one of each',
    )
  const total = losses.slice(1).reduce((sum, loss) => add(sum, loss), first)
  const loss = losses.length === 1 ? total : mul(total, 1 / losses.length)
  return { loss, gradients: gradient(loss, parameters) }
}

function applied(
  options: Omit<TrainingOptions, 'losses'>,
  loss: Tensor | undefined,
  raw: readonly Tensor[],
): TrainingStep {
  const { parameters, optimizer } = options
  const graph = raw[0]!.graph
  const rate = graph.input(trainingInputs.rate, [])
  const step = graph.input(trainingInputs.step, [], 'int64')
  const gradients =
    options.clipEach === undefined ? raw : raw.map(g => mul(g, clipFactor(norm([g]), options.clipEach!)))
  const total = norm(gradients)
  const factor = options.clipNorm === undefined ? undefined : clipFactor(total, options.clipNorm)
  const scalars = updateScalars(optimizer, rate, step, factor)
  const magnitude = loss ? add(total, abs(loss)) : total
  const outputs: Record<string, Tensor> = {
    ...(loss ? { loss } : {}),
    gradientNorm: total,
    // NaN compares false; infinity is above every float.
    finite: lessOrEqual(magnitude, graph.float === 'float32' ? 3.4028234663852886e38 : Number.MAX_VALUE),
    ...states(graph),
  }
  const moments = new Map<string, TensorType>()
  parameters.forEach((parameter, i) => {
    const name = leafName(parameter)
    const slots = slotsOf(optimizer).map(slot => graph.input(slotName(slot, name), parameter.shape))
    for (const slot of slots) moments.set(slot.node.leaf!.name, { shape: slot.shape, dtype: slot.dtype })
    const next = updateParameter(optimizer, options.group?.(name) ?? {}, parameter, gradients[i]!, slots, scalars)
    outputs[nextName(name)] = next.parameter
    next.slots.forEach((slot, s) => {
      outputs[nextName(slots[s]!.node.leaf!.name)] = slot
    })
  })
  return { outputs, moments }
}

/** Joint Euclidean norm. */
export const norm = (tensors: readonly Tensor[]): Tensor =>
  sqrt(tensors.map(tensor => reduceSum(mul(tensor, tensor))).reduce((sum, square) => add(sum, square)))

/** min(1, limit / (norm + 1e-6)) */
const clipFactor = (size: Tensor, limit: number): Tensor => minimum(div(limit, add(size, 1e-6)), 1)

const states = (graph: Graph): Record<string, Tensor> =>
  Object.fromEntries([...graph.updates].map(([name, value]) => [nextName(name), value]))

function leafName(parameter: Tensor): string {
  const { leaf } = parameter.node
  if (leaf?.kind !== 'parameter')
    throw new WorkbenchError('bad-model', 'only parameters can be trained', 'give tensors made by graph.parameter')
  return leaf.name
}
