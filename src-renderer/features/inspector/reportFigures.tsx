import { Chip, Group } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { APOE_SITES, type ApoeReport, BASES } from '../../../src-shared/genome/apoe.ts'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { formatPosition } from '../../../src-shared/genome/locus.ts'
import { alleleFigure } from '../../../src-shared/report/alleleFigure.ts'
import { oddsFigure } from '../../../src-shared/report/oddsFigure.ts'
import { selectPosition } from '../../state/selection.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { Picture, PictureButtons, Section, TsvButton } from '../../ui/parts.tsx'
import { fileName, type Origin, originLines, toTsv } from '../../ui/provenance.ts'

/** A picture of a report with its buttons: drawn for this panel, exported at page width. */
export function Figure(props: {
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

/** What the reads show at both SNPs. */
export function Evidence(props: {
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
export function Odds({
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

/** The whole answer, call or no call. */
export function Posterior({ report: r }: { readonly report: ApoeReport }) {
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
