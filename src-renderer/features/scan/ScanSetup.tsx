import { Button, Checkbox, NumberInput, Select, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { findContig } from '../../../src-shared/genome/contigs.ts'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { Interval } from '../../../src-shared/genome/interval.ts'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { REFERENCE } from '../../../src-shared/genome/prediction.ts'
import type { EffectScore, ScanMethod, ScanRequest } from '../../../src-shared/genome/scan.ts'
import { toWire, type WireError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { useOutlook } from '../../state/outlook.ts'
import { attributeView } from '../../state/overlays.ts'
import { useModelFacts } from '../../state/predictions.ts'
import { MAX_SPAN_BP, type OutputChoice, type ScanForm, spanAround, startScan, useScans } from '../../state/scans.ts'
import { call, openFiles } from '../../state/services.ts'
import { useDocument, useLocus, useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, Section, sentence } from '../../ui/parts.tsx'
import { headline, JobEstimate } from '../jobs/JobEstimate.tsx'
import { METHODS, SCORES } from './scanText.ts'
import { TrackPicker } from './TrackPicker.tsx'

/** Bins beside the one of a transcription start that are scored with it: three in all, as CAGE expression is read off. */
const BINS_BESIDE_TSS = 1

const people = (files: readonly OpenedFile[]) =>
  files
    .filter(f => (f.role === 'variants' || f.role === 'sample') && !f.problem)
    .flatMap(f =>
      f.facts.samples.flatMap(sample =>
        ([0, 1] as const).map(haplotype => ({
          value: JSON.stringify({ kind: 'haplotype', fileId: f.id, sample, haplotype }),
          label: `${sample} (${f.name}), haplotype ${haplotype + 1}`,
        })),
      ),
    )

/** The bins that a scan is scored on. @throws WorkbenchError when the text is no region or gene */
async function outputOf(form: ScanForm, binBp: number): Promise<ScanRequest['output']> {
  if (form.output === 'all') return { kind: 'all' }
  if (form.output === 'region') {
    const found = await call('locus.resolve', { text: form.region.trim() })
    return { kind: 'interval', interval: found.interval }
  }
  const hits = await call('genes.search', { query: form.gene.trim(), limit: 1 })
  const hit = hits[0]
  if (!hit || form.gene.trim() === '')
    throw new WorkbenchError('not-found', `gene '${form.gene}' is not in an open annotation`, 'open gene models (GTF, GFF3 or BED), or choose another output') // biome-ignore format: one sentence
  const tss = hit.strand === '-' ? hit.interval.end - 1 : hit.interval.start
  const margin = BINS_BESIDE_TSS * binBp
  return { kind: 'interval', interval: { contig: hit.interval.contig, start: Math.max(0, tss - margin), end: tss + margin + 1 } } // biome-ignore format: one interval
}

const lowered = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)

/** What is mutated and what is asked of the model, from one base of the browser. */
export function ScanSetup({ contig, position }: { readonly contig: string; readonly position: number }) {
  const files = useWorkbench(s => s.files)
  const document = useDocument()
  const view = useLocus()
  const form = useScans(s => s.form)
  const setForm = useScans(s => s.setForm)
  const [error, setError] = useState<WireError>()
  const [starting, setStarting] = useState(false)
  const models = files.filter(f => f.role === 'model' && !f.problem)
  const model = models.find(m => m.id === form.modelFileId) ?? models[0]
  const facts = useModelFacts(model)
  const reference = files.find(f => f.id === document.view.referenceFileId && !f.problem)
  const onContig = reference && findContig(contig, reference.facts.contigs)
  // Another model has other tracks: those of the browser, else its first.
  useEffect(() => {
    if (!model || form.modelFileId === model.id) return
    const shown = document.tracks.find(t => t.fileId === model.id && t.predicted)?.predicted?.channels
    setForm({ modelFileId: model.id, channels: shown ?? [0] })
  }, [model, form.modelFileId, document.tracks, setForm])
  const answers = form.groupMean ? 1 : form.channels.length
  const { spanBp, method, score } = form
  const outlook = useOutlook(model && answers > 0 ? { kind: 'scan', request: { modelFileId: model.id, spanBp, answers, method, score } } : null) // biome-ignore format: one line
  const attribution = useOutlook(model && facts.data && !facts.data.noGradient ? { kind: 'attribution', request: { modelFileId: model.id } } : null) // biome-ignore format: one line
  if (!model)
    return (
      <Section title="Mutation scan" testId="scan-setup">
        <p className="soft">
          With a model open, every base change near this position can be scored: what it adds to or takes from a track.{' '}
          <button type="button" className="link" onClick={openFiles}>
            Open a model
          </button>
        </p>
      </Section>
    )
  const scanned: Interval | undefined = onContig && spanAround(onContig, position, form.spanBp)
  const viewBp = view && view.contig === contig ? view.end - view.start : 0
  const run = async (interval: Interval) => {
    if (!reference) return
    setStarting(true)
    setError(undefined)
    try {
      await startScan({
        modelFileId: model.id,
        referenceFileId: reference.id,
        interval,
        channels: form.channels,
        groupMean: form.groupMean && form.channels.length > 1,
        output: await outputOf(form, facts.data?.binBp ?? 128),
        score: form.score,
        method: form.method,
        background: form.background,
      })
    } catch (e) {
      setError(toWire(e))
    } finally {
      setStarting(false)
    }
  }
  return (
    <Section title="Mutation scan" testId="scan-setup">
      <div className="scan-form">
        {models.length > 1 && (
          <Select
            label="Model"
            allowDeselect={false}
            value={model.id}
            data={models.map(m => ({ value: m.id, label: m.name }))}
            onChange={id => id && setForm({ modelFileId: id, channels: [0] })}
          />
        )}
        {models.length === 1 && <p className="soft scan-model">Model: {facts.data?.name ?? model.name}</p>}
        <TrackPicker model={model} channels={form.channels} onChannels={channels => setForm({ channels })} />
        {form.channels.length > 1 && (
          <Checkbox
            label={`One answer: the mean of these ${form.channels.length} tracks`}
            checked={form.groupMean}
            onChange={e => setForm({ groupMean: e.currentTarget.checked })}
          />
        )}
        <div className="scan-row">
          <NumberInput
            label="Span (bp)"
            min={1}
            max={MAX_SPAN_BP}
            clampBehavior="strict"
            value={form.spanBp}
            onChange={v => typeof v === 'number' && v >= 1 && setForm({ spanBp: v })}
          />
          <Select
            label="Score"
            allowDeselect={false}
            value={form.score}
            data={Object.entries(SCORES).map(([value, s]) => ({ value, label: s.name }))}
            onChange={v => v && setForm({ score: v as EffectScore })}
          />
        </div>
        <p className="soft scan-about">{SCORES[form.score].about}</p>
        <Select
          label="Scored bins"
          allowDeselect={false}
          value={form.output}
          data={[
            { value: 'all', label: 'All that the model answers for' },
            { value: 'region', label: 'Those that touch a region' },
            { value: 'gene', label: "Three at a gene's transcription start" },
          ]}
          onChange={v => v && setForm({ output: v as OutputChoice })}
        />
        {form.output === 'region' && (
          <TextInput
            label="Region"
            placeholder={`${contig}:1,000-2,000`}
            value={form.region}
            onChange={e => setForm({ region: e.currentTarget.value })}
          />
        )}
        {form.output === 'gene' && (
          <TextInput
            label="Gene"
            placeholder="APOE"
            value={form.gene}
            onChange={e => setForm({ gene: e.currentTarget.value })}
          />
        )}
        <div className="scan-row">
          <Select
            label="Sequence"
            allowDeselect={false}
            value={JSON.stringify(form.background)}
            data={[{ value: JSON.stringify(REFERENCE), label: 'Reference' }, ...people(files)]}
            onChange={v => v && setForm({ background: JSON.parse(v) as ScanRequest['background'] })}
          />
          <Select
            label="Method"
            allowDeselect={false}
            value={form.method}
            data={Object.entries(METHODS).map(([value, m]) => ({ value, label: m.name }))}
            onChange={v => v && setForm({ method: v as ScanMethod })}
          />
        </div>
        <p className="soft scan-about">{METHODS[form.method].about}</p>
        {facts.data?.noGradient && form.method !== 'naive' && (
          <p className="note">No preview: {facts.data.noGradient}</p>
        )}
        {error && <ErrorCard error={error} title="The scan did not start." />}
        {!reference && (
          <p className="note">A scan needs a reference sequence: open a FASTA or 2bit and use it as the reference.</p>
        )}
        {reference && !onContig && <p className="note">{`${contig} is not in ${reference.name}.`}</p>}
        {answers > 0 && <JobEstimate outlook={outlook} />}
        <div className="scan-actions">
          <Button
            loading={starting}
            disabled={!scanned || form.channels.length === 0 || outlook.data?.refusal != null}
            onClick={() => scanned && void run(scanned)}
          >
            {scanned ? `Scan ${formatLocus(scanned)}` : 'Scan'}
          </Button>
          {view && onContig && viewBp > 0 && viewBp <= MAX_SPAN_BP && (
            <Button
              variant="light"
              loading={starting}
              disabled={form.channels.length === 0 || outlook.data?.refusal != null}
              onClick={() => void run({ ...view, contig: onContig.name })}
            >
              Scan the view ({viewBp.toLocaleString('en-US')} bp)
            </Button>
          )}
          {view && reference && !facts.data?.noGradient && (
            <Button variant="subtle" disabled={attribution.data?.refusal != null} onClick={() => void attributeView()}>
              Attribution of the view
            </Button>
          )}
        </div>
        {view && reference && attribution.data && (
          <p className="job-estimate soft num" data-testid="attribution-estimate">
            {attribution.data.refusal
              ? `Attribution does not fit here: ${attribution.data.refusal.message}. ${sentence(attribution.data.refusal.remedy)}`
              : `Attribution of the view: ${lowered(headline(attribution.data))}`}
          </p>
        )}
      </div>
    </Section>
  )
}
