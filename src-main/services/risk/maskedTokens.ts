import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { Tensors } from '../../../src-shared/tensor.ts'
import { integerIn, streamOf } from '../../domain/cohort/draws.ts'
import { BIGRAM_WEIGHTS, BigramModel, MarkovModel, UnigramModel } from '../../domain/maskedTokens/baselines.ts'
import { maskTokens, NOT_ASKED } from '../../domain/maskedTokens/mask.ts'
import { loadTokenizer, type Tokenizer } from '../../domain/tokenizer/tokenizer.ts'
import { Graph } from '../../graph/graph.ts'
import { crossEntropy } from '../../graph/losses/crossEntropy.ts'
import { emitOnnx } from '../../graph/onnx.ts'
import { learningRate, type Schedule } from '../../graph/optimizer/schedule.ts'
import { memorySource } from '../../models/checkpoints/byteSource.ts'
import { encodeSafetensors, openSafetensors } from '../../models/checkpoints/safetensors.ts'
import { initialEncoderWeights } from '../../models/encoderInitialisation.ts'
import { CARD_FILE, MODEL_FILE, TOKENIZER_FILE, WEIGHTS_FILE } from '../../models/folder/modelJson.ts'
import type { ConfiguredModel } from '../../models/registry.ts'
import { byteLines } from '../../readers/byteLines.ts'
import { siblingOf, syncFolder } from '../models/folderSwap.ts'
import { writeModelFolder } from '../models/modelFolder.ts'
import type { Json } from '../training/checkpoint.ts'
import { type RecipeFile, readingRecipe } from '../training/recipe.ts'
import type { TaskRunner } from '../training/tasks.ts'
import { trainLoop } from '../training/trainLoop.ts'
import { int32, tokenStep } from './network.ts'
import { headOf, scheduleOf } from './recipe.ts'
import { SPECIALS, tokenizerOf } from './tokenizerOf.ts'

const FIRST_PIECE = 5
/** Masks of the validation are drawn from this stream of the seed, always the same. */
const JUDGED_STEP = -1

interface MaskedRecipe {
  readonly id: string
  readonly name: string
  readonly licence: string
  readonly limits: readonly string[]
  readonly created: string | undefined
  readonly corpus: { readonly train: string; readonly valid: string; readonly source: string }
  readonly tokenizer: { readonly file: string } | { readonly vocabulary: number; readonly maxPieceLength: number; readonly sentences: number } // biome-ignore format: one line
  readonly kind: string
  readonly architecture: Readonly<Record<string, unknown>>
  readonly maxTokens: number
  readonly training: { readonly seed: number; readonly batch: number; readonly steps: number; readonly maskShare: number; readonly validateEvery: number; readonly validateRows: number; readonly checkpointEvery: number; readonly schedule: Schedule; readonly weightDecay: number; readonly clipNorm: number } // biome-ignore format: one line
}

export function parseMaskedRecipe(file: RecipeFile): MaskedRecipe {
  return readingRecipe(file, fields => {
    for (const known of ['format', 'formatVersion', 'task', 'note']) fields.raw(known)
    const corpus = fields.inner('corpus')
    const tokenizer = fields.inner('tokenizer')
    const model = fields.inner('model')
    const t = fields.inner('training')
    const recipe: MaskedRecipe = {
      ...headOf(fields),
      corpus: { train: file.file(corpus.text('train')), valid: file.file(corpus.text('valid')), source: corpus.text('source', 'not said') }, // biome-ignore format: one line
      tokenizer: tokenizer.has('file') ? { file: file.file(tokenizer.text('file')) } : { vocabulary: tokenizer.count('vocabulary', { least: 80 }), maxPieceLength: tokenizer.count('maxPieceLength', { otherwise: 64 }), sentences: tokenizer.count('sentences', { otherwise: 2000 }) }, // biome-ignore format: one line
      kind: model.choice('kind', ['linformer', 'transformer', 'lrt'], 'linformer'),
      architecture: model.raw('architecture') as Readonly<Record<string, unknown>>,
      maxTokens: model.count('maxTokens', { least: 8 }),
      training: {
        seed: t.count('seed', { least: 0 }),
        batch: t.count('batch'),
        steps: t.count('steps'),
        maskShare: t.number('maskShare', { otherwise: 0.15, least: 0.001, below: 1 }),
        validateEvery: t.count('validateEvery'),
        validateRows: t.count('validateRows', { otherwise: 128 }),
        checkpointEvery: t.count('checkpointEvery'),
        schedule: scheduleOf(t),
        weightDecay: t.number('weightDecay', { otherwise: 0.01, least: 0, below: 1 }),
        clipNorm: t.number('clipNorm', { otherwise: 1, least: 0, below: 1e6 }),
      },
    }
    for (const part of [corpus, tokenizer, model, t, fields]) part.end()
    return recipe
  })
}

