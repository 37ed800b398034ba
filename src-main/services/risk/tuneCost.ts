import type { TuneCost, TuneSettings } from '../../../src-shared/genome/tune.ts'
import { tuneSteps } from '../../../src-shared/genome/tune.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { elementCount, type Tensor } from '../../../src-shared/tensor.ts'
import type { Compute } from '../../compute/client.ts'
import { RISK_GENE } from '../../domain/cohort/locus.ts'
import { SPECIALS } from '../../domain/cohort/peopleTokenizer.ts'
import { trainingInputs } from '../../graph/optimizer/trainingStep.ts'
import { initialEncoderWeights } from '../../models/encoderInitialisation.ts'
import type { ConfiguredModel, ModelRegistry } from '../../models/registry.ts'
import { availableBytes } from '../lab/memoryLimit.ts'
import { batchRemedy, largestBatch } from '../planner/largestBatch.ts'
import type { Planner } from '../planner/planner.ts'
import { int32, type StepGraph, tokenStep } from './network.ts'
import { freshArchitecture, type TuneSource } from './tuneRecipe.ts'
import { refuseWhatDoesNotFit } from './tuneRefusals.ts'

/**
 * Tokens of a region before there is a tokenizer. People share nearly all letters: some 800 pieces take every word of about 5.5 letters, each
 * further one joins two tokens of everybody, down to the 45 letters a token of the shipped model (pieces have at most 64).
 */
const FIRST_PIECES = 800
const BP_PER_TOKEN = { least: 5.5, most: 45 } as const
const tokensOf = (regionBp: number, pieces: number) =>
  Math.max(regionBp / BP_PER_TOKEN.most, regionBp / BP_PER_TOKEN.least - Math.max(0, pieces - FIRST_PIECES))
/** Rough cost of reading a sample's region, on two cores: docs/risk.md, "Speed and memory". */
const SECONDS_A_SAMPLE = 0.12
/** A forward pass of a person against a training step of one: a step is a forward and two backward products. */
const FORWARD_SHARE = 1 / 3

/** The network that the settings describe. Its longest sequence is the start's, or estimated. */
export function plannedNetwork(settings: TuneSettings, start: TuneSource['start'], registry: ModelRegistry) {
  const region = RISK_GENE.GRCh38.end - RISK_GENE.GRCh38.start + 2 * settings.flankBp
  const tokens = start
    ? Number(start.json.architecture['maxTokens'])
    : Math.ceil((1.1 * tokensOf(region, settings.vocabulary)) / 8) * 8 + 8
  const own = { padToken: SPECIALS.pad, classes: 2, tokenHead: 'none' }
  const architecture = start ? { ...start.json.architecture, ...own } : { ...freshArchitecture(settings.network), vocabulary: settings.vocabulary, maxTokens: tokens, ...own } // biome-ignore format: one line
  const network = registry.configure(start?.json.kind ?? 'linformer', architecture)
  return { network, tokens }
}

/**
 * What settings cost on this machine: by its calibrated rates, and before there are any by a training step that is measured on the network
 * that they describe.
 * @throws WorkbenchError `out-of-memory` for a step that would be measured and does not fit
 */
