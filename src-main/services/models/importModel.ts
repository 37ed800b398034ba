import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { asWorkbenchError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { enformerArchitecture, huggingFaceEnformer } from '../../models/checkpoints/huggingFaceEnformer.ts'
import { type MappingRules, mapTensors, sameNames } from '../../models/checkpoints/mapTensors.ts'
import { openOnnxTensors } from '../../models/checkpoints/onnx.ts'
import { openPyTorch } from '../../models/checkpoints/pytorch.ts'
import { openSafetensors } from '../../models/checkpoints/safetensors.ts'
import type { TensorSource } from '../../models/checkpoints/tensorSource.ts'
import type { ModelJson, ModelTrack } from '../../models/folder/modelJson.ts'
import { parseTrackTable, unnamedTracks } from '../../models/folder/trackTable.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { readWhole, readWholeText } from '../../readers/wholeFile.ts'
import { fileSha256, openFileSource } from './fileSource.ts'
import { readBaskerville } from './importBaskerville.ts'
import { type NewModel, writeModelFolder } from './modelFolder.ts'

/** The format's own limit: protocol buffers end at 2 GiB. */
const MAX_ONNX_BYTES = 2 ** 31

export interface ImportRequest {
  readonly source: string
  readonly from: string
  readonly out: string
  /** model.json template, or config.json of Hugging Face; default: the one beside the source. */
  readonly config?: string
  /** Track table by head. */
  readonly targets?: Readonly<Record<string, string>>
  readonly tokenizer?: string
  /** Window in base pairs, where the checkpoint does not say. */
  readonly length?: number
  /** Assembly that the model was trained on, where the checkpoint does not say. */
  readonly genome?: string
  readonly replace?: boolean
  /** Milliseconds since the epoch, for the record of origin. */
  readonly now: number
}

type Description = NewModel['json']

interface Imported {
  readonly tensors: TensorSource
  readonly rules: MappingRules
  readonly json: Description
  close(): Promise<void>
}

interface Importer {
  readonly summary: string
  read(request: ImportRequest, context: WorkContext): Promise<Imported>
}

/** One entry a foreign format. */
export const IMPORTERS: Readonly<Record<string, Importer>> = {
  'hf-enformer': {
    summary: 'Enformer of Hugging Face: pytorch_model.bin or model.safetensors',
    read: readHuggingFaceEnformer,
  },
  baskerville: {
    summary: 'Borzoi and its relatives: a folder with params.json, model.h5 (Keras) and targets.txt',
    read: (request, context) => readBaskerville(request, path => origin(path, request, context), context.signal),
  },
  safetensors: { summary: 'weights in our names, with --config model.json', read: readSafetensors },
  pytorch: { summary: 'a state dict in our names, with --config model.json', read: readPyTorch },
  onnx: { summary: 'an ONNX file whose initialisers have our names, with --config model.json', read: readOnnx },
}

/**
 * Turns a foreign checkpoint into a model folder. @throws WorkbenchError `bad-model` that lists every tensor that is missing, unused or
 * misshapen; nothing is written then
 */
export async function importModel(
  request: ImportRequest,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<ModelJson> {
  if (request.from === 'savedmodel')
    throw new WorkbenchError('unsupported', 'a TensorFlow SavedModel cannot be imported into a model folder', "convert it to ONNX with tf2onnx and import that; 'models check DIR --tensorflow DIR' opens it with the optional @tensorflow/tfjs-node-gpu") // biome-ignore format: one thought
  const importer = Object.hasOwn(IMPORTERS, request.from) ? IMPORTERS[request.from] : undefined
  if (!importer) throw new WorkbenchError('wrong-usage', `'${request.from}' is not a format to import from`, `use one of ${Object.keys(IMPORTERS).join(', ')}`) // biome-ignore format: one thought
  const imported = await importer.read(request, context)
  try {
    const { parameters: specs } = registry.configure(imported.json.kind, imported.json.architecture)
    const weights = await mapTensors(imported.tensors, specs, imported.rules)
    const tokenizer = request.tokenizer ? { tokenizer: { path: request.tokenizer } } : {}
    return await writeModelFolder(request.out, { json: imported.json, weights, specs, ...tokenizer }, context, {
      replace: request.replace ?? false,
    })
  } finally {
    await imported.close()
  }
}

async function openTensors(path: string): Promise<TensorSource & { close(): Promise<void> }> {
  const source = await openFileSource(path)
  try {
    const head = await source.read(0, Math.min(2, source.size))
    const zip = head[0] === 0x50 && head[1] === 0x4b // "PK"
    const opened = zip || !path.endsWith('.safetensors') ? await openPyTorch(source) : await openSafetensors(source)
    return { ...opened, close: () => source.close() }
  } catch (error) {
    await source.close()
    throw error
  }
}

async function readJson(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readWholeText(path)
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>
  } catch {}
  throw new WorkbenchError('bad-input', `'${path}' is not a JSON object`, 'give a configuration in JSON')
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

async function origin(path: string, request: ImportRequest, context: WorkContext) {
  return {
    source: basename(path),
    importedFrom: request.from,
    importedSha256: await fileSha256(path, context, 'hashing the source'),
    trainedBy: 'third party',
    created: new Date(request.now).toISOString(),
  }
}

/** Shortest window that published weights are used with: 1,536 tokens of 128 bp. */
const ENFORMER_LENGTH_BP = 196_608

async function readHuggingFaceEnformer(request: ImportRequest, context: WorkContext): Promise<Imported> {
  const path = await weightsIn(request.source, ['model.safetensors', 'pytorch_model.bin'])
  const beside = join(dirname(path), 'config.json')
  const configPath = request.config ?? ((await exists(beside)) ? beside : undefined)
  const config = configPath ? await readJson(configPath) : {}
  const tensors = await openTensors(path)
  try {
    const architecture = enformerArchitecture(tensors, config, request.length ?? ENFORMER_LENGTH_BP)
    const binSize = 2 ** ((architecture['towerFilters'] as number[]).length + 1)
    const outputs = Object.entries(architecture['outputs'] as Record<string, number>)
    const [length, bins] = [architecture['length'] as number, architecture['targetBins'] as number]
    const tracks: ModelTrack[] = []
    for (const [head, count] of outputs) tracks.push(...(await tracksOf(head, count, binSize, request)))
    const small = (architecture['stemFilters'] as number) < 768
    const json: Description = {
      id: small ? 'enformer-small' : 'enformer',
      name: small ? 'A small Enformer' : 'Enformer',
      kind: 'enformer',
      architecture,
      input: { type: 'dna', alphabet: 'ACGT', unknown: 'zeros', length, lengthMultiple: binSize, genome: null },
      output: {
        heads: outputs.map(([name, count]) => ({ name, tracks: count })),
        binSize,
        bins,
        cropBins: (length / binSize - bins) / 2,
        activation: 'softplus',
      },
      tracks,
      attentionPattern: null,
      provenance: await origin(path, request, context),
      licence: 'not stated by the checkpoint',
      citation: 'Avsec et al. 2021, Nature Methods 18, 1196-1203',
      limits: ['Imported weights: the numbers depend on the positional features being those of the training program.'],
    }
    return { tensors, rules: huggingFaceEnformer, json, close: () => tensors.close() }
  } catch (error) {
    await tensors.close()
    throw error
  }
}

async function tracksOf(head: string, count: number, binSize: number, request: ImportRequest): Promise<ModelTrack[]> {
  const path = request.targets?.[head]
  if (!path) return unnamedTracks(head, count, binSize)
  const bytes = await readWhole(path)
  const text = new TextDecoder().decode(path.endsWith('.gz') ? unpacked(bytes, path) : bytes)
  const tracks = parseTrackTable(text, head, binSize, basename(path))
  if (tracks.length !== count) throw new WorkbenchError('bad-input', `'${path}' has ${tracks.length} tracks, head '${head}' has ${count}`, 'give the table of this model') // biome-ignore format: one thought
  return tracks
}

/** A table of ten thousand tracks is a few megabytes; what grows beyond this is none. */
const MAX_TABLE_BYTES = 256 * 1024 * 1024

function unpacked(bytes: Buffer, path: string): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_TABLE_BYTES })
  } catch (error) {
    throw new WorkbenchError(
      'corrupt',
      `'${path}' cannot be unpacked (${(error as Error).message})`,
      'get the table again',
    )
  }
}

