import { Button, Checkbox, Select } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { EffectScore } from '../../../src-shared/genome/scan.ts'
import { toWire, type WireError } from '../../../src-shared/ipc/errors.ts'
import { useOutlook } from '../../state/outlook.ts'
import { openFiles } from '../../state/services.ts'
import { startVariants, useVariantTables } from '../../state/variantTables.ts'
import { useDocument, useLocus, useWorkbench } from '../../state/workbench.ts'
import { ErrorCard } from '../../ui/parts.tsx'
import { JobEstimate } from '../jobs/JobEstimate.tsx'
import { SCORES } from '../scan/scanText.ts'
import { TrackPicker } from '../scan/TrackPicker.tsx'
import { VariantTable } from './VariantTable.tsx'

/** What a model says of every variant of a VCF. */
export function VariantPlots() {
  const tableId = useVariantTables(s => s.tableId)
  return (
    <section className="plots variant-plots" aria-label="Variant effects" data-testid="variant-plots">
      {tableId ? <VariantTable tableId={tableId} /> : <VariantForm />}
    </section>
  )
}

function VariantForm() {
  const form = useVariantTables(s => s.form)
  const files = useWorkbench(s => s.files)
  const document = useDocument()
  const view = useLocus()
  const [error, setError] = useState<WireError>()
  const [starting, setStarting] = useState(false)
  const set = (change: Partial<typeof form>) => useVariantTables.setState(s => ({ form: { ...s.form, ...change } }))
  const models = files.filter(f => f.role === 'model' && !f.problem)
  const vcfs = files.filter(f => f.role === 'variants' && !f.problem)
  const model = models.find(m => m.id === form.modelFileId) ?? models[0]
  const vcf = vcfs.find(v => v.id === form.vcfFileId) ?? vcfs[0]
  const reference = files.find(f => f.id === document.view.referenceFileId && !f.problem)
  useEffect(() => {
    if (model && form.modelFileId !== model.id)
      useVariantTables.setState(s => ({ form: { ...s.form, modelFileId: model.id, channels: [0] } }))
  }, [model, form.modelFileId])
  const request =
    model && vcf && reference
      ? {
          modelFileId: model.id,
          referenceFileId: reference.id,
          vcfFileId: vcf.id,
          channels: form.channels,
          score: form.score,
          bothStrands: form.bothStrands,
          ...(form.onlyView && view ? { interval: view } : {}),
        }
      : undefined
  const outlook = useOutlook(request ? { kind: 'variants', request } : null)
  const missing = [
    ...(model ? [] : ['a model']),
    ...(vcf ? [] : ['a VCF']),
    ...(reference ? [] : ['a reference sequence']),
  ]
  if (!model || !vcf || !request)
    return (
      <div className="empty">
        <p>Variant effects need {missing.join(', ')}.</p>
        <Button variant="light" onClick={openFiles}>
          Open files
        </Button>
      </div>
    )
  const run = async () => {
    setStarting(true)
    setError(undefined)
    try {
      await startVariants(request)
    } catch (e) {
      setError(toWire(e))
    } finally {
      setStarting(false)
    }
  }
  return (
    <div className="variant-form" data-testid="variant-form">
      <div className="field-form">
        <Select
          label="Variants"
          allowDeselect={false}
          value={vcf.id}
          data={vcfs.map(v => ({ value: v.id, label: v.name }))}
          onChange={v => v && set({ vcfFileId: v })}
        />
        <Select
          label="Model"
          allowDeselect={false}
          value={model.id}
          data={models.map(m => ({ value: m.id, label: m.name }))}
          onChange={v => v && set({ modelFileId: v, channels: [0] })}
        />
        <Select
          label="Score"
          allowDeselect={false}
          value={form.score}
          data={Object.entries(SCORES).map(([value, s]) => ({ value, label: s.name }))}
          onChange={v => v && set({ score: v as EffectScore })}
          w={110}
        />
      </div>
      <TrackPicker model={model} channels={form.channels} onChannels={channels => set({ channels })} />
      <p className="soft scan-about">{SCORES[form.score].about} Each variant stands in the middle of its window.</p>
      <Checkbox
        label="Mean of both strands"
        checked={form.bothStrands}
        onChange={e => set({ bothStrands: e.currentTarget.checked })}
      />
      <Checkbox
        label="Only variants in view"
        checked={form.onlyView}
        disabled={!view}
        onChange={e => set({ onlyView: e.currentTarget.checked })}
      />
      {error && <ErrorCard error={error} title="The table did not start." />}
      <JobEstimate outlook={outlook} />
      <div>
        <Button
          loading={starting}
          disabled={form.channels.length === 0 || outlook.data?.refusal != null}
          onClick={() => void run()}
        >
          Score the variants
        </Button>
      </div>
    </div>
  )
}
