import { Button, NumberInput } from '@mantine/core'
import { useState } from 'react'
import { formatLocus, formatPosition } from '../../../src-shared/genome/locus.ts'
import { CELL, type ScanData, type ScanVerification } from '../../../src-shared/genome/scan.ts'
import { toWire, type WireError } from '../../../src-shared/ipc/errors.ts'
import { plainText, signedText } from '../../../src-shared/report/axisTicks.ts'
import { effectAt, stateAt } from '../../../src-shared/report/heat.ts'
import { inScan, type ScanCell, useScan, useScans, verifyScan } from '../../state/scans.ts'
import { isSynthetic } from '../../state/tracks.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, Section, Synthetic } from '../../ui/parts.tsx'
import { AttributionPanel } from './AttributionPanel.tsx'
import { MutationAlong } from './MutationAlong.tsx'
import { ScanList } from './ScanList.tsx'
import { cellState, changeText, METHODS, outputText, personText, SCORES } from './scanText.ts'

/** The scan on the screen, explained: the mutation pointed at, what ran, how it agrees with full passes. */
export function ScanInspector() {
  const shown = useScans(s => s.shown)
  const cell = useScans(s => s.cell)
  const found = useScan(shown?.scanId)
  const scan = found.data
  if (!shown || !scan)
    return (
      <div className="inspector-body">
        {found.error && <ErrorCard error={found.error} title="This scan could not be read." />}
        <AttributionPanel />
        <ScanList />
      </div>
    )
  const column = Math.min(shown.column, scan.columns.length - 1)
  return (
    <>
      <div className="inspector-head">
        <h2 className="num" data-testid="scan-title">
          {cell
            ? `${formatPosition(scan.request.interval.contig, cell.position)} ${changeText(scan, cell)}`
            : formatLocus(scan.request.interval)}
        </h2>
        <MadeUp scan={scan} />
      </div>
      <div className="inspector-body" data-testid="scan-panel">
        {cell && inScan(scan, cell) >= 0 && inScan(scan, cell) < scan.sequence.length ? (
          <Mutation scan={scan} column={column} cell={cell} />
        ) : (
          <p className="soft">Click a cell of the heatmap, or walk it with the arrow keys.</p>
        )}
        <AttributionPanel />
        <Verify scan={scan} />
        <Facts scan={scan} />
        <ScanList />
      </div>
    </>
  )
}

function MadeUp({ scan }: { readonly scan: ScanData }) {
  const files = useWorkbench(s => s.files)
  const used = files.filter(f => f.id === scan.request.modelFileId || f.id === scan.request.referenceFileId)
  return used.some(isSynthetic) ? <Synthetic /> : null
}

const SHOWN_TRACKS = 12

function Mutation({
  scan,
  column,
  cell,
}: {
  readonly scan: ScanData
  readonly column: number
  readonly cell: ScanCell
}) {
  const at = inScan(scan, cell)
  const state = stateAt(scan, at, cell.row)
  // The track on the screen first; of a thousand tracks the others are in the TSV.
  const columns = scan.columns
    .map((c, k) => ({ c, k }))
    .sort((a, b) => Number(b.k === column) - Number(a.k === column))
    .slice(0, SHOWN_TRACKS)
  const more = scan.columns.length - columns.length
  const changes = state !== CELL.reference && state !== CELL.unknown
  return (
    <>
      <Section title="Effect" testId="scan-effect">
        <dl className="facts num">
          {columns.map(({ c, k }) => (
            <div key={c.channel} style={{ display: 'contents' }} data-column={k}>
              <dt title={c.unit}>{c.name}</dt>
              <dd>
                <b data-testid={k === column ? 'scan-effect-value' : undefined}>
                  {state === CELL.reference ? '0' : signedText(effectAt(scan, k, at, cell.row))}
                </b>{' '}
                {c.unit}
              </dd>
            </div>
          ))}
        </dl>
        <p className="soft scan-about">
          {more > 0 && `And ${more.toLocaleString('en-US')} more tracks, in the TSV of the scan. `}
          {SCORES[scan.request.score].name} over {outputText(scan)}: {cellState(scan, cell)}.
        </p>
      </Section>
      {state === CELL.unknown && (
        <p className="note">The sequence has N here: nothing is mutated, and no effect is made up.</p>
      )}
      {changes && <MutationAlong scan={scan} column={column} cell={cell} />}
    </>
  )
}

