import { Button, Menu, Skeleton } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { IconDownload } from '@tabler/icons-react'
import { useMemo } from 'react'
import type { ApoeReport, ApoeThresholds } from '../../../src-shared/genome/apoe.ts'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { phaseFigure } from '../../../src-shared/report/phaseFigure.ts'
import { exportReport, useApoeReport } from '../../state/services.ts'
import { isSynthetic } from '../../state/tracks.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, Section, Synthetic } from '../../ui/parts.tsx'
import { fileName, type Origin } from '../../ui/provenance.ts'
import { RiskPanel } from '../risk/RiskPanel.tsx'
import { BuildNote } from './BuildNote.tsx'
import { FirstReads } from './FirstReads.tsx'
import { Evidence, Figure, Odds, Posterior } from './reportFigures.tsx'

/** Names and units of the thresholds, as the report states them. */
const THRESHOLDS: readonly (readonly [keyof ApoeThresholds, string])[] = [
  ['minMappingQuality', 'mapping quality at least'],
  ['minBaseQuality', 'base quality at least'],
  ['maxBaseQuality', 'base quality taken as at most'],
  ['minDepth', 'depth at each site at least'],
  ['minSiteQuality', 'site quality at least'],
  ['minConfidence', 'confidence at least'],
  ['minPhaseFragments', 'spanning fragments for a phase seen in reads'],
  ['chimeraRate', 'share of fragments taken as wrongly linked'],
  ['thirdAlleleReads', 'reads of a third allele that make a conflict'],
  ['thirdAlleleFraction', 'share of a third allele that makes a conflict'],
  ['imbalanceFraction', 'share of the rarer allele below which a site is flagged'],
  ['rnaSplicedFraction', 'share of spliced reads from which a file is RNA'],
  ['rnaCap', 'highest quality of a homozygote from RNA'],
]

const PHASE_TEXT = {
  unambiguous: 'unambiguous',
  'read-backed': 'seen in reads',
  assumed: 'assumed',
  none: 'none',
} as const

/** The risk model stands below the report, also where there is no report. */
function RiskRoom({ file }: { readonly file: OpenedFile }) {
  const { ref, width } = useElementSize()
  return (
    <div ref={ref}>
      <RiskPanel file={file} width={Math.max(340, Math.floor(width) - 14)} />
    </div>
  )
}

/** The APOE report of one sample. */
export function SampleReport({ file }: { readonly file: OpenedFile }) {
  const report = useApoeReport(file)
  const name = file.facts.samples[0] ?? file.name
  const select = useWorkbench(s => s.select)
  return (
    <>
      <div className="inspector-head">
        <h2 title={file.name}>{name}</h2>
        {isSynthetic(file) && <Synthetic />}
        <span style={{ flex: 1 }} />
        <Button variant="subtle" size="compact-xs" onClick={() => select({ kind: 'file', fileId: file.id })}>
          File
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="compact-sm" variant="light" leftSection={<IconDownload size={14} />} disabled={!report.data}>
              Export
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => exportReport(file.id, 'html')}>HTML, one file with its pictures</Menu.Item>
            <Menu.Item onClick={() => exportReport(file.id, 'pdf')}>PDF</Menu.Item>
            <Menu.Item onClick={() => exportReport(file.id, 'json')}>JSON, every number</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      <div className="inspector-body" data-testid="apoe-report">
        <BuildNote file={file} />
        {report.isPending && <Loading />}
        {report.error && (
          <ErrorCard error={report.error} title="No APOE report.">
            <Button size="compact-sm" variant="default" onClick={() => void report.refetch()}>
              Try again
            </Button>
            <FirstReads file={file} size="compact-sm" />
          </ErrorCard>
        )}
        {report.data && <Report report={report.data} file={file} />}
        <RiskRoom file={file} />
      </div>
    </>
  )
}

const Loading = () => (
  <div role="status" aria-label="Reading the APOE locus">
    <p className="soft">Reading the two sites…</p>
    <Skeleton height={44} width={160} mb={16} />
    <Skeleton height={180} mb={16} />
    <Skeleton height={120} />
  </div>
)

function Report({ report: r, file }: { readonly report: ApoeReport; readonly file: OpenedFile }) {
  const info = useWorkbench(s => s.info)
  const { ref, width } = useElementSize()
  // The padding and frame of a picture.
  const room = Math.max(340, Math.floor(width) - 14)
  const origin: Origin = useMemo(
    () => ({ info, what: `APOE report of ${r.sample}`, files: [file], options: { build: r.build, ...r.thresholds } }),
    [info, r, file],
  )
  return (
    <div ref={ref}>
      <section className="section" aria-label="Call">
        <div className="call">
          <strong data-testid="apoe-call">{r.genotype ?? 'no call'}</strong>
          {r.genotype && (
            <span>
              confidence{' '}
              <b className="num" data-testid="apoe-confidence">
                {r.confidence}
              </b>{' '}
              <span className="soft">(Phred, at most 99)</span>
              <br />
              phase <b>{PHASE_TEXT[r.phase]}</b>
            </span>
          )}
        </div>
        {r.noCall && (
          <p className="note" data-testid="apoe-no-call">
            <b>{r.noCall.code}</b>: {r.noCall.message}
          </p>
        )}
        {r.noCall?.code === 'not-covered' && <FirstReads file={file} size="compact-sm" />}
        <p style={{ margin: '6px 0' }}>{r.phaseText}</p>
        {r.synthetic && <p className="note">These reads are synthetic: they are of no person.</p>}
        {r.rna.isRna && (
          <p className="note">
            RNA: {r.rna.spliced} of {r.rna.reads} reads in the gene are spliced. One allele may hide, so homozygotes are
            capped at quality {r.thresholds.rnaCap}.
          </p>
        )}
        {r.flags.map(f => (
          <p className="note" key={f}>
            {f}
          </p>
        ))}
      </section>
      <Evidence report={r} width={room} origin={origin} file={file} />
      <Figure
        title="Phase"
        svg={phaseFigure(r, room)}
        full={() => phaseFigure(r)}
        name={fileName(r.sample, 'apoe-phase')}
        origin={origin}
      />
      <Odds report={r} width={room} origin={origin} />
      <Posterior report={r} />
      <Section title="What this does not mean" testId="apoe-limits">
        <ul className="limits">
          {r.limits.map(l => (
            <li key={l}>{l}</li>
          ))}
        </ul>
      </Section>
      <Section title="Thresholds (choices of this program)">
        <dl className="facts">
          {THRESHOLDS.map(([key, text]) => (
            <div key={key} style={{ display: 'contents' }}>
              <dt>{text}</dt>
              <dd className="num">{r.thresholds[key]}</dd>
            </div>
          ))}
          <dt>prior of alleles</dt>
          <dd className="num">
            {Object.entries(r.prior)
              .map(([h, p]) => `${h} ${p}`)
              .join(', ')}
          </dd>
        </dl>
      </Section>
    </div>
  )
}
