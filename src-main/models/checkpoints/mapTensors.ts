import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { type DType, elementCount, type Tensor } from '../../../src-shared/tensor.ts'
import { sameTensor, type TensorEntry, type TensorSource, toFloat32 } from './tensorSource.ts'

/** A tensor that a network needs, in the program's own name, layout and type. */
export interface WantedTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype?: DType
  /** May be absent from the file. */
  readonly optional?: boolean
}

/** How a foreign checkpoint becomes ours. */
export interface MappingRules {
  /** Our name for a name of the file; undefined for one that is known and not needed (counters). Unknown names pass unchanged. */
  rename(name: string): string | undefined
  /**
   * Axes of ours as axes of the file (`[1, 0]` for a transposed matrix); undefined when the layouts agree.
   * Only this importer knows its own layouts, so nothing is guessed from shapes.
   */
  axes?(wanted: WantedTensor): readonly number[] | undefined
  /** Axes of length one that the file has more or fewer of, as [c, c, 1, 1] for a [c, c] matrix, are no difference. */
  readonly ignoreUnitAxes?: boolean
}

/** For a file that is in our names and layouts already. */
export const sameNames: MappingRules = { rename: name => name }

/**
 * A view of `source` that holds exactly the wanted tensors in our names, layouts and float32. Read one at a time.
 * Two names of the file may stand for one tensor when their bytes are equal; they are refused when they differ.
 * @throws WorkbenchError `bad-model` that lists every missing, unused, misshapen or contradictory tensor
 */
export async function mapTensors(
  source: TensorSource,
  wanted: readonly WantedTensor[],
  rules: MappingRules,
): Promise<TensorSource> {
  const byName = new Map(wanted.map(w => [w.name, w]))
  const found = new Map<string, TensorEntry>()
  const problems: string[] = []
  for (const entry of source.entries.values()) {
    const ours = rules.rename(entry.name)
    if (ours === undefined) continue
    if (!byName.has(ours)) {
      problems.push(`unused: '${entry.name}' [${entry.shape.join(', ')}]`)
      continue
    }
    const before = found.get(ours)
    if (!before) found.set(ours, entry)
    else if (!(await equalTensors(source, before, entry))) problems.push(`'${before.name}' and '${entry.name}' are the same tensor of the network and differ`) // biome-ignore format: one thought
  }
  for (const w of wanted) {
    const entry = found.get(w.name)
    if (!entry) {
      if (!w.optional) problems.push(`missing: '${w.name}' [${w.shape.join(', ')}]`)
      continue
    }
    const shape = permuted(entry.shape, rules.axes?.(w))
    const same = rules.ignoreUnitAxes ? sameShape(shape.filter(d => d !== 1), w.shape.filter(d => d !== 1)) : sameShape(shape, w.shape) // biome-ignore format: one thought
    if (!same)
      problems.push(`misshapen: '${entry.name}' is [${shape.join(', ')}], '${w.name}' needs [${w.shape.join(', ')}]`)
    const kind = isFloat(entry.dtype) === isFloat(w.dtype ?? 'float32')
    if (!kind) problems.push(`mistyped: '${entry.name}' is ${entry.dtype}, '${w.name}' needs ${w.dtype ?? 'float32'}`)
  }
  if (problems.length)
    throw new WorkbenchError('bad-model', `${source.name} does not fit the network: ${problems.join('; ')}`, 'check that the checkpoint belongs to this configuration', { problems: problems.length }) // biome-ignore format: one thought
  const entries = new Map<string, TensorEntry>()
  for (const w of wanted) {
    const entry = found.get(w.name)
    if (entry) entries.set(w.name, { name: w.name, shape: w.shape, dtype: w.dtype ?? 'float32' })
  }
  return {
    name: source.name,
    entries,
    async read(name) {
      const entry = found.get(name)
      const want = byName.get(name)
      if (!entry || !want)
        throw new WorkbenchError('not-found', `${source.name} holds no tensor '${name}'`, 'check the name')
      return converted(await source.read(entry.name), want, rules.axes?.(want))
    },
  }
}

const isFloat = (dtype: DType) =>
  dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16'
const sameShape = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((d, i) => d === b[i])
const permuted = (shape: readonly number[], axes: readonly number[] | undefined) =>
  axes && axes.length === shape.length ? axes.map(a => shape[a] as number) : shape

async function equalTensors(source: TensorSource, a: TensorEntry, b: TensorEntry): Promise<boolean> {
  if (a.dtype !== b.dtype || !sameShape(a.shape, b.shape)) return false
  if (a.storedAt !== undefined && a.storedAt === b.storedAt) return true
  return sameTensor(await source.read(a.name), await source.read(b.name))
}

function converted(t: Tensor, want: WantedTensor, axes: readonly number[] | undefined): Tensor {
  const dtype = want.dtype ?? 'float32'
  if (!isFloat(dtype)) {
    if (t.dtype === dtype) return { dtype, shape: want.shape, data: t.data }
    if (t.dtype === 'int64' && dtype === 'int32')
      return { dtype, shape: want.shape, data: Int32Array.from(t.data as BigInt64Array, Number) }
    if (t.dtype === 'int32' && dtype === 'int64')
      return { dtype, shape: want.shape, data: BigInt64Array.from(t.data as Int32Array, BigInt) }
    throw new WorkbenchError(
      'wrong-type',
      `tensor '${want.name}' is ${t.dtype}, not ${dtype}`,
      'use another checkpoint',
    )
  }
  const values = toFloat32(t, want.name)
  const data = axes?.some((a, i) => a !== i) ? transposed(values, t.shape, axes) : values
  return { dtype: 'float32', shape: want.shape, data }
}

/** `axes[i]` is the axis of the source that becomes axis i. */
export function transposed(values: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = new Array<number>(shape.length).fill(1)
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] as number) * (shape[i + 1] as number)
  const to = axes.map(a => ({ length: shape[a] as number, step: strides[a] as number }))
  const out = new Float32Array(elementCount(shape))
  const index = new Array<number>(to.length).fill(0)
  let at = 0
  for (let i = 0; i < out.length; i++) {
    out[i] = values[at] as number
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const { length, step } = to[axis] as { length: number; step: number }
      at += step
      index[axis] = (index[axis] as number) + 1
      if ((index[axis] as number) < length) break
      at -= step * length
      index[axis] = 0
    }
  }
  return out
}
