import { join } from 'node:path'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { fileSha256 } from './fileSource.ts'

/**
 * Compares the weights of a model folder with the SHA-256 of its model.json: one changed bit would give other numbers without a word.
 * @throws WorkbenchError `bad-model`, `not-found`, `permission`, `cancelled`
 */
export async function verifyWeights(
  folder: string,
  { weights }: Pick<ModelJson, 'weights'>,
  context: WorkContext,
): Promise<void> {
  const sha256 = await fileSha256(join(folder, weights.file), context, 'checking the weights')
  if (sha256 !== weights.sha256)
    throw new WorkbenchError('bad-model', `${weights.file} has SHA-256 ${sha256.slice(0, 12)}…, model.json says ${weights.sha256.slice(0, 12)}…: the weights are not those of this model`, 'get the model folder again') // biome-ignore format: one thought
}
