import { createHash } from 'node:crypto'
import { copyFile, link, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asWorkbenchError } from '../../src-shared/ipc/errors.ts'
import { makeFolders } from '../storage/folders.ts'

/** A model that is not a file yet. `files` lie beside it under the names that its external data give. */
export interface ModelBytes {
  readonly bytes: Uint8Array
  readonly files?: Readonly<Record<string, Uint8Array>>
  /** Paths of files that are to lie beside it under the given names: linked, or copied to another file system. */
  readonly links?: Readonly<Record<string, string>>
}

/** Models written to disk by content, because the runtime opens a path with half the memory that a buffer needs. */
export class ModelCache {
  private readonly used = new Set<string>()

  constructor(
    private readonly folder: string,
    private readonly limitBytes: number,
  ) {}

  /** The path of the model; an equal one that is there already is used again. */
  async pathOf(model: ModelBytes): Promise<string> {
    const files = Object.entries(model.files ?? {})
    const hash = createHash('sha256').update(model.bytes)
    for (const [name, bytes] of files) hash.update(`\n${name} ${bytes.byteLength}\n`).update(bytes)
    const links = Object.entries(model.links ?? {})
    for (const [name, path] of links) {
      const info = await stat(path).catch(error => {
        throw asWorkbenchError(error)
      })
      hash.update(`\n${name} ${path} ${info.size} ${info.mtimeMs}\n`)
    }
    const key = hash.digest('hex')
    const folder = join(this.folder, key)
    const path = join(folder, 'model.onnx')
    this.used.add(key)
    try {
      if (await succeeded(stat(path))) {
        const now = new Date()
        await utimes(folder, now, now).catch(() => undefined)
        return path
      }
      const temporary = join(this.folder, `.${key}.${process.pid}.${Math.random().toString(36).slice(2)}.part`)
      try {
        await makeFolders(temporary)
        for (const [name, bytes] of files) await writeFile(join(temporary, name), bytes)
        for (const [name, path] of links) await this.place(path, join(temporary, name))
        await writeFile(join(temporary, 'model.onnx'), model.bytes)
        // Lost to another process that wrote the same content: theirs is as good.
        await rename(temporary, folder).catch(error => stat(path).catch(() => Promise.reject(error)))
      } finally {
        await rm(temporary, { recursive: true, force: true })
      }
      await this.trim()
      return path
    } catch (error) {
      throw asWorkbenchError(error)
    }
  }

  /**
   * A hard link costs nothing and is no way out of the folder, which the runtime would refuse in a symbolic one. From another file
   * system there is one copy for all models that read the file: the parts of a network in tiles share a gigabyte of weights.
   */
  private async place(from: string, to: string): Promise<void> {
    if (await succeeded(link(from, to))) return
    const { size, mtimeMs } = await stat(from)
    const key = `file-${createHash('sha256').update(`${from} ${size} ${mtimeMs}`).digest('hex')}`
    this.used.add(key)
    const folder = join(this.folder, key)
    const now = new Date()
    if (!(await succeeded(utimes(folder, now, now)))) {
      const temporary = join(this.folder, `.${key}.${process.pid}.${Math.random().toString(36).slice(2)}.part`)
      try {
        await makeFolders(temporary)
        await copyFile(from, join(temporary, 'data'))
        await rename(temporary, folder).catch(error => stat(folder).catch(() => Promise.reject(error)))
      } finally {
        await rm(temporary, { recursive: true, force: true })
      }
    }
    await link(join(folder, 'data'), to).catch(() => copyFile(from, to)) // a file system without links
  }

  /** Removes the models unused for longest until the folder fits its limit. */
  private async trim(): Promise<void> {
    const entries = await Promise.all(
      (await readdir(this.folder)).map(async name => {
        const folder = join(this.folder, name)
        const files = await readdir(folder).catch(() => [])
        const sizes = await Promise.all(
          files.map(f =>
            stat(join(folder, f)).then(
              s => s.size / Math.max(1, s.nlink), // shared by so many
              () => 0,
            ),
          ),
        )
        const time = await stat(folder).then(
          s => s.mtimeMs,
          () => 0,
        )
        return { name, folder, time, bytes: sizes.reduce((a, b) => a + b, 0) }
      }),
    )
    let total = entries.reduce((sum, e) => sum + e.bytes, 0)
    for (const e of entries.sort((a, b) => a.time - b.time)) {
      if (total <= this.limitBytes) return
      if (this.used.has(e.name)) continue
      await rm(e.folder, { recursive: true, force: true })
      total -= e.bytes
    }
  }
}

const succeeded = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  )
