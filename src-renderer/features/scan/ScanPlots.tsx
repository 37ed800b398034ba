import { Button, Select, Tooltip } from '@mantine/core'
import { IconArrowsVertical, IconTable, IconX, IconZoomIn, IconZoomOut, IconZoomReset } from '@tabler/icons-react'
import { useEffect, useMemo, useState } from 'react'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { CELL, type ScanData } from '../../../src-shared/genome/scan.ts'
import { effectLogo, effectRange, stateAt } from '../../../src-shared/report/heat.ts'
import type { ColumnRange } from '../../../src-shared/report/pen.ts'
import { scanFigure } from '../../../src-shared/report/scanFigure.ts'
import { saveExport } from '../../state/connect.ts'
import { useOverlays } from '../../state/overlays.ts'
import {
  inScan,
  otherRow,
  pointAt,
  resumeScan,
  type ScanCell,
  useScan,
  useScanList,
  useScans,
} from '../../state/scans.ts'
import { attempt, call } from '../../state/services.ts'
import { isSynthetic } from '../../state/tracks.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, IconButton, PictureButtons, SmallButton, Synthetic, sentence } from '../../ui/parts.tsx'
import { fileName, type Origin } from '../../ui/provenance.ts'
import { timeLeft } from '../jobs/StatusBar.tsx'
import { useOwnVariants } from './ownVariants.ts'
import { ScanHeatmap } from './ScanHeatmap.tsx'
import { listingText } from './ScanList.tsx'
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
          /> // biome-ignore format: one line
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

const ColumnSelect = (props: {
  readonly scan: ScanData
  readonly column: number
  readonly label: string
  readonly onColumn: (column: number) => void
}) => (
  <Select
    aria-label={props.label}
    allowDeselect={false}
    searchable={props.scan.columns.length > 8}
    limit={200}
    value={String(props.column)}
    data={props.scan.columns.map((c, i) => ({ value: String(i), label: c.name }))}
    onChange={v => v !== null && props.onColumn(Number(v))}
    w={220}
  />
)

function Toolbar(props: {
  readonly scan: ScanData
  readonly column: number
  readonly range: number
  readonly view: ColumnRange
  readonly variants: Parameters<typeof ScanHeatmap>[0]['variants']
}) {
  const { scan, column, range, view, variants } = props
  const info = useWorkbench(s => s.info)
  const files = useWorkbench(s => s.files)
  const model = files.find(f => f.id === scan.request.modelFileId)
  const reference = files.find(f => f.id === scan.request.referenceFileId)
  const show = useScans(s => s.show)
  const name = fileName('scan', scan.request.interval.contig, String(scan.request.interval.start + 1), scan.columns[column]?.name ?? '') // biome-ignore format: one name
  const used = [model, reference].flatMap(f => f ?? [])
  const origin: Origin = {
    info,
    what: `mutation scan of ${formatLocus(scan.request.interval)}, ${scan.columns[column]?.name ?? ''}`,
    files: used,
    options: {
      score: scan.request.score,
      sequence: personText(scan.request) || 'reference',
      output: outputText(scan),
      method: scan.request.method,
      ran: scan.ranWith,
      window: formatLocus(scan.window),
      exact: `${scan.exactCells}/${scan.totalCells}`,
      state: scan.state,
    },
  }
  const title = `${scan.columns[column]?.name ?? ''}: ${SCORES[scan.request.score].name}, ${outputText(scan)}, ${formatLocus(scan.request.interval)}`
  return (
    <div className="scan-toolbar">
      {scan.columns.length > 1 ? (
        <ColumnSelect
          scan={scan}
          column={column}
          label="Track of the scan"
          onColumn={c => show({ scanId: scan.scanId, column: c })}
        /> // biome-ignore format: one line
      ) : (
        <b className="scan-title" title={scan.columns[0]?.name}>
          {scan.columns[0]?.name}
        </b>
      )}
      <Tooltip label={SCORES[scan.request.score].about}>
        <button
          type="button"
          className="link"
          aria-label={`${SCORES[scan.request.score].name}: ${SCORES[scan.request.score].about}`}
        >
          {SCORES[scan.request.score].name}
        </button>
      </Tooltip>
      <span className="soft">{[personText(scan.request), outputText(scan)].filter(Boolean).join('; ')}</span>
      {used.some(isSynthetic) && <Synthetic />}
      <Status scan={scan} />
      <span style={{ flex: 1 }} />
      <BesideSelect scan={scan} column={column} />
      <SmallButton
        label="Save all effects as TSV"
        text="TSV"
        icon={<IconTable size={13} />}
        onClick={() =>
          attempt(async () => {
            const file = await call('scan.export', { scanId: scan.scanId, format: 'tsv' })
            await saveExport(file.downloadId, file.name)
          })
        }
      />
      <PictureButtons
        name={name}
        origin={origin}
        svg={() => scanFigure({ data: scan, column, range, view, width: Math.max(720, Math.min(2400, 140 + 12 * (view.to - view.from))), variants, title })} // biome-ignore format: one call
      />
    </div>
  )
}

