import { Select, Skeleton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { formatLocus, formatPosition } from '../../../src-shared/genome/locus.ts'
import { PREDICT_DEFAULTS } from '../../../src-shared/genome/prediction.ts'
import type { MutationProfile, ScanData } from '../../../src-shared/genome/scan.ts'
import { toWire, type WireError } from '../../../src-shared/ipc/errors.ts'
import { plainText, signedText } from '../../../src-shared/report/axisTicks.ts'
import { binAt, type ProfilePicture, profileFigure, profileLayout } from '../../../src-shared/report/profileFigure.ts'
import { useWidth } from '../../charts/FigureCanvas.tsx'
import { useOverlays } from '../../state/overlays.ts'
import { basesAt, type ScanCell } from '../../state/scans.ts'
import { call, version } from '../../state/services.ts'
import { useDocument, useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, PictureButtons, Section, TsvButton } from '../../ui/parts.tsx'
import { fileName, type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import { useFigureTheme } from './useFigureTheme.ts'

/** The selected mutation along the window: both sequences, their difference, and an experiment in the same bins. */
export function MutationAlong(props: { readonly scan: ScanData; readonly column: number; readonly cell: ScanCell }) {
  const { scan, column } = props
  // Walking with a held key asks once, where it ends.
  const [cell] = useDebouncedValue(props.cell, 180)
  const { alt } = basesAt(scan, cell)
  const settled = cell.position === props.cell.position && cell.row === props.cell.row
  const files = useWorkbench(s => s.files)
  const document = useDocument()
  const info = useWorkbench(s => s.info)
  const [box, width] = useWidth()
  const { theme, inks } = useFigureTheme()
  const channel = scan.columns[column]?.channel ?? 0
  const signals = files.filter(f => f.role === 'signal' && !f.problem && f.facts.kind !== 'bigbed')
  const paired = document.tracks.find(
    t => t.fileId === scan.request.modelFileId && t.predicted?.channels.includes(channel),
  )?.predicted
  const proposed = paired?.signals[paired.channels.indexOf(channel)] ?? null
  const [chosen, setChosen] = useState<string | null>()
  const signal = signals.find(f => f.id === (chosen === undefined ? proposed : chosen))
  const profile = useQuery<MutationProfile, WireError>({
    queryKey: ['scan-profile', scan.scanId, cell.position, alt, column],
    gcTime: 120_000,
    queryFn: ({ signal: stop }) =>
      call('scan.profile', { scanId: scan.scanId, position: cell.position, base: alt, column }, stop),
  })
  const bins = profile.data?.reference.length ?? 0
  const interval = profile.data && { contig: profile.data.contig, start: Math.max(0, profile.data.start), end: profile.data.start + bins * profile.data.binBp } // biome-ignore format: one interval
  const measured = useQuery({
    queryKey: ['scan-measured', ...version(signal), scan.request.modelFileId, channel, interval],
    enabled: signal !== undefined && interval !== undefined && !scan.request.groupMean,
    queryFn: ({ signal: stop }) =>
      call('predict.compare', { modelFileId: scan.request.modelFileId, referenceFileId: scan.request.referenceFileId, channel, signalFileId: signal?.id ?? '', options: PREDICT_DEFAULTS, units: 'model', ...(paired ? { observed: paired.observed } : {}), interval: interval!, scale: 'linear' }, stop), // biome-ignore format: one call
  })
  // The same numbers as a track of the browser.
  const track = scan.columns[column]?.name ?? ''
  useEffect(() => {
    if (profile.data)
      useOverlays.setState({ effect: { modelFileId: scan.request.modelFileId, track, profile: profile.data } })
  }, [profile.data, scan.request.modelFileId, track])
  const values = useMemo(() => {
    const p = profile.data
    const m = measured.data
    if (!p || !m || m.binBp !== p.binBp) return undefined
    const shift = Math.round((m.start - p.start) / p.binBp)
    return Float32Array.from(p.reference, (_, i) => m.observed[i - shift] ?? Number.NaN)
  }, [profile.data, measured.data])
  const [over, setOver] = useState<number>()
  const p = profile.data
  const picture = (w: number, title?: string): ProfilePicture | undefined =>
    p && {
      contig: p.contig,
      start: p.start,
      binBp: p.binBp,
      reference: p.reference,
      alternative: p.alternative,
      position: p.position,
      referenceName: `${p.ref} (${scan.request.background.kind === 'reference' ? 'reference' : 'haplotype'})`,
      alternativeName: `${p.alt} (mutated)`,
      unit: scan.columns[column]?.unit ?? '',
      ...(values && signal ? { experiment: { name: `${signal.name} (measured)`, values } } : {}),
      width: w,
      theme,
      ...(title ? { title } : {}),
    }
  const shown = width > 0 ? picture(width) : undefined
  const name = p ? fileName('mutation', p.contig, String(p.position + 1), `${p.ref}${p.alt}`) : 'mutation'
  const origin: Origin = {
    info,
    what: p ? `effect of ${formatPosition(p.contig, p.position)} ${p.ref}>${p.alt} along the window` : '',
    files: files.filter(f => [scan.request.modelFileId, scan.request.referenceFileId, signal?.id].includes(f.id)),
    options: { track: scan.columns[column]?.name ?? '', ran: p?.ranWith ?? '' },
  }
  const tsv = () =>
    toTsv(
      ['contig', 'start', 'end', 'reference', 'alternative', 'difference', ...(values ? ['measured'] : [])],
      Array.from({ length: bins }, (_, i) => [p!.contig, p!.start + i * p!.binBp, p!.start + (i + 1) * p!.binBp, p!.reference[i]!, p!.alternative[i]!, p!.alternative[i]! - p!.reference[i]!, ...(values ? [Number.isFinite(values[i]!) ? values[i]! : null] : [])]), // biome-ignore format: one row
      originLines(origin, new Date()),
    )
  return (
    <Section
      title="Along the window"
      testId="scan-profile"
      actions={
        p && (
          <>
            <TsvButton name={name} tsv={tsv} />
            <PictureButtons
              name={name}
              origin={origin}
              svg={() => {
                const full = picture(
                  900,
                  `${formatPosition(p.contig, p.position)} ${p.ref}>${p.alt}, ${scan.columns[column]?.name ?? ''}`,
                )
                return full && profileFigure({ ...full, theme: 'light' })
              }}
            />
          </>
        )
      }
    >
      {profile.error && <ErrorCard error={profile.error} title="This mutation could not be computed." />}
      {profile.isPending && <Skeleton height={220} />}
      <div ref={box} style={{ opacity: settled ? 1 : 0.5 }}>
        {shown && p && (
          <div
            className="figure-themed"
            onPointerMove={e => {
              const area = e.currentTarget.getBoundingClientRect()
              setOver(binAt(profileLayout(shown), bins, e.clientX - area.left))
            }}
            onPointerLeave={() => setOver(undefined)}
            // biome-ignore lint/security/noDangerouslySetInnerHtml: made by src-shared/report, which escapes every text it is given
            dangerouslySetInnerHTML={{ __html: profileFigure(shown, inks) }}
          />
        )}
      </div>
      {p && (
        <p className="soft num scan-about" data-testid="scan-profile-read">
          {over !== undefined && over < bins
            ? `${formatLocus({ contig: p.contig, start: p.start + over * p.binBp, end: p.start + (over + 1) * p.binBp })}: ${plainText(p.reference[over]!)} → ${plainText(p.alternative[over]!)} (${signedText(p.alternative[over]! - p.reference[over]!)})${values && Number.isFinite(values[over]!) ? `, measured ${plainText(values[over]!)}` : ''}`
            : `${p.ranWith}. Dashed: the mutated base.`}
        </p>
      )}
      {signals.length > 0 && !scan.request.groupMean && (
        <Select
          label="Beside an experiment"
          placeholder="None"
          clearable
          value={signal?.id ?? null}
          data={signals.map(f => ({ value: f.id, label: f.name }))}
          onChange={v => setChosen(v)}
        />
      )}
      {measured.error && <ErrorCard error={toWire(measured.error)} title="The experiment could not be read here." />}
    </Section>
  )
}
