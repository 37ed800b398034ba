import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CARD_FILE, MODEL_FILE, TOKENIZER_FILE, WEIGHTS_FILE } from '../../models/folder/modelJson.ts'

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() ?? false

/**
 * The model folder that is meant when one of its files is picked or dropped: model.json, its weights, card or tokenizer, or the ONNX file
 * that model.json names. Any other path is itself.
 */
export async function meantModel(path: string): Promise<string> {
  const [name, folder] = [basename(path), dirname(path)]
  const own = [MODEL_FILE, WEIGHTS_FILE, CARD_FILE, TOKENIZER_FILE].includes(name)
  if ((!own && !/\.onnx$/i.test(name)) || !(await isFile(join(folder, MODEL_FILE)))) return path
  if (own) return folder
  const text = await readFile(join(folder, MODEL_FILE), 'utf8').catch(() => '')
  try {
    const { weights } = JSON.parse(text) as { weights?: { file?: unknown } }
    return weights?.file === name ? folder : path
  } catch {
    return path
  }
}