const VERIFY_CELLS = 30

function Verify({ scan }: { readonly scan: ScanData }) {
  const [cells, setCells] = useState(VERIFY_CELLS)
  const [running, setRunning] = useState(false)
  const [error, setError] = useState<WireError>()
  const [fresh, setFresh] = useState<{ readonly scanId: string; readonly found: ScanVerification }>()
  const found = fresh?.scanId === scan.scanId ? fresh.found : scan.verified
  const run = async () => {
    setRunning(true)
    setError(undefined)
    try {
      setFresh({ scanId: scan.scanId, found: await verifyScan(scan.scanId, cells) })
    } catch (e) {
      setError(toWire(e))
    } finally {
      setRunning(false)
    }
  }
  return (
    <Section title="Agreement with full passes" testId="scan-verify">
      <p className="soft scan-about">A random sample of exact cells is computed again by whole forward passes.</p>
      <div className="scan-row" style={{ alignItems: 'end' }}>
        <NumberInput
          label="Cells"
          min={1}
          max={1000}
          clampBehavior="strict"
          value={cells}
          onChange={v => typeof v === 'number' && setCells(v)}
        />
        <Button variant="light" loading={running} disabled={scan.exactCells === 0} onClick={() => void run()}>
          Verify
        </Button>
      </div>
      {scan.exactCells === 0 && <p className="soft scan-about">Nothing exact is there to verify yet.</p>}
      {error && <ErrorCard error={error} title="The check could not run." />}
      {found && (
        <dl className="facts num" data-testid="scan-verified">
          <dt>Cells compared</dt>
          <dd>{found.cells}</dd>
          <dt>Largest difference</dt>
          <dd>{plainText(found.maxDifference)}</dd>
          <dt>Relative</dt>
          <dd>{plainText(found.maxRelative)}</dd>
          <dt>Rank correlation</dt>
          <dd>{found.spearman === null ? 'not defined' : found.spearman.toFixed(6)}</dd>
        </dl>
      )}
    </Section>
  )
}

function Facts({ scan }: { readonly scan: ScanData }) {
  const files = useWorkbench(s => s.files)
  const clock = useScans(s => s.clocks)[scan.scanId]
  const { request } = scan
  const name = (id: string) => files.find(f => f.id === id)?.name ?? 'no longer open'
  const tracks = request.groupMean ? `mean of ${request.channels.length} tracks` : `${request.channels.length}`
  return (
    <Section title="Where it comes from">
      <dl className="facts num">
        <dt>Model</dt>
        <dd>{name(request.modelFileId)}</dd>
        <dt>Reference</dt>
        <dd>{name(request.referenceFileId)}</dd>
        <dt>Mutated</dt>
        <dd>{formatLocus(request.interval)}</dd>
        <dt>Window</dt>
        <dd>{formatLocus(scan.window)}</dd>
        <dt>Answered</dt>
        <dd>{formatLocus(scan.answered)}</dd>
        <dt>Tracks</dt>
        <dd>{tracks}</dd>
        <dt>Sequence</dt>
        <dd>{personText(request) || 'reference'}</dd>
        <dt>Asked for</dt>
        <dd>{METHODS[request.method].name}</dd>
        <dt>Ran</dt>
        <dd>{scan.ranWith || 'not yet'}</dd>
        {clock?.done !== undefined && (
          <>
            <dt>Time</dt>
            <dd>
              {clock.first !== undefined && `first values ${((clock.first - clock.started) / 1000).toFixed(1)} s, `}
              all {((clock.done - clock.started) / 1000).toFixed(1)} s after the click
            </dd>
          </>
        )}
      </dl>
      <p className="soft scan-about">A model’s answer, not a measurement. Research use only.</p>
    </Section>
  )
}
