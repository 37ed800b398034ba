import { Button, Skeleton } from '@mantine/core'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { roughDuration } from '../../../src-shared/lab/costText.ts'
import { plainText, signedText } from '../../../src-shared/report/axisTicks.ts'
import { attributeView, useOverlays } from '../../state/overlays.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { type Column, DataTable } from '../../ui/DataTable.tsx'
import { ErrorCard, Section, sentence, TsvButton } from '../../ui/parts.tsx'
import { originLines, toTsv } from '../../ui/provenance.ts'

type Peak = NonNullable<ReturnType<typeof useOverlays.getState>['attribution']>['found']['peaks'][number]

/** Gradient x input: which bases the model looks at, to first order, and the motif-sized stretches that stand out. */
export function AttributionPanel() {
  const { attribution, attributing, error } = useOverlays()
  const info = useWorkbench(s => s.info)
  const files = useWorkbench(s => s.files)
  const goTo = useWorkbench(s => s.goTo)
  if (!attribution && !attributing && !error) return null
  const found = attribution?.found
  const columns: readonly Column<Peak>[] = [
    {
      id: 'place',
      title: 'Stretch',
      value: p => p.start,
      show: p => (
        <button
          type="button"
          className="link"
          onClick={() => found && goTo({ contig: found.contig, start: p.start - 30, end: p.end + 30 })}
        >
          {formatLocus({ contig: found?.contig ?? '', start: p.start, end: p.end })}
        </button>
      ),
    },
    { id: 'bases', title: 'Bases', value: p => p.bases, show: p => <span className="mono">{p.bases}</span> },
    { id: 'sum', title: 'Sum', value: p => p.sum, show: p => signedText(p.sum), align: 'right' },
    {
      id: 'sd',
      title: 'SD above',
      about: 'standard deviations above the mean of all stretches of this length',
      value: p => p.deviations,
      show: p => plainText(p.deviations),
      align: 'right',
    },
  ]
  const tsv = () =>
    toTsv(
      ['contig', 'start', 'end', 'bases', 'sum', 'deviations'],
      (found?.peaks ?? []).map(p => [found?.contig ?? '', p.start, p.end, p.bases, p.sum, p.deviations]),
      originLines({ info, what: 'motif-sized peaks of gradient x input', files: files.filter(f => f.id === attribution?.modelFileId), options: { ran: found?.ranWith ?? '' } }, new Date()), // biome-ignore format: one line
    )
  return (
    <Section
      title="Attribution"
      testId="attribution"
      actions={
        found && (
          <>
            <TsvButton name="attribution-peaks" tsv={tsv} />
            <Button
              size="compact-xs"
              variant="subtle"
              onClick={() => useOverlays.setState({ attribution: null, error: null })}
            >
              Take away
            </Button>
          </>
        )
      }
    >
      {attributing && <Skeleton height={60} />}
      {error && (
        <ErrorCard error={error} title="Attribution could not be computed.">
          <Button size="compact-xs" variant="light" onClick={() => void attributeView()}>
            Try the view again
          </Button>
        </ErrorCard>
      )}
      {found && !attributing && (
        <>
          <p className="soft scan-about">
            Gradient × input of{' '}
            {formatLocus({ contig: found.contig, start: found.start, end: found.start + found.values.length })}: a
            first-order estimate of what each base adds to the mean of{' '}
            {attribution?.channels.length === 1 ? 'the track' : 'the tracks'}. {sentence(found.ranWith)}
            {attribution && <span className="num"> It took {roughDuration(attribution.seconds)}.</span>}
          </p>
          {found.peaks.length === 0 ? (
            <p className="soft">No stretch stands out.</p>
          ) : (
            <DataTable caption="Motif-sized peaks" columns={columns} rows={found.peaks} maxHeight={220} />
          )}
        </>
      )}
    </Section>
  )
}
