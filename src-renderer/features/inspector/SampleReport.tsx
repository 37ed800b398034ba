import { Button, Chip, Group, Menu, Skeleton } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { IconDownload } from '@tabler/icons-react'
import { type ReactNode, useMemo, useState } from 'react'
import { APOE_SITES, type ApoeReport, type ApoeThresholds, BASES } from '../../../src-shared/genome/apoe.ts'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { formatPosition } from '../../../src-shared/genome/locus.ts'
import { alleleFigure } from '../../../src-shared/report/alleleFigure.ts'
import { oddsFigure } from '../../../src-shared/report/oddsFigure.ts'
import { phaseFigure } from '../../../src-shared/report/phaseFigure.ts'
import { selectPosition } from '../../state/selection.ts'
import { exportReport, useApoeReport } from '../../state/services.ts'
import { isSynthetic } from '../../state/tracks.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, Picture, PictureButtons, Section, Synthetic, TsvButton } from '../../ui/parts.tsx'
import { fileName, type Origin, originLines, toTsv } from '../../ui/provenance.ts'

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
        {report.isPending && <Loading />}
        {report.error && (
          <ErrorCard error={report.error} title="No APOE report.">
            <Button size="compact-sm" variant="default" onClick={() => void report.refetch()}>
              Try again
            </Button>
          </ErrorCard>
        )}
        {report.data && <Report report={report.data} file={file} />}
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

function Figure(props: {
  readonly title: string
  readonly svg: string
  /** At page width, for export. */
  readonly full: () => string
  readonly name: string
  readonly origin: Origin
  readonly children?: ReactNode
  readonly actions?: ReactNode
  readonly testId?: string
}) {
  return (
    <Section
      title={props.title}
      {...(props.testId ? { testId: props.testId } : {})}
      actions={
        <>
          {props.actions}
          <PictureButtons svg={props.full} name={props.name} origin={props.origin} />
        </>
      }
    >
      <Picture svg={props.svg} name={props.name} origin={props.origin} />
      {props.children}
    </Section>
  )
}

