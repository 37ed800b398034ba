import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { Tensors } from '../../../src-shared/tensor.ts'
import { SPECIALS } from '../../domain/cohort/peopleTokenizer.ts'
import { memorySource } from '../../models/checkpoints/byteSource.ts'
import { encodeSafetensors, openSafetensors } from '../../models/checkpoints/safetensors.ts'
import { CARD_FILE, MODEL_FILE, type ModelJson, TOKENIZER_FILE, WEIGHTS_FILE } from '../../models/folder/modelJson.ts'
import type { ParameterSpec } from '../../models/registry.ts'
import { siblingOf, syncFolder } from '../models/folderSwap.ts'
import { writeModelFolder } from '../models/modelFolder.ts'

export interface TrainedModel {
  readonly json: Omit<ModelJson, 'format' | 'formatVersion' | 'weights' | 'tokenizer'>
  readonly weights: Tensors
  readonly specs: readonly ParameterSpec[]
  /** Null: the model reads no tokens. */
  readonly tokenizer: Uint8Array | null
  /** Other files of the folder, by name. */
  readonly files: Readonly<Record<string, string>>
  /** Folders of the training that go once the model is there. */
  readonly folders: readonly string[]
}

/** Writes a token model into the folder of its own training: reports and weights first, model.json last, then the checkpoints go. */
export async function writeTrained(out: string, model: TrainedModel, context: WorkContext): Promise<ModelJson> {
  const scratch = await mkdtemp(join(tmpdir(), 'diploscope-tokenizer-'))
  const temporary = siblingOf(join(out, 'model'), 'part')
  const { cls, sep, mask, pad } = SPECIALS
  try {
    const path = join(scratch, TOKENIZER_FILE)
    if (model.tokenizer) await writeFile(path, model.tokenizer)
    const weights = await openSafetensors(memorySource(encodeSafetensors(model.weights)))
    const tokenizer = model.tokenizer ? { tokenizer: { path, specials: { cls, sep, mask, pad } } } : {}
    const written = await writeModelFolder(temporary, { json: model.json, weights, specs: model.specs, ...tokenizer }, context) // biome-ignore format: one line
    for (const [name, text] of Object.entries(model.files)) await writeFile(join(out, name), text)
    for (const name of [WEIGHTS_FILE, ...(model.tokenizer ? [TOKENIZER_FILE] : []), CARD_FILE, MODEL_FILE]) await rename(join(temporary, name), join(out, name)) // biome-ignore format: one line
    await syncFolder(out)
    for (const name of model.folders) await rm(join(out, name), { recursive: true, force: true })
    return written
  } finally {
    await rm(scratch, { recursive: true, force: true })
    await rm(temporary, { recursive: true, force: true })
  }
}
