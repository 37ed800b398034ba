import { Button, Select, Tooltip } from '@mantine/core'
import { IconTable } from '@tabler/icons-react'
import { useMemo } from 'react'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { CELL, type ScanData } from '../../../src-shared/genome/scan.ts'
import { stateAt } from '../../../src-shared/report/heat.ts'
import type { ColumnRange } from '../../../src-shared/report/pen.ts'
import { scanFigure } from '../../../src-shared/report/scanFigure.ts'
import { saveExport } from '../../state/connect.ts'
import { resumeScan, useScanList, useScans } from '../../state/scans.ts'
import { attempt, call } from '../../state/services.ts'
import { isSynthetic } from '../../state/tracks.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { PictureButtons, SmallButton, Synthetic } from '../../ui/parts.tsx'
import { fileName, type Origin } from '../../ui/provenance.ts'
import { timeLeft } from '../jobs/StatusBar.tsx'
import type { ScanHeatmap } from './ScanHeatmap.tsx'
import { listingText } from './ScanList.tsx'
import { outputText, personText, SCORES } from './scanText.ts'

export const ColumnSelect = (props: {
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

/** What is shown, how far it is, and how it leaves. */
export function Toolbar(props: {
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
        />
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
