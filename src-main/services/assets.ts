import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'

const CONTENT_TYPE: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
}

/** The bundler puts eight characters of the content's hash before the ending: such a name never means other bytes. */
const HASHED = /-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/

const NOT_BUILT =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Diploscope</title></head><body>' +
  '<h1>Diploscope</h1><p>The window of the workbench is not built yet.</p>' +
  '<p>Build it with <code>npm run build</code>, then reload this page.</p></body></html>\n'

export interface Assets {
  readonly built: boolean
  /** @throws WorkbenchError `not-found` for what is not a file of the built page */
  respond(request: Request, segments: readonly string[], headers: Readonly<Record<string, string>>): Promise<Response>
}

interface Asset {
  readonly path: string
  readonly type: string
  readonly immutable: boolean
  loaded?: Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly etag: string }>
}

/** The files of the built page, listed once: a name that was not there then is not served. Bytes are kept after the first read. */
export async function createAssets(folder: string | undefined): Promise<Assets> {
  const list = new Map<string, Asset>()
  const names = folder ? await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []) : []
  for (const e of names) {
    const type = CONTENT_TYPE[extname(e.name).toLowerCase()]
    if (!folder || !e.isFile() || !type) continue
    const path = join(e.parentPath, e.name)
    const key = path.slice(folder.length).split(/[\\/]/).filter(Boolean).join('/') // biome-ignore format: one chain
    list.set(key, { path, type, immutable: HASHED.test(e.name) })
  }
  const built = list.has('index.html')
  return {
    built,
    async respond(request, segments, headers) {
      const key = segments.join('/') || 'index.html'
      if (!built && key === 'index.html')
        return new Response(request.method === 'HEAD' ? null : NOT_BUILT, {
          headers: { ...headers, 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
        })
      const asset = list.get(key)
      if (!asset) throw new WorkbenchError('not-found', 'there is nothing here', 'open the start page')
      asset.loaded ??= readFile(asset.path).then(buffer => {
        const bytes = new Uint8Array(buffer)
        return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` }
      })
      const { bytes, etag } = await asset.loaded
      const common = {
        ...headers,
        etag,
        'content-type': asset.type,
        'cache-control': asset.immutable ? 'private, max-age=31536000, immutable' : 'no-cache',
      }
      if (request.headers.get('if-none-match')?.includes(etag))
        return new Response(null, { status: 304, headers: common })
      return new Response(request.method === 'HEAD' ? null : bytes, {
        headers: { ...common, 'content-length': String(bytes.length) },
      })
    },
  }
}
