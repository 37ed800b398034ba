import { create } from 'zustand'
import type { OpenedFile, RecentFile } from '../../src-shared/genome/files.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import { PILEUP_DEFAULTS, type PileupOptions } from '../../src-shared/genome/pileup.ts'
import type { AppInfo } from '../../src-shared/ipc/contract.ts'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { JobSnapshot } from '../../src-shared/job.ts'
import type { ProjectDocument, ProjectState, TrackSetting } from '../../src-shared/project.ts'
import { amend, type History, historyOf, redo, step, undo } from './history.ts'
import { nothing, type Selection, sameSelection, selectFile } from './selection.ts'
import { clampTo, genomeFile, inOrder, noSuchContig, startLocus, withoutClosed, withTracksOf } from './tracks.ts'

/** View state of the window. What comes from services is kept by TanStack Query; only open files and jobs, which are told by events, are here. */

const EMPTY: ProjectDocument = {
  version: 1,
  name: 'Untitled',
  demo: false,
  view: { locus: null, referenceFileId: null, selection: nothing },
  tracks: [],
  bookmarks: [],
}

export interface Notice {
  readonly id: number
  readonly kind: 'info' | 'success' | 'error'
  readonly text: string
  readonly error?: WireError
}

export type Dialog = 'none' | 'open' | 'palette' | 'keys' | 'about' | 'bookmark' | 'rename'

export type PlotsTab = 'depth' | 'scan' | 'variants' | 'cohort' | 'training'

export interface Explained {
  readonly contig: string
  readonly position: number
  readonly track: string
  readonly rows: readonly (readonly [string, string])[]
}

interface Workbench {
  readonly connection: 'connecting' | 'ready' | 'lost'
  readonly info: AppInfo | null
  readonly history: History<ProjectDocument>
  readonly files: readonly OpenedFile[]
  readonly recent: readonly RecentFile[]
  readonly jobs: readonly JobSnapshot[]
  readonly notices: readonly Notice[]
  readonly save: 'saved' | 'waiting' | 'saving' | 'failed'
  readonly dialog: Dialog
  readonly options: PileupOptions
  /** The base at which the keyboard's cursor stands; null when it is put away. */
  readonly cursor: number | null
  readonly plotsOpen: boolean
  /** Which question the plots below the browser answer. */
  readonly plotsTab: PlotsTab
  /** What a track knows of the variant or gene that was clicked at a position. */
  readonly explained: Explained | null
  /** The base of a predicted track that was clicked. */
  readonly trackPoint: { readonly contig: string; readonly position: number } | null

  load(state: ProjectState): void
  change(label: string, recipe: (d: ProjectDocument) => ProjectDocument, joins?: string): void
  adjust(recipe: (d: ProjectDocument) => ProjectDocument): void
  undo(): void
  redo(): void
  goTo(interval: Interval, joins?: string): void
  select(selection: Selection): void
  opened(files: readonly OpenedFile[]): void
  fileChanged(file: OpenedFile): void
  fileClosed(fileId: string): void
  setTrackVisible(fileId: string, part: TrackSetting['part'], visible: boolean): void
  jobChanged(job: JobSnapshot): void
  /** What a call that started it answered: older than any event about it. */
  jobStarted(job: JobSnapshot): void
  notify(kind: Notice['kind'], text: string, error?: WireError): void
  dismiss(id: number): void
  show(dialog: Dialog): void
  showPlots(tab: PlotsTab): void
}

let nextNotice = 1

