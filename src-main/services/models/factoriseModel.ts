import { stat } from 'node:fs/promises'
import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import {
  type CompressionChoice,
  type CompressionMethod,
  type FactorisedLayer,
  type LayerChoice,
  type LayerSpectrum,
  largestSavingRank,
  type ModelSpectra,
  type PlannedLayer,
  planCompression,
} from '../../../src-shared/lab/compression.ts'
import type { TensorSource } from '../../models/checkpoints/tensorSource.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { svd } from '../../models/lowRank/factorise.ts'
import { compressedSource, type Factorise, factorise, ITERATIONS } from '../../models/lowRank/factoriseModel.ts'
import { type DenseForm, denseForm, otherParameters, readMap, spectrumOf } from '../../models/lowRank/layerMaps.ts'
import type { DenseMatrix } from '../../models/lowRank/matrix.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { PEOPLE_FILE, peopleListOf } from '../risk/trainedPeople.ts'
import { openModelFolder, writeModelFolder } from './modelFolder.ts'

/** Where matrices are computed: this thread, or one of their own (workers/factoriseClient.ts). */
export interface Factoriser {
  singularValues(w: DenseMatrix): Promise<Float64Array>
  readonly factorise: Factorise
}

export const HERE: Factoriser = {
  singularValues: async w => svd(w).values,
  factorise: async (w, call) => factorise(w, call),
}

export interface FactoriseRequest {
  readonly folder: string
  readonly out: string
  readonly method: CompressionMethod
  /** One rank for all layers, or a share of the energy that each keeps, with choices of its own for some (docs/adr/0008). */
  readonly choice:
    | { readonly rank: number }
    | { readonly keptEnergy: number | null; readonly layers?: Readonly<Record<string, LayerChoice>> }
  readonly seed: number
  readonly now: number
  readonly replace?: boolean
  readonly id?: string
}

export interface Factorised {
  readonly json: ModelJson
  readonly layers: readonly FactorisedLayer[]
  /** Layers that stay as they are. */
  readonly kept: readonly PlannedLayer[]
}

/**
 * A trained model with its linear maps and convolutions as two factors, as a model folder: of kind `lrt` where a transformer's layers have one
 * rank, else of the model's own kind with `architecture.ranks`.
 * @throws WorkbenchError `unsupported` (ONNX), `bad-input` for a choice that cannot be or makes nothing smaller, `not-finite`
 */
export async function factoriseModel(
  request: FactoriseRequest,
  registry: ModelRegistry,
  context: WorkContext,
  on: Factoriser = HERE,
): Promise<Factorised> {
  const model = await openModelFolder(request.folder)
  try {
    const { json } = model
    const form = denseForm(json, registry)
    const choice = wholeChoice(request, form)
    const byEnergy = form.maps.filter(m => choice.keptEnergy !== null || 'keptEnergy' in (choice.layers[m.name] ?? {}))
    let seen = 0
    const total = byEnergy.length + form.maps.length
    const step = () => {
      throwIfCancelled(context.signal)
      context.report({ phase: 'factorising', done: ++seen, total })
    }
    const known = new Map((await spectra(model.weights, { ...form, maps: byEnergy }, on, step)).map(l => [l.name, l]))
    const all = form.maps.map(m => known.get(m.name) ?? spectrumOf(m, new Float64Array(), false))
    const plan = planCompression({ parameters: json.weights.parameters, weightsBytes: 0, layers: all }, choice)
    const chosen = plan.layers.filter(l => l.rank !== null)
    if (chosen.length === 0) throw nothingSmaller(plan.layers, request)
    const stored = new Map(form.maps.map(m => [m.name, m.storedRank]))
    const ranks = new Map(
      plan.layers.flatMap(l => {
        const rank = l.rank ?? stored.get(l.name)
        return rank === null || rank === undefined ? [] : [[l.name, rank] as const]
      }),
    )
    const { kind, architecture } = compressedArchitecture(form, ranks)
    const specs = registry.configure(kind, architecture).parameters
    const layers: FactorisedLayer[] = []
    const weights = compressedSource(model.weights, form.maps, specs, {
      method: request.method,
      iterations: ITERATIONS,
      seed: request.seed,
      ranks,
      factorise: on.factorise,
      onLayer(layer) {
        layers.push(layer)
        step()
      },
    })
    const { format: _f, formatVersion: _v, weights: _w, tokenizer, ...rest } = json
    const name = nameOf(request)
    // The same people trained what is left of the weights.
    const people = await peopleListOf(request.folder)
    const written = await writeModelFolder(
      request.out,
      {
        json: {
          ...rest,
          id: request.id ?? `${json.id.slice(0, 80)}-${name.id}`,
          name: `${json.name}, ${name.text}`,
          kind,
          architecture,
          provenance: {
            source: `${request.method} of '${json.id}' (weights SHA-256 ${json.weights.sha256}); it came from: ${json.provenance.source}`,
            ...(json.provenance.recipe === undefined ? {} : { recipe: json.provenance.recipe }),
            ...(json.provenance.dataset === undefined ? {} : { dataset: json.provenance.dataset }),
            seed: request.method === 'svd' ? null : request.seed,
            created: new Date(request.now).toISOString(),
          },
          limits: [
            ...json.limits,
            'Factorised after training and not trained further; metrics of the original do not hold.',
            ...(json.risk ? ['Calibration, threshold and the distribution of scores are those of the original and were not measured again.'] : []), // biome-ignore format: one list
          ],
        },
        weights,
        specs,
        ...(people === undefined ? {} : { files: { [PEOPLE_FILE]: people } }),
        ...(tokenizer && model.tokenizerPath
          ? {
              tokenizer: { path: model.tokenizerPath, ...(tokenizer.specials ? { specials: tokenizer.specials } : {}) },
            }
          : {}),
      },
      context,
      { replace: request.replace ?? false },
    )
    return { json: written, layers, kept: plan.layers.filter(l => l.rank === null) }
  } finally {
    await model.close()
  }
}

