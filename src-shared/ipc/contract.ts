import type { ApoeReport } from '../genome/apoe.ts'
import type { DiplotypeTrack } from '../genome/diplotypeTrack.ts'

import type { GeneHit, GeneModels } from '../genome/genes.ts'
import type { Interval } from '../genome/interval.ts'
import type { ColumnDetail, PileupLedger, PileupOptions } from '../genome/pileup.ts'
import type { JobSnapshot, WorkContext } from '../job.ts'
import type { OpenedFile, RecentFile } from '../openedFile.ts'
import type { ProjectDocument, ProjectState } from '../project.ts'
import type { CompressionMethods } from './compressionMethods.ts'
import type { WireError } from './errors.ts'
import type { LabEvents, LabMethods } from './labMethods.ts'
import type { ModelMethods, PredictionChanged } from './modelMethods.ts'
import type { OutlookMethods } from './outlookMethods.ts'
import type { RiskEvents, RiskMethods } from './riskMethods.ts'
import type { ScanEvents, ScanMethods } from './scanMethods.ts'
import type { TuneEvents, TuneMethods } from './tuneMethods.ts'

export interface AppInfo {
  readonly version: string
  readonly host: 'electron' | 'headless'
  /** Versions of what runs underneath, for "About". */
  readonly versions: Readonly<Record<string, string>>
  /** `native`: the host shows file dialogs; `browse`: the page shows one over files.browse. */
  readonly dialogs: 'native' | 'browse'
  readonly threads: number
}

/** What a trial run on a device showed. */
export interface DeviceReport {
  readonly device: 'cpu' | 'webgpu' | 'cuda'
  readonly works: boolean
  /** Why not, or how fast. */
  readonly reason: string
}

/** One entry of a folder on the machine that holds the data. Ids are given out by the server: a path from a page is never opened. */
export interface FolderEntry {
  readonly id: string
  readonly name: string
  readonly kind: 'folder' | 'file'
  readonly sizeBytes: number
  readonly modifiedAt: number
  /** Its name suggests something that can be opened. */
  readonly openable: boolean
}
export interface FolderListing {
  readonly folderId: string
  /** For display. */
  readonly path: string
  readonly parentId?: string
  readonly entries: readonly FolderEntry[]
  /** The folders where browsing may begin: the start folder first. */
  readonly roots: readonly { readonly folderId: string; readonly name: string }[]
  /** Entries that are not listed because the folder holds too many. */
  readonly omitted: number
}

/** Depth per bin over `interval`, from our own pileup. Bin i covers start + i*binBp … ; the last may be shorter. */
export interface CoverageBins {
  readonly interval: Interval
  readonly binBp: number
  readonly mean: Float32Array
  readonly max: Int32Array
  /** Base counts, interleaved A C G T N del refskip ins for each bin; only when binBp is 1. */
  readonly counts?: Int32Array
  /** Mean of reads that skip the bin's bases (N in CIGAR: introns), which are part of `mean`; absent when there are none. */
  readonly skipped?: Float32Array
}

/** What the position panel shows for one sample. */
export interface PositionReport {
  readonly fileId: string
  readonly options: PileupOptions
  readonly detail: ColumnDetail
  readonly ledger: PileupLedger
  /** Upper-case base of the project's reference, '' when there is none. */
  readonly referenceBase: string
}

export type ReportFormat = 'html' | 'json' | 'pdf'

/** A finished file, to be fetched once under `/download/<id>` (headless) or already saved by the host's dialog (electron). */
export interface ExportedFile {
  readonly downloadId: string
  readonly name: string
  readonly sizeBytes: number
}

export type LocusResolution =
  | { readonly kind: 'locus'; readonly interval: Interval }
  | { readonly kind: 'gene'; readonly hit: GeneHit; readonly interval: Interval; readonly others: readonly GeneHit[] }

