import { readdir, readFile, realpath, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TuneSettings } from '../../../src-shared/genome/tune.ts'
import { asWorkbenchError, type WireError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { MODEL_FILE } from '../../models/folder/modelJson.ts'
import { writeFileAtomic } from '../../storage/atomic.ts'
import { makeFolders } from '../../storage/folders.ts'
import { PEOPLE_JOURNAL } from './sheetPeople.ts'
import { copyStart, START_FOLDER } from './startModel.ts'

const FACTS_FILE = 'tune.json'
export const RECIPE_FILE = 'recipe.json'
const FORMAT = 'diploscope-tune'

/** What the window remembers of a training, beside its recipe, its logs and checkpoints, and later its model. */
export interface TuneFacts {
  readonly tuneId: string
  /** Symbolic links resolved. */
  readonly sheetPath: string
  readonly sheetName: string
  readonly createdAt: number
  readonly settings: TuneSettings
  readonly startName: string
  readonly simulated: boolean
  readonly cases: number
  readonly controls: number
  readonly error: WireError | null
}

export interface TuneFolders {
  /** Makes the folder of a new training, with a copy of what it begins with, and gives its id, which is also its name. */
  create(name: string, at: number, startFolder: string | undefined, make: (tuneId: string) => { readonly facts: TuneFacts; readonly recipe: string }): Promise<TuneFacts> // biome-ignore format: one line
  list(): Promise<readonly TuneFacts[]>
  /** @throws WorkbenchError `not-found`, `corrupt` */
  read(tuneId: string): Promise<TuneFacts>
  noteError(tuneId: string, error: WireError | null): Promise<void>
  path(tuneId: string): string
  /** As the registry of open files knows it. */
  realPath(tuneId: string): Promise<string>
  finished(tuneId: string): Promise<boolean>
  remove(tuneId: string): Promise<void>
}

export function createTuneFolders(root: string): TuneFolders {
  const path = (tuneId: string) => join(root, tuneId)
  const write = (facts: TuneFacts) =>
    writeFileAtomic(join(path(facts.tuneId), FACTS_FILE), `${JSON.stringify({ format: FORMAT, formatVersion: 1, ...facts }, null, 2)}\n`) // biome-ignore format: one line
  const read = async (tuneId: string): Promise<TuneFacts> => {
    const text = await readFile(join(path(tuneId), FACTS_FILE), 'utf8').catch(error => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new WorkbenchError('not-found', `there is no training '${tuneId}'`, 'choose one of the list') // biome-ignore format: one line
      throw asWorkbenchError(error)
    })
    const facts = parsed(text)
    if (facts?.tuneId !== tuneId) throw new WorkbenchError('corrupt', `what is known of the training '${tuneId}' cannot be read`, 'remove it') // biome-ignore format: one line
    return facts
  }
  return {
    async create(name, at, startFolder, make) {
      await makeFolders(root, 0o700)
      const stem = `${slug(name)}-${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`
      const there = new Set(await readdir(root))
      let tuneId = stem
      for (let n = 2; there.has(tuneId); n++) tuneId = `${stem}-${n}`
      const { facts, recipe } = make(tuneId)
      await makeFolders(path(tuneId), 0o700)
      try {
        if (startFolder !== undefined) await copyStart(startFolder, join(path(tuneId), START_FOLDER))
        await writeFileAtomic(join(path(tuneId), RECIPE_FILE), recipe)
        await write(facts)
      } catch (error) {
        await rm(path(tuneId), { recursive: true, force: true })
        throw error
      }
      return facts
    },
    async list() {
      const names = await readdir(root).catch((): string[] => [])
      const found = await Promise.all(names.map(n => read(n).catch(() => undefined)))
      return found.flatMap(f => f ?? [])
    },
    read,
    async noteError(tuneId, error) {
      const facts = await read(tuneId)
      if (facts.error?.message !== error?.message) await write({ ...facts, error })
    },
    path,
    realPath: tuneId => realpath(path(tuneId)).catch(() => path(tuneId)),
    async finished(tuneId) {
      const done = (await stat(join(path(tuneId), MODEL_FILE)).catch(() => undefined))?.isFile() === true
      // What a program that was ended right then left: the letters of people do not stay beside their model.
      if (done) await rm(join(path(tuneId), PEOPLE_JOURNAL), { force: true })
      return done
    },
    async remove(tuneId) {
      await read(tuneId) // nothing else is ever removed
      await rm(path(tuneId), { recursive: true, force: true })
    },
  }
}

function parsed(text: string): TuneFacts | undefined {
  try {
    const { format, formatVersion, ...facts } = JSON.parse(text) as TuneFacts & { format: string; formatVersion: number } // biome-ignore format: one line
    return format === FORMAT && formatVersion === 1 && typeof facts.settings === 'object' ? facts : undefined
  } catch {
    return undefined
  }
}

const slug = (name: string) =>
  name.normalize('NFKD').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 40) || 'training' // biome-ignore format: one line
