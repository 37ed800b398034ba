import { spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { encodeFrame, type Frame, FrameReader } from './frames.ts'
import { type ProcessSettings, SETTINGS_VARIABLE } from './protocol.ts'

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: string | null
  /** The last lines it wrote on stderr. */
  readonly stderr: string
}

/** A running compute process. */
export interface ComputeProcess {
  readonly pid: number | undefined
  send(frame: Frame): void
  onFrame(listener: (frame: Frame) => void): void
  /** Called once, also when the program could not be started. */
  onEnd(listener: (end: ProcessEnd) => void): void
  /** Ends it at once, whatever it does. */
  kill(): void
  /** Closes the pipe: the process ends by itself when it is done with what it does. */
  disconnect(): void
  /** Whether it keeps the parent's event loop alive. */
  hold(busy: boolean): void
}

/** Starts `entry`. The default is a Node child; Electron's host gives one that forks a utilityProcess. */
export type ProcessLauncher = (entry: string, settings: ProcessSettings) => ComputeProcess

const STDERR_KEPT = 4096

export interface NodeLauncherOptions {
  /** The Node program; default: the one that runs now. */
  readonly execPath?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** A child of this Node, with frames on file descriptor 3 both ways. */
export const nodeLauncher: ProcessLauncher = (entry, settings) => launchNode(entry, settings, {})

/** As `nodeLauncher`, with another Node program or more environment. */
export const launchNode = (entry: string, settings: ProcessSettings, options: NodeLauncherOptions): ComputeProcess => {
  const child = spawn(options.execPath ?? process.execPath, [entry], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...options.environment,
      ELECTRON_RUN_AS_NODE: '1',
      [SETTINGS_VARIABLE]: JSON.stringify(settings),
    },
    windowsHide: true,
  })
  const pipe = child.stdio[3] as Duplex
  let stderr = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT)
  })
  let frameListener: (frame: Frame) => void = () => {}
  let endListener: (end: ProcessEnd) => void = () => {}
  const reader = new FrameReader(frame => frameListener(frame))
  pipe.on('data', (chunk: Uint8Array) => {
    try {
      reader.push(chunk)
    } catch (error) {
      stderr = `${stderr}\n${(error as Error).message}`
      child.kill('SIGKILL')
    }
  })
  pipe.on('error', () => {}) // a broken pipe is told by the end of the process
  let ended = false
  const end = (code: number | null, signal: string | null) => {
    if (ended) return
    ended = true
    endListener({ code, signal, stderr })
  }
  child.on('error', error => {
    stderr = `${stderr}\n${error.message}`
    end(null, null)
  })
  // 'close' and not 'exit': answers already in the pipe still count, and stderr is whole.
  child.on('close', (code, signal) => end(code, signal))
  const refs = [child, pipe, child.stderr] as readonly { ref?(): void; unref?(): void }[]
  return {
    pid: child.pid,
    send(frame) {
      pipe.cork()
      for (const piece of encodeFrame(frame)) pipe.write(piece)
      pipe.uncork()
    },
    onFrame(listener) {
      frameListener = listener
    },
    onEnd(listener) {
      endListener = listener
    },
    kill: () => void child.kill('SIGKILL'),
    disconnect: () => void pipe.destroy(),
    hold(busy) {
      for (const r of refs) (busy ? r.ref : r.unref)?.call(r)
    },
  }
}

/** The part of Electron's UtilityProcess that we use. */
export interface MessageProcess {
  readonly pid: number | undefined
  postMessage(message: unknown): void
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'exit', listener: (code: number) => void): unknown
  readonly stderr: NodeJS.ReadableStream | null
  kill(): boolean
}

/**
 * For a host whose processes exchange whole messages: `messageLauncher((entry, environment) => utilityProcess.fork(entry, [], { env: {
 * ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'pipe'] }))`.
 */
export const messageLauncher =
  (fork: (entry: string, environment: Readonly<Record<string, string>>) => MessageProcess): ProcessLauncher =>
  (entry, settings) => {
    const child = fork(entry, { [SETTINGS_VARIABLE]: JSON.stringify(settings) })
    let stderr = ''
    child.stderr?.on('data', (text: Buffer | string) => {
      stderr = (stderr + String(text)).slice(-STDERR_KEPT)
    })
    // Its own kill asks by SIGTERM; a process inside the runtime must not be asked.
    const kill = () => {
      if (child.pid !== undefined && process.platform !== 'win32') process.kill(child.pid, 'SIGKILL')
      else child.kill()
    }
    return {
      get pid() {
        return child.pid
      },
      send: frame => child.postMessage({ header: frame.header, buffers: frame.buffers }),
      onFrame: listener => void child.on('message', message => listener(message as Frame)),
      onEnd: listener => void child.on('exit', code => listener({ code, signal: null, stderr })),
      kill,
      disconnect: kill,
      hold: () => {},
    }
  }
