import { WorkbenchError } from '../ipc/errors.ts'
import type { Quartiles } from './result.ts'

/** How a map W becomes two factors: truncated SVD; W of any sign with a second factor of at least 0; both of at least 0. */
export const COMPRESSION_METHODS = ['svd', 'semi-nmf', 'nmf'] as const
export type CompressionMethod = (typeof COMPRESSION_METHODS)[number]

/** A linear map or convolution of a model that may be stored as two factors, as the matrix [out, inputs]. */
export interface LayerSpectrum {
  readonly name: string
  readonly out: number
  /** Channels times kernel. */
  readonly inputs: number
  readonly kernel: number
  /** Rank of the factors that it is stored as already; null: one matrix. */
  readonly storedRank: number | null
  /** Singular values in float64, descending. */
  readonly values: Float64Array
  /** exp of the entropy of σ/Σσ (Roy and Vetterli 2007): how many directions the map really has. */
  readonly effectiveRank: number
  /** The largest rank at which it becomes smaller; 0 when there is none. */
  readonly largestRank: number
  /** Holds a negative weight: NMF cannot take it. */
  readonly negative: boolean
}

export interface ModelSpectra {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly parameters: number
  readonly weightsBytes: number
  readonly layers: readonly LayerSpectrum[]
  /** Weights that no rank can make smaller: embeddings, norms, pools, biases. */
  readonly otherParameters: number
}

/** What becomes of one layer. `keep`: it stays as it is. */
export type LayerChoice = { readonly rank: number } | { readonly keptEnergy: number } | { readonly keep: true }

/** Which layers a choice is about: all of them, attention and feed-forward of the blocks (and nothing else), or everything but those. */
export const LAYER_PARTS = ['all', 'transformer', 'other'] as const
export type LayerPart = (typeof LAYER_PARTS)[number]

/** Blocks are `transformer.3.…` of track networks and `layers.3.…` of token encoders, behind the name of a side where there are two. */
export const inPart = (name: string, part: LayerPart): boolean =>
  part === 'all' || /(^|\.)(transformer|layers)\.\d+\./.test(name) === (part === 'transformer')

/** Own choices of layers, those outside of a part staying as they are. */
export const choicesOfPart = (
  names: readonly string[],
  part: LayerPart,
  own: Readonly<Record<string, LayerChoice>>,
): Readonly<Record<string, LayerChoice>> => ({
  ...Object.fromEntries(names.filter(name => !inPart(name, part)).map(name => [name, { keep: true } as const])),
  ...own,
})

export interface CompressionChoice {
  readonly method: CompressionMethod
  /** Share of Σσ² that every layer keeps that has no choice of its own; null: such layers stay as they are. */
  readonly keptEnergy: number | null
  /** By the layer's name. */
  readonly layers: Readonly<Record<string, LayerChoice>>
}

export interface PlannedLayer {
  readonly name: string
  readonly out: number
  readonly inputs: number
  /** null: it stays as it is. */
  readonly rank: number | null
  /** Of the truncated SVD; other methods lose at least as much. */
  readonly keptEnergy: number
  /** ‖W - W'‖ / ‖W‖, √(1 - keptEnergy). */
  readonly relativeError: number
  readonly parametersBefore: number
  readonly parametersAfter: number
  /** Why it stays as it is; null when it does not, or was told to. */
  readonly why: string | null
}

export interface CompressionPlan {
  readonly layers: readonly PlannedLayer[]
  readonly parametersBefore: number
  readonly parametersAfter: number
  readonly bytesBefore: number
  /** Of float32 weights. */
  readonly bytesAfter: number
}

/** The smallest rank that keeps this share of Σσ². @throws WorkbenchError `bad-input` for what is no share */
export function rankOfEnergy(values: ArrayLike<number>, share: number): number {
  if (!(share > 0 && share <= 1)) throw new WorkbenchError('bad-input', `kept energy ${share} is not above 0 and at most 1`, 'give a share such as 0.95') // biome-ignore format: one thought
  const total = energyOf(values, values.length)
  let kept = 0
  for (let r = 0; r < values.length; r++) {
    kept += values[r]! ** 2
    if (kept >= share * total) return r + 1
  }
  return values.length
}

