import type { Readable } from 'node:stream'
import type { WorkContext } from '../../../src-shared/job.ts'

/** One option of a command, as `--name VALUE` or `--name`. */
export interface OptionSpec {
  /** The placeholder shown in help (`FILE`, `N`); absent for a switch. */
  readonly value?: string
  readonly help: string
  readonly short?: string
}

/** Parsed arguments; every getter throws `wrong-usage` (exit 2) that names the option and the value. */
export interface ParsedArgs {
  readonly positionals: readonly string[]
  text(name: string): string | undefined
  required(name: string): string
  flag(name: string): boolean
  integer(name: string, fallback: number, range?: { min?: number; max?: number }): number
  number(name: string, fallback: number, range?: { min?: number; max?: number }): number
  /** One of a closed list. */
  choice<T extends string>(name: string, allowed: readonly T[], fallback: T): T
  /** The one positional argument; `wrong-usage` when there is none or more than one. */
  single(what: string): string
}

/** What a command may touch of the process. */
export interface CliIo {
  /** Aborted on SIGINT or SIGTERM; progress goes to stderr unless --quiet. */
  readonly context: WorkContext
  readonly stdin: Readable
  /** Writes to stdout and waits where the reader is slow. A reader that went away (EPIPE) ends the command quietly. */
  write(bytes: Uint8Array | string): Promise<void>
  /** Writes to `--out FILE` whole or not at all, or to stdout when the option is absent. */
  output(
    path: string | undefined,
    produce: (write: (bytes: Uint8Array | string) => Promise<void>) => Promise<void>,
  ): Promise<void>
  /** One line on stderr, unless --quiet. */
  note(line: string): void
  readonly quiet: boolean
}

/** Exit codes are a contract with scripts: 5 is "done, but the answer is no call". */
export const EXIT = { done: 0, fault: 1, usage: 2, input: 3, cancelled: 4, noCall: 5 } as const

/**
 * A command of the command line: one file in `commands/`, listed in `main.ts`.
 * `--quiet`, `--json`, `--debug`, `--out`, `--threads`, `--help` are understood for every command; list those a command uses for help only
 * where their meaning is its own.
 */
export interface CliCommand {
  readonly name: string
  readonly summary: string
  /** As shown after the name: `BAM --region R`. */
  readonly usage: string
  readonly options: Readonly<Record<string, OptionSpec>>
  /** More text for `--help`: units, caveats. */
  readonly notes?: string
  /** The exit code. Errors are thrown. */
  run(args: ParsedArgs, io: CliIo): Promise<number>
}
