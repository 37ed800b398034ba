import { readFile, stat } from 'node:fs/promises'
import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { loadTokenizer, type Tokenizer } from '../../../domain/tokenizer/tokenizer.ts'
import { type CliCommand, type CliIo, EXIT, type ParsedArgs } from '../command.ts'
import { byteLines } from '../lines.ts'

/** Published models are a few megabytes; a file over this is not one. */
const MAX_MODEL_BYTES = 256 * 1024 * 1024
/** Output is written in pieces of about this size. */
const FLUSH_CHARACTERS = 1 << 16

async function openTokenizer(path: string): Promise<Tokenizer> {
  try {
    const { size } = await stat(path)
    if (size > MAX_MODEL_BYTES) throw new WorkbenchError('bad-model', `'${path}' is too large to be a SentencePiece model (${size} bytes)`, 'give a .model file') // biome-ignore format: one line
    return loadTokenizer(await readFile(path))
  } catch (error) {
    throw asWorkbenchError(error)
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

export const command: CliCommand = {
  name: 'tokenizer',
  summary: 'Encodes and decodes text with a SentencePiece model (BPE or unigram).',
  usage: 'encode --model FILE.model [--ids] | decode --model FILE.model',
  options: {
    model: { value: 'FILE', help: 'a SentencePiece model' },
    ids: { help: 'encode: print ids, not pieces' },
  },
  notes:
    'Reads stdin and writes a line for each line, pieces or ids separated by one space. Input is taken as it is: only the model’s own normaliser changes it.',
  async run(args, io) {
    const verb = args.single("'encode' or 'decode'")
    if (verb === 'encode') await encode(args, io)
    else if (verb === 'decode') await decode(args, io)
    else
      throw new WorkbenchError(
        'wrong-usage',
        `'tokenizer ${verb.slice(0, 40)}' is not a command`,
        "use 'tokenizer encode' or 'tokenizer decode'",
      )
    return EXIT.done
  },
}
