import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { WebSocketServer } from 'ws'
import { asWorkbenchError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { MAX_FRAME_BYTES } from '../../../src-shared/ipc/frameCodec.ts'
import { contentSecurityPolicy, createContent, securityHeaders } from '../../services/content.ts'
import { pathSegments } from '../../services/safePath.ts'
import type { Services } from '../../services/services.ts'
import { allowedHosts, cookieValues, newToken, sameSecret } from './access.ts'
import { pacedWire } from './pacedWire.ts'

export interface HeadlessOptions {
  readonly services: Services
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly rendererDir: string | undefined
  readonly fault: (error: unknown, where: string) => void
}

export interface Headless {
  /** With the token: whoever has it may use the workbench. */
  readonly url: string
  readonly port: number
  /** A URL that works once and not for long: for a command line, which other users of the machine can see. */
  launchUrl(): string
  close(): Promise<void>
}

/** A peer that has not sent its headers in this time is cut off (slowloris). */
const HEADERS_WITHIN_MS = 10_000
/** A body may take as long as it likes, but not stand still. */
const BODY_IDLE_MS = 30_000
const KEEP_ALIVE_MS = 65_000
const MAX_CONNECTIONS = 256
const PING_EVERY_MS = 30_000
const LAUNCH_URL_MS = 120_000

/**
 * The workbench over http and WebSocket for one user: every request needs the cookie that the start URL's token is exchanged for; `Host`
 * must be ours, and `Origin` too on the WebSocket and on whatever is not GET or HEAD.
 * @throws WorkbenchError `wrong-usage` (port in use, address not of this machine), `permission`
 */
export async function startHeadless(options: HeadlessOptions): Promise<Headless> {
  const { services, host, fault } = options
  const token = newToken()
  const session = newToken()
  const launch = new Map<string, number>()
  let port = 0
  let hosts: ReadonlySet<string> = new Set()
  const cookieName = () => `diploscope-${port}` // cookies are shared between the ports of a machine

  const policyFor = (hostHeader: string) => contentSecurityPolicy(`ws://${hostHeader}`)
  const content = createContent({
    rendererDir: options.rendererDir,
    source: services.content,
    headers: request => securityHeaders(policyFor(new URL(request.url).host)),
    fault: error => fault(error, 'content'),
  })

  const hasCookie = (request: IncomingMessage) =>
    cookieValues(request.headers.cookie, cookieName()).some(v => sameSecret(v, session))
  const hasToken = (given: string) => {
    let found = sameSecret(given, token)
    for (const [once, until] of launch) {
      if (until < Date.now()) launch.delete(once)
      else if (sameSecret(given, once)) {
        launch.delete(once)
        found = true
      }
    }
    return found
  }
  const ownOrigin = (request: IncomingMessage) => request.headers.origin === `http://${request.headers.host}`
  const ownHost = (request: IncomingMessage) => {
    const count = request.rawHeaders.filter((h, i) => i % 2 === 0 && h.toLowerCase() === 'host').length
    return count === 1 && hosts.has((request.headers.host ?? '').toLowerCase())
  }

  /** Why a request is refused, or undefined. The order matters: a stranger learns nothing but that he is one. */
  const refusal = (request: IncomingMessage): readonly [number, string] | undefined => {
    if (!ownHost(request)) return [421, 'Misdirected Request']
    if (!hasCookie(request)) return [401, 'Unauthorized']
    const method = request.method ?? ''
    if (method !== 'GET' && method !== 'HEAD' && !ownOrigin(request)) return [403, 'Forbidden']
    if (method !== 'GET' && method !== 'HEAD' && method !== 'PUT') return [405, 'Method Not Allowed']
    const site = request.headers['sec-fetch-site']
    const navigation = request.headers['sec-fetch-mode'] === 'navigate'
    if (site !== undefined && site !== 'same-origin' && site !== 'none' && !navigation) return [403, 'Forbidden']
    if (!pathSegments((request.url ?? '').split('?', 1)[0] ?? '')) return [403, 'Forbidden']
    return undefined
  }

  const refuse = (response: ServerResponse, status: number, text: string) => {
    const headers = securityHeaders(contentSecurityPolicy())
    response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    response.end(refusalText(status, text, port))
  }

  /** `/?token=…`: the token becomes a cookie and leaves the address bar. */
  const exchange = (request: IncomingMessage, response: ServerResponse): boolean => {
    const [path, query] = (request.url ?? '').split('?', 2)
    if (path !== '/' || !query || request.method !== 'GET') return false
    const given = new URLSearchParams(query).get('token')
    if (given === null || !hasToken(given)) return false
    const headers = {
      ...securityHeaders(contentSecurityPolicy()),
      'set-cookie': `${cookieName()}=${session}; HttpOnly; SameSite=Strict; Path=/`,
      'cache-control': 'no-store',
    }
    if (request.headers['sec-fetch-site'] === 'cross-site') {
      // After a link from elsewhere a redirect would count as cross-site and go without the cookie: the page moves on by itself.
      response.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' })
      response.end('<!doctype html><title>Diploscope</title><meta http-equiv="refresh" content="0;url=/">')
    } else response.writeHead(303, { ...headers, location: '/' }).end()
    return true
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (ownHost(request) && exchange(request, response)) return
    const refused = refusal(request)
    if (refused) {
      refuse(response, ...refused)
      return
    }
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const method = request.method ?? 'GET'
    const hasBody = method !== 'GET' && method !== 'HEAD'
    if (hasBody) request.setTimeout(BODY_IDLE_MS, () => request.destroy())
    const headers = new Headers()
    for (const [name, value] of Object.entries(request.headers))
      if (typeof value === 'string' && !name.startsWith(':')) headers.set(name, value)
    const init: RequestInit & { duplex?: 'half' } = { method, headers, signal: gone.signal }
    if (hasBody) {
      init.body = Readable.toWeb(request) as unknown as ReadableStream
      init.duplex = 'half'
    }
    await send(response, await content(new Request(`http://${request.headers.host}${request.url}`, init)))
    if (hasBody && !request.complete) request.destroy() // refused half-way: the rest is not waited for
  }

  const server = createServer(
    { keepAlive: true, keepAliveTimeout: KEEP_ALIVE_MS, connectionsCheckingInterval: 2_000 },
    (request, response) => {
      answer(request, response).catch(error => {
        // A peer that went away in the middle is no fault of ours.
        if (!response.destroyed && (error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') fault(error, 'http') // biome-ignore format: one line
        if (response.headersSent) response.destroy()
        else refuse(response, 500, 'Internal Server Error')
      })
    },
  )
  server.headersTimeout = HEADERS_WITHIN_MS
  server.requestTimeout = 0
  server.maxConnections = MAX_CONNECTIONS
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    else socket.destroy()
  })

  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false })
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const refused =
      refusal(request) ??
      ((request.url ?? '').split('?', 1)[0] !== '/ws'
        ? ([404, 'Not Found'] as const)
        : ownOrigin(request) && request.method === 'GET'
          ? undefined
          : ([403, 'Forbidden'] as const))
    if (refused) {
      socket.end(`HTTP/1.1 ${refused[0]} ${refused[1]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, ws => {
      let alive = true
      ws.on('error', () => ws.terminate())
      ws.on('pong', () => {
        alive = true
      })
      const pinger = setInterval(() => {
        if (!alive && !ws.isPaused) return ws.terminate()
        alive = false
        ws.ping()
      }, PING_EVERY_MS).unref()
      ws.on('close', () => clearInterval(pinger))
      services.connect(pacedWire(ws))
    })
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(listenError(error, host, options.port)))
    server.listen(options.port, host, resolve)
  })
  server.on('error', error => fault(error, 'http'))
  port = (server.address() as AddressInfo).port
  hosts = allowedHosts(host, port)
  const shownHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  const address = (secret: string) => `http://${shownHost}:${port}/?token=${secret}`
  return {
    url: address(token),
    port,
    launchUrl() {
      const once = newToken()
      launch.set(once, Date.now() + LAUNCH_URL_MS)
      return address(once)
    },
    async close() {
      const closed = new Promise<void>(done => server.close(() => done()))
      for (const ws of sockets.clients) ws.close(1001) // RFC 6455: going away
      server.closeIdleConnections()
      const impatience = setTimeout(() => {
        for (const ws of sockets.clients) ws.terminate()
        server.closeAllConnections()
      }, 500).unref()
      await closed
      clearTimeout(impatience)
    },
  }
}

/** The web's answer on Node's response. The body's end before its announced length cuts the connection: the peer must notice. */
async function send(response: ServerResponse, answer: Response): Promise<void> {
  response.strictContentLength = true
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (!answer.body) {
    response.end()
    return
  }
  await pipeline(Readable.fromWeb(answer.body as unknown as NodeReadableStream), response)
}

/** What a person who sees the refusal can do. */
function refusalText(status: number, text: string, port: number): string {
  if (status === 401) return "Unauthorized: open the address that 'diploscope serve' printed.\n"
  if (status === 421)
    return `Misdirected Request: open 127.0.0.1:${port}; an ssh tunnel needs this port on both of its ends.\n`
  return `${text}\n`
}

function listenError(error: unknown, host: string, port: number): WorkbenchError {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new WorkbenchError('wrong-usage', `port ${port} is in use`, 'give another --port, or none for a free one')
  if (code === 'EACCES')
    return new WorkbenchError('permission', `port ${port} may not be used`, 'give a --port over 1023')
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EINVAL')
    return new WorkbenchError('wrong-usage', `'${host}' is no address of this machine`, 'use 127.0.0.1')
  return asWorkbenchError(error)
}
