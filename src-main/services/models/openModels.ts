import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asWorkbenchError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { CARD_FILE, MODEL_FILE, type ModelJson } from '../../models/folder/modelJson.ts'
import type { FileEntry, FileRegistry } from '../files.ts'
import { fingerprintAt } from '../fingerprint.ts'
import { readModelJson } from './modelFolder.ts'
import { createTrackTable, type TrackTable } from './trackTable.ts'
import { verifyWeights } from './verifyWeights.ts'

/** An open model as the services use it. */
export interface OpenModel {
  readonly fileId: string
  readonly folder: string
  readonly json: ModelJson
  readonly table: TrackTable
  readonly card: string
  readonly weightsPath: string
  readonly weightsBytes: number
  /** Changes when model.json or the weights do. */
  readonly state: string
  /** That the weights are those of model.json: read once. @throws WorkbenchError `bad-model` when they are not, `truncated` */
  verify(context: WorkContext): Promise<void>
}

export interface OpenModels {
  /** @throws WorkbenchError `not-found`, `wrong-type`, `bad-model`, `changed` */
  use(fileId: string): Promise<OpenModel>
}

/** The folder of a model: of an ONNX file, the one that holds it beside its model.json. */
export const modelFolderOf = (entry: Pick<FileEntry, 'path' | 'facts'>): string =>
  entry.facts.kind === 'onnx' ? dirname(entry.path) : entry.path

const stateOf = async (folder: string, weightsPath: string): Promise<string> =>
  JSON.stringify([folder, await fingerprintAt(join(folder, MODEL_FILE)), await fingerprintAt(weightsPath)])

/** The models among the open files, each read once until it changes on disk. */
export function createOpenModels(files: FileRegistry): OpenModels {
  const known = new Map<string, Promise<OpenModel>>()

  const read = async (entry: FileEntry, folder: string): Promise<OpenModel> => {
    const json = await readModelJson(folder)
    if (entry.facts.kind === 'onnx' && json.weights.file !== basename(entry.path))
      throw new WorkbenchError('bad-model', `model.json beside '${basename(entry.path)}' is of '${json.weights.file}'`, 'name the ONNX file in weights.file of model.json') // biome-ignore format: one thought
    const weightsPath = join(folder, json.weights.file)
    const { size } = await stat(weightsPath).catch(error => {
      throw asWorkbenchError(error)
    })
    let verified: Promise<void> | undefined
    return {
      fileId: entry.id,
      folder,
      json,
      table: createTrackTable(json),
      card: await readFile(join(folder, CARD_FILE), 'utf8').catch(() => ''), // a card is good to have, not needed
      weightsPath,
      weightsBytes: size,
      state: await stateOf(folder, weightsPath),
      verify(context) {
        verified ??= verifyWeights(folder, json, context)
        verified.catch(error => {
          if (asWorkbenchError(error).code === 'cancelled') verified = undefined
        })
        return verified
      },
    }
  }

  return {
    async use(fileId) {
      const entry = await files.use(fileId)
      if (entry.role !== 'model')
        throw new WorkbenchError('wrong-type', `'${basename(entry.path)}' is no model`, 'open a model folder')
      const folder = modelFolderOf(entry)
      if (!(await fingerprintAt(join(folder, MODEL_FILE))))
        throw new WorkbenchError('bad-model', `'${basename(entry.path)}' has no model.json beside it, which says what goes in and what comes out`, 'write one: see the guide, "Any ONNX model"') // biome-ignore format: one thought
      const before = await known.get(fileId)?.catch(() => undefined)
      if (before && before.state === (await stateOf(folder, before.weightsPath))) return before
      const model = read(entry, folder)
      known.set(fileId, model)
      model.catch(() => known.delete(fileId))
      return model
    },
  }
}