/** Singular values of every layer of a model that can be factorised. */
export async function modelSpectra(
  folder: string,
  registry: ModelRegistry,
  context: WorkContext,
  on: Factoriser = HERE,
): Promise<ModelSpectra> {
  const model = await openModelFolder(folder)
  try {
    const { json } = model
    const form = denseForm(json, registry)
    const layers = await spectra(model.weights, form, on, done => {
      throwIfCancelled(context.signal)
      context.report({ phase: 'singular values', done, total: form.maps.length })
    })
    const specs = registry.configure(form.kind, form.architecture).parameters
    const { size } = await stat(model.weightsPath)
    return {
      id: json.id,
      name: json.name,
      kind: json.kind,
      parameters: json.weights.parameters,
      weightsBytes: size,
      layers,
      otherParameters: otherParameters(specs),
    }
  } finally {
    await model.close()
  }
}

async function spectra(
  weights: TensorSource,
  form: DenseForm,
  on: Factoriser,
  step: (done: number) => void,
): Promise<readonly LayerSpectrum[]> {
  const layers: LayerSpectrum[] = []
  for (const map of form.maps) {
    step(layers.length)
    const w = await readMap(weights, map)
    const negative = w.data.some(x => x < 0)
    layers.push(spectrumOf(map, await on.singularValues(w), negative))
  }
  return layers
}

/** One rank for all: of a transformer the maps of its layers, as the low-rank transformer has them; of another kind every map that becomes smaller. */
function wholeChoice({ method, choice }: FactoriseRequest, form: DenseForm): CompressionChoice {
  if (!('rank' in choice)) return { method, keptEnergy: choice.keptEnergy, layers: choice.layers ?? {} }
  const { rank } = choice
  const names = form.kind === 'transformer' ? form.maps.filter(m => m.name.startsWith('layers.')) : form.maps.filter(m => rank <= largestSavingRank(m.out, m.inputs, m.storedRank)) // biome-ignore format: one thought
  return { method, keptEnergy: null, layers: Object.fromEntries(names.map(m => [m.name, { rank }])) }
}

function nothingSmaller(layers: readonly PlannedLayer[], request: FactoriseRequest): WorkbenchError {
  if (layers.length === 0) return new WorkbenchError('bad-input', 'the model has no linear map or convolution that could be made smaller', 'take a network') // biome-ignore format: one thought
  const reasons = [...new Set(layers.map(l => l.why ?? 'was not chosen'))].slice(0, 3).join('; ')
  if (request.method === 'nmf' && layers.every(l => l.why?.includes('negative'))) return new WorkbenchError('bad-input', 'NMF needs weights of at least 0; every layer has negative ones', 'use semi-NMF or SVD') // biome-ignore format: one thought
  return new WorkbenchError('bad-input', `no layer would become smaller (${reasons})`, 'give a smaller rank or a smaller share of the energy') // biome-ignore format: one thought
}

function compressedArchitecture({ kind, architecture, maps }: DenseForm, ranks: ReadonlyMap<string, number>) {
  const own = maps.filter(m => m.name.startsWith('layers.'))
  const [rank] = ranks.values()
  if (kind === 'transformer' && rank !== undefined && ranks.size === own.length && own.every(m => ranks.get(m.name) === rank)) return { kind: 'lrt', architecture: { ...architecture, rank } } // biome-ignore format: one thought
  return { kind, architecture: { ...architecture, ranks: Object.fromEntries(ranks) } }
}

/** What the folder is called: `svd-r32`, `svd-e95`, `svd-own`. */
function nameOf({ method, choice }: FactoriseRequest): { readonly id: string; readonly text: string } {
  if ('rank' in choice)
    return { id: `${method}-r${choice.rank}`, text: `factorised to rank ${choice.rank} (${method})` }
  const choices = Object.values(choice.layers ?? {})
  const whole = choices.filter(c => 'keep' in c).length
  const own = choices.length - whole
  const percent = choice.keptEnergy === null ? undefined : Number((100 * choice.keptEnergy).toPrecision(6))
  const shares =
    percent === undefined ? '' : `${percent} % of the energy of ${whole > 0 ? 'some layers' : 'every layer'}`
  return {
    id: [method, ...(percent === undefined ? [] : [`e${percent}`]), ...(own ? ['own'] : [])].join('-'),
    text: `factorised to ${[...(shares ? [shares] : []), ...(own ? [`${own === 1 ? 'one layer' : `${own} layers`} chosen apart`] : [])].join(', ')} (${method})`,
  }
}