/** Σ of the first `rank` σ². */
const energyOf = (values: ArrayLike<number>, rank: number): number => {
  let sum = 0
  for (let i = 0; i < rank; i++) sum += values[i]! ** 2
  return sum
}

/** Shares of Σσ² that ranks 1, 2 … keep; all 1 for a matrix of zeros. */
export function energyCurve(values: ArrayLike<number>): readonly number[] {
  const total = energyOf(values, values.length)
  let kept = 0
  return Array.from(values, s => {
    kept += s ** 2
    return total === 0 ? 1 : Math.min(1, kept / total)
  })
}

/** ‖W - W_r‖ / ‖W‖ of the best approximation of rank r (Eckart and Young 1936), from the discarded σ alone. */
export function errorOfRank(values: ArrayLike<number>, rank: number): number {
  let lost = 0
  for (let i = values.length - 1; i >= rank; i--) lost += values[i]! ** 2
  const total = lost + energyOf(values, rank)
  return total === 0 ? 0 : Math.sqrt(lost / total)
}

/** exp of the entropy of σ/Σσ; 0 for a matrix of zeros. */
export function effectiveRank(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  if (total === 0) return 0
  let entropy = 0
  for (let i = 0; i < values.length; i++) {
    const p = values[i]! / total
    if (p > 0) entropy -= p * Math.log(p)
  }
  return Math.exp(entropy)
}

/** The largest rank at which two factors hold fewer numbers than what is stored now. */
export const largestSavingRank = (out: number, inputs: number, storedRank: number | null = null): number =>
  storedRank === null ? Math.ceil((out * inputs) / (out + inputs)) - 1 : storedRank - 1

type Described = Pick<ModelSpectra, 'parameters' | 'weightsBytes' | 'layers'>

/**
 * What a choice makes of every layer. A layer whose rank by energy would not make it smaller stays as it is, and says so.
 * @throws WorkbenchError `bad-input` for a layer that the model has not, a rank that enlarges it, what is no share of energy, NMF of a
 * layer with negative weights that was asked for by name
 */
export function planCompression(model: Described, choice: CompressionChoice): CompressionPlan {
  const known = new Set(model.layers.map(l => l.name))
  for (const name of Object.keys(choice.layers))
    if (!known.has(name)) throw new WorkbenchError('bad-input', `'${name.slice(0, 80)}' is no layer that can be factorised`, `name one of ${[...known].slice(0, 5).join(', ')}${known.size > 5 ? ', …' : ''}`) // biome-ignore format: one thought
  const layers = model.layers.map(layer => plannedLayer(layer, choice))
  const saved = layers.reduce((sum, l) => sum + l.parametersBefore - l.parametersAfter, 0)
  return {
    layers,
    parametersBefore: model.parameters,
    parametersAfter: model.parameters - saved,
    bytesBefore: model.weightsBytes,
    bytesAfter: model.weightsBytes - 4 * saved,
  }
}

function plannedLayer(layer: LayerSpectrum, { method, keptEnergy, layers }: CompressionChoice): PlannedLayer {
  const { name, out, inputs, values, largestRank, storedRank } = layer
  const own = layers[name]
  const before = storedRank === null ? out * inputs : storedRank * (out + inputs)
  const whole = (why: string | null): PlannedLayer => ({ name, out, inputs, rank: null, keptEnergy: 1, relativeError: 0, parametersBefore: before, parametersAfter: before, why }) // biome-ignore format: one thought
  const asked: LayerChoice = own ?? (keptEnergy === null ? { keep: true } : { keptEnergy })
  if ('keep' in asked) return whole(null)
  if (method === 'nmf' && layer.negative) {
    if (own) throw new WorkbenchError('bad-input', `NMF needs weights of at least 0; '${name}' has negative ones`, 'use semi-NMF or SVD') // biome-ignore format: one thought
    return whole('has negative weights')
  }
  if ('rank' in asked) {
    const { rank } = asked
    if (!Number.isInteger(rank) || rank < 1) throw new WorkbenchError('bad-input', `rank ${rank} of '${name}' is no whole number from 1`, 'give a rank such as 16') // biome-ignore format: one thought
    if (rank > largestRank) throw new WorkbenchError('bad-input', `rank ${rank} enlarges '${name}' of ${out} x ${inputs}${storedRank === null ? '' : `, stored at rank ${storedRank}`}`, largestRank > 0 ? `give a rank of at most ${largestRank}` : 'leave this layer as it is') // biome-ignore format: one thought
  }
  const rank = 'rank' in asked ? asked.rank : rankOfEnergy(values, asked.keptEnergy)
  if (rank > largestRank) return whole(`rank ${rank} would not be smaller`)
  const relativeError = errorOfRank(values, rank)
  return { name, out, inputs, rank, keptEnergy: 1 - relativeError ** 2, relativeError, parametersBefore: before, parametersAfter: rank * (out + inputs), why: null } // biome-ignore format: one thought
}

