import { IconArrowsVertical, IconX, IconZoomIn, IconZoomOut, IconZoomReset } from '@tabler/icons-react'
import { useEffect, useMemo, useState } from 'react'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { CELL, type ScanData } from '../../../src-shared/genome/scan.ts'
import { effectLogo, effectRange } from '../../../src-shared/report/heat.ts'
import type { ColumnRange } from '../../../src-shared/report/pen.ts'
import { useOverlays } from '../../state/overlays.ts'
import { inScan, otherRow, pointAt, type ScanCell, useScan, useScans } from '../../state/scans.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, IconButton, sentence } from '../../ui/parts.tsx'
import { useOwnVariants } from './ownVariants.ts'
import { ScanHeatmap } from './ScanHeatmap.tsx'
import { ColumnSelect, Toolbar } from './ScanToolbar.tsx'
import { cellText, outputText, personText, SCORES } from './scanText.ts'
import { clampView, zoomView } from './scanView.ts'

/** The scans on the screen: one heatmap, or two on one scale. */
export function ScanPlots() {
  const shown = useScans(s => s.shown)
  const beside = useScans(s => s.beside)
  const first = useScan(shown?.scanId)
  const second = useScan(beside?.scanId)
  if (!shown) return <NoScan />
  if (first.error) return <div className="plots"><ErrorCard error={first.error} title="This scan could not be read." /></div> // biome-ignore format: one line
  if (!first.data) return <div className="plots empty">Reading the scan…</div>
  return <Shown scan={first.data} column={Math.min(shown.column, first.data.columns.length - 1)} second={second.data} />
}

function NoScan() {
  return (
    <div className="plots empty">
      <p>
        Click a base in the browser and choose “Scan mutations here”: every base change near it, and what a model says
        it does.
      </p>
    </div>
  )
}

function Shown(props: { readonly scan: ScanData; readonly column: number; readonly second: ScanData | undefined }) {
  const { scan, column, second } = props
  const beside = useScans(s => s.beside)
  const cell = useScans(s => s.cell)
  const saved = useScans(s => s.view)
  const scaleOfView = useScans(s => s.scaleOfView)
  const files = useWorkbench(s => s.files)
  const [hover, setHover] = useState<ScanCell | null>(null)
  const positions = scan.sequence.length
  const view = useMemo(() => clampView(saved ?? { from: 0, to: positions }, positions), [saved, positions])
  const setView = (v: ColumnRange) => useScans.setState({ view: v })
  const people = useMemo(() => files.filter(f => (f.role === 'sample' || f.role === 'variants') && !f.problem), [files])
  const variants = useOwnVariants(scan, people)
  // A scan opens with a mutation of its middle, where one clicked.
  useEffect(() => {
    if (useScans.getState().cell) return
    const middle = scan.request.interval.start + Math.floor(scan.sequence.length / 2)
    useScans.setState({ cell: { position: middle, row: otherRow(scan, middle, 0) } })
  }, [scan])
  // When the first numbers stood on the screen: told beside the scan.
  useEffect(() => {
    const clock = useScans.getState().clocks[scan.scanId]
    const any = scan.exactCells > 0 || scan.states.includes(CELL.estimate)
    if (clock && clock.first === undefined && any)
      useScans.setState(s => ({ clocks: { ...s.clocks, [scan.scanId]: { ...clock, first: performance.now() } } }))
  }, [scan])
  // What each base adds, as a track of the browser.
  useEffect(() => {
    const letters = effectLogo(scan, column)
    const values = Float32Array.from(letters, l => l?.height ?? 0)
    const { contig, start } = scan.request.interval
    useOverlays.setState({
      summary: {
        modelFileId: scan.request.modelFileId,
        track: scan.columns[column]?.name ?? '',
        scores: { contig, start, values, bases: scan.sequence, peaks: [] },
      },
    })
  }, [scan, column])
  const read = hover ?? cell
  const centre = cell ? inScan(scan, cell) + 0.5 : (view.from + view.to) / 2
  const own = variants.filter(v => read && v.position === inScan(scan, read))
  const both = second !== undefined && beside !== null
  // The second scan follows the first where both are of one contig.
  const offset = second && second.request.interval.contig === scan.request.interval.contig ? second.request.interval.start - scan.request.interval.start : null // biome-ignore format: one choice
  const secondView = second ? (offset === null ? { from: 0, to: second.sequence.length } : { from: view.from - offset, to: view.to - offset }) : view // biome-ignore format: one choice
  const rangeOf = (data: ScanData, at: number, v: ColumnRange) =>
    effectRange(data, Math.min(at, data.columns.length - 1), ...(scaleOfView ? [v.from, v.to] : []))
  const range = Math.max(rangeOf(scan, column, view), second && beside ? rangeOf(second, beside.column, secondView) : 0)
  return (
    <section className="plots scan-plots" aria-label="Mutation scan" data-testid="scan-plots" data-state={scan.state}>
      <Toolbar scan={scan} column={column} range={range} variants={variants} view={view} />
      {scan.warnings.length > 0 && <p className="note scan-note">{scan.warnings.map(sentence).join(' ')}</p>}
      <div className="scan-readout num" data-testid="scan-readout">
        <span>{read ? cellText(scan, column, read) : 'Point at a cell to read it; click to see that mutation.'}</span>
        {own.map(v => (
          <b key={v.label} className="own-variant">
            {v.label}
          </b>
        ))}
        <span style={{ flex: 1 }} />
        <span className="scan-zoom">
          <IconButton
            label="Scale the colours to what is in view"
            pressed={scaleOfView}
            onClick={() => useScans.setState({ scaleOfView: !scaleOfView })}
          >
            <IconArrowsVertical size={15} />
          </IconButton>
          <IconButton label="Zoom out of the heatmap" onClick={() => setView(zoomView(view, 2, centre, positions))}>
            <IconZoomOut size={15} />
          </IconButton>
          <IconButton label="Zoom into the heatmap" onClick={() => setView(zoomView(view, 0.5, centre, positions))}>
            <IconZoomIn size={15} />
          </IconButton>
          <IconButton label="Show the whole scan" onClick={() => setView({ from: 0, to: positions })}>
            <IconZoomReset size={15} />
          </IconButton>
        </span>
      </div>
      <ScanHeatmap
        scan={scan}
        column={column}
        range={range}
        view={view}
        onView={setView}
        cell={cell}
        onCell={c => pointAt(scan, c)}
        onHover={setHover}
        variants={variants}
        scale={both ? 0.8 : 1}
        label={`Effects of base changes on ${scan.columns[column]?.name ?? 'the tracks'}`}
        testId="scan-heatmap"
      />
      {both && second && (
        <Second scan={second} range={range} view={secondView} offset={offset} onView={setView} onHover={setHover} />
      )}
    </section>
  )
}

