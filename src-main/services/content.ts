import { basename } from 'node:path'
import { asWorkbenchError, type ErrorCode, toWire, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { type Assets, createAssets } from './assets.ts'
import type { Download } from './downloads.ts'
import { fileResponse } from './fileResponse.ts'
import type { DataPart } from './files.ts'
import type { Fingerprint } from './fingerprint.ts'
import { pathSegments } from './safePath.ts'
import type { UploadRequest, UploadResult } from './uploads.ts'

/** What the content behind `app://` and http comes from. In Electron's main process these ask the services process. */
export interface ContentSource {
  /** Path and identity of an opened file's bytes. @throws WorkbenchError `not-found`, `changed` */
  data(id: string, part: DataPart): Promise<{ readonly path: string; readonly fingerprint: Fingerprint }>
  /** A finished export; `keep` for HEAD, which must not use it up. @throws WorkbenchError `not-found` */
  download(id: string, keep: boolean): Promise<Download>
  /** Takes a dropped file; absent where the shell has paths instead. */
  readonly upload?: (request: UploadRequest) => Promise<UploadResult>
  /** Told of a difference between a file and what was opened, met while its bytes were read. */
  readonly noteProblem?: (id: string, error: unknown) => void
}

/** The page's policy without its WebSocket: nothing from outside, no inline script. igv.js needs inline styles, CRAM and BGZF wasm. */
export function contentSecurityPolicy(...webSockets: readonly string[]): string {
  const connect = ["'self'", ...webSockets].join(' ')
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    `connect-src ${connect}`,
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ')
}

/** On every answer, also on refusals. */
export function securityHeaders(policy: string): Readonly<Record<string, string>> {
  return {
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
  }
}

const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  'not-found': 404,
  changed: 409,
  permission: 403,
  'no-space': 507,
  'bad-input': 400,
  'wrong-usage': 405,
  unsupported: 413,
  cancelled: 499,
}

/** An error as an answer: its wire form as JSON, never a stack. */
export function errorResponse(error: unknown, headers: Readonly<Record<string, string>>): Response {
  const e = asWorkbenchError(error)
  const { technical: _stack, ...body } = toWire(e)
  return new Response(JSON.stringify(body), {
    status: STATUS[e.code] ?? 500,
    headers: { ...headers, 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  })
}

/**
 * The one function behind Electron's `app://` and the http host: the built page (a fixed list of files), `/data/<id>`,
 * `/data/<id>.index` and `/data/<id>.gzi` by byte ranges, `/download/<id>` once, `PUT /upload/<name>`.
 * Traversal is 403, a file that changed 409, a range without a byte 416.
 */
export function createContent(options: {
  /** The folder of the built page; a plain "not built" page where there is none. */
  readonly rendererDir: string | undefined
  readonly source: ContentSource
  readonly headers: (request: Request) => Readonly<Record<string, string>>
  readonly fault: (error: unknown) => void
}): (request: Request) => Promise<Response> {
  const { source, rendererDir } = options
  let assets: Promise<Assets> | undefined

  const answer = async (request: Request, headers: Readonly<Record<string, string>>): Promise<Response> => {
    const segments = pathSegments(new URL(request.url).pathname)
    if (!segments) return new Response('Forbidden\n', { status: 403, headers: { ...headers, 'content-type': 'text/plain' } }) // biome-ignore format: one line
    const [first, second] = segments
    if (request.method === 'PUT') {
      if (first !== 'upload' || !second || segments.length !== 2 || !source.upload)
        throw new WorkbenchError('wrong-usage', 'nothing can be put here', 'open the file in the window')
      return upload(request, second, source.upload, headers)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new WorkbenchError('wrong-usage', `${request.method} is not understood`, 'use the window')
    if (first === 'data' && segments.length === 2 && second) return data(request, second, source, headers)
    if (first === 'download' && segments.length === 2 && second) {
      const d = await source.download(second, request.method === 'HEAD')
      return new Response(request.method === 'HEAD' ? null : d.bytes, {
        headers: {
          ...headers,
          'content-type': d.contentType,
          'content-length': String(d.bytes.length),
          'content-disposition': attachment(d.name),
          'cache-control': 'no-store',
        },
      })
    }
    assets ??= createAssets(rendererDir).then(a => {
      if (!a.built) assets = undefined // looked for again, until the page is built
      return a
    })
    return (await assets).respond(request, segments, headers)
  }

  return async request => {
    const headers = options.headers(request)
    try {
      return await answer(request, headers)
    } catch (error) {
      if (asWorkbenchError(error).code === 'internal') options.fault(error)
      return errorResponse(error, headers)
    }
  }
}

async function data(
  request: Request,
  name: string,
  source: ContentSource,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const m = /^([A-Za-z0-9_-]{1,128})(\.index|\.gzi)?$/.exec(name)
  if (!m?.[1]) throw new WorkbenchError('not-found', 'there is no such file', 'reload the window')
  const part: DataPart = m[2] === '.index' ? 'index' : m[2] === '.gzi' ? 'block-index' : 'file'
  const { path, fingerprint } = await source.data(m[1], part)
  try {
    return await fileResponse(request, path, fingerprint, headers)
  } catch (error) {
    source.noteProblem?.(m[1], error)
    throw error
  }
}

async function upload(
  request: Request,
  name: string,
  take: (request: UploadRequest) => Promise<UploadResult>,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const length = request.headers.get('content-length')
  const batch = new URL(request.url).searchParams.get('batch')
  const result = await take({
    name,
    batch: batch ?? undefined,
    length: length === null ? undefined : Number(length),
    body: request.body,
    signal: request.signal,
  })
  return new Response(JSON.stringify(result), {
    status: 201,
    headers: { ...headers, 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  })
}

/** RFC 6266: a plain name for old readers, the true one in UTF-8. */
function attachment(name: string): string {
  const plain = basename(name).replaceAll(/[^A-Za-z0-9 ._-]/g, '_')
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(basename(name))}`
}
