import type { PositionReport } from '../../../src-shared/ipc/contract.ts'
import { Section } from '../../ui/parts.tsx'
import { type ColumnRead, ledgerRows, qualityHistogram } from './columnSummary.ts'

/** Where the reads went: every read looked at is in exactly one of the bars. */
export function Ledger({ report }: { readonly report: PositionReport }) {
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

/** How surely the counted bases were read. */
export function Qualities({ reads, threshold }: { readonly reads: readonly ColumnRead[]; readonly threshold: number }) {
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
