import { Button, Select, Skeleton } from '@mantine/core'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { WireError } from '../../../src-shared/ipc/errors.ts'
import { askScore, chooseRiskModel, openDemoRiskModel, type RiskModelEntry, useRiskModel, useRiskModels, useSampleRisk } from '../../state/risk.ts' // biome-ignore format: one line
import { openFiles } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, Section, sentence } from '../../ui/parts.tsx'
import { RiskResult } from './RiskResult.tsx'

/** What a risk model says of one sample, beside what its two SNPs alone would say. */
export function RiskPanel({ file, width }: { readonly file: OpenedFile; readonly width: number }) {
  const models = useRiskModels()
  const model = useRiskModel(models.data)
  return (
    <div data-testid="risk">
      <Section title="Risk model" testId="risk-model">
        {models.isPending && <Skeleton height={34} />}
        {models.error && <ErrorCard error={models.error} title="The models could not be read." />}
        {models.data && !model && <NoModel />}
        {models.data && model && (
          <Scored key={model.fileId} file={file} model={model} models={models.data} width={width} />
        )}
      </Section>
    </div>
  )
}

function NoModel() {
  return (
    <>
      <p style={{ margin: '0 0 6px' }}>
        A risk model reads the diplotype of APOE and its surroundings from the reads. None is open.
      </p>
      <div style={{ display: 'flex', gap: 6, flexWrap: 'wrap', alignItems: 'center' }}>
        <Button size="compact-sm" variant="light" onClick={openDemoRiskModel}>
          Open the demonstration model
        </Button>
        <Button size="compact-sm" variant="default" onClick={openFiles}>
          Open a model folder…
        </Button>
      </div>
      <p className="soft" style={{ margin: '6px 0 0' }}>
        The demonstration model was trained on simulated people; not for use on people.
      </p>
    </>
  )
}

/** What must stand beside every number of the model. */
export const Warned = ({ label }: { readonly label: string | null }) =>
  label === null ? null : (
    <p className="note risk-label" data-testid="risk-label">
      <b>{sentence(label)}</b>
    </p>
  )

function Scored(props: {
  readonly file: OpenedFile
  readonly model: RiskModelEntry
  readonly models: readonly RiskModelEntry[]
  readonly width: number
}) {
  const { file, model, models, width } = props
  const { asked, query, cancel } = useSampleRisk(file, model.fileId)
  const select = useWorkbench(s => s.select)
  const subject = { fileId: file.id, modelFileId: model.fileId }
  const score = () => askScore(subject)
  return (
    <>
      <Warned label={model.label} />
      <div className="risk-choice">
        {models.length > 1 ? (
          <Select
            aria-label="Risk model"
            allowDeselect={false}
            value={model.fileId}
            data={models.map(m => ({ value: m.fileId, label: m.name }))}
            onChange={v => v && chooseRiskModel(v)}
          />
        ) : (
          <span className="risk-name" title={model.name}>
            {model.name}
          </span>
        )}
        <Button size="compact-xs" variant="subtle" onClick={() => select({ kind: 'file', fileId: model.fileId })}>
          Card
        </Button>
        {!query.data && (
          <Button size="compact-sm" loading={asked && query.isFetching} onClick={score} data-testid="risk-score">
            Score
          </Button>
        )}
      </div>
      {!asked && !query.data && (
        <p className="soft" style={{ margin: '6px 0 0' }}>
          Scores the reads of this sample over the model’s region; takes about a second.
        </p>
      )}
      {asked && query.isPending && (
        <div role="status" aria-label="Scoring the sample">
          <p className="soft">
            Reading the region and scoring…{' '}
            <button type="button" className="link" onClick={cancel}>
              Cancel
            </button>
          </p>
          <Skeleton height={44} width={160} mb={8} />
          <Skeleton height={150} />
        </div>
      )}
      {asked && query.error && <Refused error={query.error} file={file} again={() => void query.refetch()} />}
      {query.data && <RiskResult file={file} subject={subject} risk={query.data} width={width} />}
    </>
  )
}

/** A file or model that cannot be used together, with the way out. */
function Refused({
  error,
  file,
  again,
}: {
  readonly error: WireError
  readonly file: OpenedFile
  readonly again: () => void
}) {
  const select = useWorkbench(s => s.select)
  return (
    <ErrorCard error={error} title="No risk score.">
      {error.code === 'build' && (
        <Button size="compact-sm" variant="default" onClick={() => select({ kind: 'file', fileId: file.id })}>
          Look at its contigs
        </Button>
      )}
      {error.code === 'bad-model' && (
        <Button size="compact-sm" variant="default" onClick={openDemoRiskModel}>
          Open the demonstration model
        </Button>
      )}
      <Button size="compact-sm" variant="default" onClick={again}>
        Try again
      </Button>
    </ErrorCard>
  )
}
