import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import type { FileFacts } from '../../../src-shared/genome/files.ts'
import { type Client, createClient } from '../../../src-shared/ipc/client.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { type SocketLike, socketWire } from '../../../src-shared/ipc/socketWire.ts'
import type { Engines } from '../../services/engines.ts'
import { createServices, type Services, type ServicesOptions } from '../../services/services.ts'
import { type Headless, startHeadless } from './server.ts'

/** What a raw request got back. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface TestHost {
  readonly services: Services
  readonly headless: Headless
  readonly folder: string
  readonly dataDir: string
  readonly port: number
  readonly cookie: string
  readonly faults: string[]
  /** Bytes as given, on a socket of their own: node's http client would tidy the path. */
  raw(request: string): Promise<RawAnswer>
  get(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<RawAnswer>
  client(cookie?: string): Promise<{ client: Client; socket: WebSocket }>
  stop(): Promise<void>
}

/** Facts of a made-up BAM: tests of the services need files on disk, not reads in them. */
export const bamFacts = (sizeBytes: number, modifiedAt: number): FileFacts => ({
  kind: 'bam',
  compression: 'bgzip',
  sizeBytes,
  modifiedAt,
  index: 'not-needed',
  contigs: [{ name: 'chr1', length: 1000 }],
  contigCount: 1,
  build: 'unknown',
  samples: ['S'],
  synthetic: true,
  remarks: [],
})

const unused = () => Promise.reject(new WorkbenchError('unsupported', 'not in this test', ''))

/** Engines that do nothing but what a test gives. */
export const stubEngines = (given: Partial<Engines> = {}): Engines => ({
  probe: unused,
  sequence: unused,
  searchGenes: async () => [],
  genesInRange: unused,
  buildIndex: unused,
  depthBins: unused,
  firstReads: unused,
  column: unused,
  diplotype: unused,
  apoe: unused,
  apoeDocument: unused,
  close: async () => {},
  ...given,
})

/** A host over a small page and real services, all in a folder of its own. */
export async function startTestHost(options: Partial<ServicesOptions> = {}): Promise<TestHost> {
  const folder = await mkdtemp(join(tmpdir(), 'diploscope-host-'))
  const rendererDir = join(folder, 'renderer')
  const dataDir = options.dataDir ?? join(folder, 'data')
  await mkdir(join(rendererDir, 'assets'), { recursive: true })
  await writeFile(join(rendererDir, 'index.html'), '<!doctype html><title>Diploscope</title>page')
  await writeFile(join(rendererDir, 'assets', 'main-abcd1234.js'), 'export {}')
  await writeFile(join(folder, 'secret.txt'), 'secret')
  const faults: string[] = []
  const fault = (error: unknown, where: string) => void faults.push(`${where}: ${String(error)}`)
  const services = await createServices({
    host: 'headless',
    dialogs: 'browse',
    version: '1.2.3',
    startFolder: folder,
    roots: [],
    fault,
    ...options,
    dataDir,
  })
  const headless = await startHeadless({ services, host: '127.0.0.1', port: 0, rendererDir, fault })
  const { port } = headless
  const sockets = new Set<WebSocket>()

  const raw = (request: string) => rawRequest(port, request)
  const exchange = await raw(
    `GET ${new URL(headless.url).pathname}${new URL(headless.url).search} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`,
  )
  const cookie = (exchange.headers['set-cookie'] ?? '').split(';', 1)[0] ?? ''
  return {
    services,
    headless,
    folder,
    dataDir,
    port,
    cookie,
    faults,
    raw,
    get: (path, headers = {}, method = 'GET') =>
      raw(
        `${method} ${path} HTTP/1.1\r\n${Object.entries({ Host: `127.0.0.1:${port}`, Cookie: cookie, ...headers })
          .map(([name, value]) => `${name}: ${value}\r\n`)
          .join('')}\r\n`,
      ),
    async client(ownCookie = cookie) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
        headers: { Cookie: ownCookie, Origin: `http://127.0.0.1:${port}` },
      })
      sockets.add(socket)
      await new Promise((done, failed) => {
        socket.once('open', done)
        socket.once('error', failed)
      })
      return { client: createClient(socketWire(socket as unknown as SocketLike)), socket }
    },
    async stop() {
      for (const s of sockets) s.terminate()
      await headless.close()
      await services.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Sends text as it is and reads one answer until its end. */
function rawRequest(port: number, request: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request, 'latin1'))
    let bytes = Buffer.alloc(0)
    const isHead = request.startsWith('HEAD ')
    const parse = (ended: boolean) => {
      const at = bytes.indexOf('\r\n\r\n')
      if (at < 0) return ended ? reject(new Error(`no answer: '${bytes.toString('latin1')}'`)) : undefined
      const [first = '', ...lines] = bytes.subarray(0, at).toString('latin1').split('\r\n')
      const headers = Object.fromEntries(
        lines.map(l => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]),
      )
      const status = Number(first.split(' ')[1])
      const body = bytes.subarray(at + 4)
      const length = headers['content-length']
      const chunked = headers['transfer-encoding'] === 'chunked'
      const bodiless = isHead || status === 304 || status === 101 || status === 204
      const whole = bodiless || (length !== undefined && body.length >= Number(length)) || (chunked && body.toString('latin1').endsWith('0\r\n\r\n')) // biome-ignore format: one test
      if (!whole && !ended) return
      socket.destroy()
      resolve({ status, headers, body: chunked ? unchunk(body) : body })
    }
    socket.on('data', d => {
      bytes = Buffer.concat([bytes, d])
      parse(false)
    })
    socket.on('end', () => parse(true))
    socket.on('error', () => parse(true))
  })
}

function unchunk(body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.subarray(at, end).toString('latin1'), 16)
    if (!size) break
    parts.push(body.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
  return Buffer.concat(parts)
}
