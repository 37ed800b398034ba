import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { BYTES_OF, type DType, elementCount, type Tensor, viewAs } from '../../../src-shared/tensor.ts'
import type { ByteSource } from './byteSource.ts'
import { StoredZip } from './storedZip.ts'
import { type TensorEntry, type TensorSource, tensorFromBytes } from './tensorSource.ts'
import {
  type Pickled,
  PickledDict,
  PickledGlobal,
  PickledObject,
  PickledTuple,
  type UnpickleRules,
  unpickle,
} from './unpickle.ts'

const STORAGES: Readonly<Record<string, DType>> = {
  'torch FloatStorage': 'float32',
  'torch DoubleStorage': 'float64',
  'torch HalfStorage': 'float16',
  'torch BFloat16Storage': 'bfloat16',
  'torch LongStorage': 'int64',
  'torch IntStorage': 'int32',
  'torch ShortStorage': 'int16',
  'torch CharStorage': 'int8',
  'torch ByteStorage': 'uint8',
  'torch BoolStorage': 'bool',
}
const ORDERED_DICT = 'collections OrderedDict'
const TENSOR = 'torch._utils _rebuild_tensor_v2'
const PARAMETER = 'torch._utils _rebuild_parameter'
const GLOBALS = new Set([ORDERED_DICT, TENSOR, PARAMETER, ...Object.keys(STORAGES)])

/** Names under which training scripts keep the state dict among other things. */
const NESTED = ['state_dict', 'model_state_dict', 'model']
/** The name given to a file that holds one tensor and nothing else. */
export const SINGLE_TENSOR = 'tensor'

interface Storage {
  readonly key: string
  readonly dtype: DType
  readonly count: number
}

interface StoredTensor extends TensorEntry {
  readonly storage: Storage
  readonly offset: number
  readonly strides: readonly number[]
}

/**
 * Opens a `.bin` or `.pt` that torch.save wrote (ZIP form, PyTorch 1.6 and later). Its pickle is interpreted, never run; tensors are read
 * when asked for, views (offset, strides, shared storage) resolved.
 * @throws WorkbenchError `wrong-type` (another format, by name), `unsupported` (an object that is not a tensor), `corrupt`, `truncated`
 */
export async function openPyTorch(source: ByteSource): Promise<TensorSource> {
  await refuseLegacy(source)
  const zip = await StoredZip.open(source)
  const root = [...zip.members.keys()].find(n => n.endsWith('/data.pkl'))?.slice(0, -'data.pkl'.length)
  if (root === undefined) throw new WorkbenchError('wrong-type', `${source.name} is a ZIP without data.pkl`, 'give a file written by torch.save') // biome-ignore format: one thought
  if (zip.members.has(`${root}constants.pkl`))
    throw new WorkbenchError('wrong-type', `${source.name} is a TorchScript program, not a state dict`, 'save the state dict: torch.save(model.state_dict(), path)') // biome-ignore format: one thought
  if (zip.members.has(`${root}byteorder`)) {
    const order = new TextDecoder().decode(await zip.readAll(`${root}byteorder`))
    if (order !== 'little') throw new WorkbenchError('unsupported', `${source.name} is ${order.slice(0, 20)}-endian`, 'save it again on a little-endian machine') // biome-ignore format: one thought
  }
  const tensors = tensorsOf(unpickle(await zip.readAll(`${root}data.pkl`), rulesFor(source.name)), source.name)
  for (const t of tensors.values()) checkStorage(t, zip.member(`${root}data/${t.storage.key}`).size, source.name)
  return {
    name: source.name,
    entries: tensors,
    async read(name) {
      const t = tensors.get(name)
      if (!t) throw new WorkbenchError('not-found', `${source.name} holds no tensor '${name}'`, 'check the name')
      return readTensor(t, zip, source, `${root}data/${t.storage.key}`)
    },
  }
}

async function refuseLegacy(source: ByteSource): Promise<void> {
  const head = await source.read(0, Math.min(512, source.size))
  const refuse = (what: string) => new WorkbenchError('wrong-type', `${source.name} is ${what}`, 'load it in PyTorch and save it again with torch.save of version 1.6 or later') // biome-ignore format: one thought
  // torch/serialization.py: the older format begins with the pickled number 0x1950a86a20f9469cfc6c.
  const magic = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
  if (magic.every((b, i) => head[i] === b)) throw refuse("in PyTorch's legacy format (before 1.6)")
  if (new TextDecoder().decode(head.subarray(257, 262)) === 'ustar') throw refuse("in PyTorch's legacy tar format")
  if (head[0] === 0x80 && (head[1] ?? 9) <= 5) throw refuse('a bare pickle, not a ZIP')
}

function rulesFor(file: string): UnpickleRules {
  const corrupt = (what: string) => new WorkbenchError('corrupt', `${file}: ${what}`, 'get the file again')
  return {
    file,
    globals: GLOBALS,
    call(name, args) {
      if (name === ORDERED_DICT && args.length === 0) return new PickledDict()
      if (name === PARAMETER && args[0] instanceof PickledObject) return args[0]
      if (name === TENSOR) return new PickledObject(rebuildTensor(args, corrupt))
      throw corrupt(`${name.replace(' ', '.')} is called in an unknown way`)
    },
    persistent(id) {
      const [kind, type, key, , count] = id instanceof PickledTuple ? id.items : []
      const dtype = type instanceof PickledGlobal ? STORAGES[type.name] : undefined
      if (kind !== 'storage' || !dtype || typeof key !== 'string' || !isCount(count))
        throw corrupt('a storage is not described as one')
      return new PickledObject({ key, dtype, count } satisfies Storage)
    },
  }
}

