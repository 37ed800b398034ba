import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ModelRegistry } from '../../models/registry.ts'

/**
 * The same model over a window of other length: the crop at both ends stays what it is, so that the kept centre grows or shrinks with the
 * window. Only the length of what is read changes: a network that was trained at one length is used outside its training at another.
 * @throws WorkbenchError `bad-input` for a length that its bins do not divide or that leaves no bin, `unsupported` for a model that is
 * tied to its length
 */
export function atWindow(json: ModelJson, windowBp: number, registry: ModelRegistry): ModelJson {
  const { input, output, architecture } = json
  if (input.type !== 'dna') throw new WorkbenchError('unsupported', `model '${json.id}' takes ${input.type}, not DNA`, 'use a model that predicts tracks from sequence') // biome-ignore format: one thought
  if (windowBp === input.length) return json
  const n = (x: number) => x.toLocaleString('en-US')
  const own = `a window of ${n(windowBp)} bp does not fit model '${json.id}', which is made for ${n(input.length)} bp`
  if (json.kind === 'onnx') throw new WorkbenchError('unsupported', `${own} and stored at that length`, 'predict with its own window') // biome-ignore format: one thought
  const { binSize, bins, cropBins } = output
  if (binSize === undefined || bins === undefined || cropBins === undefined) throw new WorkbenchError('unsupported', `model '${json.id}' predicts no tracks`, 'use a model that predicts tracks from sequence') // biome-ignore format: one thought
  const multiple = Math.max(binSize, input.lengthMultiple ?? 1)
  const kept = windowBp / binSize - 2 * cropBins
  if (windowBp % multiple !== 0 || !Number.isInteger(kept) || kept < 1)
    throw new WorkbenchError(
      'bad-input',
      own,
      `give a multiple of ${n(multiple)} bp above ${n(2 * cropBins * binSize)} bp, which it reads and does not answer for`,
    )
  const longer = {
    ...architecture,
    length: windowBp,
    ...('targetBins' in architecture ? { targetBins: kept } : {}),
  }
  if (storedShapes(json, architecture, registry) !== storedShapes(json, longer, registry))
    throw new WorkbenchError(
      'unsupported',
      `${own}: its attention pattern is stored for that many tokens`,
      'predict with its own window, or make a model with a pattern of this length',
    )
  return { ...json, architecture: longer, input: { ...input, length: windowBp }, output: { ...output, bins: kept } }
}

/** Shapes of the weights, a stored pattern among them: they must not change with the length. */
const storedShapes = ({ kind }: ModelJson, architecture: ModelJson['architecture'], registry: ModelRegistry): string =>
  registry
    .configure(kind, architecture)
    .parameters.map(p => `${p.name} ${p.shape}`)
    .join('\n')
