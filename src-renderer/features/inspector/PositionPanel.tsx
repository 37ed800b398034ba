import { Button, Collapse, Select, Skeleton } from '@mantine/core'
import { IconAdjustments, IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { formatPosition } from '../../../src-shared/genome/locus.ts'
import { PILEUP_DEFAULTS } from '../../../src-shared/genome/pileup.ts'
import type { PositionReport } from '../../../src-shared/ipc/contract.ts'
import { BASE_COLOUR } from '../../genome/colours.ts'
import { selectPosition } from '../../state/selection.ts'
import { usePosition } from '../../state/services.ts'
import { isSynthetic } from '../../state/tracks.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { type Column, DataTable } from '../../ui/DataTable.tsx'
import { ErrorCard, IconButton, Section, Synthetic, TsvButton } from '../../ui/parts.tsx'
import { fileName, type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import {
  ALLELE_NAMES,
  type AlleleRow,
  allelesOf,
  type ColumnRead,
  ledgerRows,
  qualityHistogram,
  readsOf,
} from './columnSummary.ts'
import { FileProblem } from './FileFactsPanel.tsx'
import { OptionsEditor } from './OptionsEditor.tsx'

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
            data={samples.map(s => ({ value: s.id, label: s.facts.samples[0] ?? s.name }))}
            onChange={id => id && select(selectPosition(contig, position, id))}
          />
        )}
        <WhatWasClicked contig={contig} position={position} />
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

const ALLELE_COLUMNS: readonly Column<AlleleRow>[] = [
  {
    id: 'allele',
    title: 'Allele',
    value: r => ALLELE_NAMES[r.allele] ?? r.allele,
    show: r => (
      <span style={{ display: 'inline-flex', gap: 6, alignItems: 'center' }}>
        <i style={{ width: 9, height: 9, background: BASE_COLOUR[r.allele] ?? '#888', display: 'inline-block' }} />
        {ALLELE_NAMES[r.allele]}
      </span>
    ),
  },
  { id: 'count', title: 'Reads', value: r => r.count, align: 'right' },
  { id: 'share', title: 'Share', value: r => r.share, show: r => `${(r.share * 100).toFixed(1)} %`, align: 'right' },
  { id: 'forward', title: '→', about: 'reads of the forward strand', value: r => r.forward, align: 'right' },
  { id: 'reverse', title: '←', about: 'reads of the reverse strand', value: r => r.reverse, align: 'right' },
  {
    id: 'quality',
    title: 'BQ',
    about: 'mean base quality of the counted reads',
    value: r => r.meanQuality,
    show: r => r.meanQuality?.toFixed(1) ?? '–',
    align: 'right',
  },
  {
    id: 'ins',
    title: 'Ins',
    about: 'reads with an insertion after this base',
    value: r => r.insertions,
    align: 'right',
  },
]

function Alleles(props: {
  readonly rows: readonly AlleleRow[]
  readonly reference: string
  readonly origin: Origin
  readonly name: string
}) {
  const { rows, reference } = props
  return (
    <Section
      title="Alleles"
      testId="alleles"
      actions={
        <TsvButton
          name={fileName(props.name, 'alleles')}
          tsv={() =>
            toTsv(
              ['allele', 'reads', 'share', 'forward', 'reverse', 'mean_quality', 'insertions_after'],
              rows.map(r => [
                ALLELE_NAMES[r.allele] ?? r.allele,
                r.count,
                r.share,
                r.forward,
                r.reverse,
                r.meanQuality,
                r.insertions,
              ]),
              originLines(props.origin, new Date()),
            )
          }
        />
      }
    >
      <div
        className="bar"
        role="img"
        aria-label={rows.map(r => `${ALLELE_NAMES[r.allele]} ${r.count}`).join(', ')}
        style={{ marginBottom: 6 }}
      >
        {rows.map(r => (
          <span
            key={r.allele}
            style={{
              width: `${r.share * 100}%`,
              background: BASE_COLOUR[r.allele] ?? '#888',
              opacity: r.allele === reference ? 0.45 : 1,
            }}
          />
        ))}
      </div>
      <DataTable caption="Alleles" columns={ALLELE_COLUMNS} rows={rows} />
    </Section>
  )
}

