import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { elementCount, type Tensor } from '../../../src-shared/tensor.ts'
import type { TensorEntry, TensorSource } from './tensorSource.ts'

type Hdf5 = typeof import('h5wasm')
type Dataset = import('h5wasm').Dataset
type Group = import('h5wasm').Group

/** Weights of a Keras HDF5 file, under `layer/weight` (`conv1d_1/kernel`, `multihead_attention/q_layer/kernel`). */
export interface KerasFile extends TensorSource {
  /** `model_config` of a whole model; undefined in a file of weights alone. */
  readonly config: unknown
  close(): Promise<void>
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
/** Far more layers or weights than any network has. */
const MAX_NAMES = 100_000

/**
 * Opens a Keras 2 model or weights file (HDF5; root attribute `model_config`, weights under `/model_weights` or the root, layers
 * in attribute `layer_names`, weights of a layer in `weight_names`). The file is held in memory; links out of it are not followed.
 * @throws WorkbenchError `wrong-type` (not HDF5, or not of Keras), `truncated`, `corrupt`
 */
export async function openKeras(bytes: Uint8Array, name: string): Promise<KerasFile> {
  if (!SIGNATURE.every((b, i) => bytes[i] === b)) throw new WorkbenchError('wrong-type', `${name} is not an HDF5 file`, 'give the .h5 that Keras wrote') // biome-ignore format: one thought
  checkLength(bytes, name)
  const hdf5 = await loadHdf5()
  const path = `/keras-${opened++}.h5`
  const file = guarded(name, () => {
    hdf5.FS!.writeFile(path, bytes)
    return new hdf5.File(path, 'r')
  })
  let open = true
  const close = async () => {
    if (!open) return
    open = false
    guarded(name, () => file.close())
    hdf5.FS!.unlink(path)
  }
  try {
    return { ...guarded(name, () => contents(hdf5, file, bytes.byteLength, name)), name, close }
  } catch (error) {
    await close().catch(() => undefined) // the first fault is the one to tell
    throw error
  }
}
let opened = 0

async function loadHdf5(): Promise<Hdf5> {
  const hdf5 = await import('h5wasm')
  await hdf5.ready
  return hdf5
}

/** Superblock of version 0 to 3 with 8-byte offsets (HDF5 file format specification, II.A): the end of the file it claims. */
function checkLength(bytes: Uint8Array, name: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const truncated = () => new WorkbenchError('truncated', `${name} has only ${bytes.byteLength} bytes`, 'get the file again') // biome-ignore format: one thought
  if (bytes.byteLength < 96) throw truncated()
  const version = bytes[8]!
  const at = version <= 1 ? (version === 0 ? 40 : 44) : 28
  const offsets = version <= 1 ? bytes[13] : bytes[9]
  if (version <= 3 && offsets === 8 && view.getBigUint64(at, true) > BigInt(bytes.byteLength)) throw truncated()
}

/** Whatever the library throws at a broken file is a coded error. */
function guarded<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof WorkbenchError) throw error
    const said = error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, 120) : String(error).slice(0, 120)
    throw new WorkbenchError('corrupt', `${name} cannot be read as HDF5 (${said})`, 'get the file again', undefined, { cause: error }) // biome-ignore format: one thought
  }
}

