import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExportedFile } from '../../../src-shared/ipc/contract.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { Downloads } from '../downloads.ts'
import { exportOnnx } from './exportOnnx.ts'
import type { OpenModel } from './openModels.ts'

/** What a download may weigh. */
const MAX_BYTES = 256 * 1024 ** 2

/** An open model as one ONNX file to be fetched. @throws WorkbenchError `unsupported` for a model too large for that */
export async function downloadOnnx(
  model: OpenModel,
  registry: ModelRegistry,
  downloads: Downloads,
  context: WorkContext,
): Promise<ExportedFile> {
  if (model.weightsBytes > MAX_BYTES) throw new WorkbenchError('unsupported', `the weights have ${Math.ceil(model.weightsBytes / 2 ** 20)} MiB, more than is handed over here`, `use 'diploscope models export ${model.folder} --onnx FILE'`) // biome-ignore format: one thought
  const add = async (path: string) => {
    const bytes = Uint8Array.from(await readFile(path))
    return downloads.add({ name: `${model.json.id}.onnx`, contentType: 'application/octet-stream', bytes })
  }
  if (model.json.kind === 'onnx') return add(model.weightsPath)
  const folder = await mkdtemp(join(tmpdir(), 'diploscope-onnx-'))
  try {
    const [file] = (await exportOnnx(model.folder, join(folder, 'model.onnx'), registry, {}, context)).files
    return await add(file!)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
