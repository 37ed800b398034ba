import { join } from 'node:path'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { elementCount, float32, int64Scalar, type Tensors, tensorBytes } from '../../../../src-shared/tensor.ts'
import type { Compute } from '../../../compute/client.ts'
import type { LoadOptions } from '../../../compute/engine.ts'
import { waitingFor } from '../../../graph/flops.ts'
import { Graph, type Tensor } from '../../../graph/graph.ts'
import { emitOnnx } from '../../../graph/onnx.ts'
import { nextName, trainingInputs } from '../../../graph/optimizer/trainingStep.ts'
import type { ParameterSpec } from '../../../models/registry.ts'
import type { SelectedNetwork } from '../../predict/selectedNetwork.ts'
import { openTiled } from '../../predict/tiledNetwork.ts'
import type { PointContext, Visit } from '../experiment.ts'
import { randomBases } from '../randomBases.ts'
import { randomWeightsFile, type WeightsFile } from '../randomWeights.ts'
import { timedRuns } from '../timedRuns.ts'
import { inferenceGraph, type LengthSetup, lengthNetwork, trainingGraph } from './lengthNetworks.ts'

/** Seconds of the runs of a point; `all` are the points that share its weights. */
export async function visitLength(
  setup: LengthSetup,
  all: readonly LengthSetup[],
  context: PointContext,
): Promise<Visit> {
  const weights = await sharedWeights(setup, all, context)
  try {
    const compute = await context.compute()
    const run = setup.part.job === 'inference' ? predictor : trainer
    const { once, close } = await run(setup, weights, compute, context)
    const seconds = await timedRuns(setup.part, once, context.signal)
    await close()
    return { seconds }
  } finally {
    await weights.close()
  }
}

/** One file for all points of a width and number of tracks: lengths and layers share names and shapes, and the two kinds share the trunk. */
function sharedWeights(
  setup: LengthSetup,
  all: readonly LengthSetup[],
  { registry, remadeFolder, signal }: PointContext,
) {
  const { width, tracks } = setup.part
  const specs = new Map<string, ParameterSpec>()
  for (const other of all)
    if (other.part.width === width && other.part.tracks === tracks)
      for (const spec of lengthNetwork(other, registry).parameters) if (!spec.structure) specs.set(spec.name, spec)
  return randomWeightsFile(join(remadeFolder, `weights-${width}-${tracks}.safetensors`), [...specs.values()], signal)
}

interface Runner {
  readonly once: () => Promise<unknown>
  readonly close: () => Promise<void>
}

/** As `predict` runs a network: in tiles where it is large, unless it is to run whole. */
async function predictor(
  setup: LengthSetup,
  weights: WeightsFile,
  compute: Compute,
  context: PointContext,
): Promise<Runner> {
  const { registry, threads, signal } = context
  const network = lengthNetwork(setup, registry)
  const selected: SelectedNetwork = {
    network,
    values: weights.values(network.parameters.map(p => p.name)),
    links: weights.links,
    build: (graph, batch) => inferenceGraph(network, setup, graph, batch),
  }
  const load: LoadOptions = { threads, workload: 'varied' }
  const session =
    (await openTiled(selected, setup.part.attention === 'whole' ? 'off' : 'auto', load, compute, signal)) ??
    (await openWhole(selected, load, compute, signal))
  const inputs = { sequence: float32(randomBases(setup.lengthBp, setup.lengthBp), [1, setup.lengthBp, 4]) }
  return {
    async once() {
      const outputs = await session.run(inputs, { signal })
      for (const { data } of Object.values(outputs)) finite(setup, data as Float32Array)
    },
    close: () => session.close(),
  }
}

async function openWhole(network: SelectedNetwork, load: LoadOptions, compute: Compute, signal: AbortSignal) {
  const outputs = network.build(new Graph(), 1)
  const { bytes } = emitOnnx(outputs, { values: network.values })
  return compute.load({ bytes, links: network.links }, { ...load, waiting: waitingFor(Object.values(outputs)) }, signal)
}

/** Weights and moments stay in the process between steps, as in a training. */
async function trainer(
  setup: LengthSetup,
  weights: WeightsFile,
  compute: Compute,
  context: PointContext,
): Promise<Runner> {
  const { threads, signal } = context
  const { step, frozen, target } = trainingGraph(lengthNetwork(setup, context.registry), setup)
  const model = emitOnnx(step.outputs, { values: weights.values(frozen.map(t => t.node.leaf!.name)) })
  const session = await compute.load(
    { bytes: model.bytes, links: weights.links },
    { threads, workload: setup.part.workload },
    signal,
  )
  const batch = batchOf(setup, target)
  const scalars = new Set<string>(Object.values(trainingInputs))
  const state = await compute.createState(batch, signal)
  const kept = [...model.inputs].filter(([name]) => !(name in batch) && !scalars.has(name))
  await putInTurn(
    kept.map(([name]) => name),
    async name => {
      const { shape } = model.inputs.get(name)!
      return step.moments.has(name) ? float32(new Float32Array(elementCount(shape)), shape) : weights.read(name)
    },
    tensors => state.put(tensors, signal),
  )
  const carry = kept.flatMap(([name]) =>
    model.outputs.has(nextName(name)) ? [{ from: nextName(name), to: name }] : [],
  )
  let steps = 0
  return {
    async once() {
      steps++
      const given: Tensors = {
        [trainingInputs.rate]: float32(Float32Array.of(1e-4), []),
        [trainingInputs.step]: int64Scalar(steps),
        ...(model.inputs.has(trainingInputs.seed) ? { [trainingInputs.seed]: int64Scalar(steps) } : {}),
      }
      const { loss } = await session.run(given, { state, carry, guard: 'finite', outputs: ['loss'], signal })
      finite(setup, loss!.data as Float32Array)
    },
    close: () => session.close(),
  }
}

/** Bytes that are sent to the compute process at once. */
const PUT_BYTES = 64 * 2 ** 20

/** Sends tensors a few at a time, so that this process never holds all of them. */
async function putInTurn(
  names: readonly string[],
  read: (name: string) => Promise<Tensors[string]>,
  put: (tensors: Tensors) => Promise<void>,
): Promise<void> {
  let some: Record<string, Tensors[string]> = {}
  let bytes = 0
  for (const name of names) {
    const tensor = await read(name)
    some[name] = tensor
    bytes += tensorBytes(tensor)
    if (bytes < PUT_BYTES) continue
    await put(some)
    some = {}
    bytes = 0
  }
  await put(some)
}

const batchOf = ({ lengthBp }: LengthSetup, target: Tensor): Tensors => ({
  sequence: float32(randomBases(lengthBp, lengthBp), [1, lengthBp, 4]),
  target: float32(new Float32Array(elementCount(target.shape)).fill(1), target.shape),
})

/** A result that is no number was not computed: it has no time. */
function finite({ model }: LengthSetup, values: Float32Array): void {
  if (!values.every(Number.isFinite))
    throw new WorkbenchError('bad-model', `${model}: a value of the result is not a number`, 'please report this')
}