function contents(hdf5: Hdf5, file: Group, size: number, name: string): Omit<KerasFile, 'name' | 'close'> {
  const root = groupIn(hdf5, file, 'model_weights') ?? file
  const layers = namesOf(root, 'layer_names', name)
  if (!layers) throw new WorkbenchError('wrong-type', `${name} is HDF5 but holds no Keras weights (no attribute layer_names)`, 'give the .h5 that Keras wrote') // biome-ignore format: one thought
  const corrupt = (what: string) => new WorkbenchError('corrupt', `${name}: ${what}`, 'get the file again')
  const entries = new Map<string, TensorEntry>()
  const datasets = new Map<string, Dataset>()
  for (const layer of layers) {
    const group = groupIn(hdf5, root, layer)
    if (!group) throw corrupt(`layer '${layer}' is listed and not there`)
    for (const weight of namesOf(group, 'weight_names', name) ?? []) {
      const data = group.get(weight)
      if (!(data instanceof hdf5.Dataset))
        throw corrupt(`weight '${weight}' of layer '${layer}' is listed and not there`)
      const entry = { name: `${layer}/${shortName(layer, weight)}`, ...floats(data, size, corrupt, weight) }
      if (entries.has(entry.name)) throw corrupt(`weight '${entry.name}' is there twice`)
      entries.set(entry.name, entry)
      datasets.set(entry.name, data)
    }
  }
  const config = file.attrs['model_config']?.value
  return {
    entries,
    config: typeof config === 'string' ? parsed(config, corrupt) : undefined,
    read: async (wanted): Promise<Tensor> => {
      const [entry, data] = [entries.get(wanted), datasets.get(wanted)]
      if (!entry || !data)
        throw new WorkbenchError('not-found', `${name} holds no tensor '${wanted}'`, 'check the name')
      const value = guarded(name, () => data.value)
      const array = entry.dtype === 'float64' ? Float64Array : Float32Array
      if (!(value instanceof array) || value.length !== elementCount(entry.shape))
        throw corrupt(`weight '${wanted}' is not the ${entry.dtype} array that it says`)
      const broken = value.findIndex((x: number) => !Number.isFinite(x))
      if (broken >= 0) throw new WorkbenchError('not-finite', `${name}: value ${broken} of weight '${wanted}' is ${value[broken]}`, 'get the file again, or train the network anew') // biome-ignore format: one thought
      return { dtype: entry.dtype, shape: entry.shape, data: value }
    },
  }
}

function groupIn(hdf5: Hdf5, group: Group, name: string): Group | undefined {
  const found = group.get(name)
  return found instanceof hdf5.Group ? found : undefined
}

/** A list of names; a long one is cut into `layer_names0`, `layer_names1`, … to fit an object header. */
function namesOf(group: Group, attribute: string, file: string): string[] | undefined {
  const attributes = group.attrs
  const parts = attributes[attribute] ? [attribute] : []
  if (!parts.length) for (let i = 0; attributes[`${attribute}${i}`]; i++) parts.push(`${attribute}${i}`)
  if (!parts.length) return undefined
  const names = parts.flatMap(part => {
    const value: unknown = attributes[part]?.value
    return Array.isArray(value) || ArrayBuffer.isView(value) ? [...(value as Iterable<unknown>)] : [value]
  })
  const text = names.filter(n => typeof n === 'string')
  // A layer without weights has an empty list, which HDF5 can hold only as numbers.
  if (text.length === 0) return []
  if (text.length !== names.length || names.length > MAX_NAMES)
    throw new WorkbenchError(
      'corrupt',
      `${file}: attribute '${attribute}' is not a list of names`,
      'get the file again',
    )
  return text
}

function floats(data: Dataset, fileSize: number, corrupt: (what: string) => WorkbenchError, weight: string) {
  const { metadata } = data
  const shape = data.shape ?? []
  // H5T_FLOAT is class 1.
  if (metadata.type !== 1 || (metadata.size !== 4 && metadata.size !== 8)) throw new WorkbenchError('unsupported', `weight '${weight}' is not of float32 or float64 values`, 'save the model in float32') // biome-ignore format: one thought
  const bytes = elementCount(shape) * metadata.size
  // Deflate packs at most 1 : 1032.
  const most = data.filters.length ? 1032 * fileSize : fileSize
  if (!Number.isSafeInteger(bytes) || shape.some(d => !(d >= 1)) || bytes > most)
    throw corrupt(`weight '${weight}' of shape [${shape.join(', ')}] does not fit in the file`)
  return { dtype: metadata.size === 8 ? ('float64' as const) : ('float32' as const), shape: [...shape] }
}

/** Keras repeats the layer before the weight's own name and adds the number of the output. */
function shortName(layer: string, weight: string): string {
  let short = weight.replace(/:\d+$/, '')
  while (short.startsWith(`${layer}/`)) short = short.slice(layer.length + 1)
  return short
}

function parsed(text: string, corrupt: (what: string) => WorkbenchError): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw corrupt('its model_config is not JSON')
  }
}
