import { SegmentedControl, Skeleton } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { IconCopy, IconEye, IconEyeOff, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { findContig } from '../../../src-shared/genome/contigs.ts'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { Interval } from '../../../src-shared/genome/interval.ts'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import type { ModelFacts } from '../../../src-shared/genome/model.ts'
import { axisUnit, isPredicted, type PredictedTrack, predictedTrack, SHOWS_TEXT } from '../../state/predictedTracks.ts'
import { comparisonOf, useComparison, useModelFacts, useReading } from '../../state/predictions.ts'
import { isSynthetic } from '../../state/tracks.ts'
import { useDocument, useGenomeFile, useLocus, useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, IconButton, Section, Synthetic } from '../../ui/parts.tsx'
import type { Origin } from '../../ui/provenance.ts'
import { MadeUp } from '../models/ModelScreen.tsx'
import { Comparison, unitsText } from './Comparison.tsx'
import { RegionSet } from './RegionSet.tsx'
import { TrackExport } from './TrackExport.tsx'
import { TrackSettings } from './TrackSettings.tsx'
import { TssPanel } from './TssPanel.tsx'
import { duplicateTrack, removeTrack, selectPredicted, setShown } from './trackActions.ts'
import { Working } from './Working.tsx'

/** A predicted track: what it shows, and how it stands against the experiment. */
export function TrackInspector({ file, trackId }: { readonly file: OpenedFile; readonly trackId: string }) {
  const track = predictedTrack(useDocument(), trackId)
  const facts = useModelFacts(file)
  if (!track) return <div className="empty">This track was removed.</div>
  return (
    <>
      <div className="inspector-head track-head">
        <h2 title={track.predicted.name} data-testid="track-title">
          {track.predicted.name}
        </h2>
        {facts.data ? <MadeUp facts={facts.data} /> : isSynthetic(file) && <Synthetic />}
        <span className="head-actions">
          <IconButton
            label={track.visible ? 'Hide in the browser' : 'Show in the browser'}
            onClick={() => setShown(track, !track.visible)}
          >
            {track.visible ? <IconEye size={16} /> : <IconEyeOff size={16} />}
          </IconButton>
          <IconButton label="Duplicate this track" onClick={() => duplicateTrack(track)}>
            <IconCopy size={16} />
          </IconButton>
          <IconButton label="Remove this track" onClick={() => removeTrack(trackId)}>
            <IconTrash size={16} />
          </IconButton>
        </span>
      </div>
      <Body track={track} file={file} facts={facts.data} />
    </>
  )
}

export type Scope = 'view' | 'window' | 'bookmarks'

/** Where the statistics are taken: what is on the screen, what one run of the model answers for there. */
export function scopeInterval(
  scope: Scope,
  locus: Interval | null,
  facts: ModelFacts | undefined,
  contigLength: number,
): Interval | undefined {
  if (!locus || scope === 'bookmarks') return undefined
  if (scope === 'view') return locus
  const width = (facts?.bins ?? 0) * (facts?.binBp ?? 0)
  if (width === 0) return undefined
  const start = Math.max(0, Math.floor((locus.start + locus.end - width) / 2))
  return { contig: locus.contig, start, end: Math.min(contigLength, start + width) }
}

function Body(props: {
  readonly track: PredictedTrack
  readonly file: OpenedFile
  readonly facts: ModelFacts | undefined
}) {
  const { track, file, facts } = props
  const { predicted } = track
  const document = useDocument()
  const files = useWorkbench(s => s.files)
  const info = useWorkbench(s => s.info)
  const locus = useLocus()
  const genome = useGenomeFile()
  const [scope, setScope] = useState<Scope>('view')
  const [strand, setStrand] = useState(0)
  const { ref, width } = useElementSize()
  const room = Math.max(320, Math.floor(width) - 14)
  const shown = Math.min(strand, predicted.channels.length - 1)
  const args = comparisonOf(document, track, shown)
  const signal = files.find(f => f.id === args?.signalFileId)
  const reference = files.find(f => f.id === document.view.referenceFileId)
  const contigLength = (locus && genome && findContig(locus.contig, genome.facts.contigs)?.length) || Number.MAX_SAFE_INTEGER // biome-ignore format: one thought
  const interval = scopeInterval(scope, locus, facts, contigLength)
  const comparison = useComparison(args && interval ? { ...args, interval, scale: predicted.scale } : undefined, [
    file,
    reference,
    signal,
  ])
  // After the comparison: both ask for windows, and the wider one of the browser shall not be pushed aside.
  const reading = useReading(track, args && !comparison.data ? undefined : interval, file)
  const origin: Origin = {
    info,
    what: `${predicted.name} of ${facts?.name ?? file.name}, ${interval ? formatLocus(interval) : 'bookmarks'}`,
    files: [file, ...(reference ? [reference] : []), ...(signal ? [signal] : [])],
    options: {
      channel: predicted.channels[shown] ?? 0,
      scale: predicted.scale,
      units: predicted.units,
      weights: facts?.weightsSha256.slice(0, 16) ?? '',
      ...(facts?.madeUp ? { madeUp: facts.madeUp } : {}),
    },
  }
  return (
    <div className="inspector-body" data-testid="track-inspector" ref={ref}>
      <TrackSettings track={track} files={files} />
      {!document.view.referenceFileId && (
        <p className="note">No reference sequence is open: the model has nothing to read. Open a FASTA or 2bit.</p>
      )}
      <PointReadout track={track} comparison={comparison.data} strand={shown} />
      {predicted.shows !== 'reference' && (
        <>
          <p className="soft">
            The browser shows {SHOWS_TEXT[predicted.shows]} of {predicted.person?.sample}; statistics are those of the
            reference, which is what the experiment is compared with.
          </p>
          <Cautions warnings={reading?.warnings ?? []} />
        </>
      )}
      <div style={{ display: 'flex', gap: 8, marginBottom: 10, flexWrap: 'wrap' }}>
        <SegmentedControl
          size="xs"
          aria-label="Where"
          value={scope}
          onChange={v => setScope(v as Scope)}
          data={[
            { value: 'view', label: 'View' },
            { value: 'window', label: "Model's window" },
            { value: 'bookmarks', label: `Bookmarks (${document.bookmarks.length})` },
          ]}
        />
        {predicted.channels.length === 2 && (
          <SegmentedControl
            size="xs"
            aria-label="Strand"
            value={String(shown)}
            onChange={v => setStrand(Number(v))}
            data={[
              { value: '0', label: '+ strand' },
              { value: '1', label: '− strand' },
            ]}
          />
        )}
      </div>
      {!args && <NoExperiment />}
      {args && scope === 'bookmarks' && (
        <RegionSet args={args} files={[file, reference, signal]} bookmarks={document.bookmarks} origin={origin} />
      )}
      {args && scope !== 'bookmarks' && (
        <>
          {comparison.isPending && interval && (
            <div role="status" aria-label="Comparing with the experiment">
              <Working progress={comparison.progress} />
              <Skeleton height={54} mb={12} />
              <Skeleton height={260} />
            </div>
          )}
          {comparison.error && (
            <ErrorCard error={comparison.error} title="Predicted and experimental signal could not be compared." />
          )}
          {comparison.data && (
            <Comparison
              comparison={comparison.data}
              scale={predicted.scale}
              width={room}
              origin={origin}
              unit={axisUnit(predicted)}
              stale={comparison.isPlaceholderData}
            />
          )}
        </>
      )}
      <TssPanel
        comparison={scope === 'bookmarks' ? undefined : comparison.data}
        strand={predicted.channels.length === 2 ? (shown === 0 ? '+' : '-') : '.'}
        scale={predicted.scale}
        unit={axisUnit(predicted)}
        width={room}
        origin={origin}
      />
      <TrackExport track={track} interval={interval ?? locus ?? undefined} facts={facts} />
      <Section title="Where these numbers come from" testId="track-provenance">
        <dl className="facts">
          <dt>Model</dt>
          <dd>
            <button
              type="button"
              className="link"
              onClick={() => useWorkbench.getState().select({ kind: 'file', fileId: file.id })}
            >
              {facts?.name ?? file.name}
            </button>
          </dd>
          <dt>Sequence</dt>
          <dd>{reference?.name ?? 'none'}</dd>
          <dt>Units</dt>
          <dd>{comparison.data?.units ?? unitsText(predicted)}</dd>
          <dt>Transform</dt>
          <dd>{predicted.transform || 'none in the track table'}</dd>
          {reading && (
            <>
              <dt>Computed</dt>
              <dd className="num">
                {reading.computed} of {reading.windows} windows{reading.device && `, ${reading.device}`}
              </dd>
            </>
          )}
        </dl>
        {predicted.shows === 'reference' && <Cautions warnings={reading?.warnings ?? []} />}
      </Section>
      <Siblings track={track} />
    </div>
  )
}

/** Sentences that belong beside the values. */
function Cautions({ warnings }: { readonly warnings: readonly string[] }) {
  return warnings.map(w => (
    <p key={w} className="note" data-testid="track-caution">
      {w}
    </p>
  ))
}

/** The bin that was clicked, in numbers. */
function PointReadout(props: {
  readonly track: PredictedTrack
  readonly comparison: Parameters<typeof Comparison>[0]['comparison'] | undefined
  readonly strand: number
}) {
  const point = useWorkbench(s => s.trackPoint)
  const c = props.comparison
  if (!point || !c || c.contig !== point.contig) return null
  const bin = Math.floor((point.position - c.start) / c.binBp)
  const predicted = c.predicted[bin]
  if (predicted === undefined) return null
  const observed = c.observed[bin] ?? Number.NaN
  const start = c.start + bin * c.binBp
  return (
    <p className="num" data-testid="track-point" role="status">
      Bin {formatLocus({ contig: c.contig, start, end: start + c.binBp })}: predicted <b>{number(predicted)}</b>,
      observed <b>{number(observed)}</b>
    </p>
  )
}
const number = (v: number) => (Number.isNaN(v) ? 'none' : v.toPrecision(4))

const NoExperiment = () => (
  <p className="soft" data-testid="no-experiment">
    Choose a bigWig above to compare this prediction with what was measured. Open one first if there is none in the
    project.
  </p>
)

/** The other predicted tracks, to walk along them. */
function Siblings({ track }: { readonly track: PredictedTrack }) {
  const tracks = useDocument().tracks.filter(isPredicted)
  const at = tracks.findIndex(t => t.predicted.trackId === track.predicted.trackId)
  const next = tracks[(at + 1) % tracks.length]
  if (tracks.length < 2 || !next) return null
  return (
    <p className="soft">
      Next track:{' '}
      <button type="button" className="link" onClick={() => selectPredicted(next)}>
        {next.predicted.name}
      </button>
    </p>
  )
}
