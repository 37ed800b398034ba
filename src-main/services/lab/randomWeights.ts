import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { throwIfCancelled } from '../../../src-shared/ipc/errors.ts'
import { seededRandom } from '../../../src-shared/random.ts'
import { elementCount, float32, type Tensor } from '../../../src-shared/tensor.ts'
import type { ParameterValues } from '../../graph/onnx.ts'
import { openSafetensors, writeSafetensors } from '../../models/checkpoints/safetensors.ts'
import type { TensorSource } from '../../models/checkpoints/tensorSource.ts'
import type { ParameterSpec } from '../../models/registry.ts'
import { makeFolders } from '../../storage/folders.ts'
import { drawnPattern } from '../models/drawnStructure.ts'
import { openFileSource } from '../models/fileSource.ts'

const POOL = 2 ** 21

let drawn: Float32Array | undefined

/** Numbers of the standard normal distribution, by the sum of twelve uniforms: the same on every machine. Drawn once, a quarter of a second. */
function pool(): Float32Array {
  if (drawn) return drawn
  const next = seededRandom(7)
  const values = new Float32Array(POOL)
  for (let i = 0; i < POOL; i++) {
    let sum = -6
    for (let k = 0; k < 12; k++) sum += next()
    values[i] = sum
  }
  drawn = values
  return drawn
}

/** `count` numbers of the standard normal distribution, cut from one pool at a place that the seed draws; they repeat after two million. */
export function normalNumbers(count: number, seed: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count)
  let from = Math.floor(seededRandom(seed)() * POOL)
  for (let at = 0; at < count; from = 0) {
    const some = pool().subarray(from, from + count - at)
    values.set(some, at)
    at += some.length
  }
  return values
}

/**
 * Weights for measurements of time and memory, which do not depend on them: of the deviation 1/√inputs, norms about 1; a stored pattern
 * is drawn uniformly. Cut from one pool of draws, so that a gigabyte takes seconds; nothing here needs independent numbers.
 */
export function randomWeights(specs: readonly ParameterSpec[]): TensorSource {
  const next = seededRandom(11)
  const entries = new Map(specs.map(({ name, shape, dtype }) => [name, { name, shape, dtype }]))
  const read = (name: string): Tensor => {
    const { shape, dtype } = entries.get(name)!
    if (dtype === 'int32') return { dtype, shape, data: drawnPattern(shape) }
    const numbers = pool()
    const data = new Float32Array(elementCount(shape))
    const inputs = shape.slice(1).reduce((n, d) => n * d, 1)
    const [mean, deviation] = shape.length > 1 ? [0, 1 / Math.sqrt(inputs)] : around(name)
    let at = Math.floor(next() * POOL)
    for (let i = 0; i < data.length; i++) {
      data[i] = mean + deviation * numbers[at]!
      if (++at === POOL) at = 0
    }
    return float32(data, shape)
  }
  return { name: 'random weights', entries, read: name => Promise.resolve(read(name)) }
}

/** Of a vector: norms scale by about 1, and variances are positive. */
function around(name: string): readonly [mean: number, deviation: number] {
  if (name.endsWith('running_var')) return [1, 0.05]
  const norm = /(norm\d?|\.(0\.fn\.0|1\.fn\.0|1\.0|0\.0|fn\.0))\.weight$/.test(name)
  return [norm ? 1 : 0, 0.1]
}

/** Random weights in a file: read in place by a session, or one at a time. */
export interface WeightsFile {
  readonly path: string
  /** Where each weight lies, for `emitOnnx`; the model then needs `links`. */
  values(names: Iterable<string>): ReadonlyMap<string, ParameterValues>
  readonly links: Readonly<Record<string, string>>
  read(name: string): Promise<Tensor>
  close(): Promise<void>
}

/** Opens the file, which is written first when it is not there: whole or not at all. */
export async function randomWeightsFile(
  path: string,
  specs: readonly ParameterSpec[],
  signal: AbortSignal,
): Promise<WeightsFile> {
  const source = await openFileSource(path).catch(async () => {
    await writeRandom(path, specs, signal)
    return openFileSource(path)
  })
  const location = basename(path)
  const file = await openSafetensors(source)
  return {
    path,
    values: names =>
      new Map(
        [...names].flatMap(name => {
          const place = file.place(name)
          return place ? [[name, { location, ...place }] as const] : []
        }),
      ),
    links: { [location]: path },
    read: name => file.read(name),
    close: () => source.close(),
  }
}

async function writeRandom(path: string, specs: readonly ParameterSpec[], signal: AbortSignal): Promise<void> {
  await makeFolders(dirname(path))
  const temporary = `${path}.${process.pid}.part`
  const weights = randomWeights(specs)
  try {
    const handle = await open(temporary, 'w')
    try {
      const read = (name: string) => {
        throwIfCancelled(signal)
        return weights.read(name)
      }
      await writeSafetensors([...weights.entries.values()], read, async bytes => void (await handle.writeFile(bytes)))
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}
