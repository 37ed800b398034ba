import { Button, MultiSelect, Skeleton } from '@mantine/core'
import { IconPlayerPlay, IconPrinter } from '@tabler/icons-react'
import { useMemo } from 'react'
import { toWire, type WireError } from '../../../src-shared/ipc/errors.ts'
import type { LabPage } from '../../../src-shared/lab/page.ts'
import { PAGES } from '../../../src-shared/lab/pages.ts'
import type { LabResult } from '../../../src-shared/lab/result.ts'
import { comparable, compareWith, exportResult, resumeResult, showOverview, useLab, useLabResults, useLabResultsOf } from '../../state/lab.ts' // biome-ignore format: one line
import { DownloadIcon, ErrorCard, SmallButton } from '../../ui/parts.tsx'
import { JobLine } from './JobLine.tsx'
import { EXPERIMENT_TEXTS, lineName } from './labText.ts'
import { Printable } from './Printable.tsx'
import { ImportButton } from './ResultList.tsx'

/** The answer of one result, alone or beside others: it fills while the experiment runs. */
export function ResultPage({ resultId }: { readonly resultId: string }) {
  const compared = useLab(s => s.compared)
  const lines = useLabResults()
  const found = useLabResultsOf([resultId, ...compared])
  const [own, ...others] = found
  if (own?.error)
    return (
      <div className="lab-page">
        <ErrorCard error={toWire(own.error)} title="This result cannot be shown.">
          <Button size="compact-xs" onClick={showOverview}>
            All experiments
          </Button>
        </ErrorCard>
      </div>
    )
  if (!own?.data)
    return (
      <div className="lab-page" role="status" aria-label="Reading the result">
        <Skeleton height={60} mb={12} />
        <Skeleton height={320} />
      </div>
    )
  const results = [own.data, ...others.flatMap(o => (o.data ? [o.data] : []))] as const
  const line = lines.data?.find(l => l.id === resultId)
  return (
    <div className="lab-page" data-testid="lab-page" data-state={own.data.state} data-points={own.data.points.length}>
      {others.map(
        (o, i) =>
        o.error ? <ErrorCard key={compared[i]} error={toWire(o.error)} title="A result to compare with cannot be shown." /> : null, // biome-ignore format: one line
      )}
      <div className="lab-toolbar">
        <h3 className="lab-title">{EXPERIMENT_TEXTS[own.data.experiment].title}</h3>
        <span className="soft">{line ? lineName(line) : own.data.recipe.name}</span>
        {line?.imported && <span className="tag">imported</span>}
        <span style={{ flex: 1 }} />
        {own.data.state === 'partial' && !line?.imported && (
          <Button size="compact-sm" leftSection={<IconPlayerPlay size={13} />} onClick={() => resumeResult(resultId)}>
            Resume
          </Button>
        )}
        <ImportButton />
        <SmallButton
          label="Save the result as JSON"
          text="JSON"
          icon={<DownloadIcon />}
          onClick={() => exportResult(resultId, 'json')}
        />
        <SmallButton label="Save the points as TSV" text="TSV" onClick={() => exportResult(resultId, 'tsv')} />
        <SmallButton
          label="Print this page"
          text="Print"
          icon={<IconPrinter size={13} />}
          onClick={() => window.print()}
        />
      </div>
      <Beside experiment={own.data.experiment} resultId={resultId} />
      {results.some(r => r.recipe.sha256 !== own.data.recipe.sha256) && (
        <p className="note" data-testid="lab-recipes-differ">
          These results come from different recipes: a figure has only what their settings share.
        </p>
      )}
      <Progress result={own.data} jobId={line?.jobId ?? null} />
      <Answer results={results} read={found.map(f => f.dataUpdatedAt).join()} />
    </div>
  )
}

/** Which other results stand in the same figures. */
function Beside({ experiment, resultId }: { readonly experiment: LabResult['experiment']; readonly resultId: string }) {
  const compared = useLab(s => s.compared)
  const lines = useLabResults().data ?? []
  const others = comparable(lines, experiment, resultId)
  if (others.length === 0) return null
  return (
    <div className="lab-beside">
      <MultiSelect
        size="xs"
        label="Beside it"
        placeholder={compared.length === 0 ? 'another result of this experiment' : ''}
        data={others.map(l => ({ value: l.id, label: lineName(l) }))}
        value={[...compared]}
        onChange={compareWith}
        clearable
        searchable
        style={{ flex: 1, maxWidth: 720 }}
      />
    </div>
  )
}

function Progress({ result, jobId }: { readonly result: LabResult; readonly jobId: string | null }) {
  const left = result.total - result.points.length
  if (result.state === 'done') return null
  return (
    <div className="lab-progress" data-testid="lab-progress">
      {result.state === 'running' ? (
        <>
          <JobLine jobId={jobId} what={EXPERIMENT_TEXTS[result.experiment].title} />
          <p className="soft">
            {result.points.length} of {result.total} points. It goes on when you look elsewhere; what is measured is
            kept.
          </p>
        </>
      ) : (
        <p className="note">
          Stopped with {result.points.length} of {result.total} points: {left} not measured. What is here is kept;
          figures and verdicts rest on it alone.
        </p>
      )}
    </div>
  )
}

type Made = { readonly page: LabPage } | { readonly error: WireError }

/** A page is a pure function of its results; one that cannot be made leaves the points. */
function pageOf(results: readonly [LabResult, ...LabResult[]]): Made {
  const builder = PAGES[results[0].experiment]
  const missing = (code: WireError['code'], message: string, remedy: string) => ({ error: { code, message, remedy } })
  if (!builder)
    return missing(
      'unsupported',
      'This version has no page for this experiment',
      'look at its points, or save them as TSV',
    )
  try {
    return { page: builder(results) }
  } catch (e) {
    return { error: toWire(e) }
  }
}

/** `read`: when each result was read last; later visits change points and not their number. */
function Answer({ results, read }: { readonly results: readonly [LabResult, ...LabResult[]]; readonly read: string }) {
  // Results are stable objects until they are read again; the key says when one of them is another.
  const key = `${results.map(r => r.id).join()} ${read}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: see key
  const made = useMemo(() => (results[0].points.length === 0 ? undefined : pageOf(results)), [key])
  return (
    <>
      {made === undefined && (
        <div className="empty">
          {results[0].state === 'running'
            ? 'The first point is being measured.'
            : 'No point was measured before it stopped.'}
        </div>
      )}
      {made && 'error' in made && <ErrorCard error={made.error} title="The page of this result cannot be made." />}
      <Printable
        title={EXPERIMENT_TEXTS[results[0].experiment].title}
        page={made && 'page' in made ? made.page : undefined}
        results={results}
      />
    </>
  )
}
