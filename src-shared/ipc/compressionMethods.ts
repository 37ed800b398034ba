import type { JobSnapshot } from '../job.ts'
import type { CompressionChoice, CompressionReport, ModelSpectra } from '../lab/compression.ts'
import type { OpenedFile } from '../openedFile.ts'
import type { ExportedFile } from './contract.ts'

/** Calls that make trained models smaller. */
export interface CompressionMethods {
  /** Singular values of every layer that can be factorised, largest models in minutes. @throws `unsupported` for an ONNX file */
  'compression.spectra': { args: { modelFileId: string }; result: ModelSpectra }
  /** Makes and measures a smaller model as a job whose `resultId` is the compression's. @throws `bad-input` for a choice that cannot be */
  'compression.start': { args: { modelFileId: string; choice: CompressionChoice }; result: JobSnapshot }
  /** Those that were made, the newest first. */
  'compression.list': { args: Record<string, never>; result: readonly CompressionReport[] }
  /** @throws `not-found` */
  'compression.report': { args: { compressionId: string }; result: CompressionReport }
  /** Opens the smaller model beside the files of the project. @throws `not-found` */
  'compression.open': { args: { compressionId: string }; result: OpenedFile }
  /** Deletes the smaller model and its report from this machine. @throws `not-found`; `bad-input` while it is being made */
  'compression.remove': { args: { compressionId: string }; result: null }
  /** The report as a file. @throws `not-found` */
  'compression.export': { args: { compressionId: string; format: 'json' | 'tsv' }; result: ExportedFile }
}
