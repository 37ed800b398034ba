import { createHash } from 'node:crypto'
import { copyFile, open, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { elementCount } from '../../../src-shared/tensor.ts'
import { openSafetensors, type SafetensorsFile, writeSafetensors } from '../../models/checkpoints/safetensors.ts'
import type { TensorSource } from '../../models/checkpoints/tensorSource.ts'
import { modelCard } from '../../models/folder/card.ts'
import { CARD_FILE, MODEL_FILE, type ModelJson, TOKENIZER_FILE, WEIGHTS_FILE } from '../../models/folder/modelJson.ts'
import { MAX_JSON_BYTES, parseModelJson } from '../../models/folder/parseModelJson.ts'
import type { ParameterSpec } from '../../models/registry.ts'
import { readWholeText } from '../../readers/wholeFile.ts'
import { makeFolders } from '../../storage/folders.ts'
import { fileSha256, openFileSource } from './fileSource.ts'
import { clearLeftovers, moveInto, restoreReplaced, siblingOf, syncFolder } from './folderSwap.ts'

export interface OpenModelFolder {
  readonly folder: string
  readonly json: ModelJson
  readonly weights: SafetensorsFile
  readonly weightsPath: string
  readonly tokenizerPath: string | undefined
  close(): Promise<void>
}

/** model.json of a folder. @throws WorkbenchError `not-found`, `wrong-type`, `bad-model` */
export async function readModelJson(folder: string): Promise<ModelJson> {
  const path = join(folder, MODEL_FILE)
  const there = await stat(folder)
    .catch(async () => {
      await restoreReplaced(dirname(resolve(folder)))
      return stat(folder)
    })
    .catch(error => {
      throw asWorkbenchError(error)
    })
  if (!there.isDirectory()) throw new WorkbenchError('wrong-type', `'${folder}' is a file, not a model folder`, 'give the folder that holds model.json') // biome-ignore format: one thought
  const size = await stat(path).then(
    s => s.size,
    () => 0, // reading says why
  )
  if (size > MAX_JSON_BYTES) throw new WorkbenchError('bad-model', `'${path}' has ${size} bytes, more than any model needs`, 'get the model folder again') // biome-ignore format: one thought
  const text = await readWholeText(path, MAX_JSON_BYTES).catch(error => {
    if (asWorkbenchError(error).code === 'not-found')
      throw new WorkbenchError(
        'not-found',
        `'${folder}' holds no model.json`,
        'give a model folder, or import a checkpoint into one',
      )
    throw asWorkbenchError(error)
  })
  return parseModelJson(text, path)
}

/** Opens a model: its description and its weights by range. The hash is checked by `models check`, not here. */
export async function openModelFolder(folder: string): Promise<OpenModelFolder> {
  const json = await readModelJson(folder)
  const weightsPath = join(folder, json.weights.file)
  const source = await openFileSource(weightsPath)
  try {
    return {
      folder,
      json,
      weights: await openSafetensors(source),
      weightsPath,
      tokenizerPath: json.tokenizer ? join(folder, json.tokenizer.file) : undefined,
      close: () => source.close(),
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

/** A model to be written. Hashes, file names and the parameter count are filled in here. */
export interface NewModel {
  readonly json: Omit<ModelJson, 'format' | 'formatVersion' | 'weights' | 'tokenizer'>
  readonly weights: TensorSource
  /** Which tensors, in this order; those that are trained are counted. */
  readonly specs: readonly ParameterSpec[]
  readonly tokenizer?: { readonly path: string; readonly specials?: Readonly<Record<string, number>> }
  /** Other files that belong to it, by name. */
  readonly files?: Readonly<Record<string, string>>
}

/**
 * Writes a model folder whole or not at all: into a temporary sibling, synced, renamed. An existing folder is replaced only with `replace`,
 * and stays as it was when anything fails; killed in between, it is there again when it is next read, listed or written.
 */
export async function writeModelFolder(
  folder: string,
  model: NewModel,
  context: WorkContext,
  options: { readonly replace?: boolean } = {},
): Promise<ModelJson> {
  const target = resolve(folder)
  await clearLeftovers(dirname(target), basename(target))
  const exists = await stat(target).then(
    () => true,
    () => false,
  )
  if (exists && !options.replace) throw new WorkbenchError('bad-input', `'${folder}' exists already`, 'choose another folder, or remove it first') // biome-ignore format: one thought
  // What holds no model.json may be anything of the user's: a home folder given by mistake.
  if (exists && !(await stat(join(target, MODEL_FILE)).catch(() => undefined))?.isFile()) throw new WorkbenchError('bad-input', `'${folder}' is not a model folder, so it is not replaced`, 'choose another folder, or remove it first') // biome-ignore format: one thought
  const temporary = siblingOf(target, 'part')
  try {
    await makeFolders(temporary)
    const sha256 = await writeWeights(join(temporary, WEIGHTS_FILE), model, context)
    const present = model.specs.filter(s => model.weights.entries.has(s.name))
    const parameters = present.reduce((sum, s) => sum + (s.buffer ? 0 : elementCount(s.shape)), 0)
    let tokenizer: ModelJson['tokenizer'] = null
    if (model.tokenizer) {
      await copyFile(model.tokenizer.path, join(temporary, TOKENIZER_FILE))
      tokenizer = {
        file: TOKENIZER_FILE,
        sha256: await fileSha256(join(temporary, TOKENIZER_FILE), context),
        ...(model.tokenizer.specials ? { specials: model.tokenizer.specials } : {}),
      }
    }
    const json: ModelJson = {
      format: 'diploscope-model',
      formatVersion: 1,
      ...model.json,
      tokenizer,
      weights: { file: WEIGHTS_FILE, sha256, parameters },
    }
    const text = `${JSON.stringify(json, undefined, 2)}\n`
    parseModelJson(text) // what we write must be what we read
    await writeSynced(join(temporary, MODEL_FILE), text)
    for (const [name, content] of Object.entries(model.files ?? {})) await writeSynced(join(temporary, name), content)
    await writeSynced(join(temporary, CARD_FILE), modelCard(json))
    await syncFolder(temporary)
    throwIfCancelled(context.signal)
    await moveInto(temporary, target, exists)
    return json
  } catch (error) {
    throw asWorkbenchError(error)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function writeWeights(path: string, model: NewModel, context: WorkContext): Promise<string> {
  const hash = createHash('sha256')
  const handle = await open(path, 'wx')
  const entries = model.specs
    .filter(s => model.weights.entries.has(s.name))
    .map(({ name, shape, dtype }) => ({ name, shape, dtype }))
  let done = 0
  try {
    const read = (name: string) => {
      throwIfCancelled(context.signal)
      context.report({ phase: 'writing weights', done: done++, total: entries.length })
      return model.weights.read(name)
    }
    const write = async (bytes: Uint8Array) => {
      hash.update(bytes)
      await handle.writeFile(bytes)
    }
    await writeSafetensors(entries, read, write)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return hash.digest('hex')
}

async function writeSynced(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
