import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { lives } from '../../compute/scratch.ts'

/** Name beside a folder for what is being written (`part`) or was put aside (`old`); the process is named so that leftovers are known. */
export type Leftover = 'part' | 'old'

/** A hidden sibling of `target` that belongs to this process. */
export function siblingOf(target: string, kind: Leftover): string {
  const mark = `${process.pid}-${Math.random().toString(36).slice(2, 10)}`
  return join(dirname(target), `.${basename(target)}.${mark}.${kind}`)
}

const NAME = /^\.(.+)\.(\d+)-[a-z0-9]+\.(part|old)$/

interface Sibling {
  readonly path: string
  readonly target: string
  readonly kind: Leftover
}

/** What ended processes left in a folder. */
async function leftovers(parent: string): Promise<readonly Sibling[]> {
  const names = await readdir(parent).catch(() => [])
  return names.flatMap(name => {
    const [, base, pid, kind] = NAME.exec(name) ?? []
    if (base === undefined || lives(Number(pid))) return []
    return [{ path: join(parent, name), target: join(parent, base), kind: kind as Leftover }]
  })
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

/**
 * Puts the written folder `temporary` in the place of `target`. No system call swaps two folders everywhere, so the old one is put aside for
 * a moment (only with `replace`); `restoreReplaced` brings it back when the process is killed in that moment.
 */
export async function moveInto(temporary: string, target: string, replace: boolean): Promise<void> {
  if (!replace) await rename(temporary, target)
  else {
    const aside = siblingOf(target, 'old')
    await rename(target, aside)
    try {
      await rename(temporary, target)
    } catch (error) {
      await rename(aside, target)
      throw error
    }
    await rm(aside, { recursive: true, force: true })
  }
  await syncFolder(dirname(target))
}

/** Brings back every folder right below `parent` that was put aside by a process which ended before it put the new one there. */
export async function restoreReplaced(parent: string): Promise<void> {
  for (const { path, target, kind } of await leftovers(parent))
    if (kind === 'old' && !(await exists(target))) await rename(path, target).catch(() => undefined)
}

/**
 * Removes what ended processes left in `parent`, all of it or that of one name. What was put aside comes back first when its place is empty.
 */
export async function clearLeftovers(parent: string, name?: string): Promise<void> {
  await restoreReplaced(parent)
  for (const left of await leftovers(parent))
    if (name === undefined || basename(left.target) === name)
      await rm(left.path, { recursive: true, force: true }).catch(() => undefined)
}

/** A rename is safe from a power cut only once the folder is on disk. Windows cannot open folders and needs it not. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}
