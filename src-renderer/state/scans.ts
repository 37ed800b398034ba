import { useQuery } from '@tanstack/react-query'
import { create } from 'zustand'
import { contains, type Interval } from '../../src-shared/genome/interval.ts'
import { REFERENCE } from '../../src-shared/genome/prediction.ts'
import type { ScanData, ScanRequest, ScanVerification } from '../../src-shared/genome/scan.ts'
import type { Result } from '../../src-shared/ipc/contract.ts'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import { type Base, SCAN_ROWS } from '../../src-shared/report/heat.ts'
import type { ColumnRange } from '../../src-shared/report/pen.ts'
import { attempt, call, onEvent, queries } from './services.ts'
import { useWorkbench } from './workbench.ts'

/** What the window shows of mutation scans. Their numbers are kept by TanStack Query and fetched again as they fill. */

/** One heatmap: a column of a scan. */
export interface ShownScan {
  readonly scanId: string
  readonly column: number
}

/** A cell pointed at: a 0-based position of the contig, and the base put there (a row of the heatmap). */
export interface ScanCell {
  readonly position: number
  readonly row: number
}

export type OutputChoice = 'all' | 'region' | 'gene'

/** The form of the scan panel, kept while one looks elsewhere. */
export interface ScanForm {
  readonly modelFileId: string | null
  readonly channels: readonly number[]
  readonly groupMean: boolean
  readonly spanBp: number
  readonly output: OutputChoice
  readonly region: string
  readonly gene: string
  readonly score: ScanRequest['score']
  readonly method: ScanRequest['method']
  readonly background: ScanRequest['background']
}

export const DEFAULT_SPAN_BP = 200
export const MAX_SPAN_BP = 2000

interface Scans {
  readonly shown: ShownScan | null
  /** Set under the first on the same scale. */
  readonly beside: ShownScan | null
  readonly cell: ScanCell | null
  /** Positions shown, from the scan's start; null: all of them. */
  readonly view: ColumnRange | null
  /** The scale's ends are the largest effect in view, not of the whole scan. */
  readonly scaleOfView: boolean
  /** The inspector explains the scan, not the selection. */
  readonly inspecting: boolean
  /** The form at the selected position is unfolded. */
  readonly asking: boolean
  readonly form: ScanForm
  /** Seconds from the click to the first values and to the last, by scan: measured in the window. */
  readonly clocks: Readonly<
    Record<string, { readonly started: number; readonly first?: number; readonly done?: number }>
  >
  show(shown: ShownScan): void
  setForm(form: Partial<ScanForm>): void
}

export const useScans = create<Scans>()((set, get) => ({
  shown: null,
  beside: null,
  cell: null,
  view: null,
  scaleOfView: false,
  inspecting: false,
  asking: false,
  form: {
    modelFileId: null,
    channels: [],
    groupMean: false,
    spanBp: DEFAULT_SPAN_BP,
    output: 'all',
    region: '',
    gene: '',
    score: 'sad',
    method: 'exact',
    background: REFERENCE,
  },
  clocks: {},
  show(shown) {
    const other = get().shown?.scanId !== shown.scanId
    set({ shown, inspecting: true, asking: false, ...(other ? { view: null, cell: null } : {}) })
    useWorkbench.getState().showPlots('scan')
  },
  setForm(form) {
    set(s => ({ form: { ...s.form, ...form } }))
  },
}))

const scanKey = (scanId: string) => ['scan', scanId]

/** The numbers of a scan as far as they are there. */
export const useScan = (scanId: string | undefined) =>
  useQuery<ScanData, WireError>({
    queryKey: scanKey(scanId ?? ''),
    enabled: scanId !== undefined,
    gcTime: 600_000,
    queryFn: ({ signal }) => call('scan.get', { scanId: scanId ?? '' }, signal),
  })

export const useScanList = () =>
  useQuery<Result<'scan.list'>, WireError>({
    queryKey: ['scan-list'],
    queryFn: ({ signal }) => call('scan.list', {}, signal),
  })

/** Scans that changed while their numbers were on the way: asked for once more. */
const late = new Set<string>()
const busy = new Set<string>()

function refresh(scanId: string) {
  if (busy.has(scanId)) {
    late.add(scanId)
    return
  }
  busy.add(scanId)
  void queries.refetchQueries({ queryKey: scanKey(scanId) }).finally(() => {
    busy.delete(scanId)
    if (late.delete(scanId)) refresh(scanId)
  })
}

onEvent('scan.changed', progress => {
  const { clocks } = useScans.getState()
  const clock = clocks[progress.scanId]
  if (clock && clock.done === undefined && progress.state === 'done')
    useScans.setState({ clocks: { ...clocks, [progress.scanId]: { ...clock, done: performance.now() } } })
  refresh(progress.scanId)
  void queries.invalidateQueries({ queryKey: ['scan-list'] })
})

