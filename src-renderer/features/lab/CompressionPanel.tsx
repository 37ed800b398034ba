import { Button, NumberInput, SegmentedControl, Select, Skeleton, Slider } from '@mantine/core'
import { useMemo } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { WireError } from '../../../src-shared/ipc/errors.ts'
import { toWire } from '../../../src-shared/ipc/errors.ts'
import {
  type CompressionChoice,
  type CompressionMethod,
  type CompressionPlan,
  choicesOfPart,
  type LayerPart,
  type ModelSpectra,
  planCompression,
} from '../../../src-shared/lab/compression.ts'
import {
  chooseEnergy,
  chooseMethod,
  chooseModel,
  choosePart,
  startCompression,
  useCompression,
  useSpectra,
} from '../../state/compression.ts'
import { useOutlook } from '../../state/outlook.ts'
import { openFiles } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { bytes, ErrorCard } from '../../ui/parts.tsx'
import { JobEstimate, JobTruth } from '../jobs/JobEstimate.tsx'
import { CompressionLayers } from './CompressionLayers.tsx'
import { CompressionReports } from './CompressionReports.tsx'
import { JobLine } from './JobLine.tsx'
import './compression.css'

const METHODS: readonly { readonly value: CompressionMethod; readonly label: string }[] = [
  { value: 'svd', label: 'SVD' },
  { value: 'semi-nmf', label: 'Semi-NMF' },
  { value: 'nmf', label: 'NMF' },
]

const PARTS: readonly { readonly value: LayerPart; readonly label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'transformer', label: 'Attention and feed-forward' },
  { value: 'other', label: 'All others' },
]

/** Makes an open model smaller, layer by layer, and measures what that does to size, speed and predictions. It needs nothing from outside. */
export function CompressionPanel() {
  const models = useWorkbench(s => s.files).filter(f => f.role === 'model' && !f.problem)
  const chosen = useCompression(s => s.modelFileId)
  const model = models.find(m => m.id === chosen) ?? models[0]
  return (
    <section className="lab-card compression" aria-labelledby="compression-title" data-testid="compression">
      <h3 className="lab-card-title" id="compression-title">
        Make a model smaller
      </h3>
      <p className="lab-question">
        Each linear map becomes two narrow ones. What does that save, and what does it do to the predictions?
      </p>
      {model ? (
        <>
          <div className="compression-model">
            <Select
              label="Model"
              allowDeselect={false}
              value={model.id}
              data={models.map(m => ({ value: m.id, label: m.name }))}
              onChange={v => v && chooseModel(v)}
            />
          </div>
          <Layers key={model.id} model={model} />
        </>
      ) : (
        <>
          <p className="soft">Open a model to see how much of each of its layers is needed.</p>
          <Button size="compact-sm" variant="default" onClick={openFiles}>
            Open a model…
          </Button>
        </>
      )}
      <CompressionReports />
    </section>
  )
}

function Layers({ model }: { readonly model: OpenedFile }) {
  const spectra = useSpectra(model)
  const progress = useCompression(s => s.progress)
  if (spectra.isPending)
    return (
      <div role="status" data-testid="compression-loading">
        <p className="soft num">
          Singular values{progress && progress.total > 0 ? `: layer ${progress.done} of ${progress.total}` : '…'}
        </p>
        <Skeleton height={120} />
      </div>
    )
  if (spectra.error)
    return (
      <ErrorCard error={spectra.error} title="This model cannot be made smaller here.">
        <Button size="compact-xs" onClick={() => void spectra.refetch()}>
          Try again
        </Button>
      </ErrorCard>
    )
  return <Chooser spectra={spectra.data} modelFileId={model.id} />
}

type Planned = { readonly plan: CompressionPlan } | { readonly fault: WireError }

/** A choice that cannot be is shown with its reason, not thrown. */
function planned(spectra: ModelSpectra, choice: CompressionChoice): Planned {
  try {
    return { plan: planCompression(spectra, choice) }
  } catch (error) {
    return { fault: toWire(error) }
  }
}