export async function tuneCost(
  settings: TuneSettings,
  source: Pick<TuneSource, 'start' | 'cases' | 'controls'>,
  deps: { readonly compute: () => Promise<Compute>; readonly registry: ModelRegistry; readonly planner: Pick<Planner, 'estimate'> }, // biome-ignore format: one line
  context: WorkContext,
): Promise<TuneCost> {
  const { network, tokens } = plannedNetwork(settings, source.start, deps.registry)
  const steps = tuneSteps(settings, source)
  const batch = Math.min(settings.batch, steps.train)
  const stepOf = (b: number) => tokenStep(network, 'classes', { batch: b, length: tokens, optimizer: { kind: 'adamw', weightDecay: 0.01 }, clipNorm: 1 }) // biome-ignore format: one line
  const step = stepOf(batch)
  const graphOf = ({ outputs }: StepGraph) => ({ graph: outputs[0]!.graph, outputs, runs: steps.total, work: 'training', workload: 'fixed' }) as const // biome-ignore format: one line
  const planned = await deps.planner.estimate(graphOf(step), context.signal)
  const smaller = { batch, graph: (b: number) => graphOf(stepOf(b)) }
  const freeBytes = availableBytes()
  const known = planned.basis === 'calibrated'
  // A step that is measured is run.
  if (!known) await refuseWhatDoesNotFit(planned.peakBytes, deps.planner, smaller, context.signal, freeBytes)
  const secondsPerStep = known ? planned.seconds : await measuredStep(step, network, batch, tokens, deps.compute, context) // biome-ignore format: one line
  const seconds = steps.total * secondsPerStep + besideSteps(settings, source, secondsPerStep)
  return {
    secondsPerStep,
    seconds,
    tokens,
    parameters: network.parameters.reduce((sum, p) => sum + (p.buffer ? 0 : elementCount(p.shape)), 0),
    peakBytes: planned.peakBytes,
    freeBytes,
    fitting:
      planned.peakBytes > freeBytes
        ? batchRemedy(await largestBatch(deps.planner, smaller, freeBytes, context.signal))
        : null,
    basis: `${known ? 'from rates measured on this machine' : 'a step measured here just now'}${source.start ? '' : `, with sequences of about ${tokens} tokens`}; early stopping makes it less`, // biome-ignore format: one line
  }
}

/** Seconds of reading the files and of judging: each epoch judges the validation people, each split everybody once. */
export function besideSteps(
  settings: Pick<TuneSettings, 'splits' | 'epochs' | 'batch'>,
  source: Pick<TuneSource, 'cases' | 'controls'>,
  secondsPerStep: number,
): number {
  const people = source.cases + source.controls
  const { validation, train } = tuneSteps(settings, source)
  const judged = settings.splits * (settings.epochs * validation + people)
  return people * SECONDS_A_SAMPLE + (secondsPerStep * FORWARD_SHARE * judged) / Math.min(settings.batch, train)
}

/** Seconds of one step, the second of two: the first prepares. */
async function measuredStep(
  step: StepGraph,
  network: ConfiguredModel,
  batch: number,
  length: number,
  open: () => Promise<Compute>,
  context: WorkContext,
): Promise<number> {
  const compute = await open()
  try {
    return await timedStep(step, network, batch, length, compute, context)
  } finally {
    await compute.close()
  }
}

async function timedStep(
  step: StepGraph,
  network: ConfiguredModel,
  batch: number,
  length: number,
  compute: Compute,
  context: WorkContext,
): Promise<number> {
  const session = await compute.load({ bytes: step.onnx }, { workload: 'fixed', device: 'cpu' }, context.signal)
  const initial: Record<string, Tensor> = { ...Object.fromEntries(initialEncoderWeights(network.parameters, 1)), ...step.moments } // biome-ignore format: one line
  const state = await compute.createState(initial, context.signal)
  const ids = Int32Array.from({ length: batch * length }, (_, i) => 5 + (i % 60))
  const labels = Int32Array.from({ length: batch }, (_, i) => i % 2)
  const int64 = (value: bigint): Tensor => ({ dtype: 'int64', shape: [], data: BigInt64Array.of(value) })
  const all: Readonly<Record<string, Tensor>> = {
    ids: int32(ids, [batch, length]),
    labels: int32(labels, [batch]),
    [trainingInputs.rate]: { dtype: 'float32', shape: [], data: Float32Array.of(1e-6) },
    [trainingInputs.step]: int64(1n),
    [trainingInputs.seed]: int64(1n),
  }
  const wanted = new Set(session.inputs.map(i => i.name))
  const feeds = Object.fromEntries(Object.entries(all).filter(([name]) => wanted.has(name)))
  try {
    let seconds = 0
    for (let run = 0; run < 2; run++) {
      const began = performance.now()
      await session.run(feeds, { signal: context.signal, state, outputs: ['loss'] })
      seconds = (performance.now() - began) / 1000
    }
    return seconds
  } finally {
    await state.close()
    await session.close()
  }
}
