import { spawn } from 'node:child_process'
import { type FileHandle, open, readFile } from 'node:fs/promises'

export interface Measured {
  readonly ms: number
  /** Highest resident memory of the process, MB; absent where the system does not tell (all but Linux). */
  readonly peakMb?: number
}

const POLL_MS = 20

/** Runs a command as a process of its own; standard input and output are files. @throws Error when it fails */
export async function measured(
  command: readonly string[],
  files: { readonly input?: string; readonly output?: string } = {},
): Promise<Measured> {
  const handles: FileHandle[] = []
  const opened = async (path: string | undefined, flags: string) => {
    if (path === undefined) return 'ignore' as const
    const handle = await open(path, flags)
    handles.push(handle)
    return handle.fd
  }
  const begun = performance.now()
  const child = spawn(command[0]!, command.slice(1), {
    stdio: [await opened(files.input, 'r'), await opened(files.output, 'w'), 'ignore'],
  })
  let peakKb = 0
  const poll = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
    peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
  }, POLL_MS)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', resolve)
    })
    const ms = performance.now() - begun
    if (code !== 0) throw new Error(`${command.join(' ')}: exit ${code}`)
    return { ms, ...(peakKb > 0 ? { peakMb: Math.round(peakKb / 1024) } : {}) }
  } finally {
    clearInterval(poll)
    for (const handle of handles) await handle.close()
  }
}