const isCount = (n: unknown): n is number => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0
const counts = (p: Pickled | undefined): number[] | undefined =>
  p instanceof PickledTuple && p.items.every(isCount) ? (p.items as number[]) : undefined

const isStorage = (v: unknown): v is Storage => typeof v === 'object' && v !== null && 'key' in v && 'count' in v

/** _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks) of torch/_utils.py. */
function rebuildTensor(
  args: readonly Pickled[],
  corrupt: (what: string) => WorkbenchError,
): Omit<StoredTensor, 'name'> {
  const [first, offset, size, stride] = args
  const storage = first instanceof PickledObject ? first.value : undefined
  const [shape, strides] = [counts(size), counts(stride)]
  if (!isStorage(storage) || !isCount(offset) || !shape || !strides || shape.length !== strides.length)
    throw corrupt('a tensor is described with a negative or missing offset, size or stride')
  const elements = elementCount(shape)
  // A view that repeats elements could describe any size with a few bytes.
  if (!(elements <= storage.count))
    throw corrupt(
      `a tensor of shape [${shape.slice(0, 8).join(', ')}] is larger than its storage of ${storage.count} elements`,
    )
  const last = elements === 0 ? -1 : shape.reduce((at, d, i) => at + (d - 1) * (strides[i] as number), offset)
  if (!(last < storage.count)) throw corrupt(`a tensor reaches element ${last} of a storage of ${storage.count}`)
  return { dtype: storage.dtype, shape, storage, offset, strides, storedAt: `${storage.key} ${offset} ${strides}` }
}

function tensorsOf(root: Pickled, file: string): Map<string, StoredTensor> {
  const found = new Map<string, StoredTensor>()
  const add = (name: string, p: Pickled | undefined) => {
    if (p instanceof PickledObject && !isStorage(p.value))
      found.set(name, { name, ...(p.value as Omit<StoredTensor, 'name'>) })
  }
  if (root instanceof PickledObject) add(SINGLE_TENSOR, root)
  let dict = root
  for (const key of NESTED) {
    const inner = dict instanceof PickledDict ? dict.entries.get(key) : undefined
    if (inner instanceof PickledDict) {
      dict = inner
      break
    }
  }
  if (dict instanceof PickledDict) for (const [key, value] of dict.entries) add(String(key), value)
  if (found.size === 0) throw new WorkbenchError('wrong-type', `${file} holds no tensors by name`, 'save the state dict: torch.save(model.state_dict(), path)') // biome-ignore format: one thought
  return found
}

function checkStorage(t: StoredTensor, bytes: number, file: string): void {
  const expected = t.storage.count * BYTES_OF[t.dtype]
  if (bytes !== expected)
    throw new WorkbenchError('corrupt', `${file}: the storage of '${t.name}' has ${bytes} bytes, not ${expected}`, 'get the file again') // biome-ignore format: one thought
}

async function readTensor(t: StoredTensor, zip: StoredZip, source: ByteSource, member: string): Promise<Tensor> {
  const size = BYTES_OF[t.dtype]
  const elements = elementCount(t.shape)
  const whole = elements === t.storage.count && isRowMajor(t)
  if (whole) return tensorFromBytes(t, await zip.readAll(member))
  const start = await zip.locate(member)
  if (isRowMajor(t)) {
    const from = start + t.offset * size
    return tensorFromBytes(t, await source.read(from, from + elements * size))
  }
  const span = elements === 0 ? 0 : 1 + t.shape.reduce((at, d, i) => at + (d - 1) * (t.strides[i] as number), 0)
  const from = start + t.offset * size
  const flat = tensorFromBytes(
    { name: t.name, dtype: t.dtype, shape: [span] },
    await source.read(from, from + span * size),
  )
  const out = viewAs(t.dtype, new ArrayBuffer(elements * size), 0, elements)
  gather(flat.data as Float32Array, out as Float32Array, t.shape, t.strides)
  return { dtype: t.dtype, shape: t.shape, data: out }
}

function isRowMajor(t: StoredTensor): boolean {
  let expected = 1
  for (let i = t.shape.length - 1; i >= 0; i--) {
    if (t.shape[i] !== 1 && t.strides[i] !== expected) return false
    expected *= t.shape[i] as number
  }
  return true
}

/** Copies a strided view in row-major order. The element type does not matter: both sides have the same. */
function gather(from: Float32Array, to: Float32Array, shape: readonly number[], strides: readonly number[]): void {
  const index = new Array<number>(shape.length).fill(0)
  let at = 0
  for (let i = 0; i < to.length; i++) {
    to[i] = from[at] as number
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis] as number
      index[axis] = (index[axis] as number) + 1
      if ((index[axis] as number) < (shape[axis] as number)) break
      at -= (strides[axis] as number) * (shape[axis] as number)
      index[axis] = 0
    }
  }
}
