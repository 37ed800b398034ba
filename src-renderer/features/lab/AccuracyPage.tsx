import { Button, Skeleton } from '@mantine/core'
import { IconPrinter } from '@tabler/icons-react'
import { useMemo } from 'react'
import { toWire } from '../../../src-shared/ipc/errors.ts'
import { accuracyPage } from '../../../src-shared/lab/pages/accuracy.ts'
import { showOverview, useLabResults, useLabResultsOf } from '../../state/lab.ts'
import { ErrorCard, SmallButton } from '../../ui/parts.tsx'
import { machineText } from './labText.ts'
import { Printable } from './Printable.tsx'

const WORDS = { good: 'Within.', bad: 'Beyond.' } as const

/** How near the planner was: every point of this machine's results that it had spoken of. */
export function AccuracyPage() {
  const lines = useLabResults()
  const own = lines.data?.filter(l => !l.imported) ?? []
  const found = useLabResultsOf(own.map(l => l.id))
  const results = found.flatMap(f => (f.data ? [f.data] : []))
  const pending = lines.isPending || found.some(f => f.isPending)
  const error = lines.error ?? found.find(f => f.error)?.error
  // Later visits change points and not their number.
  const key = found.map((f, i) => `${own[i]?.id}:${f.dataUpdatedAt}`).join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: results are made anew at each drawing; the key says when one is another
  const page = useMemo(() => accuracyPage(results), [key])
  const spoken = results.some(r => r.points.some(p => p.predicted !== null && p.state === 'done'))
  const foot = [
    `${own.length} ${own.length === 1 ? 'result' : 'results'}: ${[...new Set(own.map(l => l.recipeName))].join('; ')}.`,
    ...new Set(results.map(r => `Measured on ${machineText(r.machine)}.`)),
  ]
  return (
    <div className="lab-page" data-testid="accuracy-page">
      <div className="lab-toolbar">
        <h3 className="lab-title">Predicted against measured</h3>
        <span style={{ flex: 1 }} />
        {spoken && (
          <SmallButton
            label="Print this page"
            text="Print"
            icon={<IconPrinter size={13} />}
            onClick={() => window.print()}
          />
        )}
      </div>
      {error && <ErrorCard error={toWire(error)} title="A result could not be read." />}
      {pending && (
        <div role="status" aria-label="Reading the results">
          <Skeleton height={320} />
        </div>
      )}
      {!pending && !spoken && (
        <div className="empty">
          <p>
            No point was predicted yet: calibrate this machine, then run an experiment. What was said before each point
            then stands here beside what it took.
          </p>
          <Button variant="light" onClick={showOverview}>
            All experiments
          </Button>
        </div>
      )}
      {!pending && spoken && (
        <Printable title="predicted against measured" page={page} results={results} words={WORDS} foot={foot} />
      )}
    </div>
  )
}