function Second(props: {
  readonly scan: ScanData
  readonly range: number
  readonly view: ColumnRange
  readonly offset: number | null
  readonly onView: (view: ColumnRange) => void
  readonly onHover: (cell: ScanCell | null) => void
}) {
  const { scan, range, view, offset } = props
  const beside = useScans(s => s.beside)
  const cell = useScans(s => s.cell)
  const column = Math.min(beside?.column ?? 0, scan.columns.length - 1)
  const read = cell && inScan(scan, cell) >= 0 && inScan(scan, cell) < scan.sequence.length ? cell : null
  return (
    <>
      <div className="scan-readout num" data-testid="scan-second">
        {scan.columns.length === 1 ? (
          <b>{scan.columns[0]?.name}</b>
        ) : (
          <ColumnSelect
            scan={scan}
            column={column}
            label="Track of the second scan"
            onColumn={c => useScans.setState({ beside: { scanId: scan.scanId, column: c } })}
          />
        )}
        <span className="soft">{`${formatLocus(scan.request.interval)}, ${SCORES[scan.request.score].name}, ${[personText(scan.request), outputText(scan)].filter(Boolean).join('; ')}; one scale`}</span>
        <span>{read && offset !== null ? cellText(scan, column, read) : ''}</span>
        <span style={{ flex: 1 }} />
        <IconButton label="Take the second scan away" onClick={() => useScans.setState({ beside: null })}>
          <IconX size={15} />
        </IconButton>
      </div>
      <ScanHeatmap
        scan={scan}
        column={column}
        range={range}
        view={view}
        onView={v => {
          if (offset !== null) props.onView({ from: v.from + offset, to: v.to + offset })
        }}
        cell={offset === null ? null : read}
        onCell={c => {
          if (offset !== null) pointAt(scan, c)
        }}
        onHover={h => props.onHover(offset === null ? null : h)}
        variants={[]}
        scale={0.8}
        label={`Second scan: effects on ${scan.columns[column]?.name ?? 'the tracks'}`}
        testId="scan-heatmap-second"
      />
    </>
  )
}