async function weightsIn(source: string, names: readonly string[]): Promise<string> {
  const info = await stat(source).catch(error => {
    throw asWorkbenchError(error)
  })
  if (!info.isDirectory()) return source
  for (const name of names) if (await exists(join(source, name))) return join(source, name)
  throw new WorkbenchError('not-found', `'${source}' holds none of ${names.join(', ')}`, 'give the file itself')
}

/** Everything but the weights, from a model.json. */
async function template(request: ImportRequest, path: string, context: WorkContext): Promise<Description> {
  const from = request.config ?? join(dirname(path), 'model.json')
  if (!(await exists(from))) throw new WorkbenchError('not-found', `no model.json describes '${path}'`, 'give one with --config FILE') // biome-ignore format: one thought
  const { format: _f, formatVersion: _v, weights: _w, tokenizer: _t, ...rest } = await readJson(from)
  const given = rest as unknown as Partial<Description>
  const own = await origin(path, request, context)
  return {
    tracks: [],
    attentionPattern: null,
    citation: null,
    limits: [],
    ...given,
    // A recorded origin is worth more than the fact that the file passed through here.
    provenance: given.provenance
      ? { ...own, ...given.provenance, importedFrom: request.from, importedSha256: own.importedSha256 }
      : own,
  } as Description
}

