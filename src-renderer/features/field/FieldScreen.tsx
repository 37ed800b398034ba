import { Button, Modal, NumberInput, SegmentedControl, Select } from '@mantine/core'
import { useState } from 'react'
import { toWire, type WireError } from '../../../src-shared/ipc/errors.ts'
import { saveExport } from '../../state/connect.ts'
import { startField, useField, useFields } from '../../state/fields.ts'
import { useOutlook } from '../../state/outlook.ts'
import { attempt, call } from '../../state/services.ts'
import { useDocument, useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, SmallButton } from '../../ui/parts.tsx'
import { JobEstimate, JobTruth } from '../jobs/JobEstimate.tsx'
import { progressText } from '../jobs/StatusBar.tsx'
import { FieldResults } from './FieldResults.tsx'

const PROTOCOLS = {
  default:
    'One set of random sequences for all positions and models; the new base is any of the three others; a control predicts each sequence twice.',
  seed: 'As S-Enformer’s Figure 8 was made: fresh sequences for each of nine positions; the new base is one of two.',
} as const

/** How far a mutation reaches, measured and by structure: its own screen, since it is about a model, not about a place. */
export function FieldScreen() {
  const open = useFields(s => s.open)
  return (
    <Modal opened={open} onClose={() => useFields.setState({ open: false })} title="Receptive field" size="94%">
      <Screen />
    </Modal>
  )
}

function Screen() {
  const form = useFields(s => s.form)
  const fieldId = useFields(s => s.fieldId)
  const jobId = useFields(s => s.jobId)
  const job = useWorkbench(s => s.jobs).find(j => j.id === jobId)
  const files = useWorkbench(s => s.files)
  const document = useDocument()
  const [error, setError] = useState<WireError>()
  const found = useField(fieldId, job?.state === 'done')
  const models = files.filter(f => f.role === 'model' && !f.problem)
  const modelFileId = models.some(m => m.id === form.modelFileId) ? form.modelFileId : (models[0]?.id ?? '')
  const compare = models.some(m => m.id === form.compareFileId) ? form.compareFileId : undefined
  const reference = files.find(f => f.id === document.view.referenceFileId && !f.problem)
  const set = (change: Partial<typeof form>) => useFields.setState(s => ({ form: { ...s.form, ...change } }))
  const running = job?.state === 'running' || job?.state === 'queued'
  const { compareFileId: _, referenceFileId: __, ...rest } = form
  const request = {
    ...rest,
    modelFileId,
    ...(compare && compare !== modelFileId ? { compareFileId: compare } : {}),
    ...(form.source === 'reference' && reference ? { referenceFileId: reference.id } : {}),
  }
  const outlook = useOutlook(modelFileId === '' || running ? null : { kind: 'field', request })
  const run = async () => {
    setError(undefined)
    try {
      await startField(request)
    } catch (e) {
      setError(toWire(e))
    }
  }
  return (
    <div className="field-screen" data-testid="field-screen">
      <div className="field-form">
        <Select
          label="Model"
          allowDeselect={false}
          value={modelFileId || null}
          data={models.map(m => ({ value: m.id, label: m.name }))}
          onChange={v => v && set({ modelFileId: v })}
        />
        {models.length > 1 && (
          <Select
            label="Beside it"
            placeholder="None"
            clearable
            value={compare ?? null}
            data={models.filter(m => m.id !== modelFileId).map(m => ({ value: m.id, label: m.name }))}
            onChange={v => set({ compareFileId: v ?? '' })}
          />
        )}
        <Select
          label="Protocol"
          allowDeselect={false}
          value={form.protocol}
          data={[
            { value: 'default', label: 'Shared sequences, with control' },
            { value: 'seed', label: 'Published (Figure 8)' },
          ]}
          onChange={v => v && set({ protocol: v as typeof form.protocol })}
        />
        <NumberInput
          label="Sequences"
          min={1}
          max={1000}
          clampBehavior="strict"
          value={form.sequences}
          onChange={v => typeof v === 'number' && set({ sequences: v })}
          w={100}
        />
        <NumberInput
          label="Seed"
          min={0}
          max={2 ** 31 - 1}
          clampBehavior="strict"
          value={form.seed}
          onChange={v => typeof v === 'number' && set({ seed: v })}
          w={100}
        />
        <div>
          <span className="field-label" id="field-source">
            Sequence
          </span>
          <SegmentedControl
            size="xs"
            aria-labelledby="field-source"
            value={form.source}
            data={[
              { value: 'random', label: 'Random' },
              { value: 'reference', label: 'Reference', disabled: reference === undefined },
            ]}
            onChange={v => set({ source: v as typeof form.source })}
          />
        </div>
        <Button disabled={modelFileId === '' || running || outlook.data?.refusal != null} onClick={() => void run()}>
          Measure
        </Button>
        {running && job && (
          <Button variant="subtle" onClick={() => attempt(() => call('jobs.cancel', { jobId: job.id }))}>
            Cancel
          </Button>
        )}
      </div>
      <p className="soft scan-about">{PROTOCOLS[form.protocol]}</p>
      {modelFileId !== '' && !running && <JobEstimate outlook={outlook} />}
      {models.length === 0 && <p className="note">Open a model first: a model folder or an ONNX file.</p>}
      {error && <ErrorCard error={error} title="The measurement did not start." />}
      {running && job && (
        <p role="status" className="num">
          {job.title}: {progressText(job)}. It goes on when this screen is closed.
        </p>
      )}
      {job?.state === 'failed' && job.error && <ErrorCard error={job.error} title="The measurement failed." />}
      {job?.state === 'cancelled' && (
        <p className="note">It was cancelled; nothing of it is kept. Measure again when you want it.</p>
      )}
      <JobTruth job={job} />
      {found.error && <ErrorCard error={found.error} />}
      {found.data && fieldId && !running && (
        <FieldResults fields={found.data} actions={<ExportAll fieldId={fieldId} />} />
      )}
      {!fieldId && models.length > 0 && (
        <p className="soft">
          Nine positions are mutated; each row of the picture is one of them, each column an output bin.
        </p>
      )}
    </div>
  )
}

const ExportAll = ({ fieldId }: { readonly fieldId: string }) => (
  <SmallButton
    label="Save the measurement with all its numbers as JSON"
    text="JSON"
    onClick={() =>
      attempt(async () => {
        const file = await call('field.export', { fieldId })
        await saveExport(file.downloadId, file.name)
      })
    }
  />
)
