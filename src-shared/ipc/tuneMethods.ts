import type { TuneCost, TuneDetail, TuneLine, TuneOptions, TuneSettings, TuneState } from '../genome/tune.ts'
import type { JobSnapshot } from '../job.ts'
import type { OpenedFile } from '../openedFile.ts'
import type { ExportedFile } from './contract.ts'

/** Calls about fine-tuning on the people of an open sample sheet. `fileId` is the sheet's. */
export interface TuneMethods {
  /** Whether the sheet can be trained on, and what a training may begin with. */
  'risk.tuneOptions': { args: { fileId: string }; result: TuneOptions }
  /** @throws as `risk.tuneStart` */
  'risk.tuneCost': { args: { fileId: string; settings: TuneSettings }; result: TuneCost }
  /**
   * Trains as a job whose `resultId` is the training's; at the end the model is opened.
   * @throws `bad-input` that names the field or the rows of the sheet, `no-reference`, `bad-model`
   */
  'risk.tuneStart': { args: { fileId: string; settings: TuneSettings }; result: { job: JobSnapshot; tuneId: string } }
  /** Goes on where a training stopped. @throws `not-found`; `bad-input` when it is done */
  'risk.tuneResume': { args: { tuneId: string }; result: { job: JobSnapshot; tuneId: string } }
  /** Trainings of this sheet, the latest first. */
  'risk.tunes': { args: { fileId: string }; result: readonly TuneLine[] }
  /** @throws `not-found` */
  'risk.tune': { args: { tuneId: string }; result: TuneDetail }
  /** Opens the trained model for every window. @throws `not-found` before it is done */
  'risk.tuneOpen': { args: { tuneId: string }; result: OpenedFile }
  /** Removes a training with its model, which is closed where it is open. */
  'risk.tuneRemove': { args: { tuneId: string }; result: null }
  /** `recipe`: what `diploscope train` repeats it with; `report`: all figures, JSON; `log`: metrics.jsonl, a line a step. */
  'risk.tuneExport': { args: { tuneId: string; what: 'card' | 'recipe' | 'report' | 'log' }; result: ExportedFile }
}

export interface TuneEvents {
  /** Told at most about once a second while it trains, and when its state changes; `risk.tune` gives the curves. */
  'risk.tuneChanged': { readonly tuneId: string; readonly state: TuneState; readonly split: number; readonly step: number } // biome-ignore format: one line
}
