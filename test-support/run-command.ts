import { Readable } from 'node:stream'
import { parseArguments } from '../src-main/hosts/cli/arguments.ts'
import type { CliCommand, CliIo } from '../src-main/hosts/cli/command.ts'
import { quietContext } from '../src-shared/job.ts'

/** Runs a command in this process: exit code, what it wrote (to stdout or `--out`), and its notes for stderr. */
export async function runCommand(command: CliCommand, ...argv: string[]) {
  let out = ''
  const notes: string[] = []
  const write = async (bytes: Uint8Array | string) => {
    out += typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes)
  }
  const io: CliIo = {
    context: quietContext(),
    stdin: Readable.from([]),
    write,
    output: async (_path, produce) => produce(write),
    note: line => notes.push(line),
    quiet: false,
  }
  return { code: await command.run(parseArguments(command, argv), io), out, notes }
}
