import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { elementCount, float32, type Tensor, type Tensors } from '../../../src-shared/tensor.ts'
import { shuffled, streamOf } from '../../domain/cohort/draws.ts'
import type { Panel } from '../../domain/cohort/panel.ts'
import { SPECIALS } from '../../domain/cohort/peopleTokenizer.ts'
import { assertDisjoint, type Split, stratifiedSplit } from '../../domain/cohort/splits.ts'
import { rocAuc } from '../../domain/statistics/rocAuc.ts'
import { learningRate } from '../../graph/optimizer/schedule.ts'
import { initialEncoderWeights } from '../../models/encoderInitialisation.ts'
import type { ConfiguredModel } from '../../models/registry.ts'
import type { PeopleRowsRequest } from '../../workers/peopleRows.ts'
import { peopleRowsInThread } from '../../workers/peopleRowsClient.ts'
import { openModelFolder } from '../models/modelFolder.ts'
import type { Json } from '../training/checkpoint.ts'
import { readingRecipe } from '../training/recipe.ts'
import type { TaskRunner } from '../training/tasks.ts'
import { trainLoop } from '../training/trainLoop.ts'
import { type Run, type Started, type Trained, type TrainedNetwork, writeClassifier } from './classifierFolder.ts'
import { fitBaselines, judgeSplit, type SplitResult } from './judge.ts'
import { isLogistic, trainLogistic } from './logistic.ts'
import { caseLogits, int32, openForward, padded, tokenStep } from './network.ts'
import { textsSha256 } from './people.ts'
import { type ClassifyRecipe, parseClassifyRecipe } from './recipe.ts'
import { peopleLine, recipePeople, splitLine } from './recipePeople.ts'
import { checkStart } from './startModel.ts'
import { checkTarget } from './trainingTarget.ts'

/** People a run of the network judges at once, at most: rows that nobody fills cost as much as the others. */
const JUDGED = 64
/** Room for more tokens than any training person has. */
const spare = (tokens: number) => Math.ceil((1.1 * tokens + 8) / 8) * 8

interface Best {
  readonly auc: number
  /** Mean cross-entropy, nats. */
  readonly loss: number
  readonly step: number
  readonly since: number
}

/**
 * Fine-tunes a token network on [CLS] with cross-entropy and AdamW, in several stratified splits; early stopping, threshold and calibration see
 * the validation people of their split, the test people are scored once at the end. Writes the model of the first split with `report.json`
 * and `REPORT.md` over all of them.
 */
export const trainClassifier: TaskRunner = async (request, deps, context) => {
  if (isLogistic(request.recipe)) return trainLogistic(request, deps, context)
  const recipe = parseClassifyRecipe(request.recipe)
  const seed = request.seed ?? recipe.training.seed
  await checkTarget(request)
  const people = await recipePeople(recipe, request.out, context)
  const start = recipe.start === undefined ? undefined : await checkStart(recipe.start, recipe, people)
  const started = recipe.start === undefined ? undefined : await startOf(recipe.start)
  deps.note(peopleLine(people))
  const results: SplitResult[] = []
  let first: Trained | undefined
  let before = 0
  for (let which = 0; which < recipe.training.splits; which++) {
    const trained = await trainSplit(which, { request, recipe, seed, people, deps, context, before, started })
    before += trained.steps
    results.push(trained.judged.result)
    deps.note(splitLine(trained.judged.result))
    first ??= trained
  }
  return writeClassifier(first!, results, { request, recipe, seed, people, deps, context, start })
}

