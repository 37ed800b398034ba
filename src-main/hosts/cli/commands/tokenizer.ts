import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { loadTokenizer, type Tokenizer } from '../../../domain/tokenizer/tokenizer.ts'
import { byteLines } from '../../../readers/byteLines.ts'
import { readWhole } from '../../../readers/wholeFile.ts'
import { writeFileAtomic } from '../../../storage/atomic.ts'
import { type CliCommand, type CliIo, EXIT, type ParsedArgs } from '../command.ts'

/** Output is written in pieces of about this size. */
const FLUSH_CHARACTERS = 1 << 16

async function openTokenizer(path: string): Promise<Tokenizer> {
  const bytes = await readWhole(path)
  try {
    return loadTokenizer(bytes)
  } catch (error) {
    const e = asWorkbenchError(error)
    throw e.code === 'bad-model' ? new WorkbenchError(e.code, `'${path}': ${e.message}`, e.remedy) : e
  }
}

/** One line of output for each line of stdin, in pieces. */
async function eachLine(
  io: CliIo,
  write: (text: string) => Promise<void>,
  answer: (line: Uint8Array, number: number) => string,
): Promise<void> {
  let text = ''
  let number = 0
  for await (const line of byteLines(io.stdin)) {
    throwIfCancelled(io.context.signal)
    text += `${answer(line, ++number)}\n`
    if (text.length < FLUSH_CHARACTERS) continue
    await write(text)
    text = ''
    io.context.report({ phase: 'lines', done: number, total: 0 })
  }
  await write(text)
}

const decoder = new TextDecoder()

/** Ids separated by spaces, as `encode --ids` prints them. */
function parseIds(line: Uint8Array, number: number): number[] {
  const words = decoder
    .decode(line)
    .split(/\s+/)
    .filter(w => w !== '')
  return words.map(word => {
    if (!/^\d{1,9}$/.test(word)) throw new WorkbenchError('bad-input', `line ${number}: '${word.slice(0, 40)}' is not an id`, 'give ids separated by spaces') // biome-ignore format: one line
    return Number(word)
  })
}

async function encode(args: ParsedArgs, io: CliIo): Promise<void> {
  const tokenizer = await openTokenizer(args.required('model'))
  const asIds = args.flag('ids')
  await io.output(args.text('out'), write =>
    eachLine(io, write, line => {
      const { pieces, ids } = tokenizer.encode(line)
      return asIds ? ids.join(' ') : pieces.join(' ')
    }),
  )
}

async function decode(args: ParsedArgs, io: CliIo): Promise<void> {
  const tokenizer = await openTokenizer(args.required('model'))
  await io.output(args.text('out'), write =>
    eachLine(io, write, (line, number) => tokenizer.decode(parseIds(line, number))),
  )
}

async function train(args: ParsedArgs, io: CliIo): Promise<void> {
  const out = args.required('out')
  const { trainTokenizerInThread } = await import('../../../workers/tokenizerTrainingClient.ts')
  const { model, ...facts } = await trainTokenizerInThread(
    {
      corpusPath: args.required('corpus'),
      vocabularySize: args.integer('vocab-size', 32_000, { min: 6, max: 65_535 }),
      alphabet: args.choice('alphabet', ['corpus', 'haplotype', 'diplotype'], 'corpus'),
      maxPieceLength: args.integer('max-piece-length', 64, { min: 1, max: 512 }),
      normalization: args.choice('normalization', ['nfkc', 'identity'], 'nfkc'),
      sentences: args.integer('sentences', Number.POSITIVE_INFINITY, { min: 1 }),
      seed: args.integer('seed', 1, { min: 0, max: 2 ** 32 - 1 }),
    },
    io.context,
  )
  await writeFileAtomic(out, model)
  if (facts.short) io.note(`the corpus has no more pairs to merge: the model has ${facts.vocabularySize} pieces`)
  if (facts.skipped > 0) io.note(`${facts.skipped} lines of over 16,384 bytes were left out`)
  if (args.flag('json')) await io.write(`${JSON.stringify(facts)}\n`)
  else
    io.note(
      `${facts.vocabularySize} pieces from ${facts.lines} lines, ${facts.meanTokenLength.toFixed(2)} characters a token`,
    )
}

export const command: CliCommand = {
  name: 'tokenizer',
  summary: 'Trains a SentencePiece model (BPE), encodes and decodes with one (BPE, unigram, char or word).',
  usage: 'train --corpus FILE --out FILE.model | encode --model FILE.model [--ids] | decode --model FILE.model',
  options: {
    model: { value: 'FILE', help: 'a SentencePiece model' },
    ids: { help: 'encode: print ids, not pieces' },
    corpus: { value: 'FILE', help: 'train: text, one sentence a line' },
    'vocab-size': { value: 'N', help: 'train: pieces, specials and characters included (default 32000)' },
    alphabet: {
      value: 'NAME',
      help: 'train: corpus, haplotype (5 letters) or diplotype (66 codes); all its characters become pieces',
    },
    'max-piece-length': { value: 'N', help: 'train: in characters (default 64)' },
    normalization: { value: 'NAME', help: 'train: nfkc (default) or identity' },
    sentences: { value: 'N', help: 'train: on this many lines, drawn by the seed (default: all)' },
    seed: { value: 'N', help: 'train: default 1' },
  },
  notes:
    'Reads stdin and writes a line for each line, pieces or ids separated by one space. Input is taken as it is: only the model’s own normaliser changes it.',
  async run(args, io) {
    const verb = args.single("'train', 'encode' or 'decode'")
    if (verb === 'train') await train(args, io)
    else if (verb === 'encode') await encode(args, io)
    else if (verb === 'decode') await decode(args, io)
    else
      throw new WorkbenchError(
        'wrong-usage',
        `'tokenizer ${verb.slice(0, 40)}' is not a command`,
        "use 'tokenizer train', 'encode' or 'decode'",
      )
    return EXIT.done
  },
}
