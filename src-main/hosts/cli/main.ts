import { asWorkbenchError, type ErrorCode, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { helpOf, parseArguments } from './arguments.ts'
import { type CliCommand, EXIT } from './command.ts'
import { guardProcess, oneLine, processIo } from './io.ts'
import { nearest } from './suggest.ts'

/** Every command, loaded when it is called, so that start-up pays for one. A new command is a file and a line here. */
const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: CliCommand }>>> = {
  apoe: () => import('./commands/apoe.ts'),
  bench: () => import('./commands/bench.ts'),
  corpus: () => import('./commands/corpus.ts'),
  diplotype: () => import('./commands/diplotype.ts'),
  evaluate: () => import('./commands/evaluate.ts'),
  index: () => import('./commands/index.ts'),
  models: () => import('./commands/models.ts'),
  mutate: () => import('./commands/mutate.ts'),
  pileup: () => import('./commands/pileup.ts'),
  plan: () => import('./commands/plan.ts'),
  predict: () => import('./commands/predict.ts'),
  'receptive-field': () => import('./commands/receptiveField.ts'),
  score: () => import('./commands/score.ts'),
  serve: () => import('./commands/serve.ts'),
  simulate: () => import('./commands/simulate.ts'),
  tokenizer: () => import('./commands/tokenizer.ts'),
  train: () => import('./commands/train.ts'),
  variants: () => import('./commands/variants.ts'),
}

const exitCode = (code: ErrorCode): number => {
  switch (code) {
    case 'internal':
    case 'disconnected':
    case 'engine-missing':
      return EXIT.fault
    case 'wrong-usage':
      return EXIT.usage
    case 'cancelled':
      return EXIT.cancelled
    default:
      return EXIT.input
  }
}

async function overview(): Promise<string> {
  const rows = await Promise.all(
    Object.values(COMMANDS).map(async load => {
      const { command } = await load()
      return `  ${command.name.padEnd(17)}${command.summary}`
    }),
  )
  return `diploscope COMMAND …   Reads, APOE reports and sequence models at the locus. Research use only.\n\n${rows.join('\n')}\n\n'diploscope COMMAND --help' tells its options.\n`
}

async function commandOf(name: string): Promise<CliCommand> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load) return (await load()).command
  const meant = nearest(name, Object.keys(COMMANDS))
  throw new WorkbenchError(
    'wrong-usage',
    `'${name.slice(0, 40)}' is not a command`,
    meant ? `did you mean '${meant}'? See 'diploscope --help'` : `use one of ${Object.keys(COMMANDS).join(', ')}`,
  )
}

async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
  let io: ReturnType<typeof processIo> | undefined
  try {
    const helpFor = name === 'help' ? rest[0] : undefined
    if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && helpFor === undefined)) {
      process.stdout.write(await overview())
      if (name !== undefined) return EXIT.done
      throw new WorkbenchError('wrong-usage', 'no command is given', "see 'diploscope --help'")
    }
    if (name === '--version') {
      process.stdout.write(`${process.env['DIPLOSCOPE_VERSION'] ?? 'unknown'}\n`)
      return EXIT.done
    }
    const command = await commandOf(helpFor ?? name)
    if (helpFor !== undefined || rest.includes('--help') || rest.includes('-h')) {
      process.stdout.write(helpOf(command))
      return EXIT.done
    }
    const args = parseArguments(command, rest)
    io = processIo(stop.signal, args.flag('quiet'))
    return await command.run(args, io)
  } catch (error) {
    io?.end()
    const e = stop.signal.aborted
      ? asWorkbenchError(new DOMException('Cancelled', 'AbortError'))
      : asWorkbenchError(error)
    process.stderr.write(`diploscope: ${e.code}: ${oneLine(e.message)} - ${oneLine(e.remedy)}\n`)
    if (argv.includes('--debug')) process.stderr.write(`${(e.cause as Error | undefined)?.stack ?? e.stack}\n`)
    return exitCode(e.code)
  } finally {
    io?.end()
  }
}

guardProcess(process.argv.includes('--debug'))
process.exitCode = await run(process.argv.slice(2))
// An output that could not be written to says so in a moment, not in the call.
if (process.exitCode !== EXIT.cancelled) await new Promise(setImmediate)
// Workers and sockets that a command left open must not keep the process: the answer is out. A cancelled one has none, and whoever
// reads may have stopped to (`| less`): nothing is waited for.
if (process.exitCode === EXIT.cancelled || process.stdout.writableLength === 0) process.exit()
else process.stdout.once('drain', () => process.exit())
