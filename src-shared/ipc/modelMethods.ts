import type { Interval } from '../genome/interval.ts'
import type { ModelCheck, ModelFacts, ModelTrackPage, ShippedModel } from '../genome/model.ts'
import type {
  Background,
  PredictedBins,
  PredictionCacheState,
  PredictOptions,
  RegionComparison,
  Scale,
  TrackComparison,
} from '../genome/prediction.ts'
import type { JobSnapshot } from '../job.ts'
import type { OpenedFile } from '../openedFile.ts'
import type { ExportedFile } from './contract.ts'

/** What a prediction is of. */
export interface PredictionSubject {
  readonly modelFileId: string
  readonly referenceFileId: string
  readonly options: PredictOptions
  readonly background: Background
}

export interface ComparisonSubject {
  readonly modelFileId: string
  readonly referenceFileId: string
  readonly channel: number
  readonly signalFileId: string
  readonly options: PredictOptions
  /** `model`: the training transform is applied to the signal; `signal`: it is undone on the prediction. */
  readonly units: 'model' | 'signal'
  /** What the file holds: coverage as it was measured (default), or targets with the transform already applied. */
  readonly observed?: 'raw' | 'transformed'
}

/** Experimental signal in given bins: mean and largest of the model's bins that are merged into one. */
export interface ObservedBins {
  readonly mean: Float32Array
  readonly max: Float32Array
}

/** A written prediction. A format that has no room for it comes with its provenance as a file of its own. */
export interface ExportedPrediction extends ExportedFile {
  readonly provenance?: ExportedFile
}

/** Calls about models and predicted tracks. */
export interface ModelMethods {
  /** Models that come with the program. */
  'models.shipped': { args: Record<string, never>; result: readonly ShippedModel[] }
  'models.openShipped': { args: { id: string }; result: OpenedFile }
  'models.facts': { args: { fileId: string }; result: ModelFacts }
  /** Words of `query` must each occur in name, target, identifier, head or place; rows in the order of the table. */
  'models.tracks': {
    args: { fileId: string; query: string; assay?: string; offset: number; limit: number }
    result: ModelTrackPage
  }
  /** Reads every weight, runs the network twice, checks every head. Takes seconds on a large model. */
  'models.check': { args: { fileId: string }; result: ModelCheck }
  'models.export': { args: { fileId: string; format: 'onnx' }; result: ExportedFile }
  /**
   * What is computed of a view, at once; the rest is computed in the background, from the middle outwards, and told by
   * `prediction.changed`: ask again then. Windows lie on a fixed grid of the contig (kept centres edge to edge from base 0), so that a
   * panned view meets what is there. A view that is not asked for again is dropped in favour of newer ones.
   * @throws `unsupported` when nothing is computed and the view needs more than 64 windows: zoom in, or `predict.region`
   */
  'predict.bins': {
    args: PredictionSubject & {
      readonly interval: Interval
      readonly channels: readonly number[]
      readonly bins: number
      /** `signal`: each bin of the model with its training transform undone, before bins are merged. Default `model`. */
      readonly units?: 'model' | 'signal'
    }
    result: PredictedBins
  }
  /** The experiment of a track in bins of a prediction: `binBp` as `predict.bins` gave it, the interval from its first bin on. */
  'predict.observed': {
    args: Pick<ComparisonSubject, 'modelFileId' | 'channel' | 'signalFileId' | 'units' | 'observed'> & {
      readonly interval: Interval
      readonly binBp: number
    }
    result: ObservedBins
  }
  /** Computes every window of a region, however long, for later calls of `predict.bins`. */
  'predict.region': {
    args: PredictionSubject & { readonly interval: Interval; readonly channels: readonly number[] }
    result: JobSnapshot
  }
  'predict.compare': {
    args: ComparisonSubject & { readonly interval: Interval; readonly scale: Scale }
    result: TrackComparison
  }
  'predict.compareRegions': {
    args: ComparisonSubject & { readonly intervals: readonly Interval[] }
    result: readonly RegionComparison[]
  }
  /** `bigwig` and `bedgraph` take one channel. */
  'predict.export': {
    args: PredictionSubject & {
      readonly interval: Interval
      readonly channels: readonly number[]
      readonly format: 'bigwig' | 'bedgraph' | 'tsv'
      /** Default `model`. `signal`: the training transform is undone. */
      readonly units?: 'model' | 'signal'
    }
    result: ExportedPrediction
  }
  'predict.cache': { args: Record<string, never>; result: PredictionCacheState }
  'predict.clearCache': { args: Record<string, never>; result: PredictionCacheState }
}

/** Told when windows of a prediction were added. */
export interface PredictionChanged {
  readonly modelFileId: string
  readonly referenceFileId: string
  readonly contig: string
  readonly start: number
  readonly end: number
}
