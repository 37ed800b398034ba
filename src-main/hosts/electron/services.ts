import { join } from 'node:path'
import { toWire, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { portWire } from '../../../src-shared/ipc/portWire.ts'
import { createServices, type Services } from '../../services/services.ts'
import type { FromServices, ToServices } from './channels.ts'
import { createComputeRelay, type RelayPort } from './computeRelay.ts'

// The utility process: the services behind one port a window. Electron's own module is not needed here; `process.parentPort` is its gift.

interface ParentPort {
  on(type: 'message', listener: (event: { data: unknown; ports: unknown[] }) => void): void
  postMessage(message: unknown): void
}
const parent = (process as unknown as { parentPort: ParentPort }).parentPort
const tell = (message: FromServices) => parent.postMessage(message)

const computeRelay = createComputeRelay(tell)
let services: Promise<Services> | undefined
let nextPdf = 1
const pdfs = new Map<number, { resolve(bytes: Uint8Array<ArrayBuffer>): void; reject(error: Error): void }>()

const fault = (error: unknown, where: string) =>
  process.stderr.write(`diploscope: internal: ${where}: ${error instanceof Error ? error.message : String(error)}\n`)

function start(message: Extract<ToServices, { kind: 'start' }>): Promise<Services> {
  return createServices({
    dataDir: message.dataDir,
    demoDir: join(message.assetsDir, 'demo'),
    modelsDir: join(message.assetsDir, 'models'),
    recipesDir: join(message.assetsDir, 'recipes'),
    host: 'electron',
    dialogs: 'native',
    version: message.version,
    versions: Object.fromEntries(
      Object.entries(process.versions).flatMap(([name, version]) => (version ? [[name, version]] : [])),
    ),
    start: { files: message.startPaths },
    startFolder: message.startFolder,
    computeLauncher: computeRelay.launcher,
    printPdf: html =>
      new Promise((resolve, reject) => {
        const id = nextPdf++
        pdfs.set(id, { resolve, reject })
        tell({ kind: 'pdf', id, html })
      }),
    fault,
  })
}

/** Answers a question of main, with a coded error where there is none. */
async function answer(id: number, work: (services: Services) => Promise<unknown>): Promise<void> {
  try {
    if (!services)
      throw new WorkbenchError('internal', 'the services were asked before they were started', 'restart the program')
    tell({ kind: 'answer', id, value: await work(await services) })
  } catch (error) {
    tell({ kind: 'answer', id, value: null, error: toWire(error) })
  }
}

async function receive(message: ToServices, ports: readonly unknown[]): Promise<void> {
  switch (message.kind) {
    case 'start':
      services = start(message)
      services.catch(error => {
        fault(error, 'start')
        process.exit(1)
      })
      return
    case 'client': {
      const [port] = ports
      ;(await services)?.connect(portWire(port as Parameters<typeof portWire>[0]))
      return
    }
    case 'open':
      // What cannot be opened is told to the windows by the services themselves.
      await (await services)?.openPaths(message.paths)
      return
    case 'command':
      ;(await services)?.command(message.command)
      return
    case 'data':
      return answer(message.id, async s => {
        const { path, fingerprint } = await s.content.data(message.fileId, message.part)
        return { path, fingerprint }
      })
    case 'download':
      return answer(message.id, s => s.content.download(message.downloadId, message.keep))
    case 'note-problem':
      (await services)?.content.noteProblem?.(message.fileId, new WorkbenchError(message.error.code, message.error.message, message.error.remedy)) // biome-ignore format: one line
      return
    case 'compute':
      computeRelay.attach(message.id, message.pid, ports[0] as RelayPort)
      return
    case 'compute-exit':
      computeRelay.exited(message.id, message.code)
      return
    case 'pdf-result': {
      const waiting = pdfs.get(message.id)
      pdfs.delete(message.id)
      if (message.bytes) waiting?.resolve(new Uint8Array(message.bytes))
      else
        waiting?.reject(
          new WorkbenchError(
            'internal',
            `the report could not be printed: ${message.message}`,
            'export it as HTML and print that',
          ),
        )
      return
    }
    case 'stop':
      await (await services)?.close()
      process.exit(0)
  }
}

parent.on('message', event => {
  receive(event.data as ToServices, event.ports).catch(error => fault(error, 'message'))
})
