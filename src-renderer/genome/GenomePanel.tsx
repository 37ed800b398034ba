import { useCallback, useEffect, useRef, useState } from 'react'
import { findContig } from '../../src-shared/genome/contigs.ts'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import { formatLocus, formatPosition } from '../../src-shared/genome/locus.ts'
import { toWire } from '../../src-shared/ipc/errors.ts'
import type { TrackSetting } from '../../src-shared/project.ts'
import { useOverlays } from '../state/overlays.ts'
import { isPredicted } from '../state/predictedTracks.ts'
import { useRisk } from '../state/risk.ts'
import { selectPosition, selectTrack } from '../state/selection.ts'
import { onRelease } from '../state/services.ts'
import { noSuchContig, sampleTitle } from '../state/tracks.ts'
import { sameLocus, useDocument, useGenomeFile, useWorkbench } from '../state/workbench.ts'
import { setGenomeBrowser } from './current.ts'
import { DiplotypeLegend } from './DiplotypeLegend.tsx'
import { GenomeBrowser } from './genomeBrowser.ts'
import type { Frame } from './genomeEvents.ts'
import { services } from './genomeServices.ts'
import { NoGenome } from './NoGenome.tsx'
import { overlaySpecs, withOverlays } from './overlaySpecs.ts'
import { PredictedLegend } from './PredictedLegend.tsx'
import { riskSpecs } from './riskSpecs.ts'
import { predictedKey, trackSpec } from './trackConfigs.ts'
import './genome.css'

/** Changes when the reference, the experiment or the person of a predicted track does. */
const predictionStamp = (referenceFileId: string | null, track: TrackSetting, files: readonly OpenedFile[]): string => {
  const used = [referenceFileId, ...(track.predicted?.signals ?? []), track.predicted?.person?.fileId]
  return JSON.stringify(used.map(id => files.find(f => f.id === id)?.facts.modifiedAt ?? id ?? null))
}

/** How long the view must rest before it is a step that can be undone. */
const REST_MS = 350

