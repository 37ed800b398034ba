import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cancelled, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { type CliCommand, EXIT } from '../command.ts'

/** `scripts/bench.mjs` of the clone that this file was built in; undefined in a package, which carries no benchmarks. */
function benchScript(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (dirname(folder) !== folder) {
    const script = join(folder, 'scripts', 'bench.mjs')
    if (existsSync(script)) return script
    folder = dirname(folder)
  }
  return undefined
}

export const command: CliCommand = {
  name: 'bench',
  summary: 'Runs a benchmark, beside its peers where they are installed, and names the machine.',
  usage: 'NAME [--json] [--repeats N]',
  options: { repeats: { value: 'N', help: 'repetitions (default: the benchmark’s own)' } },
  notes:
    'Without a NAME, lists them. Peers come from Debian: samtools, python3-pysam, python3-torch, python3-numpy, chromium.',
  async run(args, io) {
    const script = benchScript()
    if (!script)
      throw new WorkbenchError(
        'unsupported',
        'benchmarks are not part of a packaged program',
        'run this in a clone of the project',
      )
    const repeats = args.text('repeats')
    const child = spawn(
      process.execPath,
      [
        script,
        ...args.positionals,
        ...(args.flag('json') ? ['--json'] : []),
        ...(repeats ? ['--repeats', repeats] : []),
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    )
    io.context.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
    const code = await new Promise<number>(done => child.once('exit', status => done(status ?? EXIT.fault)))
    if (io.context.signal.aborted) throw cancelled()
    return code
  },
}
