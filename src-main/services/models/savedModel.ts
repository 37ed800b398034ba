import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ValueInfo } from '../../compute/protocol.ts'

/** What a TensorFlow SavedModel says of itself when the optional engine has opened it. */
export interface SavedModelReport {
  readonly folder: string
  readonly engine: 'tensorflow-savedmodel'
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly note: string
}

export const isSavedModel = (folder: string): boolean => existsSync(join(folder, 'saved_model.pb'))

/**
 * Opens a SavedModel in the optional TensorFlow engine, in a process of its own, and tells its signature. `modulePath` is where the user
 * installed @tensorflow/tfjs-node-gpu, `nodePath` a Node 20 or 22 that can load it.
 * @throws WorkbenchError `engine-missing` with what to install, `bad-model`
 */
export async function inspectSavedModel(
  folder: string,
  options: { readonly modulePath?: string; readonly nodePath?: string },
): Promise<SavedModelReport> {
  const { createTensorFlowEngine } = await import('../../compute/tensorflow/engine.ts')
  const engine = createTensorFlowEngine(options)
  try {
    const session = await engine.load(folder)
    const { inputs, outputs, provider } = session
    return { folder, engine: 'tensorflow-savedmodel', inputs, outputs, note: provider.note ?? '' }
  } finally {
    await engine.close()
  }
}