export function GenomePanel() {
  const host = useRef<HTMLDivElement>(null)
  const browser = useRef<GenomeBrowser>(undefined)
  const [frame, setFrame] = useState<Frame>()
  const [ready, setReady] = useState(false)
  const document = useDocument()
  const files = useWorkbench(s => s.files)
  const options = useWorkbench(s => s.options)
  const genome = useGenomeFile()
  const overlays = useOverlays()
  const risk = useRisk(s => s.shown)
  const { locus, referenceFileId } = document.view
  const hasSequence = genome !== undefined && genome.id === referenceFileId

  // Once for the life of the page: removing an igv.js browser leaks its listeners, and React may mount twice.
  useEffect(() => {
    if (!host.current || browser.current) return
    browser.current = create(host.current, setFrame)
    setGenomeBrowser(browser.current)
    onRelease(async fileIds => browser.current?.release(fileIds))
  }, [])

  const genomeId = genome
    ? `${genome.id}:${genome.facts.modifiedAt}:${genome.facts.contigs.length}:${hasSequence}`
    : null
  // biome-ignore lint/correctness/useExhaustiveDependencies: another genome is told by its id alone
  useEffect(() => {
    if (!genome || !locus || !genomeId) return
    const spec = { id: genomeId, name: genome.name, contigs: genome.facts.contigs, hasSequence }
    void browser.current?.setGenome(spec, locus).then(() => {
      setReady(true)
      setFrame(browser.current?.frame())
    })
  }, [genomeId])

  // A track of the scan stays while the mutation that it shows changes.
  const overlaid = [...overlaySpecs(overlays, files), ...riskSpecs(risk, files)]
  const overlaysShown = overlaid.map(s => `${s.key} ${s.stamp}`).join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new genome drops its tracks, so it must bring them again
  useEffect(() => {
    const stamp = JSON.stringify(options)
    const specs = document.tracks.flatMap(t => {
      const file = t.visible ? files.find(f => f.id === t.fileId) : undefined
      // A prediction is of the reference in use; pileup options are nothing to it.
      const own = t.part === 'predicted' ? predictionStamp(referenceFileId, t, files) : stamp
      return file ? (trackSpec(t, file, services, own, hasSequence, sampleTitle(file, files)) ?? []) : []
    })
    void browser.current?.setTracks(withOverlays(specs, overlaid)).then(() => setFrame(browser.current?.frame()))
  }, [document.tracks, files, options, genomeId, referenceFileId, overlaysShown])

  useEffect(() => {
    if (!locus || !genome) return
    if (findContig(locus.contig, genome.facts.contigs)) void browser.current?.goTo(locus)
    else useWorkbench.getState().notify('info', noSuchContig(locus.contig, genome, hasSequence))
  }, [locus, genome, hasSequence])

  // The panel's width also changes by its splitters, which the browser component does not see.
  const resize = useCallback(() => void browser.current?.shown().then(() => setFrame(browser.current?.frame())), [])
  useEffect(() => {
    if (!host.current) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const observer = new ResizeObserver(() => {
      clearTimeout(timer)
      timer = setTimeout(resize, 120)
    })
    observer.observe(host.current)
    return () => {
      observer.disconnect()
      clearTimeout(timer)
    }
  }, [resize])

  return (
    <section className="genome" aria-label="Genome browser">
      <div
        className="genome-scroll"
        role="application"
        aria-label="Tracks. Arrow keys pan, plus and minus zoom; Enter sets a position cursor, arrows then move it, Enter opens the position, Escape puts it away."
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see role
        tabIndex={0}
        data-ready={ready}
        data-shown={frame ? formatLocus(frame.shown) : undefined}
        onKeyDown={e => cursorKeys(e, browser.current)}
      >
        <div ref={host} className="genome-host" />
        <Marks frame={frame} />
      </div>
      {!genome && <NoGenome />}
      <DiplotypeLegend />
      <PredictedLegend />
    </section>
  )
}

function create(host: HTMLElement, setFrame: (f: Frame | undefined) => void): GenomeBrowser {
  const store = useWorkbench
  let timer: ReturnType<typeof setTimeout> | undefined
  let animation = 0
  /** A move by hand that has not come to rest. */
  let dragging = false
  const made: GenomeBrowser = new GenomeBrowser(host, {
    sequence: services.sequence,
    moved(locus, told) {
      // A drag ends with a move by nothing, which looks like a change of width: it belongs to the drag.
      const cause = told.by === 'resize' && dragging ? ({ by: 'user' } as const) : told
      dragging = cause.by === 'user'
      cancelAnimationFrame(animation)
      animation = requestAnimationFrame(() => setFrame(made.frame()))
      clearTimeout(timer)
      const settle = () => {
        dragging = false
        const { history, change, adjust } = store.getState()
        // A project that is nowhere yet is not sent to where the one before it was.
        if (history.present.view.locus === null || sameLocus(history.present.view.locus, locus)) return
        const recipe = (d: typeof history.present) => ({ ...d, view: { ...d.view, locus } })
        if (cause.by === 'user') change('Move', recipe, 'locus')
        // Where the program went is the answer only to what is still asked for.
        else if (cause.by === 'resize' || sameLocus(history.present.view.locus, cause.asked)) adjust(recipe)
      }
      const rest = () => {
        if (made.held) timer = setTimeout(rest, REST_MS)
        else settle()
      }
      if (cause.by !== 'user') settle()
      else timer = setTimeout(rest, REST_MS)
    },
    clicked(contig, position, trackKey) {
      const { select, files } = store.getState()
      const fileId = trackKey?.split(':')[0] ?? null
      const predicted = store
        .getState()
        .history.present.tracks.filter(isPredicted)
        .find(t => predictedKey(t.fileId, t.predicted.trackId) === trackKey)
      if (predicted) {
        store.setState({ cursor: null, explained: null, trackPoint: { contig, position } })
        return select(selectTrack(predicted.fileId, predicted.predicted.trackId))
      }
      const sample = files.find(f => f.id === fileId && f.role === 'sample')
      store.setState({ cursor: null, explained: null })
      select(selectPosition(contig, position, sample?.id ?? null))
    },
    explained(contig, position, track, rows) {
      store.setState({ explained: rows.length > 0 ? { contig, position, track, rows } : null })
    },
    failed(error, fileId) {
      const { notify, files, fileChanged } = store.getState()
      const file = files.find(f => f.id === fileId)
      if (file?.problem) return
      if (file) fileChanged({ ...file, problem: toWire(error) } satisfies OpenedFile)
      notify('error', file ? `${file.name}: ${error.message}` : error.message, toWire(error))
    },
  })
  return made
}