/** Every call that can cross the boundary: one line each. A handler or an argument check that is missing does not compile. */
export interface Methods
  extends CompressionMethods,
    LabMethods,
    ModelMethods,
    OutlookMethods,
    RiskMethods,
    ScanMethods,
    TuneMethods {
  'app.info': { args: Record<string, never>; result: AppInfo }
  /** Tries each device by running a small network on it: what a session claims proves nothing. Takes a second or two. */
  'app.devices': { args: Record<string, never>; result: readonly DeviceReport[] }
  'files.browse': { args: { folderId?: string }; result: FolderListing }
  'files.open': { args: { entryIds: readonly string[] }; result: readonly OpenedFile[] }
  'files.recent': { args: Record<string, never>; result: readonly RecentFile[] }
  'files.openRecent': { args: { recentId: string }; result: readonly OpenedFile[] }
  'files.close': { args: { fileId: string }; result: null }
  /** Looks at the file again: after it changed, or after its index was built. */
  'files.refresh': { args: { fileId: string }; result: OpenedFile }
  'files.buildIndex': { args: { fileId: string }; result: JobSnapshot }
  'project.current': { args: Record<string, never>; result: ProjectState }
  'project.save': { args: { document: ProjectDocument }; result: { savedAt: number } }
  'project.new': { args: Record<string, never>; result: ProjectState }
  'project.demo': { args: Record<string, never>; result: ProjectState }
  /** Opens a project file that files.open or a dialog has registered. */
  'project.open': { args: { fileId: string }; result: ProjectState }
  'project.export': { args: Record<string, never>; result: ExportedFile }
  'reference.sequence': { args: { fileId: string; interval: Interval }; result: { sequence: string } }
  'genes.search': { args: { query: string; limit: number }; result: readonly GeneHit[] }
  'genes.range': { args: { fileId: string; interval: Interval }; result: GeneModels }
  'locus.resolve': { args: { text: string }; result: LocusResolution }
  /** Where the mapped reads of a sample begin: one stretch of at most 20 kb; null where none is mapped. */
  'reads.first': { args: { fileId: string }; result: { interval: Interval | null } }
  'coverage.bins': {
    args: { fileId: string; interval: Interval; bins: number; options: PileupOptions }
    result: CoverageBins
  }
  'diplotype.range': { args: { fileId: string; interval: Interval; caller: 'robust' | 'top2' }; result: DiplotypeTrack }
  'position.report': {
    args: { fileId: string; contig: string; position: number; options: PileupOptions }
    result: PositionReport
  }
  'apoe.report': { args: { fileId: string; build: 'auto' | 'GRCh37' | 'GRCh38' }; result: ApoeReport }
  'apoe.export': {
    args: { fileId: string; build: 'auto' | 'GRCh37' | 'GRCh38'; format: ReportFormat }
    result: ExportedFile
  }
  'jobs.list': { args: Record<string, never>; result: readonly JobSnapshot[] }
  'jobs.cancel': { args: { jobId: string }; result: null }
  'jobs.markRead': { args: { jobId: string }; result: null }
}

/** Commands that a native menu or the operating system sends to the window. */
export type ShellCommand =
  | 'open'
  | 'new-project'
  | 'demo'
  | 'save-project'
  | 'palette'
  | 'keys'
  | 'about'
  | 'undo'
  | 'redo'
  | 'toggle-theme'

/** Told to every connected window. */
export interface Events extends LabEvents, RiskEvents, ScanEvents, TuneEvents {
  'job.changed': JobSnapshot
  /** Files that were opened: by a dialog, a drop, the operating system, or a call of any window. */
  'files.opened': { readonly files: readonly OpenedFile[] }
  /** A window closed a file. */
  'files.closed': { readonly fileId: string }
  /** Something about an open file changed on disk. */
  'files.changed': OpenedFile
  /** Another project took the place of the current one (new, demo, opened), in whichever window. */
  'project.replaced': ProjectState
  'prediction.changed': PredictionChanged
  /** For the banner: something failed that no call was waiting for. */
  notice: WireError
  'shell.command': { readonly command: ShellCommand }
}

export type Method = keyof Methods
export type Args<M extends Method> = Methods[M]['args']
export type Result<M extends Method> = Methods[M]['result']
export type EventName = keyof Events

export type Handlers = {
  readonly [M in Method]: (args: Args<M>, context: WorkContext) => Promise<Result<M>>
}
