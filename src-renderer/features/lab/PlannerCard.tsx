import { Button, NumberInput, SegmentedControl, Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { useState } from 'react'
import type { CalibrationFacts, JobEstimate } from '../../../src-shared/lab/plan.ts'
import { threeDigits, valueText } from '../../../src-shared/report/labNumbers.ts'
import { calibrate, type EstimateArgs, showAccuracy, useCalibration, useEstimate, useLab } from '../../state/lab.ts'
import { openFiles } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, whenText } from '../../ui/parts.tsx'
import { JobLine } from './JobLine.tsx'
import { durationText } from './labText.ts'

/** What a job will cost before it starts: from rates measured here, and the arithmetic of the model. */
export function PlannerCard() {
  const facts = useCalibration()
  const jobId = useLab(s => s.calibrationJob)
  const job = useWorkbench(s => s.jobs).find(j => j.id === jobId)
  const running = job?.state === 'running' || job?.state === 'queued'
  return (
    <section className="lab-card lab-planner" aria-labelledby="lab-planner" data-testid="planner">
      <h3 className="lab-card-title" id="lab-planner">
        What fits here
      </h3>
      <p className="lab-question">How long will a job take and how much memory, before it starts?</p>
      {facts.error && <ErrorCard error={facts.error} title="The planner does not answer." />}
      {facts.data !== undefined && (
        <div
          className="lab-calibration"
          data-testid="calibration"
          data-calibrated={facts.data !== null}
          data-job={job?.state}
        >
          <Rates facts={facts.data} />
          {job?.state === 'failed' && job.error && <ErrorCard error={job.error} title="The calibration failed." />}
          {running ? (
            <JobLine jobId={jobId} what="the calibration" />
          ) : (
            <Button size="compact-sm" variant={facts.data === null ? 'light' : 'default'} onClick={calibrate}>
              {facts.data === null ? 'Calibrate (under a minute)' : 'Calibrate again (under a minute)'}
            </Button>
          )}
        </div>
      )}
      <EstimateForm measuredAt={facts.data?.measuredAt} />
      <p className="lab-latest">
        <button type="button" className="link" onClick={showAccuracy}>
          Predicted against measured
        </button>{' '}
        <span className="soft">how near these estimates were</span>
      </p>
    </section>
  )
}

function Rates({ facts }: { readonly facts: CalibrationFacts | null }) {
  if (facts === null)
    return (
      <p>
        <b>Not calibrated.</b> Estimates use the rates of a slow two-core machine until this one is measured.
      </p>
    )
  return (
    <>
      <p>
        <b>Calibrated</b>{' '}
        <span className="soft num">
          {whenText(facts.measuredAt)}, in {durationText(facts.tookSeconds)}; {facts.device}, {facts.threads} threads
        </span>
      </p>
      <dl className="facts num">
        {facts.rates.map(r => (
          <div key={r.name} style={{ display: 'contents' }}>
            <dt>{r.name}</dt>
            <dd>
              {threeDigits(r.value)} {r.unit}
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}

function EstimateForm({ measuredAt }: { readonly measuredAt: number | undefined }) {
  const models = useWorkbench(s => s.files).filter(f => f.role === 'model' && !f.problem)
  const [chosen, setChosen] = useState<string>()
  const [work, setWork] = useState<EstimateArgs['work']>('inference')
  const [lengthBp, setLength] = useState<number>()
  const [batch, setBatch] = useState<number>()
  const modelFileId = models.find(m => m.id === chosen)?.id ?? models[0]?.id
  const args: EstimateArgs | null =
    modelFileId === undefined
      ? null
      : {
          modelFileId,
          work,
          ...(lengthBp === undefined ? {} : { lengthBp }),
          ...(batch === undefined ? {} : { batch }),
        }
  // A number that is being typed is not asked for digit by digit.
  const [asked] = useDebouncedValue(args, 350)
  const estimate = useEstimate(asked, measuredAt)
  if (models.length === 0)
    return (
      <div className="lab-estimate">
        <p className="soft">Open a model to see what running or training it would cost here.</p>
        <Button size="compact-sm" variant="default" onClick={openFiles}>
          Open a model…
        </Button>
      </div>
    )
  const number = (set: (v: number | undefined) => void) => (v: string | number) =>
    set(typeof v === 'number' && v >= 1 ? v : undefined)
  return (
    <div className="lab-estimate" data-testid="estimate">
      <div className="lab-form">
        <Select
          label="Model"
          allowDeselect={false}
          value={modelFileId ?? null}
          data={models.map(m => ({ value: m.id, label: m.name }))}
          onChange={v => v && setChosen(v)}
        />
        <NumberInput
          label="Length (bp)"
          placeholder="its own"
          min={1}
          max={2 ** 31 - 1}
          allowDecimal={false}
          thousandSeparator=","
          hideControls
          value={lengthBp ?? ''}
          onChange={number(setLength)}
        />
        <NumberInput
          label="Batch"
          placeholder="its own"
          min={1}
          max={65_536}
          allowDecimal={false}
          value={batch ?? ''}
          onChange={number(setBatch)}
        />
        <SegmentedControl
          size="xs"
          aria-label="Work"
          value={work}
          data={[
            { value: 'inference', label: 'Inference' },
            { value: 'training', label: 'Training step' },
          ]}
          onChange={v => setWork(v as EstimateArgs['work'])}
        />
      </div>
      {estimate.isFetching && !estimate.data && (
        <p className="soft" role="status">
          Reading the model’s arithmetic…
        </p>
      )}
      {estimate.error && <ErrorCard error={estimate.error} title="No estimate." />}
      {estimate.data && <Answer estimate={estimate.data} />}
    </div>
  )
}

function Answer({ estimate: e }: { readonly estimate: JobEstimate }) {
  return (
    <div className="lab-answer" role="status" data-testid="estimate-answer" data-fits={e.fits}>
      <p className="figures-row num">
        <span>
          <b>{valueText(e.seconds, 'seconds')}</b>
          <span className="soft">time</span>
        </span>
        <span>
          <b>{valueText(e.peakBytes, 'bytes')}</b>
          <span className="soft">peak memory, of {valueText(e.freeBytes, 'bytes')} free</span>
        </span>
      </p>
      <p className="lab-verdict" data-tone={e.fits ? 'good' : 'bad'}>
        {e.fits ? <IconCheck size={15} aria-hidden="true" /> : <IconAlertTriangle size={15} aria-hidden="true" />}
        <span>
          <b>{e.fits ? 'Fits.' : 'Does not fit.'}</b>{' '}
          {!e.fits && (e.instead === null ? 'Nothing smaller of this model fits here.' : `What does: ${e.instead}.`)}
        </span>
      </p>
      <p className="soft">
        {e.basis === 'calibrated'
          ? 'From rates measured on this machine.'
          : 'From typical rates of a slow two-core machine: not measured here. Calibrate for better ones.'}
      </p>
    </div>
  )
}
