import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asWorkbenchError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { baskervilleDefinition, baskervilleGeometry, baskervilleLayers } from '../../models/baskerville.ts'
import { baskervilleArchitecture } from '../../models/checkpoints/baskervilleParams.ts'
import type { KerasFile } from '../../models/checkpoints/keras.ts'
import { headsInFile, kerasBaskerville } from '../../models/checkpoints/kerasBaskerville.ts'
import { readKerasConfig } from '../../models/checkpoints/kerasConfig.ts'
import type { MappingRules } from '../../models/checkpoints/mapTensors.ts'
import type { ModelTrack } from '../../models/folder/modelJson.ts'
import { parseTrackTable, unnamedTracks } from '../../models/folder/trackTable.ts'
import { readWhole, readWholeText } from '../../readers/wholeFile.ts'
import { openKerasInThread } from '../../workers/kerasClient.ts'
import type { NewModel } from './modelFolder.ts'

/** What one buffer holds; the largest published network is under 1 GB. */
const MAX_KERAS_BYTES = 2 ** 32 - 1

export interface BaskervilleSource {
  /** A folder with params.json and one .h5, or the .h5 itself. */
  readonly source: string
  /** params.json, where it does not lie beside the .h5. */
  readonly config?: string
  /** Track tables by head; default: targets_HEAD.txt, or targets.txt for the first head. */
  readonly targets?: Readonly<Record<string, string>>
  /** Assembly that the model was trained on, which no file says. */
  readonly genome?: string
}

/** Names that the training program gives its weights, best first. */
const WEIGHTS = ['model.h5', 'model0_best.h5', 'model_best.h5', 'model_final.h5']

/** A baskerville network (Borzoi and its relatives) from params.json, a Keras .h5 and tables of targets. */
export async function readBaskerville(
  request: BaskervilleSource,
  provenance: (weightsPath: string) => Promise<NewModel['json']['provenance']>,
  signal: AbortSignal,
): Promise<{ tensors: KerasFile; rules: MappingRules; json: NewModel['json']; close(): Promise<void> }> {
  const path = await weightsPath(request.source)
  const folder = dirname(path)
  const params = await readParams(request.config ?? join(folder, 'params.json'))
  const bytes = await readWhole(path, MAX_KERAS_BYTES)
  const file = await openKerasInThread(new Uint8Array(bytes), basename(path), signal)
  try {
    const { gelu, ...epsilons } = readKerasConfig(file.config)
    const whole = { ...baskervilleArchitecture(params, gelu), ...epsilons }
    const layers = baskervilleLayers(baskervilleDefinition.parseConfig(whole))
    const present = headsInFile(file, layers, Object.keys(whole.outputs))
    // None: the mapping below lists what is missing.
    const kept = present.length ? present : Object.keys(whole.outputs)
    const outputs = Object.fromEntries(kept.map(head => [head, whole.outputs[head]!]))
    const heads = Object.fromEntries(kept.map(head => [head, whole.heads[head]!]))
    const architecture = { ...whole, outputs, heads }
    const { binSize, bins, cropBins, lengthMultiple } = baskervilleGeometry(baskervilleDefinition.parseConfig(architecture)) // biome-ignore format: one thought
    const tables = await trackTables(request, folder, whole.outputs, kept, binSize)
    const activations = new Set(kept.map(head => whole.heads[head]!.activation))
    const absent = Object.keys(whole.outputs).filter(head => !kept.includes(head))
    const count = tables.tracks.length
    return {
      tensors: file,
      rules: kerasBaskerville(file, layers),
      close: () => file.close(),
      json: {
        id: `baskerville-${count}`,
        name: `baskerville network, ${count.toLocaleString('en')} ${kept.join(' and ')} tracks, ${whole.length.toLocaleString('en')} bp`,
        kind: 'baskerville',
        architecture,
        input: {
          type: 'dna',
          alphabet: 'ACGT',
          unknown: 'zeros',
          length: whole.length,
          lengthMultiple,
          genome: request.genome ?? null,
        },
        output: {
          heads: kept.map(name => ({ name, tracks: whole.outputs[name]! })),
          binSize,
          bins,
          cropBins,
          activation: [...activations].join(', '),
        },
        tracks: tables.tracks,
        attentionPattern: null,
        provenance: await provenance(path),
        licence: 'not stated by the checkpoint',
        citation: 'Linder et al. 2025, Nature Genetics 57, 949-961 (Borzoi, and the program that trains such networks)',
        limits: [
          'Values are in the units of the training targets (scaled, clipped and, where sum_stat says so, square-rooted), not read counts.',
          ...absent.map(head => `params.json describes a head '${head}' that ${basename(path)} does not hold: it was left out.`), // biome-ignore format: one thought
          ...tables.unnamed.map(head => `No table of targets names the tracks of head '${head}'.`),
        ],
      },
    }
  } catch (error) {
    await file.close().catch(() => undefined)
    throw error
  }
}

const exists = (path: string) =>
  stat(path).then(
    info => info.isFile(),
    () => false,
  )

async function weightsPath(source: string): Promise<string> {
  const info = await stat(source).catch(error => {
    throw asWorkbenchError(error)
  })
  if (!info.isDirectory()) return source
  const files = (await readdir(source)).filter(name => /\.(h5|hdf5)$/i.test(name)).sort()
  const chosen = WEIGHTS.find(name => files.includes(name)) ?? (files.length === 1 ? files[0] : undefined)
  if (chosen) return join(source, chosen)
  throw new WorkbenchError(
    'not-found',
    files.length
      ? `'${source}' holds ${files.length} .h5 files (${files.slice(0, 4).join(', ')}) and none is named ${WEIGHTS[0]}`
      : `'${source}' holds no .h5 file`,
    'give the file itself',
  )
}

async function readParams(path: string): Promise<unknown> {
  const text = await readWholeText(path).catch(error => {
    if (asWorkbenchError(error).code === 'not-found')
      throw new WorkbenchError('not-found', `'${path}' does not exist`, 'give params.json with --config FILE')
    throw error
  })
  try {
    return JSON.parse(text)
  } catch {
    throw new WorkbenchError('bad-input', `'${path}' is not JSON`, 'give the params.json that the network was trained with') // biome-ignore format: one thought
  }
}

async function trackTables(
  request: BaskervilleSource,
  folder: string,
  outputs: Readonly<Record<string, number>>,
  kept: readonly string[],
  binSize: number,
): Promise<{ tracks: readonly ModelTrack[]; unnamed: readonly string[] }> {
  const tracks: ModelTrack[] = []
  const unnamed: string[] = []
  for (const head of kept) {
    const given = request.targets?.[head]
    const beside = [`targets_${head}.txt`, ...(head === Object.keys(outputs)[0] ? ['targets.txt'] : [])].map(n => join(folder, n)) // biome-ignore format: one thought
    let path = given
    for (const candidate of beside) if (path === undefined && (await exists(candidate))) path = candidate
    const count = outputs[head]!
    if (path === undefined) {
      unnamed.push(head)
      tracks.push(...unnamedTracks(head, count, binSize))
      continue
    }
    const text = await readWholeText(path)
    const table = parseTrackTable(text, head, binSize, basename(path))
    if (table.length !== count) throw new WorkbenchError('bad-input', `'${path}' has ${table.length} tracks, head '${head}' has ${count}`, 'give the table of this model') // biome-ignore format: one thought
    tracks.push(...table)
  }
  return { tracks, unnamed }
}
