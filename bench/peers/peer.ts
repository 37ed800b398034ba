import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

const PYTHON = process.env['BENCH_PYTHON'] ?? '/usr/bin/python3'

/** Which of the peer's libraries this machine has. */
export function peerLibraries(): { numpy: boolean; torch: boolean } {
  const has = (module: string) => spawnSync(PYTHON, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0
  return { numpy: has('numpy'), torch: has('torch') }
}

export type Answer = Readonly<Record<string, unknown>>

/** A Python process that does the same work, one command a line. */
export class Peer {
  readonly #child: ChildProcess
  readonly #waiting: { resolve(answer: Answer): void; reject(error: Error): void }[] = []

  constructor(script: string, threads: number) {
    this.#child = spawn(PYTHON, [script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, BENCH_THREADS: String(threads) },
    })
    createInterface({ input: this.#child.stdout! }).on('line', line => this.#waiting.shift()?.resolve(JSON.parse(line)))
    this.#child.on('exit', code => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`the peer ended with ${code}`))
    })
  }

  ask(command: Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#child.stdin!.write(`${JSON.stringify(command)}\n`)
    })
  }

  /** Milliseconds of one run, measured inside the peer. */
  async run(): Promise<number> {
    return (await this.ask({ do: 'run' }))['ms'] as number
  }

  close(): void {
    this.#child.stdin!.end()
  }
}
