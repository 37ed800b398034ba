import { createHash } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorkContext } from '../../../../src-shared/job.ts'
import type { Tensors } from '../../../../src-shared/tensor.ts'
import type { ProviderReport } from '../../../compute/engine.ts'
import type { TrackCorrelations } from '../../../domain/statistics/pearson.ts'
import { memorySource } from '../../../models/checkpoints/byteSource.ts'
import { encodeSafetensors, openSafetensors } from '../../../models/checkpoints/safetensors.ts'
import { CARD_FILE, MODEL_FILE, type ModelJson, WEIGHTS_FILE } from '../../../models/folder/modelJson.ts'
import type { ConfiguredModel } from '../../../models/registry.ts'
import { siblingOf, syncFolder } from '../../models/folderSwap.ts'
import { writeModelFolder } from '../../models/modelFolder.ts'
import type { TrainRequest, TrainResult } from '../tasks.ts'
import type { StartWeights } from './startWeights.ts'
import type { TrackData } from './trackData.ts'
import type { TrackArchitecture } from './trackGeometry.ts'
import type { Split, TrackRecipe } from './trackRecipe.ts'

export interface TrainedTracks {
  readonly request: TrainRequest
  readonly recipe: TrackRecipe
  readonly geometry: TrackArchitecture
  readonly data: TrackData
  readonly start: StartWeights
  readonly structure: ReadonlyMap<string, ArrayLike<number>>
  readonly kept: Tensors
  readonly seed: number
  readonly best: { readonly step: number }
  readonly steps: number
  readonly scores: { readonly valid: TrackCorrelations; readonly test: TrackCorrelations }
  readonly model: ConfiguredModel
  readonly provider: ProviderReport
}

/** Writes the model folder into the training's own: the weights first, model.json last, then the checkpoints go. */
export async function writeTrainedTracks(trained: TrainedTracks, context: WorkContext): Promise<TrainResult> {
  const { request, model, start, kept } = trained
  const weights: Record<string, Tensors[string]> = {}
  for (const spec of model.parameters) weights[spec.name] = kept[spec.name] ?? start.weights.get(spec.name)!
  const temporary = siblingOf(join(request.out, 'model'), 'part')
  const json = modelOf(trained)
  const source = await openSafetensors(memorySource(encodeSafetensors(weights)))
  const written = await writeModelFolder(temporary, { json, weights: source, specs: model.parameters }, context)
  for (const name of [WEIGHTS_FILE, CARD_FILE, MODEL_FILE]) await rename(join(temporary, name), join(request.out, name))
  await syncFolder(request.out)
  await rm(temporary, { recursive: true, force: true })
  await rm(join(request.out, 'checkpoints'), { recursive: true, force: true })
  const tracks = trained.recipe.data.tracks.map(t => t.table.name)
  return {
    folder: request.out,
    model: written.id,
    steps: trained.steps,
    keptStep: trained.best.step,
    sha256: written.weights.sha256,
    parameters: written.weights.parameters,
    metrics: {
      metric: 'pearson_per_track',
      tracks,
      valid: { mean: trained.scores.valid.mean, perTrack: trained.scores.valid.perTrack },
      test: { mean: trained.scores.test.mean, perTrack: trained.scores.test.perTrack },
    },
    device: deviceOf(trained.provider),
  }
}

const deviceOf = ({ ran }: ProviderReport): string => Object.keys(ran).join(', ') || 'not reported'

function modelOf(trained: TrainedTracks): Parameters<typeof writeModelFolder>[1]['json'] {
  const { request, recipe, geometry, data, start, seed, best } = trained
  const { windowBp, binBp, bins, cropBins, lengthMultiple } = geometry
  const head = recipe.data.tracks[0]!.table.head
  const json: Omit<ModelJson, 'format' | 'formatVersion' | 'weights' | 'tokenizer'> = {
    id: recipe.id,
    name: recipe.name,
    kind: recipe.kind,
    architecture: recipe.architecture,
    input: {
      type: 'dna',
      alphabet: 'ACGT',
      unknown: 'zeros',
      length: windowBp,
      lengthMultiple,
      genome: recipe.data.genome,
    },
    output: {
      heads: [{ name: head, tracks: recipe.data.tracks.length }],
      binSize: binBp,
      bins,
      cropBins,
      activation: 'softplus',
    },
    tracks: recipe.data.tracks.map(t => t.table),
    attentionPattern: start.pattern ?? geometry.pattern?.(recipe.pattern ?? { rule: 'uniform', seed }) ?? null,
    provenance: {
      source: recipe.data.source,
      trainedBy: `diploscope ${process.env['DIPLOSCOPE_VERSION'] ?? 'unknown'}`,
      recipe: request.recipe.text,
      dataset: {
        files: data.files,
        cut: data.sha256,
        split: data.regions,
        ...(start.source ? { start: { ...start.source, taken: start.taken.length } } : {}),
      },
      seed,
      steps: best.step,
      metrics: metricsOf(trained),
      created: recipe.created ?? new Date(request.now).toISOString(),
    },
    licence: recipe.licence,
    citation: recipe.citation,
    limits: recipe.limits,
  }
  return json
}

/** Sentences for the card: metric, protocol, device, and r of each track. */
function metricsOf({ recipe, geometry, data, scores, best, steps, provider, request }: TrainedTracks): string[] {
  const r = (x: number | undefined) => (x === undefined ? 'undefined (constant)' : x.toFixed(4))
  const line = (split: Split, s: TrackCorrelations) =>
    `pearson_per_track, ${split} (${data.regions[split]!.join(', ')}): mean ${r(s.mean)} of ${s.used} tracks; ${recipe.data.tracks.map((t, i) => `${t.table.name} ${r(s.perTrack[i])}`).join('; ')}`
  return [
    line('test', scores.test),
    line('valid', scores.valid),
    `Protocol: one r a track over all bins of ${geometry.binBp} bp of windows of ${geometry.windowBp} bp laid edge to edge, real sequence on both sides, transformed targets, forward strand only; weights of step ${best.step} of ${steps}, the best on valid; ${deviceOf(provider)}, ${request.threads ?? 'all'} threads`,
    `recipe SHA-256 ${createHash('sha256').update(request.recipe.text).digest('hex')}`,
  ]
}
