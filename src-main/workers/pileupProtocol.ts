import type { ApoeReport } from '../../src-shared/genome/apoe.ts'
import type { DiplotypeTrack } from '../../src-shared/genome/diplotypeTrack.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import type { ColumnDetail, PileupColumns, PileupLedger, PileupOptions } from '../../src-shared/genome/pileup.ts'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { Progress } from '../../src-shared/job.ts'
import type { DepthBins } from '../domain/pileup/depthBins.ts'
import type { ReadStory } from '../domain/pileup/readStory.ts'
import type { CohortFigures, JudgedPeople } from '../domain/statistics/cohortFigures.ts'
import type { ApoeRequest } from './apoeRun.ts'
import type { ModelView, RiskReading } from './riskReadingRun.ts'
import type { DiplotypeOfSample, SampleDiplotype } from './sampleDiplotypeRun.ts'

/** Which file is read: the index and the reference only where they do not follow from the path. */
export interface AlignmentSource {
  readonly path: string
  /** FASTA or 2bit, for CRAM. */
  readonly reference?: string
  readonly index?: string
}

/** 0-based half-open; `contig` under any usual alias; without `end` to the end of the contig, whatever the header says of its length. */
export interface PileupRegion {
  readonly contig: string
  readonly start: number
  readonly end?: number
}

export interface Position {
  readonly contig: string
  /** 0-based */
  readonly position: number
}

/** What each call of the worker takes and gives. */
export interface PileupCalls {
  pileup: { args: AlignmentSource & { region: PileupRegion; options: PileupOptions }; result: PileupLedger }
  columnDetails: { args: AlignmentSource & { positions: readonly Position[]; options: PileupOptions }; result: ColumnDetail[] } // biome-ignore format: one line a call
  depthBins: { args: AlignmentSource & { interval: PileupRegion & { end: number }; bins: number; options: PileupOptions }; result: DepthBins } // biome-ignore format: one line a call
  readStories: { args: AlignmentSource & { region: PileupRegion; name: string; options: PileupOptions }; result: ReadStory[] } // biome-ignore format: one line a call
  firstReads: { args: AlignmentSource; result: Interval | null }
  diplotype: { args: AlignmentSource & { interval: PileupRegion & { end: number }; caller: 'robust' | 'top2' }; result: DiplotypeTrack } // biome-ignore format: one line a call
  apoe: { args: AlignmentSource & { request: ApoeRequest }; result: ApoeReport }
  sampleDiplotype: { args: AlignmentSource & { request: DiplotypeOfSample }; result: SampleDiplotype }
  cohortFigures: { args: { people: JudgedPeople; threshold: number }; result: CohortFigures | null }
  riskReading: { args: AlignmentSource & { request: DiplotypeOfSample; view: ModelView }; result: RiskReading }
}
export type CallName = keyof PileupCalls

/** `taken` tells that one message with columns was handled: the worker keeps only a few under way. */
export type ToWorker =
  | { readonly id: number; readonly kind: 'call'; readonly name: CallName; readonly args: unknown }
  | { readonly id: number; readonly kind: 'cancel' | 'taken' }

export type FromWorker =
  | { readonly id: number; readonly kind: 'columns'; readonly columns: PileupColumns }
  | { readonly id: number; readonly kind: 'progress'; readonly progress: Progress }
  | { readonly id: number; readonly kind: 'result'; readonly result: unknown }
  | { readonly id: number; readonly kind: 'error'; readonly error: WireError }