async function readSafetensors(request: ImportRequest, context: WorkContext): Promise<Imported> {
  const path = await weightsIn(request.source, ['weights.safetensors', 'model.safetensors'])
  const json = await template(request, path, context)
  const source = await openFileSource(path)
  return {
    tensors: await closing(source, () => openSafetensors(source)),
    rules: sameNames,
    json,
    close: () => source.close(),
  }
}

async function readPyTorch(request: ImportRequest, context: WorkContext): Promise<Imported> {
  const json = await template(request, request.source, context)
  const source = await openFileSource(request.source)
  return {
    tensors: await closing(source, () => openPyTorch(source)),
    rules: sameNames,
    json,
    close: () => source.close(),
  }
}

async function readOnnx(request: ImportRequest, context: WorkContext): Promise<Imported> {
  const json = await template(request, request.source, context)
  const bytes = await readWhole(request.source, MAX_ONNX_BYTES)
  const tensors = openOnnxTensors(bytes, basename(request.source), async (file, offset, length) => {
    // A location is a name beside the model; anything with a folder in it could point anywhere.
    if (basename(file) !== file || file === '' || file === '..') throw new WorkbenchError('bad-model', `external data '${file}' lies outside the model's folder`, 'put it beside the model') // biome-ignore format: one thought
    const source = await openFileSource(join(dirname(request.source), file))
    try {
      return await source.read(offset, offset + length)
    } finally {
      await source.close()
    }
  })
  // Graphs carry constants of their own beside the weights: only names of the network count.
  return { tensors: named(tensors), rules: sameNames, json, close: async () => {} }
}

/** Without the constants that exporters add under made-up names (`inner/3`, `constant/17`, `onnx::MatMul_12`). */
function named(source: TensorSource): TensorSource {
  const entries = new Map([...source.entries].filter(([name]) => !/^(inner|constant)\/|^onnx::|^\/|^_v_/.test(name)))
  return { ...source, entries }
}

async function closing<T>(source: { close(): Promise<void> }, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await source.close()
    throw error
  }
}