/** Sentences as ids, end to end. */
interface Sentences {
  readonly texts: readonly string[]
  readonly ids: readonly Int32Array[]
}

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
  const bytes = 'file' in recipe.tokenizer ? await readFile(recipe.tokenizer.file) : tokenizerOf(trainTexts.slice(0, recipe.tokenizer.sentences), { vocabulary: recipe.tokenizer.vocabulary, maxPieceLength: recipe.tokenizer.maxPieceLength, seed }, context) // biome-ignore format: one line
  const tokenizer = loadTokenizer(bytes)
  const train = encoded(trainTexts, tokenizer)
  const valid = encoded(validTexts, tokenizer)
  const symbols = trainTexts.reduce((n, t) => n + t.length, 0)
  deps.note(`${train.texts.length} sentences, ${symbols} characters, ${(symbols / train.ids.reduce((n, r) => n + r.length, 0)).toFixed(2)} a token; vocabulary ${tokenizer.size}`) // biome-ignore format: one line
  const architecture = { ...recipe.architecture, vocabulary: tokenizer.size, maxTokens, padToken: SPECIALS.pad, tokenHead: 'tied' } // biome-ignore format: one line
  const network = readingRecipe(request.recipe, () => deps.registry.configure(recipe.kind, architecture))
  const step = tokenStep(network, 'tokens', { batch: training.batch, length: maxTokens, optimizer: { kind: 'adamw', weightDecay: training.weightDecay }, clipNorm: training.clipNorm, group: name => (/bias$|norm\d?\.weight$/.test(name) ? { weightDecay: 0 } : {}) }) // biome-ignore format: one line
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
  const scratch = await mkdtemp(join(tmpdir(), 'diploscope-tokenizer-'))
  const temporary = siblingOf(join(request.out, 'model'), 'part')
  try {
    await writeFile(join(scratch, TOKENIZER_FILE), bytes)
    const { cls, sep, mask: maskId, pad } = SPECIALS
    const written = await writeModelFolder(
      temporary,
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
        weights: await openSafetensors(memorySource(encodeSafetensors(kept))),
        specs: network.parameters,
        tokenizer: { path: join(scratch, TOKENIZER_FILE), specials: { cls, sep, mask: maskId, pad } },
      },
      context,
    )
    await writeFile(join(request.out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
    for (const name of [WEIGHTS_FILE, TOKENIZER_FILE, CARD_FILE, MODEL_FILE]) await rename(join(temporary, name), join(request.out, name)) // biome-ignore format: one line
    await syncFolder(request.out)
    await rm(join(request.out, 'checkpoints'), { recursive: true, force: true })
    return { folder: request.out, model: written.id, steps: done.step, keptStep: best.step, sha256: written.weights.sha256, parameters: written.weights.parameters, metrics: report, device: Object.keys(judging.provider.ran).join(', ') || 'not reported' } // biome-ignore format: one line
  } finally {
    await rm(scratch, { recursive: true, force: true })
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Mean cross-entropy over the tokens asked for, weights given at each run. */
function lossGraph(network: ConfiguredModel, batch: number, length: number): Uint8Array {
  const graph = new Graph()
  const { logits } = network.buildForward(graph, { batch, length })
  return emitOnnx({ loss: crossEntropy(logits!, graph.input('labels', [batch, length], 'int32')) }).bytes
}

const digest = (texts: readonly string[]) => createHash('sha256').update(texts.join('\n')).digest('hex')

/** Lines of a corpus; a letter outside the alphabet is named with its line. */
async function sentencesOfFile(path: string, context: WorkContext): Promise<string[]> {
  const decoder = new TextDecoder()
  const out: string[] = []
  try {
    for await (const line of byteLines(createReadStream(path, { highWaterMark: 1 << 20 }))) {
      if (out.length % 1024 === 0) throwIfCancelled(context.signal)
      const text = decoder.decode(line)
      const at = text.search(/[^ACGTNBDHUOX\u4e00-\u9fff]/u)
      if (at >= 0) throw new WorkbenchError('bad-input', `line ${out.length + 1}, character ${at + 1} of '${path}' is ${text[at] === '\r' ? 'a carriage return' : `'${text[at]}'`}: no code of the diplotype alphabet`, 'make the sentences with diploscope corpus') // biome-ignore format: one line
      if (text !== '') out.push(text)
    }
  } catch (error) {
    throw asWorkbenchError(error)
  }
  if (out.length === 0) throw new WorkbenchError('bad-input', `'${path}' holds no sentence`, 'make the sentences with diploscope corpus') // biome-ignore format: one line
  return out
}

const encoded = (texts: readonly string[], tokenizer: Tokenizer): Sentences => ({ texts, ids: texts.map(t => tokenizer.encode(t).ids) }) // biome-ignore format: one line

interface Row {
  readonly ids: Int32Array
  /** Where each token's sentence begins, and which it is: for the models of counts. */
  readonly sentence: Int32Array
  readonly place: Int32Array
  readonly labels: Int32Array
}

/** [CLS] s1 [SEP] s2 [SEP] … of a length drawn from a quarter of the longest to the longest; consecutive sentences from a random one on. */
function rowOf(from: Sentences, random: () => number, maxTokens: number): Omit<Row, 'labels'> {
  const length = integerIn(random, Math.max(4, maxTokens >> 2), maxTokens + 1)
  const ids = [SPECIALS.cls as number]
  const sentence = [-1]
  const place = [-1]
  for (let s = integerIn(random, 0, from.ids.length); ids.length < length; s = (s + 1) % from.ids.length) {
    const row = from.ids[s]!
    for (let i = 0; i < row.length && ids.length < length; i++) {
      ids.push(row[i]!)
      sentence.push(s)
      place.push(i)
    }
    if (ids.length < length) {
      ids.push(SPECIALS.sep)
      sentence.push(-1)
      place.push(-1)
    }
  }
  return { ids: Int32Array.from(ids), sentence: Int32Array.from(sentence), place: Int32Array.from(place) }
}

interface Asked {
  readonly sentence: number
  readonly place: number
  readonly id: number
  /** Nucleotides. */
  readonly length: number
}

const askedOf = (row: Row, tokenizer: Tokenizer): Asked[] =>
  Array.from(row.labels, (id, i) => ({ id, sentence: row.sentence[i]!, place: row.place[i]! }))
    .filter(a => a.id !== NOT_ASKED)
    .map(a => ({ ...a, length: tokenizer.vocabulary.pieces[a.id]!.replaceAll('\u2581', '').length }))

/** Bits a nucleotide of models of counts on the same masked tokens. They see what stands before a token; the network sees both sides. */
function floorsOf(
  train: Sentences,
  valid: Sentences,
  asked: readonly Asked[],
  tokenizer: Tokenizer,
): Record<string, number> {
  const vocabulary = tokenizer.size
  const lengths = tokenizer.vocabulary.pieces.map(p => p.replaceAll('\u2581', '').length)
  const unigram = new UnigramModel(vocabulary)
  for (const ids of train.ids) unigram.add(ids)
  const bigram = new BigramModel(vocabulary, unigram)
  for (const ids of train.ids) bigram.add(ids)
  const markov = [4, 5].map(order => new MarkovModel(order))
  for (const text of train.texts) for (const m of markov) m.add(text)
  const sums = { unigram: 0, bigram: 0, 'Markov, 4 before (5-mers)': 0, 'Markov, 5 before (6-mers)': 0 }
  const bigrams = BIGRAM_WEIGHTS.map(() => 0)
  let nucleotides = 0
  const starts = new Map<number, Int32Array>()
  for (const { sentence, place, id, length } of asked) {
    nucleotides += length
    sums.unigram -= Math.log2(unigram.probability(id))
    BIGRAM_WEIGHTS.forEach((weight, w) => {
      bigrams[w]! -= Math.log2(
        place > 0 ? bigram.probability(valid.ids[sentence]![place - 1]!, id, weight) : unigram.probability(id),
      )
    })
    const at = startsOf(sentence)[place]!
    for (let i = 0; i < length; i++) {
      sums['Markov, 4 before (5-mers)'] -= Math.log2(markov[0]!.probability(valid.texts[sentence]!, at + i))
      sums['Markov, 5 before (6-mers)'] -= Math.log2(markov[1]!.probability(valid.texts[sentence]!, at + i))
    }
  }
  // The weight that suits the held-out sentences best: a choice in the baseline's favour.
  sums.bigram = Math.min(...bigrams)
  return Object.fromEntries(Object.entries(sums).map(([name, bits]) => [name, bits / Math.max(1, nucleotides)]))

  /** Where each token of a sentence begins in its text. */
  function startsOf(sentence: number): Int32Array {
    let known = starts.get(sentence)
    if (!known) {
      let at = 0
      known = Int32Array.from(valid.ids[sentence]!, id => {
        const start = at
        at += lengths[id] ?? 0
        return start
      })
      starts.set(sentence, known)
    }
    return known
  }
}