function Evidence(props: {
  readonly report: ApoeReport
  readonly width: number
  readonly origin: Origin
  readonly file: OpenedFile
}) {
  const { report: r, file, origin } = props
  const { select, goTo } = useWorkbench.getState()
  const header = ['site', 'contig', 'position', 'genotype', 'quality', 'depth', 'strand', ...BASES]
  const rows = () =>
    APOE_SITES.flatMap(site => {
      const s = r.sites[site]
      return (['forward', 'reverse'] as const).map(strand => [
        site,
        s.contig,
        s.position,
        s.genotype,
        s.quality,
        s.depth,
        strand,
        ...BASES.map(b => s.strands[strand][b]),
      ])
    })
  return (
    <Figure
      title="Evidence at the two sites"
      testId="apoe-evidence"
      svg={alleleFigure(r, props.width)}
      full={() => alleleFigure(r)}
      name={fileName(r.sample, 'apoe-alleles')}
      origin={origin}
      actions={
        <TsvButton
          name={fileName(r.sample, 'apoe-alleles')}
          tsv={() => toTsv(header, rows(), originLines(origin, new Date()))}
        />
      }
    >
      <table className="data" style={{ marginTop: 6 }}>
        <caption className="visually-hidden">Evidence at the two sites</caption>
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col">Genotype</th>
            <th scope="col" data-align="right">
              Quality
            </th>
            <th scope="col" data-align="right">
              Depth
            </th>
            <th scope="col">Reads</th>
          </tr>
        </thead>
        <tbody>
          {APOE_SITES.map(site => {
            const s = r.sites[site]
            return (
              <tr key={site} data-site={site}>
                <td>
                  <button
                    type="button"
                    className="link"
                    title={`Open ${formatPosition(s.contig, s.position - 1)}`}
                    onClick={() => {
                      goTo({ contig: s.contig, start: s.position - 61, end: s.position + 60 })
                      select(selectPosition(s.contig, s.position - 1, file.id))
                    }}
                  >
                    {site}
                  </button>
                </td>
                <td>{s.genotype ?? '–'}</td>
                <td data-align="right">{s.quality}</td>
                <td data-align="right">{s.depth}</td>
                <td>
                  {BASES.filter(b => s.counts[b] > 0)
                    .map(b => `${b} ${s.counts[b]}`)
                    .join(', ') || 'none'}
                  {s.refskips > 0 && <span className="soft"> + {s.refskips} skipped</span>}
                  {s.flags.length > 0 && <div className="soft">{s.flags.join('; ')}</div>}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </Figure>
  )
}

/** All ancestries that have data stand side by side; none is chosen for the user. */
function Odds({
  report: r,
  width,
  origin,
}: {
  readonly report: ApoeReport
  readonly width: number
  readonly origin: Origin
}) {
  const [only, setOnly] = useState<string | null>(null)
  const shown = r.oddsRatios.filter(o => only === null || o.ancestry === only)
  if (!r.genotype || r.oddsRatios.length === 0)
    return (
      <Section title="Odds ratios" testId="apoe-odds">
        <p style={{ margin: 0 }}>{r.oddsRatiosText}</p>
      </Section>
    )
  const genotype = r.genotype
  return (
    <Figure
      title="Odds ratios of groups, against e3/e3"
      testId="apoe-odds"
      svg={oddsFigure(genotype, shown, width)}
      full={() => oddsFigure(genotype, shown)}
      name={fileName(r.sample, 'apoe-odds')}
      origin={origin}
      actions={
        <TsvButton
          name={fileName(r.sample, 'apoe-odds')}
          tsv={() =>
            toTsv(
              ['ancestry', 'odds ratio', 'CI low', 'CI high', 'source', 'study size'],
              r.oddsRatios.map(o => [o.ancestry, o.value, o.ci[0], o.ci[1], o.source, o.studySize]),
              originLines(origin, new Date()),
            )
          }
        />
      }
    >
      {r.oddsRatios.length > 1 && (
        <Chip.Group value={only ?? 'all'} onChange={v => setOnly(v === 'all' ? null : String(v))}>
          <Group gap={6} my={6} role="radiogroup" aria-label="Ancestry, as the studies name groups">
            <Chip size="xs" value="all">
              All
            </Chip>
            {r.oddsRatios.map(o => (
              <Chip size="xs" key={o.ancestry} value={o.ancestry}>
                {o.ancestry}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      )}
      <p style={{ margin: '4px 0' }}>{r.oddsRatiosText}</p>
      <ul className="limits soft">
        {[...new Set(shown.map(o => `${o.source}; ${o.studySize}`))].map(t => (
          <li key={t}>{t}</li>
        ))}
      </ul>
    </Figure>
  )
}

function Posterior({ report: r }: { readonly report: ApoeReport }) {
  return (
    <Section title="Probability of each diplotype">
      <dl className="facts" style={{ gridTemplateColumns: 'max-content 1fr max-content' }}>
        {Object.entries(r.posterior).map(([d, p]) => (
          <div key={d} style={{ display: 'contents' }}>
            <dt>{d}</dt>
            <dd style={{ alignSelf: 'center' }}>
              <div className="bar" style={{ height: 8 }}>
                <span style={{ width: `${p * 100}%`, background: 'var(--accent)' }} />
              </div>
            </dd>
            <dd className="num">{p >= 0.9995 ? p.toFixed(6) : p.toFixed(3)}</dd>
          </div>
        ))}
      </dl>
      <p className="soft" style={{ margin: '4px 0 0' }}>
        Expected e4 alleles: <span className="num">{r.e4Dosage.toFixed(3)}</span>. Those below 0.001 are not listed.
      </p>
    </Section>
  )
}
