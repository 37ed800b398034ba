import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { ByteSource } from '../../models/checkpoints/byteSource.ts'
import { ensureRegularFile } from '../../readers/checkedFile.ts'

/** A file read by range. @throws WorkbenchError `not-found`, `permission`, `wrong-type` (a folder, pipe, device), `changed` when it shrank while open */
export async function openFileSource(path: string): Promise<ByteSource> {
  await ensureRegularFile(path)
  const handle = await open(path, 'r').catch(error => {
    throw asWorkbenchError(error)
  })
  const info = await handle.stat()
  return {
    name: basename(path),
    size: info.size,
    async read(start, end) {
      if (!(start >= 0 && start <= end && end <= info.size))
        throw new WorkbenchError('truncated', `bytes ${start} to ${end} are not within the ${info.size} of '${path}'`, 'get the file again') // biome-ignore format: one thought
      const bytes = new Uint8Array(end - start)
      // One read call gives at most 2 GB.
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await handle.read(bytes, at, Math.min(bytes.length - at, 1 << 30), start + at)
        if (bytesRead === 0)
          throw new WorkbenchError('changed', `'${path}' became shorter while it was read`, 'try again')
        at += bytesRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
}

/** SHA-256 of a file, in hexadecimal, with progress in bytes. */
export async function fileSha256(path: string, context: WorkContext, phase = 'checking'): Promise<string> {
  await ensureRegularFile(path)
  const hash = createHash('sha256')
  let done = 0
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      throwIfCancelled(context.signal)
      hash.update(chunk as Buffer)
      done += (chunk as Buffer).length
      context.report({ phase, done, total: 0 })
    }
  } catch (error) {
    const e = error as NodeJS.ErrnoException
    if (e.code && !e.path) e.path = path // a read reports no path
    throw asWorkbenchError(e)
  }
  return hash.digest('hex')
}