/** A layer after it was factorised; errors are those of the weights, not of a plan. */
export interface FactorisedLayer {
  readonly name: string
  readonly rank: number
  /** ‖W - W'‖ / ‖W‖, Frobenius. */
  readonly relativeError: number
  readonly keptEnergy: number
  readonly parametersBefore: number
  readonly parametersAfter: number
}

/** What a model takes to keep and to run. Seconds are those of one run of `batch` inputs. */
export interface SizeAndSpeed {
  readonly parameters: number
  readonly bytes: number
  readonly seconds: Quartiles
  /** Of a fresh process that opened the model and ran it. */
  readonly peakBytes: Quartiles
}

export interface TrackChange {
  readonly name: string
  /** Of predictions after with those before, over all bins of all windows; null where one is constant. */
  readonly pearson: number | null
  readonly spearman: number | null
  /** Standard deviation of the values after by that before, which r does not see: 1 is no change of scale. Null where one is constant; absent of reports of before. */
  readonly scale?: number | null
  /** Largest |after - before| over largest |before|; 1 where all were 0 and are not any more. Absent of reports of before. */
  readonly largestShare?: number
}

/** How predictions changed: between the model before and after, on the same inputs. */
export type PredictionChange =
  | {
      readonly kind: 'tracks'
      /** Which windows. */
      readonly on: string
      readonly tracks: readonly TrackChange[]
      /** Over the tracks that have an r; one that was lost counts as 0. */
      readonly meanPearson: number | null
      readonly largestChange: number
      /** Against experiments, where there are some: mean r over tracks, before and after, and of each track. */
      readonly experiment: {
        readonly protocol: string
        readonly before: number | null
        readonly after: number | null
        /** 95 % interval of after minus before, by resampling windows. */
        readonly interval95: readonly [number, number] | null
        readonly tracks: readonly { readonly name: string; readonly before: number | null; readonly after: number | null }[] // biome-ignore format: one line
      } | null
    }
  | {
      readonly kind: 'risk'
      /** Which people: simulated. */
      readonly on: string
      readonly people: number
      readonly cases: number
      readonly aucBefore: number
      readonly aucAfter: number
      /** After minus before, with DeLong's paired 95 % interval; null where it has none. */
      readonly difference: number
      readonly interval95: readonly [number, number] | null
      readonly meanProbabilityChange: number
      readonly largestProbabilityChange: number
    }
  | {
      readonly kind: 'outputs'
      readonly on: string
      /** Largest |after - before| over largest |before|. */
      readonly relativeChange: number
      readonly pearson: number | null
    }

/** A compression that was made and measured. */
export interface CompressionReport {
  readonly id: string
  readonly of: { readonly id: string; readonly name: string; readonly kind: string; readonly sha256: string }
  readonly model: { readonly id: string; readonly name: string }
  readonly method: CompressionMethod
  readonly choice: CompressionChoice
  readonly layers: readonly FactorisedLayer[]
  /** Layers that stay as they are, with the reason. */
  readonly kept: readonly { readonly name: string; readonly why: string | null }[]
  readonly before: SizeAndSpeed
  readonly after: SizeAndSpeed
  readonly batch: number
  readonly change: PredictionChange
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** What every showing of it must say. */
  readonly notes: readonly string[]
}
