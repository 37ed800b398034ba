import { Skeleton } from '@mantine/core'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import type { RegionComparison } from '../../../src-shared/genome/prediction.ts'
import type { ComparisonSubject } from '../../../src-shared/ipc/modelMethods.ts'
import type { Bookmark } from '../../../src-shared/project.ts'
import { useRegionComparison } from '../../state/predictions.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { type Column, DataTable } from '../../ui/DataTable.tsx'
import { ErrorCard, Section, TsvButton } from '../../ui/parts.tsx'
import { type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import { r3 } from './Comparison.tsx'
import { Working } from './Working.tsx'

type Row = RegionComparison & { readonly name: string }

/** The correlation at every bookmark: a set of regions that the user made. */
export function RegionSet(props: {
  readonly args: ComparisonSubject
  readonly files: readonly (OpenedFile | undefined)[]
  readonly bookmarks: readonly Bookmark[]
  readonly origin: Origin
}) {
  const { bookmarks, args, origin } = props
  const goTo = useWorkbench(s => s.goTo)
  const answer = useRegionComparison(
    bookmarks.length > 0 ? { ...args, intervals: bookmarks.map(b => b.interval) } : undefined,
    props.files,
  )
  if (bookmarks.length === 0)
    return <p className="soft">No bookmark yet: press B at a place to add it to the set that is compared.</p>
  if (answer.isPending)
    return (
      <div role="status" aria-label="Predicting the bookmarks">
        <Working progress={answer.progress} />
        <Skeleton height={120} />
      </div>
    )
  if (answer.error) return <ErrorCard error={answer.error} title="The bookmarks could not be compared." />
  const rows: readonly Row[] = answer.data.map((r, i) => ({ ...r, name: bookmarks[i]?.name ?? '' }))
  const columns: readonly Column<Row>[] = [
    {
      id: 'name',
      title: 'Bookmark',
      value: r => r.name,
      show: r => (
        <button type="button" className="link" onClick={() => goTo(r.interval)}>
          {r.name}
        </button>
      ),
    },
    { id: 'n', title: 'Bins', value: r => r.n, align: 'right' },
    { id: 'pearson', title: 'Pearson r', value: r => r.pearson, show: r => r3(r.pearson), align: 'right' },
    { id: 'spearman', title: 'Spearman ρ', value: r => r.spearman, show: r => r3(r.spearman), align: 'right' },
  ]
  const known = rows.flatMap(r => r.pearson ?? [])
  const mean = known.reduce((s, v) => s + v, 0) / known.length
  return (
    <Section
      title="Correlation by bookmark"
      testId="track-regions"
      actions={
        <TsvButton
          name="bookmarks"
          tsv={() =>
            toTsv(
              ['name', 'region', 'bins', 'pearson', 'spearman'],
              rows.map(r => [r.name, formatLocus(r.interval), r.n, r.pearson, r.spearman]),
              originLines(origin, new Date()),
            )
          }
        />
      }
    >
      <DataTable caption="Correlation by bookmark" columns={columns} rows={rows} maxHeight={300} />
      {known.length > 1 && (
        <p className="soft num">
          mean Pearson r {mean.toFixed(3)} over {known.length} regions (each counts the same)
        </p>
      )}
    </Section>
  )
}
