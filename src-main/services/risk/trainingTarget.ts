import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { CARD_FILE, MODEL_FILE, WEIGHTS_FILE } from '../../models/folder/modelJson.ts'
import { makeFolders } from '../../storage/folders.ts'
import { clearLeftovers } from '../models/folderSwap.ts'
import type { TrainRequest } from '../training/tasks.ts'
import { PEOPLE_JOURNAL } from './sheetPeople.ts'
import { START_FOLDER } from './startModel.ts'
import { PEOPLE_FILE } from './trainedPeople.ts'

/** Files in the folder of a training that belong to whoever asked for it: the recipe itself, what it begins with, and what a window wants to remember. */
const BESIDE: readonly string[] = ['recipe.json', 'tune.json', START_FOLDER]

/** What a training writes before its model.json, from the first to the last (writeTrained.ts). */
const BEFORE_MODEL: readonly string[] = ['report.json', 'REPORT.md', PEOPLE_FILE, WEIGHTS_FILE, CARD_FILE]
/** What it moves its weights out of, below its own folder. */
const PART = /^\.model\..+\.part$/

/**
 * What is left where a training without checkpoints ended while it wrote its model: there is nothing to go on with, and it begins anew. A file
 * of such a name alone may be anybody's: the report with the list of its people, or the folder of its weights, shows whose it is.
 */
const endedWriting = (names: readonly string[]): boolean =>
  (names.some(n => PART.test(n)) || BEFORE_MODEL.slice(0, 3).every(n => names.includes(n))) &&
  names.every(n => BEFORE_MODEL.includes(n) || PART.test(n))

/** Makes the folder of a training. @throws WorkbenchError `bad-input` for one that holds a model, another training, or anything else */
export async function checkTarget({ out, resume }: Pick<TrainRequest, 'out' | 'resume'>): Promise<void> {
  const found = (await readdir(out).catch((): string[] => [])).filter(n => !BESIDE.includes(n))
  if ((await stat(join(out, MODEL_FILE)).catch(() => undefined))?.isFile()) {
    // What a training that was ended right after its model left: letters of people do not stay beside it.
    await rm(join(out, PEOPLE_JOURNAL), { force: true })
    throw new WorkbenchError('bad-input', `'${out}' holds a finished model`, 'choose another folder, or remove it first') // biome-ignore format: one line
  }
  const names = endedWriting(found) ? [] : found
  if (names.length && !names.some(n => n === PEOPLE_JOURNAL || /^split-\d+$/.test(n))) throw new WorkbenchError('bad-input', `'${out}' holds other files`, 'choose an empty or a new folder') // biome-ignore format: one line
  if (names.length && !resume) throw new WorkbenchError('bad-input', `'${out}' holds a training that was stopped`, 'give --resume to go on, or another folder') // biome-ignore format: one line
  await makeFolders(out)
  await clearLeftovers(out, 'model')
}