export const useWorkbench = create<Workbench>()((set, get) => ({
  connection: 'connecting',
  info: null,
  history: historyOf(EMPTY),
  files: [],
  recent: [],
  jobs: [],
  notices: [],
  save: 'saved',
  dialog: 'none',
  options: PILEUP_DEFAULTS,
  cursor: null,
  plotsOpen: false,
  plotsTab: 'depth',
  explained: null,
  trackPoint: null,

  load(state) {
    let document = withoutClosed(state.document, state.files)
    for (const file of state.files) document = { ...document, tracks: withTracksOf(document.tracks, file) }
    document = { ...document, tracks: inOrder(document.tracks) }
    if (!document.view.locus) {
      const locus = startLocus(genomeFile(document, state.files))
      if (locus) document = { ...document, view: { ...document.view, locus } }
    }
    // Files given on the command line come with the project: their first sample is what the user wants to read about.
    const sample = state.files.find(f => f.role === 'sample')
    if (document.view.selection.kind === 'none' && sample)
      document = { ...document, view: { ...document.view, selection: selectFile(sample) } }
    set({ history: historyOf(document), files: state.files, save: 'saved', cursor: null, explained: null, notices: [] })
  },
  change(label, recipe, joins) {
    set(s => ({ history: step(s.history, recipe(s.history.present), label, Date.now(), joins) }))
  },
  adjust(recipe) {
    set(s => ({ history: amend(s.history, recipe(s.history.present)) }))
  },
  undo() {
    set(s => {
      const h = undo(s.history)
      return { history: amend(h, withoutClosed(h.present, s.files)) }
    })
  },
  redo() {
    set(s => {
      const h = redo(s.history)
      return { history: amend(h, withoutClosed(h.present, s.files)) }
    })
  },
  goTo(interval, joins) {
    const { files, change, history } = get()
    const file = genomeFile(history.present, files)
    const locus = file ? clampTo(interval, file.facts.contigs) : interval
    // The box never names a place that the browser does not show.
    if (!locus) {
      const inUse = file?.id === history.present.view.referenceFileId
      if (file) get().notify('info', noSuchContig(interval.contig, file, inUse))
      return
    }
    change('Move', d => (sameLocus(d.view.locus, locus) ? d : { ...d, view: { ...d.view, locus } }), joins)
  },
  select(selection) {
    get().change(
      'Select',
      d => (sameSelection(d.view.selection, selection) ? d : { ...d, view: { ...d.view, selection } }),
      'selection',
    )
  },
  opened(incoming) {
    const known = new Set(get().files.map(f => f.id))
    const fresh = incoming.filter(f => !known.has(f.id) && f.role !== 'project')
    const byId = new Map(incoming.map(f => [f.id, f]))
    const files = [...get().files.map(f => byId.get(f.id) ?? f), ...fresh]
    set({ files })
    const last = fresh.find(f => f.role === 'sample') ?? fresh.at(-1)
    if (!last) return
    get().change(fresh.length === 1 ? `Open ${last.name}` : `Open ${fresh.length} files`, d => {
      let next = d
      for (const f of fresh) next = { ...next, tracks: withTracksOf(next.tracks, f) }
      const reference = fresh.find(f => f.role === 'reference' && !f.problem)
      if (reference && d.view.referenceFileId === null)
        next = { ...next, view: { ...next.view, referenceFileId: reference.id } }
      // A project made of other files than the demo's own is no longer the demo.
      const view = { ...next.view, selection: selectFile(last) }
      const genome = genomeFile({ ...next, view }, files)
      const here = view.locus && genome ? clampTo(view.locus, genome.facts.contigs) : undefined
      return { ...next, view: { ...view, locus: here ?? startLocus(genome) ?? null } }
    })
  },
  fileChanged(file) {
    set(s => ({ files: s.files.map(f => (f.id === file.id ? file : f)) }))
  },
  fileClosed(fileId) {
    set(s => ({ files: s.files.filter(f => f.id !== fileId) }))
    get().change('Remove', d => withoutClosed(d, get().files))
  },
  setTrackVisible(fileId, part, visible) {
    get().change(visible ? 'Show track' : 'Hide track', d => ({
      ...d,
      tracks: d.tracks.map(t => (t.fileId === fileId && t.part === part ? { ...t, visible } : t)),
    }))
  },
  jobChanged(job) {
    set(s => ({
      jobs: s.jobs.some(j => j.id === job.id) ? s.jobs.map(j => (j.id === job.id ? job : j)) : [...s.jobs, job],
    }))
  },
  jobStarted(job) {
    if (!get().jobs.some(j => j.id === job.id)) get().jobChanged(job)
  },
  notify(kind, text, error) {
    const notice: Notice = { id: nextNotice++, kind, text, ...(error ? { error } : {}) }
    set(s => ({ notices: [...s.notices.filter(n => n.text !== text), notice].slice(-4) }))
  },
  dismiss(id) {
    set(s => ({ notices: s.notices.filter(n => n.id !== id) }))
  },
  show(dialog) {
    set({ dialog })
  },
  showPlots(plotsTab) {
    set({ plotsOpen: true, plotsTab })
  },
}))

export const sameLocus = (a: Interval | null, b: Interval | null): boolean =>
  a === b || (a !== null && b !== null && a.contig === b.contig && a.start === b.start && a.end === b.end)

export const useDocument = (): ProjectDocument => useWorkbench(s => s.history.present)
export const useSelection = (): Selection => useWorkbench(s => s.history.present.view.selection)
export const useLocus = (): Interval | null => useWorkbench(s => s.history.present.view.locus)

/** The file that gives contigs, as the whole window sees it. */
export const useGenomeFile = (): OpenedFile | undefined => useWorkbench(s => genomeFile(s.history.present, s.files))
