import { type FileHandle, open } from 'node:fs/promises'
import { asWorkbenchError } from '../../src-shared/ipc/errors.ts'
import { parseRange } from './byteRange.ts'
import { changedError, type Fingerprint, fingerprintOf, sameFile } from './fingerprint.ts'

const CHUNK_BYTES = 256 * 1024

/**
 * A file, or the byte range that is asked for, as an answer: 200, 206 or 416, also to HEAD. The file is compared with `fingerprint` when
 * it is opened and again after its last byte was read; when it changed while it was sent, the body ends with an error and so shorter
 * than announced, never as a mixture of two versions that looks whole.
 * @throws WorkbenchError `changed`, `permission`
 */
export async function fileResponse(
  request: Request,
  path: string,
  fingerprint: Fingerprint,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? changedError(path, 'has vanished')
      : asWorkbenchError(error)
  }
  try {
    if (!sameFile(fingerprintOf(await file.stat()), fingerprint)) throw changedError(path, 'changed')
    const size = fingerprint.size
    const etag = `"${size.toString(36)}-${fingerprint.mtimeMs.toString(36)}"`
    const common = {
      ...headers,
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
      etag,
    }
    const ifRange = request.headers.get('if-range')
    const range = ifRange && ifRange !== etag ? ({ kind: 'whole' } as const) : parseRange(request.headers.get('range'), size) // biome-ignore format: one line
    if (range.kind === 'unsatisfiable') {
      await file.close()
      return new Response(null, { status: 416, headers: { ...common, 'content-range': `bytes */${size}`, 'content-length': '0' } }) // biome-ignore format: one line
    }
    const [start, end] = range.kind === 'part' ? [range.start, range.end] : [0, size]
    const partial = range.kind === 'part' ? { 'content-range': `bytes ${start}-${end - 1}/${size}` } : {}
    const init = {
      status: range.kind === 'part' ? 206 : 200,
      headers: { ...common, ...partial, 'content-length': String(end - start) },
    }
    if (request.method === 'HEAD' || start === end) {
      await file.close()
      return new Response(null, init)
    }
    return new Response(bytesOf(file, path, fingerprint, start, end), init)
  } catch (error) {
    await file.close().catch(() => undefined)
    throw error
  }
}

function bytesOf(file: FileHandle, path: string, fingerprint: Fingerprint, start: number, end: number): ReadableStream {
  let at = start
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const bytes = new Uint8Array(Math.min(CHUNK_BYTES, end - at))
          const { bytesRead } = await file.read(bytes, 0, bytes.length, at)
          at += bytesRead
          if (bytesRead === 0) throw changedError(path, 'changed')
          if (at >= end && !sameFile(fingerprintOf(await file.stat()), fingerprint)) throw changedError(path, 'changed')
          controller.enqueue(bytesRead < bytes.length ? bytes.subarray(0, bytesRead) : bytes)
          if (at < end) return
          await file.close()
          controller.close()
        } catch (error) {
          await file.close().catch(() => undefined)
          controller.error(error)
        }
      },
      cancel: () => file.close().catch(() => undefined),
    },
    { highWaterMark: 1 },
  )
}
