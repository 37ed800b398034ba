import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { asWorkbenchError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'

/** metrics.jsonl: one JSON object a step, in order, without clock times, so that equal trainings write equal bytes. */
export class MetricsLog {
  private constructor(
    private readonly handle: FileHandle,
    private written: number,
  ) {}

  /** Opens the log and cuts it to `bytes`: lines behind belong to steps that will be taken again. */
  static async open(folder: string, bytes: number): Promise<MetricsLog> {
    try {
      const handle = await open(join(folder, 'metrics.jsonl'), bytes > 0 ? 'r+' : 'w')
      const { size } = await handle.stat()
      if (size < bytes) {
        await handle.close()
        throw new WorkbenchError('corrupt', `metrics.jsonl in '${folder}' has ${size} bytes, its checkpoint expects ${bytes}`, 'restore the file, or train into another folder') // biome-ignore format: one thought
      }
      await handle.truncate(bytes)
      return new MetricsLog(handle, bytes)
    } catch (error) {
      throw asWorkbenchError(error)
    }
  }

  async append(line: Readonly<Record<string, number>>): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    await this.handle.write(bytes, 0, bytes.length, this.written)
    this.written += bytes.length
  }

  /** Syncs; gives the length. */
  async mark(): Promise<number> {
    await this.handle.datasync()
    return this.written
  }

  close(): Promise<void> {
    return this.handle.close()
  }
}
