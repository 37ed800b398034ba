import { Button, NumberInput, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import { formatPosition } from '../../../src-shared/genome/locus.ts'
import type { VariantEffect } from '../../../src-shared/genome/scan.ts'
import type { VariantState } from '../../../src-shared/ipc/scanMethods.ts'
import { signedText } from '../../../src-shared/report/axisTicks.ts'
import { saveExport } from '../../state/connect.ts'
import { selectPosition } from '../../state/selection.ts'
import { attempt, call } from '../../state/services.ts'
import { isSynthetic } from '../../state/tracks.ts'
import { lookAt, PAGE_ROWS, startVariants, useVariantRows, useVariantTables } from '../../state/variantTables.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, SmallButton, Synthetic } from '../../ui/parts.tsx'
import { JobTruth } from '../jobs/JobEstimate.tsx'
import { progressText } from '../jobs/StatusBar.tsx'
import { SCORES } from '../scan/scanText.ts'

export const STATE_TEXT: Readonly<Record<VariantState, string>> = {
  scored: 'scored',
  'ref-mismatch': 'REF is not the reference’s',
  symbolic: 'symbolic allele',
  star: 'star allele',
  'off-contig': 'beyond its contig',
  'unknown-bases': 'unknown bases',
  'too-long': 'too long for the window',
  failed: 'failed',
}

/** Margin on both sides when a row is gone to. */
const MARGIN_BP = 60

function goToVariant(row: VariantEffect) {
  const { goTo, select } = useWorkbench.getState()
  goTo({
    contig: row.contig,
    start: Math.max(0, row.position - MARGIN_BP),
    end: row.position + row.ref.length + MARGIN_BP,
  })
  select(selectPosition(row.contig, row.position, null))
}

const short = (allele: string) => (allele.length > 12 ? `${allele.slice(0, 10)}… (${allele.length})` : allele)

export function VariantTable({ tableId }: { readonly tableId: string }) {
  const look = useVariantTables(s => s.rows)
  const asked = useVariantTables(s => s.asked)
  const jobId = useVariantTables(s => s.jobId)
  const job = useWorkbench(s => s.jobs).find(j => j.id === jobId)
  const files = useWorkbench(s => s.files)
  const [text, setText] = useState(look.filter)
  const [settled] = useDebouncedValue(text, 200)
  useEffect(() => {
    if (settled !== useVariantTables.getState().rows.filter) lookAt({ filter: settled })
  }, [settled])
  const found = useVariantRows(tableId, look)
  const page = found.data
  const n = (x: number) => x.toLocaleString('en-US')
  const model = files.find(f => f.id === asked?.modelFileId)
  const vcf = files.find(f => f.id === asked?.vcfFileId)
  const running = job?.state === 'running' || job?.state === 'queued'
  const save = (format: 'tsv' | 'vcf') =>
    attempt(async () => {
      const file = await call('variants.export', { tableId, format })
      await saveExport(file.downloadId, file.name)
    })
  const columns = page?.columns ?? []
  const sortBy = (column: number) =>
    lookAt({
      sort:
        look.sort?.column !== column
          ? { column, descending: column >= 0 }
          : look.sort.descending === column >= 0
            ? { column, descending: column < 0 }
            : null,
    })
  const sorted = (column: number) =>
    look.sort?.column !== column ? 'none' : look.sort.descending ? 'descending' : 'ascending'
  const arrow = (column: number) => (look.sort?.column !== column ? '' : look.sort.descending ? ' ▼' : ' ▲')
  return (
    <>
      <div className="scan-toolbar">
        <b>{vcf?.name ?? 'Variants'}</b>
        <span className="soft">
          {model?.name}, {asked && SCORES[asked.score].name}
          {asked?.bothStrands && ', both strands'}
        </span>
        {[model, vcf].some(f => f && isSynthetic(f)) && <Synthetic />}
        {running && job && (
          <span className="scan-status num" role="status">
            <progress
              aria-label={job.title}
              {...(job.progress.total > 0 ? { value: job.progress.done, max: job.progress.total } : {})}
            />
            {progressText(job)}
            <Button
              size="compact-xs"
              variant="subtle"
              onClick={() => attempt(() => call('jobs.cancel', { jobId: job.id }))}
            >
              Cancel scoring
            </Button>
          </span>
        )}
        {page && !running && page.state !== 'done' && asked && (
          <>
            <span className="tag" title="Not every variant was scored; what is here is kept">
              partial
            </span>
            <Button size="compact-xs" variant="light" onClick={() => attempt(() => startVariants(asked))}>
              Go on
            </Button>
          </>
        )}
        <span style={{ flex: 1 }} />
        <SmallButton label="Save the table as TSV" text="TSV" onClick={() => save('tsv')} />
        <SmallButton label="Save the variants with their effects as VCF" text="VCF" onClick={() => save('vcf')} />
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => useVariantTables.setState({ tableId: null, jobId: null })}
        >
          New table
        </Button>
      </div>
      <div className="scan-toolbar">
        <TextInput
          aria-label="Filter"
          placeholder="id, chr:position, allele, state"
          value={text}
          onChange={e => setText(e.currentTarget.value)}
          w={230}
        />
        <NumberInput
          aria-label="Effects of at least"
          placeholder="|effect| at least"
          min={0}
          value={look.minEffect === 0 ? '' : look.minEffect}
          onChange={v => lookAt({ minEffect: typeof v === 'number' ? v : 0 })}
          w={140}
          hideControls
        />
        <JobTruth job={job} />
        <span className="soft num" data-testid="variant-counts">
          {page &&
            Object.entries(page.counts)
              .filter(([, count]) => count > 0)
              .map(([state, count]) => `${n(count)} ${STATE_TEXT[state as VariantState]}`)
              .join(', ')}
        </span>
      </div>
      {job?.state === 'failed' && job.error && <ErrorCard error={job.error} title="Scoring failed." />}
      {found.error && <ErrorCard error={found.error} title="The table could not be read." />}
      {page && (
        <section
          className="table-wrap variant-rows"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
          tabIndex={0}
          aria-label="Variant effects"
        >
          <table className="data" data-testid="variant-table">
            <caption className="visually-hidden">Effects of variants</caption>
            <thead>
              <tr>
                <th scope="col" aria-sort={sorted(-1)}>
                  <button type="button" onClick={() => sortBy(-1)}>
                    Position{arrow(-1)}
                  </button>
                </th>
                <th scope="col">Id</th>
                <th scope="col">Change</th>
                <th scope="col">State</th>
                {columns.map((c, k) => (
                  <th scope="col" key={c.channel} data-align="right" aria-sort={sorted(k)} title={c.unit}>
                    <button type="button" onClick={() => sortBy(k)}>
                      {c.name}
                      {arrow(k)}
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {page.rows.map((row, i) => (
                <tr
                  // biome-ignore lint/suspicious/noArrayIndexKey: one variant may stand twice in a file; a page never changes in place
                  key={`${look.offset + i}:${row.contig}:${row.position}:${row.alt}`}
                  data-state={row.state}
                  data-dim={row.state !== 'scored'}
                >
                  <td>
                    <button type="button" className="link" onClick={() => goToVariant(row)}>
                      {formatPosition(row.contig, row.position)}
                    </button>
                  </td>
                  <td>{row.id === '.' ? '' : row.id}</td>
                  <td className="mono" title={`${row.ref}>${row.alt}`}>
                    {short(row.ref)}&gt;{short(row.alt)}
                  </td>
                  <td title={row.detail}>
                    {STATE_TEXT[row.state]}
                    {row.detail && row.state !== 'scored' && <span className="soft"> – {row.detail}</span>}
                  </td>
                  {columns.map((c, k) => (
                    <td key={c.channel} data-align="right">
                      {row.state === 'scored' ? signedText(row.effects[k] ?? Number.NaN) : '–'}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {page.rows.length === 0 && (
            <p className="empty">{running ? 'No row yet.' : 'No variant passes the filter.'}</p>
          )}
        </section>
      )}
      {page && page.total > 0 && (
        <div className="scan-toolbar num">
          <span className="soft">
            {n(look.offset + 1)}–{n(Math.min(page.total, look.offset + page.rows.length))} of {n(page.total)}
          </span>
          <Button
            size="compact-xs"
            variant="default"
            disabled={look.offset === 0}
            onClick={() => lookAt({ offset: Math.max(0, look.offset - PAGE_ROWS) })}
          >
            Previous
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            disabled={look.offset + PAGE_ROWS >= page.total}
            onClick={() => lookAt({ offset: look.offset + PAGE_ROWS })}
          >
            Next
          </Button>
          <span className="soft">{page.ranWith}</span>
          {page.warnings.map(w => (
            <span key={w} className="soft">
              {w}
            </span>
          ))}
        </div>
      )}
    </>
  )
}
