import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { asWorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { FileFingerprint } from '../../src-shared/report/provenance.ts'

/** Files up to this size are hashed whole; of larger ones the ends and the size, so that a report never waits for 100 GB. */
const WHOLE_BYTES = 64 * 1024 * 1024
const END_BYTES = 8 * 1024 * 1024
const PIECE = 1024 * 1024

/**
 * What tells a file from another of the same name. `sha256-of-ends` is the SHA-256 of the size as decimal text and a line feed, then
 * the first and the last 8 MiB.
 * @throws WorkbenchError `not-found`, `permission`, `wrong-type`
 */
export async function fingerprintFile(path: string, role: FileFingerprint['role']): Promise<FileFingerprint> {
  try {
    const file = await open(path)
    try {
      const { size } = await file.stat()
      const hash = createHash('sha256')
      const buffer = Buffer.alloc(PIECE)
      const add = async (from: number, to: number) => {
        for (let at = from; at < to; ) {
          const { bytesRead } = await file.read(buffer, 0, Math.min(PIECE, to - at), at)
          if (bytesRead === 0) return
          hash.update(buffer.subarray(0, bytesRead))
          at += bytesRead
        }
      }
      const whole = size <= WHOLE_BYTES
      if (whole) await add(0, size)
      else {
        hash.update(`${size}\n`)
        await add(0, END_BYTES)
        await add(size - END_BYTES, size)
      }
      return {
        role,
        name: basename(path),
        sizeBytes: size,
        algorithm: whole ? 'sha256' : 'sha256-of-ends',
        hash: hash.digest('hex'),
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw asWorkbenchError(error)
  }
}
