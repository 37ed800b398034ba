import { createReadStream } from 'node:fs'
import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { seededRandom } from '../../src-shared/random.ts'
import { createNormalizer, META_SPACE } from '../domain/tokenizer/normalizer.ts'
import { trainBpe } from '../domain/tokenizer/train/bpeTrainer.ts'
import { ALPHABETS, buildModel, SPECIAL_PIECES } from '../domain/tokenizer/train/build.ts'
import { nfkcCharsmap } from '../domain/tokenizer/train/nfkcMap.ts'
import { CorpusBuilder, MAX_SYMBOLS, type SymbolCorpus } from '../domain/tokenizer/train/symbols.ts'
import { byteLines } from '../readers/byteLines.ts'
import { ensureRegularFile } from '../readers/checkedFile.ts'
import type { TokenizerTrainingRequest, TokenizerTrainingResult } from './tokenizerTrainingProtocol.ts'

/** A longer line is not a sentence; it is counted and left out. Codes of heterozygotes take three bytes. */
const MAX_LINE_BYTES = 16_384
const LINES_A_BATCH = 4096

/** Trains a byte-pair model on a text file. Blocks its thread while it merges, but for looks at the signal. */
export async function trainTokenizer(
  request: TokenizerTrainingRequest,
  ctx: WorkContext,
): Promise<TokenizerTrainingResult> {
  const charsmap = request.normalization === 'nfkc' ? nfkcCharsmap() : new Uint8Array()
  const corpus = await readCorpus(request, charsmap, ctx)
  if (corpus.characters.length === 0)
    throw new WorkbenchError(
      'bad-input',
      `'${request.corpusPath}' holds no text`,
      'give a file with one sentence a line',
    )
  const alphabet = ALPHABETS[request.alphabet]
  const allowed = new Set([...alphabet, META_SPACE])
  if (request.alphabet !== 'corpus' && corpus.characters.some(c => !allowed.has(c)))
    await throwForeign(request, allowed)
  const characters = new Set([...corpus.characters, ...alphabet]).size
  const merges = request.vocabularySize - SPECIAL_PIECES.length - characters
  if (merges < 0 || characters + merges > MAX_SYMBOLS) {
    const least = SPECIAL_PIECES.length + characters
    throw new WorkbenchError('bad-input', `a vocabulary of ${request.vocabularySize} cannot hold ${characters} characters and ${SPECIAL_PIECES.length} specials`, `ask for a size from ${least} to ${MAX_SYMBOLS}`) // biome-ignore format: one sentence
  }
  const frequencies = corpus.frequencies.slice()
  const trained = trainBpe(corpus, { merges, maxPieceLength: request.maxPieceLength, minFrequency: 2 }, ctx)
  const model = buildModel({
    corpus: { characters: corpus.characters, frequencies },
    merges: trained,
    alphabet,
    normalization: request.normalization,
    charsmap,
    maxPieceLength: request.maxPieceLength,
  })
  const total = corpus.characters.reduce((n, c, i) => (c === META_SPACE ? n : n + (frequencies[i] as number)), 0)
  return {
    model,
    vocabularySize: SPECIAL_PIECES.length + trained.pieces.length + characters,
    merges: trained.pieces.length,
    lines: corpus.lines,
    skipped: corpus.skipped,
    characters: total,
    tokens: trained.tokens,
    meanTokenLength: total / trained.tokens,
    short: trained.pieces.length < merges,
  }
}

/**
 * Names the first character of a corpus that is none of its alphabet: lower case, IUPAC letters and carriage returns would become pieces that no
 * sample ever has.
 * @throws WorkbenchError `bad-input`, always
 */
async function throwForeign(request: TokenizerTrainingRequest, allowed: ReadonlySet<string>): Promise<never> {
  const { alphabet, corpusPath } = request
  const remedy = 'make the sentences with diploscope corpus, or train without --alphabet'
  const decoder = new TextDecoder()
  let number = 0
  for await (const line of byteLines(createReadStream(corpusPath, { highWaterMark: 1 << 20 }))) {
    number++
    const characters = [...decoder.decode(line)]
    const at = characters.findIndex(c => c !== ' ' && !allowed.has(c))
    if (at < 0) continue
    const what = characters[at] === '\r' ? 'a carriage return' : `'${characters[at]}'`
    throw new WorkbenchError('bad-input', `line ${number}, character ${at + 1} of '${corpusPath}' is ${what}: no letter of the ${alphabet} alphabet`, remedy) // biome-ignore format: one sentence
  }
  throw new WorkbenchError(
    'bad-input',
    `'${corpusPath}' holds letters that are not of the ${alphabet} alphabet`,
    remedy,
  )
}

async function readCorpus(
  request: TokenizerTrainingRequest,
  charsmap: Uint8Array,
  ctx: WorkContext,
): Promise<SymbolCorpus> {
  const normalize = createNormalizer(
    {
      name: request.normalization,
      precompiledCharsmap: charsmap,
      addDummyPrefix: true,
      removeExtraWhitespaces: true,
      escapeWhitespaces: true,
    },
    { treatWhitespaceAsSuffix: false },
    () => 0,
  )
  await ensureRegularFile(request.corpusPath)
  const lines = () => byteLines(createReadStream(request.corpusPath, { highWaterMark: 1 << 20 }))
  try {
    let total = 0
    if (Number.isFinite(request.sentences)) {
      for await (const _line of lines()) if (++total % LINES_A_BATCH === 0) throwIfCancelled(ctx.signal)
    }
    // Knuth's selection sampling (TAOCP 3.4.2 S): each line is kept with the chance that makes every subset as likely.
    const random = seededRandom(request.seed)
    let needed = request.sentences
    let seen = 0
    const builder = new CorpusBuilder()
    for await (const line of lines()) {
      if (seen % LINES_A_BATCH === 0) {
        throwIfCancelled(ctx.signal)
        ctx.report({ phase: 'reading lines', done: seen, total })
      }
      const keep = !Number.isFinite(request.sentences) || (total - seen) * random() < needed
      seen++
      if (!keep) continue
      needed--
      if (line.length > MAX_LINE_BYTES) builder.skip()
      else builder.add(normalize(line))
    }
    return builder.finish()
  } catch (error) {
    throw asWorkbenchError(error)
  }
}
