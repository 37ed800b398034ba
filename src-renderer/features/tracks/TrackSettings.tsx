import { NativeSelect, SegmentedControl } from '@mantine/core'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { Scale } from '../../../src-shared/genome/prediction.ts'
import type { PredictedSetting, PredictedShows } from '../../../src-shared/project.ts'
import { type PredictedTrack, SHOWS_TEXT } from '../../state/predictedTracks.ts'
import { Section } from '../../ui/parts.tsx'
import { editTrack } from './trackActions.ts'

/** How a predicted track is drawn and what it is compared with. Every change can be undone. */
export function TrackSettings({
  track,
  files,
}: {
  readonly track: PredictedTrack
  readonly files: readonly OpenedFile[]
}) {
  const { predicted: p } = track
  const edit = (label: string, change: Partial<PredictedSetting>) =>
    editTrack(p.trackId, label, before => ({ ...before, ...change }))
  const signals = files.filter(f => f.role === 'signal' && f.facts.kind === 'bigwig' && !f.problem)
  const people = files.flatMap(f =>
    (f.role === 'variants' || f.role === 'sample') && !f.problem
      ? f.facts.samples.slice(0, 50).map(sample => ({ fileId: f.id, sample, file: f.name }))
      : [],
  )
  const personKey = p.person ? `${p.person.fileId} ${p.person.sample}` : ''
  return (
    <Section title="Shown and compared" testId="track-settings">
      <div className="settings">
        {p.channels.map((channel, i) => (
          <NativeSelect
            key={channel}
            label={p.channels.length === 2 ? `Experiment, ${i === 0 ? '+' : '−'} strand` : 'Experiment'}
            size="xs"
            value={p.signals[i] ?? ''}
            onChange={e => {
              const value = e.currentTarget.value || null
              edit('Compare with signal', { signals: p.channels.map((_, k) => (k === i ? value : (p.signals[k] ?? null))) }) // biome-ignore format: one thought
            }}
            data={[
              { value: '', label: signals.length > 0 ? 'none' : 'none (no bigWig is open)' },
              ...signals.map(s => ({ value: s.id, label: s.name })),
            ]}
          />
        ))}
        {p.signals.some(s => s !== null) && (
          <NativeSelect
            label="The bigWig holds"
            size="xs"
            value={p.observed}
            onChange={e =>
              edit('What the bigWig holds', { observed: e.currentTarget.value as PredictedSetting['observed'] })
            }
            data={[
              { value: 'raw', label: 'coverage as measured' },
              { value: 'transformed', label: 'training targets' },
            ]}
          />
        )}
        <NativeSelect
          label="Units"
          size="xs"
          value={p.units}
          onChange={e => edit('Units', { units: e.currentTarget.value as PredictedSetting['units'] })}
          data={[
            { value: 'model', label: p.transform ? 'of the training targets' : "the model's own" },
            { value: 'signal', label: 'of the signal (transform undone)' },
          ]}
        />
        <NativeSelect
          label="Height of the axis"
          size="xs"
          value={p.group ?? ''}
          onChange={e => edit('Height of the axis', { group: e.currentTarget.value || null })}
          data={[
            ...new Map([
              ...(p.group ? [[p.group, `shared by ${p.group}`] as const] : []),
              ['all', 'shared by all predicted tracks'] as const,
              ['', 'its own'] as const,
            ]),
          ].map(([value, label]) => ({ value, label }))}
        />
        {people.length > 0 && (
          <NativeSelect
            label="Sequence of"
            size="xs"
            value={personKey}
            onChange={e => {
              const person = people.find(q => `${q.fileId} ${q.sample}` === e.currentTarget.value)
              edit('Whose sequence', person ? { person: { fileId: person.fileId, sample: person.sample }, shows: p.shows === 'reference' ? 'haplotypes' : p.shows } : { person: null, shows: 'reference' }) // biome-ignore format: one thought
            }}
            data={[
              { value: '', label: 'the reference' },
              ...people.map(q => ({ value: `${q.fileId} ${q.sample}`, label: `${q.sample} (${q.file})` })),
            ]}
          />
        )}
        {p.person && (
          <NativeSelect
            label="Show"
            size="xs"
            value={p.shows}
            onChange={e => edit('Haplotypes', { shows: e.currentTarget.value as PredictedShows })}
            data={(Object.keys(SHOWS_TEXT) as PredictedShows[]).map(value => ({ value, label: SHOWS_TEXT[value] }))}
          />
        )}
      </div>
      <div style={{ display: 'flex', gap: 8, flexWrap: 'wrap' }}>
        <SegmentedControl
          size="xs"
          aria-label="Scale"
          value={p.scale}
          onChange={v => edit('Scale', { scale: v as Scale })}
          data={[
            { value: 'linear', label: 'linear' },
            { value: 'log', label: 'log' },
            { value: 'arcsinh', label: 'arcsinh' },
          ]}
        />
        {p.signals.some(s => s !== null) && (
          <SegmentedControl
            size="xs"
            aria-label="Experiment and prediction"
            value={p.layout}
            onChange={v => edit('Layout', { layout: v as PredictedSetting['layout'] })}
            data={[
              { value: 'overlaid', label: 'overlaid' },
              { value: 'beside', label: 'below each other' },
              { value: 'residual', label: 'residual' },
            ]}
          />
        )}
      </div>
    </Section>
  )
}
