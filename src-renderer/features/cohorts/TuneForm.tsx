import { Button, NumberInput, Select, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { fewPeople, TUNE_LIMITS, type TuneField, type TuneOptions, type TuneSettings, tuneFaults, tuneSteps } from '../../../src-shared/genome/tune.ts' // biome-ignore format: one line
import { toWire, type WireError } from '../../../src-shared/ipc/errors.ts'
import { openFiles } from '../../state/services.ts'
import { formOf, setForm, startTune, useTuneCost, useTunes } from '../../state/tunes.ts'
import { bytes, ErrorCard, sentence } from '../../ui/parts.tsx'
import { timeLeft } from '../jobs/StatusBar.tsx'

const n = (x: number) => x.toLocaleString('en-US')
/** A measurement starts a process: not with every key. */
const MEASURE_AFTER_MS = 900

type NumberField = Exclude<TuneField, 'name' | 'reference'>
const SIZES = ['width', 'layers', 'heads', 'feedForward', 'projection'] as const
const HIDDEN: readonly NumberField[] = ['panelShare', 'warmupSteps', 'vocabulary', ...SIZES]
const isSize = (f: NumberField): f is (typeof SIZES)[number] => (SIZES as readonly string[]).includes(f)

const LABELS: Readonly<Record<NumberField, string>> = {
  splits: 'Splits (70/15/15 each)',
  epochs: 'Epochs at most',
  batch: 'Batch (people)',
  rate: 'Learning rate',
  patience: 'Early stopping (epochs)',
  seed: 'Seed',
  flankBp: 'Flank on each side (bp)',
  warmupSteps: 'Warm-up (steps)',
  panelShare: 'Share for a site to be read',
  vocabulary: 'Pieces of the tokenizer',
  width: 'Width',
  layers: 'Layers',
  heads: 'Heads',
  feedForward: 'Feed-forward',
  projection: 'Projected length',
}

/** What is trained, on whom, and what that costs. */
export function TuneForm({ file, options }: { readonly file: OpenedFile; readonly options: TuneOptions }) {
  const forms = useTunes(s => s.forms)
  const settings = formOf(file, options, forms)
  const [error, setError] = useState<WireError>()
  const [starting, setStarting] = useState(false)
  const faults = tuneFaults(settings)
  const set = (change: Partial<TuneSettings>) => setForm(file.id, { ...settings, ...change })
  const start = options.starts.find(s => JSON.stringify(s.start) === JSON.stringify(settings.start))
  const fresh = settings.start.kind === 'fresh'
  const valid = Object.keys(faults).length === 0
  const [more, setMore] = useState(false)
  // A fault that cannot be seen cannot be mended.
  const hidden = HIDDEN.some(f => faults[f])

  const field = (name: NumberField, more: { readonly step?: number; readonly disabled?: boolean } = {}) => {
    const value = isSize(name) ? settings.network[name] : settings[name]
    const [least] = TUNE_LIMITS[name]
    return (
      <NumberInput
        key={name}
        label={LABELS[name]}
        data-field={name}
        value={Number.isFinite(value) ? value : ''}
        allowNegative={false}
        min={least}
        hideControls
        disabled={more.disabled ?? false}
        error={faults[name] && sentence(faults[name])}
        {...(more.step === undefined ? {} : { step: more.step })}
        onChange={v => {
          const number = typeof v === 'number' ? v : Number.NaN
          set(isSize(name) ? { network: { ...settings.network, [name]: number } } : { [name]: number })
        }}
      />
    )
  }

  const run = async () => {
    setStarting(true)
    setError(undefined)
    try {
      await startTune(file.id, settings)
    } catch (e) {
      setError(toWire(e))
    } finally {
      setStarting(false)
    }
  }
  return (
    <div className="scan-form tune-form" data-testid="tune-form">
      <p className={options.simulated ? 'note' : 'soft'}>
        {options.simulated
          ? 'These people are simulated. What is trained on them is not for use on people.'
          : `Research use only: a score fitted on ${n(options.cases + options.controls)} people says nothing of people unlike them.`}
      </p>
      <TextInput
        label="Name"
        value={settings.name}
        maxLength={80}
        error={faults.name && sentence(faults.name)}
        onChange={e => set({ name: e.currentTarget.value })}
      />
      <Select
        label="Start from"
        allowDeselect={false}
        value={JSON.stringify(settings.start)}
        data={[
          { value: JSON.stringify({ kind: 'fresh' }), label: 'Fresh weights and a tokenizer of these people' },
          ...options.starts.map(s => ({
            value: JSON.stringify(s.start),
            label: `${s.name}${s.what === 'masked-tokens' ? ' (pre-trained, masked tokens)' : ''}`,
          })),
        ]}
        onChange={v => {
          const next = options.starts.find(s => JSON.stringify(s.start) === v)
          set({ start: next?.start ?? { kind: 'fresh' }, ...next?.fixed })
        }}
      />
      {start && (
        <p className="soft scan-about">
          {sentence(start.network)}
          {start.fixed && ' Its region, caller and sites are kept: its weights and tokenizer belong to them.'}
          {start.label && ` ${sentence(start.label)}`}
        </p>
      )}
      {options.references.length > 1 && (
        <Select
          label="Reference sequence"
          allowDeselect={false}
          value={settings.referenceFileId}
          data={options.references.map(r => ({ value: r.fileId, label: r.name }))}
          onChange={v => v && set({ referenceFileId: v })}
        />
      )}
      {options.references.length === 0 && (
        <p className="note">
          A training needs the letters of the locus: open a reference sequence with chromosome 19.{' '}
          <button type="button" className="link" onClick={openFiles}>
            Open a reference
          </button>
        </p>
      )}
      <div className="scan-row">
        {field('flankBp', { step: 500, disabled: start?.fixed != null })}
        <Select
          label="Caller"
          allowDeselect={false}
          disabled={start?.fixed != null}
          value={settings.caller}
          data={[
            { value: 'robust', label: 'robust (2 reads, 20 %)' },
            { value: 'top2', label: 'top two letters, as published' },
          ]}
          onChange={v => v && set({ caller: v as TuneSettings['caller'] })}
        />
      </div>
      <div className="scan-row">
        {field('epochs')}
        {field('patience')}
      </div>
      <div className="scan-row">
        {field('batch')}
        {field('rate')}
      </div>
      <div className="scan-row">
        {field('splits')}
        {field('seed')}
      </div>
      <Select
        label="Weights are chosen by"
        allowDeselect={false}
        value={settings.stopBy ?? 'auc'}
        data={[
          { value: 'loss', label: 'loss of the validation people' },
          { value: 'auc', label: 'AUC of the validation people' },
        ]}
        onChange={v => v && set({ stopBy: v as 'auc' | 'loss' })}
      />
      <details className="tune-more" open={more || hidden} onToggle={e => setMore(e.currentTarget.open)}>
        <summary>{fresh ? 'Network, tokenizer and more' : 'More'}</summary>
        {fresh && (
          <>
            <div className="scan-row">
              {field('width')}
              {field('layers')}
            </div>
            <div className="scan-row">
              {field('heads')}
              {field('feedForward')}
            </div>
            <div className="scan-row">
              {field('projection')}
              {field('vocabulary')}
            </div>
          </>
        )}
        <div className="scan-row">
          {field('panelShare', { step: 0.01, disabled: start?.fixed != null })}
          {field('warmupSteps')}
        </div>
        <p className="soft scan-about">
          A site is read when so many of the training people have the same letter there; elsewhere the reference stands.
          0: the whole diplotype. The rate is multiplied by 0.9995 each step; AdamW, weight decay 0.01.
        </p>
      </details>
      <Cost file={file} options={options} settings={settings} enabled={valid} />
      {error && <ErrorCard error={error} title="The training did not start." />}
      <div className="scan-actions">
        <Button loading={starting} disabled={!valid} onClick={() => void run()} data-testid="tune-start">
          Fine-tune on {n(options.cases + options.controls)} people
        </Button>
      </div>
      {!valid && (
        <p className="tune-error" role="status">
          {Object.entries(faults)
            .map(([name, fault]) => `${(LABELS as Readonly<Record<string, string>>)[name] ?? name}: ${fault}`)
            .join('; ')}
        </p>
      )}
    </div>
  )
}

/** People and steps at once; time from a step that is measured when the settings rest. */
function Cost(props: {
  readonly file: OpenedFile
  readonly options: TuneOptions
  readonly settings: TuneSettings
  readonly enabled: boolean
}) {
  const { file, options, settings, enabled } = props
  const key = JSON.stringify({ ...settings, name: '' })
  const [rested, setRested] = useState(key)
  useEffect(() => {
    const timer = setTimeout(() => setRested(key), MEASURE_AFTER_MS)
    return () => clearTimeout(timer)
  }, [key])
  const cost = useTuneCost(file, settings, enabled && rested === key)
  if (!enabled) return null
  const steps = tuneSteps(settings, options)
  const few = settings.start.kind === 'fresh' ? fewPeople(options.cases + options.controls) : null
  return (
    <div className="tune-cost num" data-testid="tune-cost" data-steps={steps.total}>
      <p>
        In each of {n(settings.splits)} {settings.splits === 1 ? 'split' : 'splits'} {n(steps.train)} people train,{' '}
        {n(steps.validation)} choose where it stops, {n(steps.test)} are tested once. At most {n(steps.perSplit)} steps
        a split, {n(steps.total)} in all.
      </p>
      {few !== null && (
        <p className="note" data-testid="tune-few">
          {few}
        </p>
      )}
      {cost.data ? (
        <p data-testid="tune-time" data-seconds={cost.data.seconds}>
          <b>At most about {timeLeft(cost.data.seconds)}</b>, {bytes(cost.data.peakBytes)} of memory,{' '}
          {n(cost.data.parameters)} parameters. <span className="soft">{sentence(cost.data.basis)}</span>
        </p>
      ) : cost.error ? (
        <p className="tune-error">{sentence(`${cost.error.message} - ${cost.error.remedy}`)}</p>
      ) : (
        <p className="soft" role="status">
          Measuring a step…
        </p>
      )}
      {cost.data?.fitting != null && (
        <p className="tune-error">
          Does not fit here: this machine has {bytes(cost.data.freeBytes)} free. {sentence(cost.data.fitting)}
        </p>
      )}
    </div>
  )
}
