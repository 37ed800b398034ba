import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toWire, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { type Channel, openChannel } from './channel.ts'
import { type Frame, packTensors, unpackTensors } from './frames.ts'
import { peakRssBytes } from './peakMemory.ts'
import { type Answer, type MemoryUse, type ProcessSettings, type Request, SETTINGS_VARIABLE } from './protocol.ts'
import { type Runtime, Sessions } from './sessions.ts'

/** The compute process: one request after the other, each answered. It ends when its parent does. */
async function main(): Promise<void> {
  const settings = JSON.parse(process.env[SETTINGS_VARIABLE] ?? '{}') as Partial<ProcessSettings>
  // The folder is this process's own: it goes with it, also when the parent was killed and cannot tidy up.
  const scratch = settings.scratchFolder ?? mkdtempSync(join(tmpdir(), 'diploscope-compute-'))
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
  // Ctrl+C reaches the whole group of a terminal; what is to end here is the parent's to say.
  process.on('SIGINT', () => {})
  const channel = openChannel()
  const answer = (message: Answer, buffers: readonly Uint8Array[] = []) => channel.send({ header: message, buffers })
  let ort: Runtime
  try {
    ort = await import('onnxruntime-node')
    answer({
      kind: 'ready',
      engine: `onnxruntime-node ${ort.env.versions.node ?? ''}`.trim(),
      providers: ort.listSupportedBackends().map(b => b.name),
    })
  } catch (error) {
    answer({ kind: 'engine-missing', error: toWire(engineMissing(error)) })
    process.exit(0)
  }
  await serve(channel, new Sessions(ort, settings.sessionLimitBytes ?? 4e9, scratch), answer)
  process.exit(0)
}

const engineMissing = (cause: unknown) =>
  new WorkbenchError(
    'engine-missing',
    `the ONNX Runtime engine cannot be loaded on ${process.platform}-${process.arch} (${String((cause as Error)?.message ?? cause).split('\n', 1)[0]})`,
    "run 'npm ci' again on this machine; Linux needs glibc 2.28 or newer, and macOS on Intel is not supported",
    undefined,
    { cause },
  )

async function serve(channel: Channel, sessions: Sessions, answer: (a: Answer, b?: readonly Uint8Array[]) => void) {
  const memory = (): MemoryUse => ({
    rssBytes: process.memoryUsage.rss(),
    peakRssBytes: peakRssBytes(),
    cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    sessionBytes: sessions.bytes,
    sessions: sessions.count,
    stateBytes: sessions.stateBytes,
  })
  for (;;) {
    const frame = await channel.receive()
    if (!frame) return
    const request = frame.header as Request
    try {
      const { tensors, ...rest } = await handle(sessions, request, frame)
      const { metas, buffers } = packTensors(tensors ?? {})
      answer({ kind: 'done', call: request.call, tensors: metas, memory: memory(), ...rest }, buffers)
    } catch (error) {
      answer({ kind: 'failed', call: request.call, error: toWire(error), memory: memory() })
    }
  }
}

type Done = Pick<Extract<Answer, { kind: 'done' }>, 'info' | 'ran' | 'runMs'> & {
  readonly tensors?: ReturnType<typeof unpackTensors>
}

async function handle(sessions: Sessions, request: Request, frame: Frame): Promise<Done> {
  switch (request.kind) {
    case 'load':
      return { info: (await sessions.load(request.session)).info }
    case 'run': {
      const inputs = unpackTensors(request.tensors, frame.buffers)
      const result = await sessions.run(request.session, inputs, request.outputs, request.state, request.memoryLimit)
      return { tensors: result.tensors, runMs: result.runMs, ...(result.ran ? { ran: result.ran } : {}) }
    }
    case 'unload':
      await sessions.unload(request.session)
      return {}
    case 'put':
      sessions.put(request.state, unpackTensors(request.tensors, frame.buffers))
      return {}
    case 'get':
      return { tensors: sessions.get(request.state, request.names) }
    case 'drop':
      sessions.drop(request.state)
      return {}
    case 'stats':
      return {}
  }
}

await main()