/** The position cursor: Enter sets it, arrows move it, Enter opens the base below it, Escape puts it away. */
function cursorKeys(e: React.KeyboardEvent, browser: GenomeBrowser | undefined) {
  if (e.ctrlKey || e.metaKey || e.altKey) return
  const { cursor, history, select, goTo } = useWorkbench.getState()
  const { locus, selection } = history.present.view
  const frame = browser?.frame()
  if (!locus || !frame) return
  const inView = (p: number) => p >= locus.start && p < locus.end
  if (e.key === 'Enter') {
    e.preventDefault()
    if (cursor !== null) return select(selectPosition(locus.contig, cursor, null))
    const middle = Math.floor((locus.start + locus.end) / 2)
    const at = selection.kind === 'position' && selection.contig === locus.contig ? selection.position : middle
    useWorkbench.setState({ cursor: inView(at) ? at : middle })
  } else if (cursor === null) return
  else if (e.key === 'Escape') {
    e.stopPropagation()
    useWorkbench.setState({ cursor: null })
  } else if (e.key === 'ArrowLeft' || e.key === 'ArrowRight') {
    e.preventDefault()
    e.stopPropagation()
    // One base where bases can be told apart, else what a pixel or two show.
    const base = Math.max(1, Math.round(frame.bpPerPixel * 2))
    const next = Math.max(0, cursor + (e.key === 'ArrowLeft' ? -1 : 1) * (e.shiftKey ? 10 : 1) * base)
    useWorkbench.setState({ cursor: next })
    if (!inView(next)) {
      const half = Math.round((locus.end - locus.start) / 2)
      goTo({ contig: locus.contig, start: next - half, end: next + half }, 'locus')
    }
  }
}

/** The selected base and the cursor, drawn over the tracks. */
function Marks({ frame }: { readonly frame: Frame | undefined }) {
  const selection = useDocument().view.selection
  const cursor = useWorkbench(s => s.cursor)
  const point = useWorkbench(s => s.trackPoint)
  if (!frame) return null
  const mark = (position: number, kind: 'selected' | 'cursor') => {
    const width = 1 / frame.bpPerPixel
    const x = (position - frame.start) / frame.bpPerPixel
    if (x + width < 0 || x > frame.width) return null
    return (
      <div
        key={kind}
        className={`mark mark-${kind}`}
        data-position={position}
        style={{ left: frame.left + x - (width < 3 ? 1.5 - width / 2 : 0), width: Math.max(3, width) }}
      />
    )
  }
  return (
    <>
      {selection.kind === 'position' && selection.contig === frame.contig && mark(selection.position, 'selected')}
      {selection.kind === 'track' && point?.contig === frame.contig && mark(point.position, 'selected')}
      {cursor !== null && mark(cursor, 'cursor')}
      <span className="visually-hidden" role="status">
        {cursor !== null ? `Cursor at ${formatPosition(frame.contig, cursor)}` : ''}
      </span>
    </>
  )
}