/** How far it is, and the next action: cancel, resume, or nothing. */
function Status({ scan }: { readonly scan: ScanData }) {
  const list = useScanList()
  const job = useWorkbench(s => s.jobs).find(j => j.id === list.data?.find(l => l.scanId === scan.scanId)?.jobId)
  const estimates = useMemo(() => {
    let n = 0
    for (let p = 0; p < scan.sequence.length; p++) for (let b = 0; b < 4; b++) if (stateAt(scan, p, b) === CELL.estimate) n++ // biome-ignore format: one loop
    return n
  }, [scan])
  const n = (x: number) => x.toLocaleString('en-US')
  const counted = `${n(scan.exactCells)} of ${n(scan.totalCells)} exact${estimates > 0 ? `, ${n(estimates)} estimates` : ''}`
  return (
    <span className="scan-status num" data-testid="scan-status">
      {scan.state === 'running' && (
        <progress aria-label="Scan" value={scan.exactCells} max={Math.max(1, scan.totalCells)} />
      )}
      <span>
        {counted}
        {scan.state === 'running' && scan.secondsLeft !== null && `, ${timeLeft(scan.secondsLeft)} left`}
      </span>
      {scan.state === 'running' && job && (
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => attempt(() => call('jobs.cancel', { jobId: job.id }))}
        >
          Cancel scan
        </Button>
      )}
      {(scan.state === 'cancelled' || scan.state === 'partial' || scan.state === 'failed') && (
        <>
          <span className="tag" title="Not all values were computed; what is here is kept">
            {scan.state === 'failed' ? 'failed' : 'partial'}
          </span>
          <Button size="compact-xs" variant="light" onClick={() => resumeScan(scan.scanId)}>
            Resume
          </Button>
        </>
      )}
    </span>
  )
}

/** Another track of this scan, or another scan, under it on the same scale. */
function BesideSelect({ scan, column }: { readonly scan: ScanData; readonly column: number }) {
  const list = useScanList()
  const beside = useScans(s => s.beside)
  const own = scan.columns.flatMap((c, i) => (i === column ? [] : [{ value: `${scan.scanId}|${i}`, label: c.name }]))
  const others = (list.data ?? [])
    .filter(l => l.scanId !== scan.scanId)
    .map(l => ({ value: `${l.scanId}|0`, label: listingText(l) }))
  const data = [
    ...(own.length > 0 ? [{ group: 'Other tracks of this scan', items: own }] : []),
    ...(others.length > 0 ? [{ group: 'Other scans', items: others }] : []),
  ]
  if (data.length === 0) return null
  return (
    <Select
      aria-label="Set beside"
      placeholder="Set beside…"
      clearable
      searchable
      w={190}
      value={beside ? `${beside.scanId}|${beside.scanId === scan.scanId ? beside.column : 0}` : null}
      data={data}
      onChange={v => {
        const [scanId, at] = v?.split('|') ?? []
        useScans.setState({ beside: scanId ? { scanId, column: Number(at) } : null })
      }}
    />
  )
}