/** Where the reads went: every read looked at is in exactly one of the bars. */
function Ledger({ report }: { readonly report: PositionReport }) {
  const { reads, columns } = report.ledger
  const rows = ledgerRows(report.ledger)
  const most = Math.max(1, reads.fetched, ...rows.map(r => r.count))
  const line = (label: string, why: string, count: number, colour: string) => (
    <div
      key={label}
      data-reason={label}
      data-count={count}
      style={{ display: 'grid', gridTemplateColumns: '108px 1fr 44px', gap: 8, alignItems: 'center' }}
    >
      <span>{label}</span>
      <span>
        <span className="bar" style={{ height: 9 }}>
          <span style={{ width: `${(count / most) * 100}%`, background: colour }} />
        </span>
        <span className="soft" style={{ fontSize: 11 }}>
          {why}
        </span>
      </span>
      <b className="num" style={{ textAlign: 'right' }}>
        {count}
      </b>
    </div>
  )
  return (
    <Section title="What the filters did" testId="ledger">
      <div style={{ display: 'grid', gap: 5 }}>
        {line('looked at', 'reads whose alignment reaches this base', reads.fetched, '#8a9ea5')}
        {rows.map(r => line(r.reason, r.why, r.count, '#d55e00'))}
        {line('counted', 'in the depth above', columns.depth, '#0072b2')}
      </div>
      {rows.length === 0 && reads.fetched > 0 && (
        <p className="soft" style={{ margin: '4px 0 0' }}>
          No filter took a read away.
        </p>
      )}
      {columns.rescued > 0 && (
        <p className="soft" style={{ margin: '4px 0 0' }}>
          {columns.rescued} counted {columns.rescued === 1 ? 'read owes its' : 'reads owe their'} quality to an agreeing
          mate.
        </p>
      )}
    </Section>
  )
}

function Qualities({ reads, threshold }: { readonly reads: readonly ColumnRead[]; readonly threshold: number }) {
  const bins = qualityHistogram(reads)
  if (bins.length === 0) return null
  const most = Math.max(...bins.map(b => b.count))
  return (
    <Section title="Base quality of counted reads">
      <div
        role="img"
        aria-label={bins
          .filter(b => b.count > 0)
          .map(b => `${b.from} to ${b.from + 4}: ${b.count}`)
          .join(', ')}
        style={{ display: 'flex', alignItems: 'end', gap: 2, height: 64 }}
      >
        {bins.map(b => (
          <div
            key={b.from}
            style={{ flex: 1, textAlign: 'center', fontSize: 10 }}
            title={`${b.from}–${b.from + 4}: ${b.count}`}
          >
            <div
              style={{ height: `${(b.count / most) * 44}px`, background: 'var(--accent)', borderRadius: '2px 2px 0 0' }}
            />
            <span className="soft num">{b.from}</span>
          </div>
        ))}
      </div>
      <p className="soft" style={{ margin: '2px 0 0' }}>
        Phred, in steps of five; reads below {threshold} are not counted.
      </p>
    </Section>
  )
}

const READ_COLUMNS: readonly Column<ColumnRead>[] = [
  {
    id: 'base',
    title: 'Base',
    value: r => r.base,
    show: r => (
      <b style={{ color: r.counted ? 'inherit' : undefined }}>
        {r.base}
        {r.insertion ? `+${r.insertion}` : ''}
      </b>
    ),
  },
  { id: 'strand', title: '±', about: 'strand', value: r => r.strand },
  {
    id: 'quality',
    title: 'BQ',
    about: 'base quality after overlap resolution',
    value: r => r.quality,
    show: r =>
      r.quality === null ? '–' : r.quality === r.storedQuality ? r.quality : `${r.storedQuality}→${r.quality}`,
    align: 'right',
  },
  { id: 'mq', title: 'MQ', about: 'mapping quality', value: r => r.mappingQuality, align: 'right' },
  {
    id: 'state',
    title: 'Counted',
    value: r => (r.counted ? 'yes' : r.fate === 'kept' ? 'base quality' : r.fate),
    show: r => (r.counted ? 'yes' : r.fate === 'kept' ? 'no: base quality' : `no: ${r.fate}`),
  },
  {
    id: 'at',
    title: 'At',
    about: 'position in the read',
    value: r => r.readPosition,
    show: r => `${r.readPosition}/${r.readLength}`,
    align: 'right',
  },
  { id: 'flag', title: 'Flag', value: r => r.flag, align: 'right' },
  { id: 'name', title: 'Read', value: r => r.name },
]

/** A table longer than this is slow to draw and read by nobody. */
const SHOWN_READS = 500

function Reads(props: { readonly reads: readonly ColumnRead[]; readonly origin: Origin; readonly name: string }) {
  const { reads } = props
  const shown = reads.length > SHOWN_READS ? reads.slice(0, SHOWN_READS) : reads
  return (
    <Section
      title={`Reads (${reads.length})`}
      testId="reads"
      actions={
        <TsvButton
          name={fileName(props.name, 'reads')}
          tsv={() =>
            toTsv(
              [
                'read',
                'base',
                'insertion',
                'strand',
                'stored_quality',
                'quality',
                'mapping_quality',
                'flag',
                'fate',
                'counted',
                'read_position',
                'read_length',
              ],
              reads.map(r => [
                r.name,
                r.base,
                r.insertion,
                r.strand,
                r.storedQuality,
                r.quality,
                r.mappingQuality,
                r.flag,
                r.fate,
                r.counted ? 1 : 0,
                r.readPosition,
                r.readLength,
              ]),
              originLines(props.origin, new Date()),
            )
          }
        />
      }
    >
      <DataTable
        caption="Reads over this base"
        columns={READ_COLUMNS}
        rows={shown}
        dim={r => !r.counted}
        maxHeight={360}
      />
      {shown.length < reads.length && (
        <p className="soft">
          The first {SHOWN_READS}; the TSV holds all {reads.length}.
        </p>
      )}
    </Section>
  )
}