function Chooser({ spectra, modelFileId }: { readonly spectra: ModelSpectra; readonly modelFileId: string }) {
  const { method, keptEnergy, part, layers, jobId } = useCompression()
  const job = useWorkbench(s => s.jobs).find(j => j.id === jobId)
  const running = job?.state === 'running' || job?.state === 'queued'
  const choice = useMemo<CompressionChoice>(
    () => ({
      method,
      keptEnergy,
      layers: choicesOfPart(
        spectra.layers.map(l => l.name),
        part,
        layers,
      ),
    }),
    [spectra, method, keptEnergy, part, layers],
  )
  const result = useMemo(() => planned(spectra, choice), [spectra, choice])
  const smaller = 'plan' in result && result.plan.layers.some(l => l.rank !== null)
  const outlook = useOutlook(smaller && !running ? { kind: 'compression', request: { modelFileId, choice } } : null)
  return (
    <>
      <div className="compression-form">
        <div>
          <span className="compression-label" id="compression-energy">
            Energy that every layer keeps (share of Σσ²)
          </span>
          <div className="compression-slider">
            <Slider
              aria-labelledby="compression-energy"
              thumbLabel="Energy that every layer keeps, percent"
              min={50}
              max={100}
              step={0.5}
              label={v => `${v} %`}
              value={100 * keptEnergy}
              onChange={v => chooseEnergy(v / 100)}
            />
            <NumberInput
              aria-label="Kept energy in percent"
              min={1}
              max={100}
              step={1}
              decimalScale={3}
              suffix=" %"
              value={Number((100 * keptEnergy).toFixed(3))}
              onChange={v => typeof v === 'number' && v > 0 && v <= 100 && chooseEnergy(v / 100)}
            />
          </div>
        </div>
        <div>
          <span className="compression-label">Layers</span>
          <SegmentedControl
            size="xs"
            aria-label="Layers"
            value={part}
            data={PARTS.map(p => ({ ...p }))}
            onChange={v => choosePart(v as LayerPart)}
          />
        </div>
        <div>
          <span className="compression-label">Method</span>
          <SegmentedControl
            size="xs"
            aria-label="Method"
            value={method}
            data={METHODS.map(m => ({ ...m }))}
            onChange={v => chooseMethod(v as CompressionMethod)}
          />
        </div>
      </div>
      {'fault' in result ? (
        <ErrorCard error={result.fault} title="This choice cannot be." />
      ) : (
        <Totals plan={result.plan} method={method} />
      )}
      {smaller && !running && <JobEstimate outlook={outlook} />}
      <div className="lab-actions">
        {running ? (
          <JobLine jobId={jobId} what="the compression" />
        ) : (
          <Button
            size="compact-sm"
            disabled={!smaller || outlook.data?.refusal != null}
            onClick={() => startCompression(modelFileId, choice)}
          >
            Compress and measure
          </Button>
        )}
        {'plan' in result && !smaller && (
          <span className="soft">No layer would become smaller: let them keep less.</span>
        )}
      </div>
      <JobTruth job={job} />
      {job?.state === 'failed' && job.error && <ErrorCard error={job.error} title="The model was not made." />}
      <CompressionLayers spectra={spectra} plan={'plan' in result ? result.plan : undefined} />
    </>
  )
}

const percent = (x: number) => `${(100 * x).toFixed(1)} %`

function Totals({ plan, method }: { readonly plan: CompressionPlan; readonly method: CompressionMethod }) {
  const { layers, parametersBefore, parametersAfter, bytesBefore, bytesAfter } = plan
  const factorised = layers.filter(l => l.rank !== null)
  const worst = factorised.reduce((most, l) => Math.max(most, l.relativeError), 0)
  return (
    <>
      <p className="figures-row num" role="status" data-testid="compression-totals">
        <span>
          <b>{parametersAfter.toLocaleString('en-US')}</b>
          <span className="soft">
            parameters, {percent(parametersAfter / parametersBefore)} of {parametersBefore.toLocaleString('en-US')}
          </span>
        </span>
        <span>
          <b>{bytes(bytesAfter)}</b>
          <span className="soft">of weights, from {bytes(bytesBefore)}</span>
        </span>
        <span>
          <b>
            {factorised.length} of {layers.length}
          </b>
          <span className="soft">layers become two factors</span>
        </span>
        <span>
          <b>{percent(worst)}</b>
          <span className="soft">largest error of a layer</span>
        </span>
      </p>
      {method !== 'svd' && (
        <p className="soft">
          Ranks are chosen by the singular values. Errors shown are those of the SVD, below which no other factors come:{' '}
          {method === 'nmf' ? 'NMF, for layers without negative weights,' : 'semi-NMF'} loses more.
        </p>
      )}
    </>
  )
}