/** One split of a training: its network trained from people who are given, its weights judged on everybody. */
export async function trainSplit(which: number, run: Run<ClassifyRecipe>): Promise<TrainedNetwork> {
  const { recipe, seed, people, deps, request, context } = run
  const { training } = recipe
  const split = stratifiedSplit(people.labels, seed, which)
  const started = run.started ?? (recipe.start === undefined ? undefined : await startOf(recipe.start))
  const { panel, tokenizer, rows, pieces } = await peopleRowsInThread({ texts: people.texts, training: split.train, reference: people.reference, panelShare: recipe.panelShare, ...(recipe.panelFrom === 'start' ? { panel: panelOfStart(recipe, started) } : {}), uncovered: recipe.uncovered, tokenizer: started?.tokenizer ?? (await tokenizerSource(recipe, seed)) }, context) // biome-ignore format: one line
  const trainTokens = Array.from(split.train, i => rows[i]!.length)
  const most = trainTokens.reduce((a, b) => Math.max(a, b), 0)
  const maxTokens = started ? Number(started.architecture['maxTokens']) : spare(most)
  const long = rows.findIndex(r => r.length > maxTokens)
  if (long >= 0) throw new WorkbenchError('bad-input', `${people.names[long]} has ${rows[long]!.length} tokens, the network takes ${maxTokens}`, 'use a larger vocabulary or a shorter flank') // biome-ignore format: one line
  const architecture = { ...recipe.architecture, ...started?.architecture, vocabulary: pieces, maxTokens, padToken: SPECIALS.pad, classes: 2, tokenHead: 'none' } // biome-ignore format: one line
  const network = readingRecipe(request.recipe, () => deps.registry.configure(recipe.kind, architecture))
  const batch = Math.min(training.batch, split.train.length)
  const stepOf = (batch: number) => tokenStep(network, 'classes', { batch, length: maxTokens, optimizer: { kind: 'adamw', weightDecay: training.weightDecay }, clipNorm: training.clipNorm, group: name => (/bias$|norm\d?\.weight$/.test(name) ? { weightDecay: 0 } : {}) }) // biome-ignore format: one line
  const step = stepOf(batch)
  const perEpoch = Math.max(1, Math.floor(split.train.length / batch))
  const steps = perEpoch * training.epochs
  const planned = ({ outputs }: typeof step) => ({ graph: outputs[0]!.graph, outputs, runs: steps * training.splits, work: 'training', workload: 'fixed' }) as const // biome-ignore format: one line
  if (which === 0) await deps.plan?.(planned(step), { batch, graph: b => planned(stepOf(b)) })
  const load = { workload: 'fixed' as const, device: request.device ?? 'cpu', ...(request.threads === undefined ? {} : { threads: request.threads }) } // biome-ignore format: one line
  const guard = onlyThese(split)
  const texts = await textsSha256(people)
  deps.onSplit?.({ split: which + 1, splits: training.splits, steps })
  const session = await deps.compute.load({ bytes: step.onnx }, load, context.signal)
  const judged = Math.min(JUDGED, Math.max(8, split.validation.length))
  const forward = await openForward(deps.compute, network, 'classLogits', judged, maxTokens).catch(async error => {
    await session.close()
    throw error
  })
  const names = network.parameters.map(p => p.name)
  const judge = (weights: Tensors, of: Int32Array) => caseLogits(forward, weights, Array.from(of, i => rows[i]!), { batch: judged, length: maxTokens, pad: SPECIALS.pad }, context.signal) // biome-ignore format: one line
  // Steps of all splits: those of the ones to come are the most that they may take.
  const { before = 0 } = run
  const overall: WorkContext = {
    signal: context.signal,
    report: p => context.report(p.phase === 'training' ? { ...p, done: before + p.done, total: before + steps * (training.splits - which) } : p), // biome-ignore format: one line
  }
  const orders = new Map<number, Int32Array>()
  const orderOf = (epoch: number) => {
    let order = orders.get(epoch)
    if (!order) {
      orders.clear()
      order = shuffled(Int32Array.from(split.train), streamOf(seed, 'order', which, epoch))
      orders.set(epoch, order)
    }
    return order
  }
  try {
    const done = await trainLoop(
      {
        compute: deps.compute,
        session,
        initialState: () => ({ ...startWeights(network, hashed(seed, which), started?.weights), ...step.moments }),
        async batch(cursor) {
          const { at } = cursor as { at: number }
          const order = orderOf(Math.floor(at / perEpoch))
          const members = order.subarray((at % perEpoch) * batch, (at % perEpoch) * batch + batch)
          guard.training(members)
          return {
            tensors: {
              ids: int32(padded(Array.from(members, i => rows[i]!), maxTokens, SPECIALS.pad), [batch, maxTokens]), // biome-ignore format: one line
              labels: int32(
                Int32Array.from(members, i => people.labels[i]!),
                [batch],
              ),
            },
            cursor: { at: at + 1 },
          }
        },
        firstCursor: { at: 0 },
        rate: s => learningRate(training.schedule, s),
        seed: hashed(seed, which),
        steps,
        checkpointEvery: perEpoch,
        fingerprint: createHash('sha256').update(JSON.stringify([request.recipe.text, seed, which, people.names, [...people.labels], texts, people.reference, started?.sha256 ?? null])).digest('hex'), // biome-ignore format: one line
        ...(deps.onStep ? { onStep: deps.onStep } : {}),
        validation: {
          every: perEpoch,
          async run(at, fetch, before) {
            guard.stopping(split.validation)
            const weights = await fetch(names)
            const logits = await judge(weights, split.validation)
            const labels = Array.from(split.validation, i => people.labels[i]!)
            const auc = rocAuc(logits, labels)?.auc ?? 0.5
            const loss = meanLoss(logits, labels)
            const best = before?.memory as unknown as Best | undefined
            const better = !best || (training.stopBy === 'auc' ? auc > best.auc : loss < best.loss)
            const now: Best = better ? { auc, loss, step: at, since: 0 } : { ...best, since: best.since + 1 }
            return {
              metrics: { split: which + 1, epoch: at / perEpoch, validationAuc: auc, validationLoss: loss }, // biome-ignore format: one line
              memory: { ...now } as unknown as Json,
              kept: better ? weights : before!.kept,
              stop: now.since >= training.patience,
            }
          },
        },
      },
      join(request.out, `split-${which + 1}`),
      overall,
      { resume: request.resume },
    )
    const best = done.standing!.memory as unknown as Best
    const weights = Object.fromEntries(names.map(name => [name, done.standing!.kept[name]!]))
    const logits = await judge(
      weights,
      Int32Array.from({ length: rows.length }, (_, i) => i),
    )
    const baselines = await fitBaselines(people, split.train, recipe.flankBp)
    return {
      weights,
      network,
      architecture,
      tokenizer,
      panel,
      split,
      baselines,
      judged: await judgeSplit(which + 1, people, split, logits, baselines, recipe.flankBp),
      steps: done.step,
      keptStep: best.step,
      maxTokens,
      tokens: { least: trainTokens.reduce((a, b) => Math.min(a, b), most), most, mean: trainTokens.reduce((a, b) => a + b, 0) / trainTokens.length }, // biome-ignore format: one line
      // Not the training's own session: a split that was finished before a stop takes no step.
      device: Object.keys(forward.session.provider.ran).join(', ') || 'not reported',
    }
  } finally {
    await session.close()
    await forward.session.close()
  }
}

