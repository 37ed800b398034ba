import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Tensors } from '../../../src-shared/tensor.ts'
import { streamOf } from '../../domain/cohort/draws.ts'
import { SPECIALS, tokenizerOf } from '../../domain/cohort/peopleTokenizer.ts'
import { maskTokens, NOT_ASKED } from '../../domain/maskedTokens/mask.ts'
import { loadTokenizer } from '../../domain/tokenizer/tokenizer.ts'
import { Graph } from '../../graph/graph.ts'
import { crossEntropy } from '../../graph/losses/crossEntropy.ts'
import { emitOnnx } from '../../graph/onnx.ts'
import { learningRate } from '../../graph/optimizer/schedule.ts'
import { initialEncoderWeights } from '../../models/encoderInitialisation.ts'
import { MODEL_FILE } from '../../models/folder/modelJson.ts'
import type { ConfiguredModel } from '../../models/registry.ts'
import { readWhole } from '../../readers/wholeFile.ts'
import type { Json } from '../training/checkpoint.ts'
import { readingRecipe } from '../training/recipe.ts'
import type { TaskRunner } from '../training/tasks.ts'
import { trainLoop } from '../training/trainLoop.ts'
import { parseMaskedRecipe } from './maskedRecipe.ts'
import { askedOf, encoded, floorsOf, type Row, rowOf, type Sentences, sentencesOfFile } from './maskedRows.ts'
import { int32, tokenStep } from './network.ts'
import { writeTrained } from './writeTrained.ts'

const FIRST_PIECE = 5
/** Masks of the validation are drawn from this stream of the seed, always the same. */
const JUDGED_STEP = -1

/**
 * Pre-trains a token network on sentences of `corpus`: masked tokens, rows of mixed length filled up with padding, AdamW; the weights of the
 * best validation are kept. The held-out loss is judged on the same masked tokens as three models of counts.
 */
