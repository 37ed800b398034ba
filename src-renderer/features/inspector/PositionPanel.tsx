import { Button, Collapse, Select, Skeleton } from '@mantine/core'
import { IconAdjustments, IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { formatPosition } from '../../../src-shared/genome/locus.ts'
import { PILEUP_DEFAULTS } from '../../../src-shared/genome/pileup.ts'
import type { PositionReport } from '../../../src-shared/ipc/contract.ts'
import { selectPosition } from '../../state/selection.ts'
import { usePosition } from '../../state/services.ts'
import { isSynthetic, sampleTitle } from '../../state/tracks.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, IconButton, Section, Synthetic } from '../../ui/parts.tsx'
import { fileName, type Origin } from '../../ui/provenance.ts'
import { ScanHere } from '../scan/ScanHere.tsx'
import { allelesOf, readsOf } from './columnSummary.ts'
import { FileProblem } from './FileFactsPanel.tsx'
import { OptionsEditor } from './OptionsEditor.tsx'
import { Ledger, Qualities } from './PositionPictures.tsx'
import { Alleles, Reads } from './PositionTables.tsx'

/** One base: which reads cover it, what they say, which of them count and why the others do not. */
export function PositionPanel(props: {
  readonly contig: string
  readonly position: number
  readonly file: OpenedFile | undefined
}) {
  const { contig, position, file } = props
  const files = useWorkbench(s => s.files)
  const options = useWorkbench(s => s.options)
  const select = useWorkbench(s => s.select)
  const [editing, setEditing] = useState(false)
  const report = usePosition(file, contig, position, options)
  const samples = files.filter(f => f.role === 'sample')
  const step = (by: number) => select(selectPosition(contig, Math.max(0, position + by), file?.id ?? null))
  const changed = JSON.stringify(options) !== JSON.stringify(PILEUP_DEFAULTS)
  return (
    <>
      <div className="inspector-head">
        <h2 className="num" data-testid="position-title">
          {formatPosition(contig, position)}
        </h2>
        <IconButton label="Previous base" onClick={() => step(-1)}>
          <IconChevronLeft size={15} />
        </IconButton>
        <IconButton label="Next base" onClick={() => step(1)}>
          <IconChevronRight size={15} />
        </IconButton>
        {file && isSynthetic(file) && <Synthetic />}
        <span style={{ flex: 1 }} />
        <Button
          size="compact-sm"
          variant={changed ? 'light' : 'subtle'}
          color={changed ? 'orange' : 'gray'}
          c="var(--ink)"
          leftSection={<IconAdjustments size={14} />}
          aria-expanded={editing}
          onClick={() => setEditing(e => !e)}
        >
          {changed ? 'Options changed' : 'Options'}
        </Button>
      </div>
      <div className="inspector-body" data-testid="position-panel">
        <Collapse expanded={editing}>
          <OptionsEditor />
        </Collapse>
        {samples.length > 1 && (
          <Select
            aria-label="Sample"
            mb="sm"
            allowDeselect={false}
            value={file?.id ?? null}
            data={samples.map(s => ({ value: s.id, label: sampleTitle(s, files) }))}
            onChange={id => id && select(selectPosition(contig, position, id))}
          />
        )}
        <WhatWasClicked contig={contig} position={position} />
        <ScanHere contig={contig} position={position} />
        {!file && <p className="soft">No sample is open, so no read covers this base. Open a BAM or CRAM.</p>}
        {file?.problem && <FileProblem file={file} />}
        {file && !file.problem && report.isPending && (
          <div role="status" aria-label="Counting reads">
            <Skeleton height={90} mb={12} />
            <Skeleton height={160} />
          </div>
        )}
        {report.error && <ErrorCard error={report.error} title="This base could not be read." />}
        {report.data && file && <ColumnView report={report.data} file={file} contig={contig} position={position} />}
      </div>
    </>
  )
}

/** The variant or gene that was clicked, in its track's own words. */
function WhatWasClicked({ contig, position }: { readonly contig: string; readonly position: number }) {
  const explained = useWorkbench(s => s.explained)
  if (!explained || explained.contig !== contig || explained.position !== position) return null
  return (
    <Section title={explained.track} testId="explained">
      <dl className="facts" style={{ maxHeight: 220, overflow: 'auto' }}>
        {explained.rows.map(([name, value], i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: names repeat, and the list never changes in place
          <div key={i} style={{ display: 'contents' }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Section>
  )
}

function ColumnView(props: {
  readonly report: PositionReport
  readonly file: OpenedFile
  readonly contig: string
  readonly position: number
}) {
  const { report, file, contig, position } = props
  const info = useWorkbench(s => s.info)
  const reads = useMemo(() => readsOf(report.detail), [report])
  const alleles = useMemo(() => allelesOf(reads), [reads])
  const depth = reads.filter(r => r.counted).length
  const origin: Origin = {
    info,
    what: `pileup at ${formatPosition(contig, position)}`,
    files: [file],
    options: { ...report.options },
  }
  const name = fileName(file.facts.samples[0] ?? file.name, contig, String(position + 1))
  return (
    <>
      <section className="section" aria-label="Summary">
        <div style={{ display: 'flex', gap: 18, alignItems: 'baseline', flexWrap: 'wrap' }}>
          <span>
            reference <b style={{ fontSize: 20 }}>{report.referenceBase || '–'}</b>
          </span>
          <span>
            depth{' '}
            <b className="num" style={{ fontSize: 20 }} data-testid="position-depth">
              {depth}
            </b>
          </span>
          <span className="soft num">
            {report.ledger.columns.segments} segments, {report.ledger.reads.fetched} reads looked at
          </span>
        </div>
        {!report.referenceBase && (
          <p className="soft">No reference sequence is open here, so no base counts as different.</p>
        )}
      </section>
      {depth === 0 ? (
        <p className="note">
          {reads.length === 0
            ? 'No read covers this base.'
            : `${reads.length} reads cover this base and none of them counts: the filters below took all.`}
        </p>
      ) : (
        <Alleles rows={alleles} reference={report.referenceBase} origin={origin} name={name} />
      )}
      <Ledger report={report} />
      {depth > 0 && <Qualities reads={reads} threshold={report.options.minBaseQuality} />}
      {reads.length > 0 && <Reads reads={reads} origin={origin} name={name} />}
    </>
  )
}