/** Mean cross-entropy in nats, from the logit of a case against a control. */
const meanLoss = (logits: Float64Array, labels: readonly number[]): number =>
  logits.reduce((sum, l, i) => {
    const z = labels[i] === 1 ? -l : l
    return sum + Math.max(0, z) + Math.log1p(Math.exp(-Math.abs(z)))
  }, 0) / Math.max(1, logits.length)

const hashed = (seed: number, which: number) => (seed * 1000 + which) % 2 ** 31

/** Refuses a person where he must not be: a slip here would make every figure of the report worthless. */
export function onlyThese(split: Split) {
  assertDisjoint(split)
  const train = new Set(split.train)
  const validation = new Set(split.validation)
  const check = (members: Int32Array, allowed: ReadonlySet<number>, what: string) => {
    for (const m of members) if (!allowed.has(m)) throw new WorkbenchError('internal', `person ${m} is no ${what} person of this split`, 'please report this') // biome-ignore format: one line
  }
  return {
    training: (members: Int32Array) => check(members, train, 'training'),
    stopping: (members: Int32Array) => check(members, validation, 'validation'),
  }
}

/** A tokenizer's bytes, or how one is trained. */
async function tokenizerSource({ tokenizer }: ClassifyRecipe, seed: number): Promise<PeopleRowsRequest['tokenizer']> {
  return 'file' in tokenizer ? readFile(tokenizer.file) : { ...tokenizer, seed }
}

/** @throws WorkbenchError `bad-input` for a start without a panel of this region */
function panelOfStart(recipe: ClassifyRecipe, started: Started | undefined): Panel | null {
  const { risk } = started ?? {}
  if (!risk || risk.flankBp !== recipe.flankBp) throw new WorkbenchError('bad-input', `recipe.panelFrom is 'start', but '${recipe.start}' is no risk model with ${recipe.flankBp} bp of flank`, "use its flank, or 'people'") // biome-ignore format: one line
  return risk.panel ? { sites: risk.panel } : null
}

async function startOf(folder: string): Promise<Started> {
  const model = await openModelFolder(folder)
  try {
    if (!model.tokenizerPath) throw new WorkbenchError('bad-model', `'${folder}' has no tokenizer`, 'start from a model of tokens') // biome-ignore format: one line
    const weights = new Map<string, Tensor>()
    for (const name of model.weights.entries.keys()) weights.set(name, await model.weights.read(name))
    return { weights, architecture: model.json.architecture, tokenizer: await readFile(model.tokenizerPath), sha256: model.json.weights.sha256, risk: model.json.risk } // biome-ignore format: one line
  } finally {
    await model.close()
  }
}

/** Weights of the same name and shape are taken over, the others start anew. */
function startWeights(network: ConfiguredModel, seed: number, given: ReadonlyMap<string, Tensor> | undefined): Tensors {
  const out: Record<string, Tensor> = {}
  for (const [name, fresh] of initialEncoderWeights(network.parameters, seed)) {
    const taken = given?.get(name)
    out[name] = taken && String(taken.shape) === String(fresh.shape) && elementCount(taken.shape) > 0 ? float32(taken.data as Float32Array, taken.shape) : fresh // biome-ignore format: one line
  }
  return out
}
