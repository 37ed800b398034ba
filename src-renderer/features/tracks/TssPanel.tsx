import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { Interval } from '../../../src-shared/genome/interval.ts'
import { formatPosition } from '../../../src-shared/genome/locus.ts'
import type { Scale, TrackComparison } from '../../../src-shared/genome/prediction.ts'
import { profileFigure } from '../../charts/profileFigure.ts'
import { register } from '../../state/commands.ts'
import { call, version } from '../../state/services.ts'
import { useLocus, useWorkbench } from '../../state/workbench.ts'
import { Section } from '../../ui/parts.tsx'
import { fileName, type Origin } from '../../ui/provenance.ts'
import { Figure } from '../inspector/reportFigures.tsx'
import { nextStart, startsOf, TSS_BINS, tssProfile } from './tssProfile.ts'

/** How far beside the view starts are looked for. */
const REACH_BP = 2_000_000
/** Starts nearer than this to the middle of the view are the one that is being looked at. */
const HERE_BP = 3

/** Transcription starts of the track's strand: jump to them, and how both signals lie around them. */
export function TssPanel(props: {
  readonly comparison: TrackComparison | undefined
  readonly strand: '+' | '-' | '.'
  readonly scale: Scale
  readonly unit: string
  readonly width: number
  readonly origin: Origin
}) {
  const { comparison: c, strand } = props
  const locus = useLocus()
  const files = useWorkbench(s => s.files)
  const goTo = useWorkbench(s => s.goTo)
  const genes = files.find(f => f.role === 'genes' && !f.problem)
  // In steps of the reach, so that panning does not ask again and again.
  const at = locus ? Math.floor((locus.start + locus.end) / 2 / REACH_BP) : 0
  const around: Interval | undefined = locus ? { contig: locus.contig, start: Math.max(0, (at - 1) * REACH_BP), end: (at + 2) * REACH_BP } : undefined // biome-ignore format: one thought
  const models = useQuery({
    queryKey: ['tss', ...version(genes), around],
    enabled: genes !== undefined && around !== undefined,
    queryFn: ({ signal }) => call('genes.range', { fileId: genes?.id ?? '', interval: around as Interval }, signal),
  })
  const walk = useRef<(direction: 1 | -1) => void>(() => {})
  useEffect(
    () =>
      register([
        { id: 'next-tss', title: 'Next transcription start', group: 'Move', keys: ['}'], run: () => walk.current(1) },
        {
          id: 'previous-tss',
          title: 'Previous transcription start',
          group: 'Move',
          keys: ['{'],
          run: () => walk.current(-1),
        },
      ]),
    [],
  )
  if (!genes || !locus) return null
  const starts = startsOf(models.data?.transcripts ?? [], strand)
  const middle = Math.floor((locus.start + locus.end) / 2)
  const jump = (direction: 1 | -1) => {
    const found = nextStart(starts, middle, direction, HERE_BP)
    if (!found) return
    const half = Math.floor((locus.end - locus.start) / 2)
    useWorkbench.setState({ trackPoint: { contig: locus.contig, position: found.position } })
    goTo({ contig: locus.contig, start: found.position - half, end: found.position + half })
  }
  walk.current = jump
  const here = starts.find(s => Math.abs(s.position - middle) <= HERE_BP)
  const inside = c
    ? starts.filter(s => s.position >= c.start && s.position < c.start + c.predicted.length * c.binBp)
    : []
  const profile = c && inside.length > 0 ? tssProfile(c, inside) : undefined
  const draw = (width: number) =>
    c && profile
      ? profileFigure(
          { start: -TSS_BINS * c.binBp, binWidth: c.binBp, predicted: profile.predicted, observed: profile.observed },
          props.scale,
          {
            title: 'Around transcription starts',
            note: `Mean of ${profile.starts} starts, in the direction of transcription`,
            units: props.unit,
            places: 'distance from the start (bp), in the direction of transcription',
            place: v => (v < -1 ? `−${(-v - 1).toLocaleString('en-US')}` : v <= 0 ? 'TSS' : `+${(v + 1).toLocaleString('en-US')}`), // biome-ignore format: one thought
          },
          width,
        )
      : ''
  const buttons = (
    <>
      <Button
        size="compact-xs"
        variant="subtle"
        disabled={!nextStart(starts, middle, -1, HERE_BP)}
        onClick={() => jump(-1)}
      >
        ← TSS
      </Button>
      <Button
        size="compact-xs"
        variant="subtle"
        disabled={!nextStart(starts, middle, 1, HERE_BP)}
        onClick={() => jump(1)}
      >
        TSS →
      </Button>
    </>
  )
  const words = (
    <p className="soft" style={{ margin: '4px 0 0' }} data-testid="tss-text">
      {models.isPending
        ? 'Looking for transcription starts…'
        : here
          ? `In the middle: the start of ${here.gene} (${here.strand}) at ${formatPosition(locus.contig, here.position)}.`
          : startsText(inside.length, profile?.starts ?? 0, strand)}
    </p>
  )
  if (profile && profile.starts > 0)
    return (
      <Figure
        title={`Around ${profile.starts} transcription ${profile.starts === 1 ? 'start' : 'starts'}`}
        testId="track-tss"
        svg={draw(props.width)}
        full={() => draw(700)}
        name={fileName('tss', locus.contig, String(locus.start + 1))}
        origin={props.origin}
        actions={buttons}
      >
        {words}
      </Figure>
    )
  return (
    <Section title="Transcription starts" testId="track-tss" actions={buttons}>
      {words}
    </Section>
  )
}

/** How many starts are compared, and why there may be no profile of them. */
function startsText(inside: number, shown: number, strand: '+' | '-' | '.'): string {
  const of = strand === '.' ? '' : ` of the ${strand} strand`
  if (inside === 0) return `No transcription start${of} in what is compared.`
  const starts = inside === 1 ? 'One transcription start' : `${inside} transcription starts`
  return `${starts}${of} in what is compared${shown === 0 ? `, none with ${TSS_BINS} bins on both sides` : ''}.`
}
