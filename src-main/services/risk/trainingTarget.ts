import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { MODEL_FILE } from '../../models/folder/modelJson.ts'
import { makeFolders } from '../../storage/folders.ts'
import type { TrainRequest } from '../training/tasks.ts'
import { PEOPLE_JOURNAL } from './sheetPeople.ts'
import { START_FOLDER } from './startModel.ts'

/** Files in the folder of a training that belong to whoever asked for it: the recipe itself, what it begins with, and what a window wants to remember. */
const BESIDE: readonly string[] = ['recipe.json', 'tune.json', START_FOLDER]

/** Makes the folder of a training. @throws WorkbenchError `bad-input` for one that holds a model, another training, or anything else */
export async function checkTarget({ out, resume }: Pick<TrainRequest, 'out' | 'resume'>): Promise<void> {
  const names = (await readdir(out).catch((): string[] => [])).filter(n => !BESIDE.includes(n))
  if ((await stat(join(out, MODEL_FILE)).catch(() => undefined))?.isFile()) {
    // What a training that was ended right after its model left: letters of people do not stay beside it.
    await rm(join(out, PEOPLE_JOURNAL), { force: true })
    throw new WorkbenchError('bad-input', `'${out}' holds a finished model`, 'choose another folder, or remove it first') // biome-ignore format: one line
  }
  if (names.length && !names.some(n => n === PEOPLE_JOURNAL || /^split-\d+$/.test(n))) throw new WorkbenchError('bad-input', `'${out}' holds other files`, 'choose an empty or a new folder') // biome-ignore format: one line
  if (names.length && !resume) throw new WorkbenchError('bad-input', `'${out}' holds a training that was stopped`, 'give --resume to go on, or another folder') // biome-ignore format: one line
  await makeFolders(out)
}
