import { Button } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import type { Interval } from '../../../src-shared/genome/interval.ts'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import type { ModelFacts } from '../../../src-shared/genome/model.ts'
import { PREDICT_DEFAULTS } from '../../../src-shared/genome/prediction.ts'
import { useOutlook } from '../../state/outlook.ts'
import { backgroundsOf, type PredictedTrack } from '../../state/predictedTracks.ts'
import { attempt, call, saveDownload } from '../../state/services.ts'
import { useDocument, useWorkbench } from '../../state/workbench.ts'
import { Section } from '../../ui/parts.tsx'
import { JobEstimate } from '../jobs/JobEstimate.tsx'

/** The prediction as a file that other programs read, with where it came from. */
export function TrackExport(props: {
  readonly track: PredictedTrack
  readonly interval: Interval | undefined
  readonly facts: ModelFacts | undefined
}) {
  const { track, interval } = props
  const referenceFileId = useDocument().view.referenceFileId
  const { predicted } = track
  const backgrounds = backgroundsOf(predicted)
  const [background] = backgrounds
  const outlook = useOutlook(
    interval && referenceFileId && background
      ? { kind: 'predict', request: { modelFileId: track.fileId, referenceFileId, options: PREDICT_DEFAULTS, background, interval, channels: predicted.channels } } // biome-ignore format: one line
      : null,
  )
  if (!interval || !referenceFileId) return null
  const refused = outlook.data?.refusal != null
  const subject = { modelFileId: track.fileId, referenceFileId, options: PREDICT_DEFAULTS }
  const save = (format: 'bigwig' | 'bedgraph' | 'tsv') =>
    attempt(async () => {
      // A bigWig or bedGraph holds one track.
      for (const background of backgrounds)
        for (const channels of format === 'tsv' ? [predicted.channels] : predicted.channels.map(c => [c]))
          await saveDownload(await call('predict.export', { ...subject, background, interval, channels, format }))
    })
  const job = () =>
    attempt(async () => {
      for (const background of backgrounds)
        useWorkbench
          .getState()
          .jobChanged(await call('predict.region', { ...subject, background, interval, channels: predicted.channels }))
    })
  return (
    <Section title="Take it along" testId="track-export">
      <div style={{ display: 'flex', gap: 6, flexWrap: 'wrap', alignItems: 'center' }}>
        {(
          [
            ['bigwig', 'bigWig'],
            ['bedgraph', 'bedGraph'],
            ['tsv', 'TSV'],
          ] as const
        ).map(([format, text]) => (
          <Button
            key={format}
            size="compact-sm"
            variant="default"
            disabled={refused}
            leftSection={<IconDownload size={13} />}
            aria-label={`Export the prediction as ${text}`}
            onClick={() => save(format)}
          >
            {text}
          </Button>
        ))}
        <Button size="compact-sm" variant="subtle" disabled={refused} onClick={job}>
          Compute all of it as a job
        </Button>
      </div>
      <p className="soft" style={{ margin: '4px 0 0' }}>
        {formatLocus(interval)}, in the model's own units
        {predicted.channels.length === 2 && ', one file a strand'}
      </p>
      <JobEstimate outlook={outlook} />
      {backgrounds.length > 1 && outlook.data?.seconds != null && (
        <p className="soft">For each of {backgrounds.length} sequences.</p>
      )}
    </Section>
  )
}
