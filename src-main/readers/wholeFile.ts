import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { openChecked } from './checkedFile.ts'

/** Descriptions, tables and tokenizers are a few megabytes; what grows beyond this is none. */
const MOST_BYTES = 256 * 1024 ** 2
const PIECE_BYTES = 256 * 1024 ** 2

/**
 * All bytes of a regular file. A pipe or a device, which could wait or go on without end, is refused before it is read.
 * @throws WorkbenchError `not-found`, `permission`, `wrong-type`, `bad-input` (over `mostBytes`), `changed`
 */
export async function readWhole(path: string, mostBytes: number = MOST_BYTES): Promise<Buffer<ArrayBuffer>> {
  const file = await openChecked(path)
  try {
    if (file.size > mostBytes) throw new WorkbenchError('bad-input', `'${path}' has ${file.size} bytes, too many for what it should be`, 'check which file it is') // biome-ignore format: one thought
    const bytes = Buffer.allocUnsafeSlow(file.size)
    for (let at = 0; at < file.size; at += PIECE_BYTES) bytes.set(await file.read(PIECE_BYTES, at), at)
    return bytes
  } finally {
    await file.close()
  }
}

/** The same as text; bytes that are not UTF-8 become U+FFFD. */
export async function readWholeText(path: string, mostBytes?: number): Promise<string> {
  return (await readWhole(path, mostBytes)).toString('utf8')
}
