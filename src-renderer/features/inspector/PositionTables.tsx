import { BASE_COLOUR } from '../../genome/colours.ts'
import { type Column, DataTable } from '../../ui/DataTable.tsx'
import { Section, TsvButton } from '../../ui/parts.tsx'
import { fileName, type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import { ALLELE_NAMES, type AlleleRow, type ColumnRead } from './columnSummary.ts'

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

/** Counted reads by allele, as a bar and as a table. */
export function Alleles(props: {
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

/** Every read over the base, counted or not. */
export function Reads(props: {
  readonly reads: readonly ColumnRead[]
  readonly origin: Origin
  readonly name: string
}) {
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
