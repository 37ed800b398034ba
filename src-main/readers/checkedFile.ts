import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { GenericFilehandle } from 'generic-filehandle2'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'

/** No honest chunk of an indexed file or whole index comes near this: a longer read is a wild length field. */
const MAX_READ = 512 * 1024 * 1024

/**
 * A regular file open for reading, with the size and time it had when it was opened. It is the file handle that the
 * format parsers are given: no read is longer than the file or 512 MB, and a short read means that the file changed.
 */
export interface CheckedFile extends GenericFilehandle {
  readonly path: string
  /** bytes, at opening */
  readonly size: number
  /** milliseconds since the epoch, at opening */
  readonly modifiedMs: number
  /** `length` bytes from `position`, fewer only where the file ends. @throws `corrupt`, `changed`, `permission` */
  read(length: number, position?: number): Promise<Uint8Array<ArrayBuffer>>
  /** @throws `changed` when the path now holds another file, or the file another size or time, than at opening. */
  ensureUnchanged(): Promise<void>
}

/**
 * Opens a regular file. Never blocks on a pipe or device: these are refused by their type before they are opened.
 * @throws WorkbenchError `not-found`, `permission`, `wrong-type` (directory, pipe, device, socket)
 */
export async function openChecked(path: string): Promise<CheckedFile> {
  if (path.includes('\0')) throw new WorkbenchError('not-found', 'the path holds a NUL character', 'check the path')
  let handle: FileHandle | undefined
  try {
    ensureRegular(path, await stat(path))
    // O_NONBLOCK: were the path swapped for a pipe between stat and open, the open still would not wait for a writer.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const stats = await handle.stat()
    ensureRegular(path, stats)
    return new RegularFile(path, handle, stats)
  } catch (error) {
    await handle?.close().catch(() => undefined)
    throw asWorkbenchError(error)
  }
}

/**
 * For files that are read as a stream: a pipe could wait, and a device go on, without end.
 * @throws WorkbenchError as openChecked
 */
export async function ensureRegularFile(path: string): Promise<void> {
  try {
    ensureRegular(path, await stat(path))
  } catch (error) {
    throw asWorkbenchError(error)
  }
}

function ensureRegular(path: string, stats: Stats): void {
  if (stats.isFile()) return
  const what = stats.isDirectory()
    ? 'a directory'
    : stats.isFIFO()
      ? 'a pipe'
      : stats.isSocket()
        ? 'a socket'
        : stats.isCharacterDevice() || stats.isBlockDevice()
          ? 'a device'
          : 'not a regular file'
  throw new WorkbenchError('wrong-type', `'${path}' is ${what}`, 'give a file on disk; random access is needed')
}

class RegularFile implements CheckedFile {
  readonly size: number
  readonly modifiedMs: number
  private handle: FileHandle | undefined

  constructor(
    readonly path: string,
    handle: FileHandle,
    private readonly opened: Stats,
  ) {
    this.handle = handle
    this.size = opened.size
    this.modifiedMs = opened.mtimeMs
  }

  async read(length: number, position = 0): Promise<Uint8Array<ArrayBuffer>> {
    if (!(length >= 0) || !(position >= 0) || !Number.isFinite(length) || !Number.isFinite(position))
      throw new WorkbenchError('corrupt', `'${this.path}' points to bytes ${position}+${length}`, 'make or fetch the file and its index again') // biome-ignore format: one line a check
    const wanted = Math.max(0, Math.min(length, this.size - position))
    if (wanted > MAX_READ)
      throw new WorkbenchError('corrupt', `'${this.path}' asks for a block of ${wanted} bytes`, 'make or fetch the file and its index again') // biome-ignore format: one line a check
    const bytes = new Uint8Array(wanted)
    let done = 0
    try {
      while (done < wanted) {
        if (!this.handle) throw new WorkbenchError('internal', `'${this.path}' is read after it was closed`, 'please report this') // biome-ignore format: one line a check
        const { bytesRead } = await this.handle.read(bytes, done, wanted - done, position + done)
        if (bytesRead === 0) throw this.changed()
        done += bytesRead
      }
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ESTALE' ? this.changed() : asWorkbenchError(error)
    }
    return bytes
  }

  readFile(options?: object): Promise<Uint8Array<ArrayBuffer>>
  readFile(options: string | { encoding: string }): Promise<string>
  async readFile(options?: string | { encoding?: string }): Promise<Uint8Array<ArrayBuffer> | string> {
    const bytes = await this.read(this.size, 0)
    const encoding = typeof options === 'string' ? options : options?.encoding
    return encoding ? Buffer.from(bytes.buffer).toString(encoding as NodeJS.BufferEncoding) : bytes
  }

  async stat() {
    return { size: this.size }
  }

  async ensureUnchanged(): Promise<void> {
    let now: Stats
    try {
      now = await stat(this.path)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      throw code === 'ENOENT' || code === 'ENOTDIR' ? this.changed('has vanished') : asWorkbenchError(error)
    }
    const then = this.opened
    if (now.size !== then.size || now.mtimeMs !== then.mtimeMs || now.ino !== then.ino || now.dev !== then.dev)
      throw this.changed()
  }

  async close(): Promise<void> {
    const handle = this.handle
    this.handle = undefined
    await handle?.close()
  }

  private changed(how = 'changed'): WorkbenchError {
    return new WorkbenchError('changed', `'${this.path}' ${how} while it was open`, 'open it again')
  }
}