/** What is pointed at elsewhere: a base of the scan on the screen is walked to, anything else is explained instead of the scan. */
useWorkbench.subscribe((state, before) => {
  const now = state.history.present.view.selection
  if (now === before.history.present.view.selection) return
  const { shown, inspecting, cell } = useScans.getState()
  if (!inspecting) return
  const scan = shown && queries.getQueryData<ScanData>(scanKey(shown.scanId))
  if (scan && now.kind === 'position' && contains(scan.request.interval, now.contig, now.position))
    pointAt(scan, { position: now.position, row: otherRow(scan, now.position, cell?.row ?? 0) })
  else useScans.setState({ inspecting: false })
})

/** A scan whose model was closed, or whose project was left, goes off the screen; it stays in the list. */
useWorkbench.subscribe((state, before) => {
  const { shown } = useScans.getState()
  if (state.files === before.files || !shown) return
  const modelFileId = queries.getQueryData<ScanData>(scanKey(shown.scanId))?.request.modelFileId
  const open = (files: typeof state.files) => files.some(f => f.id === modelFileId)
  if (open(before.files) && !open(state.files))
    useScans.setState({ shown: null, beside: null, cell: null, view: null, inspecting: false })
})

/** A row that is a change at a position: the one asked for, or the next. */
export function otherRow(scan: ScanData, position: number, row: number): number {
  const own = SCAN_ROWS.indexOf(scan.sequence[position - scan.request.interval.start] as Base)
  return row === own ? (row + 1) % 4 : row
}

/** Starts a scan and shows it. @throws WorkbenchError, for the form to show */
export async function startScan(request: ScanRequest): Promise<void> {
  const started = performance.now()
  const { scanId, job } = await call('scan.start', { request })
  useWorkbench.getState().jobStarted(job)
  useScans.setState(s => ({ clocks: { ...s.clocks, [scanId]: { started } } }))
  useScans.getState().show({ scanId, column: 0 })
  void queries.invalidateQueries({ queryKey: ['scan-list'] })
}

export function resumeScan(scanId: string): void {
  attempt(async () => {
    const { job } = await call('scan.resume', { scanId })
    useWorkbench.getState().jobStarted(job)
    refresh(scanId)
    void queries.invalidateQueries({ queryKey: ['scan-list'] })
  })
}

/** Forgets a scan's numbers, and takes it off the screen. */
export function closeScan(scanId: string): void {
  attempt(async () => {
    const { shown, beside } = useScans.getState()
    if (shown?.scanId === scanId) useScans.setState({ shown: null, beside: null, cell: null, inspecting: false })
    else if (beside?.scanId === scanId) useScans.setState({ beside: null })
    await call('scan.close', { scanId })
    queries.removeQueries({ queryKey: scanKey(scanId) })
    await queries.invalidateQueries({ queryKey: ['scan-list'] })
  })
}

export async function verifyScan(scanId: string, cells: number): Promise<ScanVerification> {
  const found = await call('scan.verify', { scanId, cells })
  refresh(scanId)
  return found
}

let focusTimer: ReturnType<typeof setTimeout> | undefined
/** How long the cursor must rest before the computation turns to where it is. */
const FOCUS_MS = 150

/** Points at a cell: the computation turns there, and the browser's cursor moves along. */
export function pointAt(scan: ScanData, cell: ScanCell): void {
  useScans.setState({ cell, inspecting: true })
  const { locus } = useWorkbench.getState().history.present.view
  if (locus?.contig === scan.request.interval.contig) useWorkbench.setState({ cursor: cell.position })
  clearTimeout(focusTimer)
  if (scan.state !== 'running') return
  focusTimer = setTimeout(
    () => attempt(() => call('scan.focus', { scanId: scan.scanId, position: cell.position })),
    FOCUS_MS,
  )
}

/** Where the effect of a cell is read, in the scan's own count. */
export const inScan = (scan: ScanData, cell: ScanCell): number => cell.position - scan.request.interval.start

/** The base of a row, and the base that the scanned sequence has at a cell. */
export const basesAt = (scan: ScanData, cell: ScanCell): { readonly ref: string; readonly alt: Base } => ({
  ref: scan.sequence[inScan(scan, cell)] ?? 'N',
  alt: SCAN_ROWS[cell.row] ?? 'A',
})

/** A stretch of `spanBp` about a position, kept inside its contig. */
export function spanAround(
  contig: { readonly name: string; readonly length: number },
  position: number,
  spanBp: number,
): Interval {
  const length = Math.min(Math.max(1, Math.round(spanBp)), MAX_SPAN_BP, contig.length)
  const start = Math.min(Math.max(0, position - Math.floor(length / 2)), contig.length - length)
  return { contig: contig.name, start, end: start + length }
}