export const trainMaskedTokens: TaskRunner = async (request, deps, context) => {
  const recipe = parseMaskedRecipe(request.recipe)
  const { training, maxTokens } = recipe
  const seed = request.seed ?? training.seed
  const names = await readdir(request.out).catch((): string[] => [])
  if ((await stat(join(request.out, MODEL_FILE)).catch(() => undefined))?.isFile()) throw new WorkbenchError('bad-input', `'${request.out}' holds a finished model`, 'choose another folder, or remove it first') // biome-ignore format: one line
  if (names.length && !request.resume && !names.includes('metrics.jsonl')) throw new WorkbenchError('bad-input', `'${request.out}' holds other files`, 'choose an empty or a new folder') // biome-ignore format: one line
  const trainTexts = await sentencesOfFile(recipe.corpus.train, context)
  const validTexts = await sentencesOfFile(recipe.corpus.valid, context)
  const bytes = 'file' in recipe.tokenizer ? await readWhole(recipe.tokenizer.file) : tokenizerOf(trainTexts.slice(0, recipe.tokenizer.sentences), { vocabulary: recipe.tokenizer.vocabulary, maxPieceLength: recipe.tokenizer.maxPieceLength, seed }, context) // biome-ignore format: one line
  const tokenizer = loadTokenizer(bytes)
  const train = encoded(trainTexts, tokenizer)
  const valid = encoded(validTexts, tokenizer)
  const symbols = trainTexts.reduce((n, t) => n + t.length, 0)
  deps.note(`${train.texts.length} sentences, ${symbols} characters, ${(symbols / train.ids.reduce((n, r) => n + r.length, 0)).toFixed(2)} a token; vocabulary ${tokenizer.size}`) // biome-ignore format: one line
  const architecture = { ...recipe.architecture, vocabulary: tokenizer.size, maxTokens, padToken: SPECIALS.pad, tokenHead: 'tied' } // biome-ignore format: one line
  const network = readingRecipe(request.recipe, () => deps.registry.configure(recipe.kind, architecture))
  const stepOf = (batch: number) => tokenStep(network, 'tokens', { batch, length: maxTokens, optimizer: { kind: 'adamw', weightDecay: training.weightDecay }, clipNorm: training.clipNorm, group: name => (/bias$|norm\d?\.weight$/.test(name) ? { weightDecay: 0 } : {}) }) // biome-ignore format: one line
  const step = stepOf(training.batch)
  const planned = ({ outputs }: typeof step) => ({ graph: outputs[0]!.graph, outputs, runs: training.steps, work: 'training', workload: 'fixed' }) as const // biome-ignore format: one line
  await deps.plan?.(planned(step), { batch: training.batch, graph: b => planned(stepOf(b)) })
  const load = { workload: 'fixed' as const, device: request.device ?? 'cpu', ...(request.threads === undefined ? {} : { threads: request.threads }) } // biome-ignore format: one line
  const session = await deps.compute.load({ bytes: step.onnx }, load, context.signal)
  const judging = await deps.compute.load(
    { bytes: lossGraph(network, training.batch, maxTokens) },
    load,
    context.signal,
  )
  const weightNames = network.parameters.map(p => p.name)
  const mask = { share: training.maskShare, vocabulary: tokenizer.size, firstPiece: FIRST_PIECE, maskId: SPECIALS.mask }
  const batchOf = (from: Sentences, at: number) => {
    const ids = new Int32Array(training.batch * maxTokens).fill(SPECIALS.pad)
    const labels = new Int32Array(training.batch * maxTokens).fill(NOT_ASKED)
    const rows: Row[] = []
    for (let b = 0; b < training.batch; b++) {
      const random = streamOf(seed, 'masks', at, b)
      const row = rowOf(from, random, maxTokens)
      const masked = maskTokens(row.ids, random, mask)
      ids.set(masked.ids, b * maxTokens)
      labels.set(masked.labels, b * maxTokens)
      rows.push({ ...row, labels: masked.labels })
    }
    return { tensors: { ids: int32(ids, [training.batch, maxTokens]), labels: int32(labels, [training.batch, maxTokens]) }, rows } // biome-ignore format: one line
  }
  const judgedBatches = Array.from({ length: Math.ceil(training.validateRows / training.batch) }, (_, i) => batchOf(valid, JUDGED_STEP - i)) // biome-ignore format: one line
  const asked = judgedBatches.flatMap(b => b.rows.flatMap(r => askedOf(r, tokenizer)))
  const nucleotides = asked.reduce((n, a) => n + a.length, 0)
  const floors = floorsOf(train, valid, asked, tokenizer)
  for (const [name, bits] of Object.entries(floors))
    deps.note(`held-out, ${name}: ${bits.toFixed(4)} bits a nucleotide`)
  const judge = async (weights: Tensors) => {
    let sum = 0
    for (const { tensors, rows } of judgedBatches) {
      throwIfCancelled(context.signal)
      const n = rows.reduce((total, r) => total + r.labels.reduce((k, l) => k + (l === NOT_ASKED ? 0 : 1), 0), 0)
      const out = await judging.run({ ...weights, ...tensors }, { signal: context.signal })
      sum += n * Number((out['loss']!.data as Float32Array)[0])
    }
    return { nats: sum / asked.length, bits: sum / Math.LN2 / nucleotides }
  }
  const done = await trainLoop(
    {
      compute: deps.compute,
      session,
      initialState: () => ({ ...Object.fromEntries(initialEncoderWeights(network.parameters, seed)), ...step.moments }),
      async batch(cursor) {
        const { at } = cursor as { at: number }
        return { tensors: batchOf(train, at).tensors, cursor: { at: at + 1 } }
      },
      firstCursor: { at: 0 },
      rate: s => learningRate(training.schedule, s),
      seed,
      steps: training.steps,
      checkpointEvery: training.checkpointEvery,
      fingerprint: createHash('sha256').update(JSON.stringify([request.recipe.text, seed, digest(trainTexts), digest(validTexts)])).digest('hex'), // biome-ignore format: one line
      ...(deps.onStep ? { onStep: deps.onStep } : {}),
      validation: {
        every: training.validateEvery,
        async run(at, fetch, before) {
          const weights = await fetch(weightNames)
          const { nats, bits } = await judge(weights)
          const best = before?.memory as unknown as { bits: number; step: number } | undefined
          const better = !best || bits < best.bits
          deps.note(`step ${at}: held-out ${nats.toFixed(4)} nats a masked token, ${bits.toFixed(4)} bits a nucleotide`)
          return {
            metrics: { heldOutNats: nats, heldOutBitsPerNucleotide: bits },
            memory: (better ? { bits, step: at } : best) as unknown as Json,
            kept: better ? weights : before!.kept,
            stop: false,
          }
        },
      },
    },
    request.out,
    context,
    { resume: request.resume },
  )
  const best = done.standing!.memory as unknown as { bits: number; step: number }
  const kept = Object.fromEntries(weightNames.map(name => [name, done.standing!.kept[name]!]))
  const final = await judge(kept)
  const report = { heldOut: { model: final.bits, ...floors }, natsPerMaskedToken: final.nats, perplexity: Math.exp(final.nats), maskedTokens: asked.length, nucleotides, step: best.step, beatsAll: Object.values(floors).every(f => final.bits < f) } // biome-ignore format: one line
  const verdict = report.beatsAll ? 'The model is below all of them.' : `The model is NOT below all of them: ${Object.entries(floors).filter(([, f]) => final.bits >= f).map(([n, f]) => `${n} has ${f.toFixed(4)}`).join(', ')}.` // biome-ignore format: one line
  deps.note(`held-out, model of step ${best.step}: ${final.bits.toFixed(4)} bits a nucleotide. ${verdict}`)
  const written = await writeTrained(
    request.out,
    {
      json: {
        id: recipe.id,
        name: recipe.name,
        kind: recipe.kind,
        architecture,
        input: { type: 'diplotype-tokens', maxTokens },
        output: {},
        tracks: [],
        attentionPattern: null,
        provenance: {
          source: recipe.corpus.source,
          trainedBy: `diploscope ${process.env['DIPLOSCOPE_VERSION'] ?? 'unknown'}`,
          recipe: request.recipe.text,
          dataset: { trainSha256: digest(trainTexts), validSha256: digest(validTexts), trainCharacters: symbols },
          seed,
          steps: best.step,
          metrics: [
            `Held-out masked tokens (${asked.length}, ${nucleotides} nucleotides), bits a nucleotide: model ${final.bits.toFixed(4)}; ${Object.entries(floors).map(([n, f]) => `${n} ${f.toFixed(4)}`).join('; ')}. ${verdict}`, // biome-ignore format: one line
            `${final.nats.toFixed(4)} nats a masked token, perplexity ${Math.exp(final.nats).toFixed(1)}`,
          ],
          created: recipe.created ?? new Date(request.now).toISOString(),
        },
        licence: recipe.licence,
        citation: null,
        limits: recipe.limits,
      },
      weights: kept,
      specs: network.parameters,
      tokenizer: bytes,
      files: { 'report.json': `${JSON.stringify(report, null, 2)}\n` },
      folders: ['checkpoints'],
    },
    context,
  )
  return { folder: request.out, model: written.id, steps: done.step, keptStep: best.step, sha256: written.weights.sha256, parameters: written.weights.parameters, metrics: report, device: Object.keys(judging.provider.ran).join(', ') || 'not reported' } // biome-ignore format: one line
}

/** Mean cross-entropy over the tokens asked for, weights given at each run. */
function lossGraph(network: ConfiguredModel, batch: number, length: number): Uint8Array {
  const graph = new Graph()
  const { logits } = network.buildForward(graph, { batch, length })
  return emitOnnx({ loss: crossEntropy(logits!, graph.input('labels', [batch, length], 'int32')) }).bytes
}

const digest = (texts: readonly string[]) => createHash('sha256').update(texts.join('\n')).digest('hex')
