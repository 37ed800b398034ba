import { Button } from '@mantine/core'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { type RiskEvidence, type RiskScore, SIMULATED_LABEL } from '../../../src-shared/genome/risk.ts'
import type { RiskSubject, SampleRisk } from '../../../src-shared/ipc/riskMethods.ts'
import { scoreFigure } from '../../../src-shared/report/scoreFigure.ts'
import { saveText } from '../../state/connect.ts'
import { showsTracks, toggleTracks, useRisk } from '../../state/risk.ts'
import { selectPosition } from '../../state/selection.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { type Column, DataTable } from '../../ui/DataTable.tsx'
import { Section, SmallButton, TsvButton } from '../../ui/parts.tsx'
import { type Cell, fileName, type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import { Figure } from '../inspector/reportFigures.tsx'
import { NoCall } from './NoCall.tsx'

export const percent = (x: number | null, digits = 1): string =>
  x === null ? 'none' : `${(100 * x).toFixed(digits)} %`
const n = (x: number) => x.toLocaleString('en-US')

/** The score of a sample, what it rests on and what it does not mean. */
export function RiskResult(props: {
  readonly file: OpenedFile
  readonly subject: RiskSubject
  readonly risk: SampleRisk
  readonly width: number
}) {
  const { file, subject, risk, width } = props
  const { score: s, distribution } = risk
  const info = useWorkbench(w => w.info)
  const files = useWorkbench(w => w.files)
  const shown = useRisk(r => r.shown)
  const label = s.model.trainedOnSimulated ? SIMULATED_LABEL : ''
  const origin: Origin = {
    info,
    what: `risk score of ${s.sample} by ${s.model.name}${label && !s.model.name.includes(label) ? ` (${label})` : ''}`,
    files: files.filter(f => f.id === file.id || f.id === subject.modelFileId),
    options: { build: s.build, region: formatLocus(s.region), device: s.device },
  }
  const name = fileName(s.sample, 'risk')
  const marks = s.probability === null ? null : { sample: s.sample, probability: s.probability, interval: s.interval, twoSnp: s.baseline.twoSnp, label } // biome-ignore format: one line
  const goToRegion = () => useWorkbench.getState().goTo(s.region)
  const saveJson = () => saveText(`${JSON.stringify({ provenance: originLines(origin, new Date()), label, ...risk }, null, 2)}\n`, fileName(name, 'json'), 'application/json') // biome-ignore format: one line
  const onTracks = showsTracks(shown, subject)
  return (
    <div data-testid="risk-result" className="risk-result">
      {s.noCall ? (
        <NoCall code={s.noCall.code} message={s.noCall.message} goToRegion={goToRegion} />
      ) : (
        <div className="call">
          <strong data-testid="risk-probability" data-value={s.probability}>
            {percent(s.probability)}
          </strong>
          <span>
            in a group with {percent(s.model.caseShare, 0)} cases, as the training cohort had
            <br />
            {s.interval && (
              <>
                of {n(s.interval.n)} held-out people with such a score <b>{percent(s.interval.observed)}</b> were cases{' '}
                <span className="soft num">
                  (95 % {percent(s.interval.low)} to {percent(s.interval.high)})
                </span>
              </>
            )}
          </span>
        </div>
      )}
      {s.seen && s.seen.part !== 'test' && (
        <p className="note" style={{ margin: '6px 0' }} data-testid="risk-seen">
          {s.seen.sameName
            ? 'This sample was among the people who trained the model: its score is not that of an unseen person.'
            : 'Somebody with the same letters, under another name, trained the model: it may be this person.'}
        </p>
      )}
      {s.place && (
        <p style={{ margin: '4px 0 10px' }} data-testid="risk-place">
          Above {percent(s.place.all)} of the training cohort’s held-out people: {percent(s.place.cases)} of the cases,{' '}
          {percent(s.place.controls)} of the controls; ties count half.
        </p>
      )}
      {marks && (
        <Figure
          title="Its place among held-out people"
          testId="risk-strip"
          svg={scoreFigure(distribution, marks, width)}
          full={() => scoreFigure(distribution, marks)}
          name={fileName(name, 'place')}
          origin={origin}
        />
      )}
      <Section
        title="Beside the two SNPs"
        testId="risk-baseline"
        actions={
          <>
            <TsvButton
              name={name}
              tsv={() => toTsv(['quantity', 'value'], scoreRows(s), originLines(origin, new Date()))}
            />
            <SmallButton label="Save the score as JSON, every number" text="JSON" onClick={saveJson} />
          </>
        }
      >
        <table className="data">
          <caption className="visually-hidden">The model beside its baselines</caption>
          <thead>
            <tr>
              <th scope="col">By</th>
              <th scope="col" data-align="right">
                Says
              </th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <td>{s.tokens ? 'this model, the whole region' : 'this model'}</td>
              <td data-align="right">{percent(s.probability)}</td>
            </tr>
            <tr>
              <td>rs429358 and rs7412 alone, fitted on the same people</td>
              <td data-align="right">{percent(s.baseline.twoSnp)}</td>
            </tr>
            <tr>
              <td>published odds ratio of {s.genotype ?? 'a genotype that is not called'} against e3/e3</td>
              <td data-align="right">
                {s.baseline.logOddsRatio === null ? 'none' : Math.exp(s.baseline.logOddsRatio).toFixed(1)}
              </td>
            </tr>
          </tbody>
        </table>
      </Section>
      <Section title="What was read" testId="risk-evidence">
        <dl className="facts">
          <dt>Region</dt>
          <dd>
            <button type="button" className="link" onClick={goToRegion}>
              {formatLocus(s.region)}
            </button>{' '}
            <span className="soft">{s.build}</span>
          </dd>
          <dt>Covered</dt>
          <dd className="num">
            {n(s.coverage.covered)} of {n(s.coverage.positions)} positions, {n(s.coverage.uncovered)} N
          </dd>
          <dt>Mean depth</dt>
          <dd className="num">{s.coverage.meanDepth.toFixed(1)}</dd>
          <dt>Heterozygous</dt>
          <dd className="num">{percent(s.coverage.heterozygousShare, 2)} of the covered positions</dd>
          <dt>As the model’s reference</dt>
          <dd className="num">{percent(s.coverage.sameSequence, 2)}</dd>
          <dt>Unseen in training</dt>
          <dd className="num">{n(s.coverage.unseen)} letters</dd>
          {s.tokens && (
            <>
              <dt>Tokens</dt>
              <dd className="num">
                {n(s.tokens.count)} of at most {n(s.tokens.limit)}, {n(s.tokens.unknown)} unknown
              </dd>
            </>
          )}
        </dl>
        <Button
          mt={8}
          size="compact-sm"
          variant={onTracks ? 'light' : 'default'}
          aria-pressed={onTracks}
          onClick={() => toggleTracks(subject, s.sample, risk)}
        >
          {onTracks
            ? 'Take its tracks off the browser'
            : s.tokens
              ? 'Show tokens and attribution in the browser'
              : 'Show its two sites and their part in the browser'}
        </Button>
      </Section>
      {!s.noCall && <Attribution score={s} file={file} origin={origin} name={name} />}
      <Section title="What this does not mean" testId="risk-limits">
        <ul className="limits">
          {s.limits.map(l => (
            <li key={l}>{l}</li>
          ))}
        </ul>
      </Section>
    </div>
  )
}

const COLUMNS = (file: OpenedFile): readonly Column<RiskEvidence>[] => [
  { id: 'rank', title: '#', value: e => e.rank, align: 'right' },
  {
    id: 'locus',
    title: 'Stretch',
    value: e => e.interval.start,
    show: e => (
      <button
        type="button"
        className="link"
        onClick={() => {
          const { goTo, select } = useWorkbench.getState()
          goTo({ ...e.interval, start: Math.max(0, e.interval.start - 60), end: e.interval.end + 60 })
          select(selectPosition(e.interval.contig, e.interval.start, file.id))
        }}
      >
        {formatLocus(e.interval)}
      </button>
    ),
  },
  { id: 'change', title: 'Logit', about: 'Change of the logit of a case when the token is replaced by the reference', value: e => e.logitChange, show: e => `${e.logitChange >= 0 ? '+' : '−'}${Math.abs(e.logitChange).toFixed(3)}`, align: 'right' }, // biome-ignore format: one line
  { id: 'site', title: 'Site', value: e => e.site ?? '' },
]

/** Which stretches moved the score, the strongest first. */
function Attribution(props: {
  readonly score: RiskScore
  readonly file: OpenedFile
  readonly origin: Origin
  readonly name: string
}) {
  // biome-ignore format: one line
  const { score, file, origin, name } = props
  const header = ['rank', 'contig', 'start_1based', 'end_1based', 'logit_change', 'site', 'characters']
  const rows = (): readonly Cell[][] => score.evidence.map(e => [e.rank, e.interval.contig, e.interval.start + 1, e.interval.end, e.logitChange, e.site, e.characters]) // biome-ignore format: one line
  return (
    <Section
      title="What moved the score"
      testId="risk-attribution"
      actions={
        score.evidence.length > 0 && (
          <TsvButton
            name={fileName(name, 'attribution')}
            tsv={() => toTsv(header, rows(), originLines(origin, new Date()))}
          />
        )
      }
    >
      {score.evidence.length === 0 ? (
        <p className="soft">
          {score.tokens ? 'No token that the model reads' : 'Neither site that the model reads'} differs from its
          reference: the score is that of the reference sequence.
        </p>
      ) : (
        <>
          <DataTable
            caption="Stretches that moved the score"
            columns={COLUMNS(file)}
            rows={score.evidence}
            maxHeight={240}
          />
          <p className="soft" style={{ margin: '4px 0 0' }}>
            {score.tokens
              ? 'Change of the logit when the token is replaced by the reference; positive: the sample’s letters raise the score. A token is several bases long: the change belongs to all of its differences together.'
              : 'Change of the logit when that site alone is replaced by the reference. Those of fitted coefficients add up; those of published odds ratios, which are of genotypes, do not.'}
          </p>
        </>
      )}
    </Section>
  )
}

/** The score as two columns. */
function scoreRows(s: RiskScore): readonly Cell[][] {
  return [
    ['sample', s.sample],
    ['model', s.model.name],
    ['label', s.model.trainedOnSimulated ? SIMULATED_LABEL : ''],
    ['build', s.build],
    ['region', formatLocus(s.region)],
    ['no_call', s.noCall?.code ?? ''],
    ['probability', s.probability],
    ['logit', s.logit],
    ['interval_low', s.interval?.low ?? null],
    ['interval_high', s.interval?.high ?? null],
    ['place_all', s.place?.all ?? null],
    ['place_cases', s.place?.cases ?? null],
    ['place_controls', s.place?.controls ?? null],
    ['two_snp', s.baseline.twoSnp],
    ['log_odds_ratio', s.baseline.logOddsRatio],
    ['genotype', s.genotype],
    ['positions', s.coverage.positions],
    ['covered', s.coverage.covered],
    ['mean_depth', s.coverage.meanDepth],
    ['heterozygous_share', s.coverage.heterozygousShare],
    ['tokens', s.tokens?.count ?? null],
    ...s.limits.map((l): Cell[] => ['limit', l]),
  ]
}
