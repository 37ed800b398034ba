import { parseArgs } from 'node:util'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { CliCommand, OptionSpec, ParsedArgs } from './command.ts'
import { nearest } from './suggest.ts'

/** Understood by every command. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  out: { value: 'FILE', help: 'write the result to FILE, whole or not at all (default: stdout)' },
  json: { help: 'print exactly one JSON document' },
  quiet: { help: 'no progress on stderr' },
  threads: { value: 'N', help: 'threads to compute with (default: cores)' },
  debug: { help: 'print the stack of an error' },
  help: { help: 'this text', short: 'h' },
}

const usage = (message: string, command: string, meant?: string) =>
  new WorkbenchError(
    'wrong-usage',
    message,
    `${meant === undefined ? 'see' : `did you mean '${meant}'? See`} 'diploscope ${command} --help'`,
  )

/** `--threads` of a command that counts reads: blocks are unpacked beside the counting, whatever is asked for. */
export const READING_THREADS: OptionSpec = {
  value: 'N',
  help: 'changes nothing here: one thread counts while the pool of the runtime unpacks',
}

/** Placeholders of options that name a path: an empty one comes from an unset variable of a script. */
const FILE_VALUES: ReadonlySet<string> = new Set(['FILE', 'FASTA', 'DIR'])

/** Parses the arguments after the command's name. @throws WorkbenchError `wrong-usage` */
export function parseArguments(command: CliCommand, argv: readonly string[]): ParsedArgs {
  const specs: Record<string, OptionSpec> = { ...COMMON_OPTIONS, ...command.options }
  const parsed = (() => {
    try {
      return parseArgs({
        args: [...argv],
        allowPositionals: true,
        strict: true,
        tokens: true,
        options: Object.fromEntries(
          Object.entries(specs).map(([name, s]) => [
            name,
            { type: s.value ? ('string' as const) : ('boolean' as const), ...(s.short ? { short: s.short } : {}) },
          ]),
        ),
      })
    } catch (error) {
      const message = (error as Error).message.split(/\.\s|\n/, 1)[0] ?? 'unusable arguments'
      const unknown = /^Unknown option '--(.*)'$/.exec(message)?.[1]
      const meant = unknown === undefined ? undefined : nearest(unknown, Object.keys(specs))
      throw usage(message.slice(0, 200), command.name, meant === undefined ? undefined : `--${meant}`)
    }
  })()
  const values = parsed.values as Record<string, string | boolean | undefined>
  // The last of two would win in silence: `--region chr1 --region chr2` would answer for chr2 only.
  const given = new Set<string>()
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue
    if (given.has(token.name) && specs[token.name]?.value) throw usage(`--${token.name} is given twice`, command.name)
    given.add(token.name)
    if (token.value === '' && FILE_VALUES.has(specs[token.name]?.value ?? '')) throw usage(`--${token.name} is empty`, command.name) // biome-ignore format: one line
  }
  const text = (name: string) => {
    const v = values[name]
    return typeof v === 'string' ? v : undefined
  }
  const numeric = (name: string, fallback: number, range: { min?: number; max?: number }, whole: boolean) => {
    const t = text(name)
    if (t === undefined) return fallback
    const n = t.trim() === '' ? Number.NaN : Number(t)
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = range
    if (!Number.isFinite(n) || (whole && !Number.isInteger(n)) || n < min || n > max) {
      const limits = Number.isFinite(min) && Number.isFinite(max) ? ` from ${min} to ${max}` : Number.isFinite(min) ? ` of at least ${min}` : '' // biome-ignore format: one thought
      throw usage(
        `--${name} is '${t.slice(0, 60)}', not ${whole ? 'a whole number' : 'a number'}${limits}`,
        command.name,
      )
    }
    return n
  }
  // Every command takes it, also those that have no use for it: a value that means nothing is refused all the same.
  numeric('threads', 1, { min: 1, max: 4096 }, true)
  return {
    positionals: parsed.positionals,
    text,
    required(name) {
      const t = text(name)
      if (t === undefined) throw usage(`--${name} is missing`, command.name)
      return t
    },
    flag: name => values[name] === true,
    integer: (name, fallback, range = {}) => numeric(name, fallback, range, true),
    number: (name, fallback, range = {}) => numeric(name, fallback, range, false),
    choice(name, allowed, fallback) {
      const t = text(name)
      if (t === undefined) return fallback
      const found = allowed.find(a => a === t)
      if (found === undefined)
        throw usage(
          `--${name} is '${t.slice(0, 60)}', not one of ${allowed.join(', ')}`,
          command.name,
          nearest(t, allowed),
        )
      return found
    },
    single(what) {
      const [first, ...more] = parsed.positionals
      if (first === undefined) throw usage(`${what} is missing`, command.name)
      if (first === '') throw usage(`${what} is empty`, command.name)
      if (more.length) throw usage(`one ${what} is expected, got ${parsed.positionals.length}`, command.name)
      return first
    },
  }
}

/** The text of `diploscope COMMAND --help`. */
export function helpOf(command: CliCommand): string {
  const rows = Object.entries({ ...command.options, ...COMMON_OPTIONS, ...command.options }).map(([name, s]) => [
    `  --${name}${s.value ? ` ${s.value}` : ''}`,
    s.help,
  ])
  const width = Math.max(...rows.map(r => r[0]?.length ?? 0)) + 2
  const table = rows.map(([left = '', right = '']) => left.padEnd(width) + right).join('\n')
  return `diploscope ${command.name} ${command.usage}\n${command.summary}\n\n${table}\n${command.notes ? `\n${command.notes}\n` : ''}`
}
