import { Button, Skeleton } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { ModelCheck, ModelFacts } from '../../../src-shared/genome/model.ts'
import type { WireError } from '../../../src-shared/ipc/errors.ts'
import { runCommand } from '../../state/commands.ts'
import { saveText } from '../../state/connect.ts'
import { isPredicted } from '../../state/predictedTracks.ts'
import { useModelFacts } from '../../state/predictions.ts'
import { attempt, call, saveDownload } from '../../state/services.ts'
import { useDocument, useGenomeFile, useWorkbench } from '../../state/workbench.ts'
import { bytes, ErrorCard, Section, SmallButton } from '../../ui/parts.tsx'
import { fileName } from '../../ui/provenance.ts'
import { selectPredicted } from '../tracks/trackActions.ts'
import { Card } from './Card.tsx'
import { TrackTable } from './TrackTable.tsx'

const READS = { dna: 'DNA sequence', tokens: "tokens of a person's diplotype", alleles: "a person's alleles at rs429358 and rs7412" } as const // biome-ignore format: one line

/** A model: what it answers for, what it reads, where it came from, what it must not be used for. */
export function ModelScreen({ file }: { readonly file: OpenedFile }) {
  const facts = useModelFacts(file)
  return (
    <>
      <div className="inspector-head">
        <h2 title={facts.data?.name ?? file.name} data-testid="model-title">
          {facts.data?.name ?? file.name}
        </h2>
        {facts.data && <MadeUp facts={facts.data} />}
      </div>
      <div className="inspector-body" data-testid="model-screen">
        {facts.isPending && (
          <div role="status" aria-label="Reading the model">
            <Skeleton height={60} mb={12} />
            <Skeleton height={280} />
          </div>
        )}
        {facts.error && <ErrorCard error={facts.error} title="This model cannot be used." />}
        {facts.data && <Facts facts={facts.data} file={file} />}
      </div>
    </>
  )
}

/** Made-up training data and the use it is for, beside the name. */
export function MadeUp({ facts }: { readonly facts: ModelFacts }) {
  return (
    <>
      {facts.madeUp && <span className="synthetic">{facts.madeUp}</span>}
      <span className="tag">research use only</span>
    </>
  )
}

const bp = (n: number) => `${n.toLocaleString('en-US')} bp`

function Facts({ facts, file }: { readonly facts: ModelFacts; readonly file: OpenedFile }) {
  const genome = useGenomeFile()
  const info = useWorkbench(s => s.info)
  const other =
    facts.genome !== null && genome && genome.facts.build !== 'unknown' && !sameBuild(facts.genome, genome.facts.build)
  return (
    <>
      {facts.madeUp && (
        <p className="note">
          This model learnt from <b>{facts.madeUp}</b> data. Its numbers show how the program works and say nothing
          about real genomes.
        </p>
      )}
      {other && (
        <p className="note" data-testid="model-build">
          The model was made for {facts.genome}; the genome on the screen is {genome?.facts.build}. Sequence is
          sequence, but its tracks were measured on another assembly.
        </p>
      )}
      {facts.input === 'dna' && facts.tracks > 0 && (
        <Section title={`What it predicts: ${facts.tracks.toLocaleString('en-US')} tracks`} testId="model-tracks">
          <TrackTable file={file} facts={facts} />
          <Shown file={file} />
        </Section>
      )}
      <Section title="What it reads">
        <dl className="facts">
          {facts.input === 'dna' && facts.windowBp !== undefined ? (
            <>
              <dt>Window</dt>
              <dd className="num">{bp(facts.windowBp)} of sequence</dd>
              {facts.bins !== undefined && facts.binBp !== undefined && (
                <>
                  <dt>Answers for</dt>
                  <dd className="num">
                    {facts.bins.toLocaleString('en-US')} bins of {bp(facts.binBp)}: the middle{' '}
                    {bp(facts.bins * facts.binBp)}
                  </dd>
                </>
              )}
            </>
          ) : (
            <>
              <dt>Input</dt>
              <dd>{READS[facts.input]}</dd>
            </>
          )}
          <dt>Genome</dt>
          <dd>{facts.genome ?? 'not stated'}</dd>
        </dl>
      </Section>
      <Section title="What it is">
        <dl className="facts">
          <dt>Network</dt>
          <dd>{facts.kind}</dd>
          <dt>Parameters</dt>
          <dd className="num">{facts.parameters.toLocaleString('en-US')}</dd>
          <dt>Weights</dt>
          <dd className="num">{bytes(facts.weightsBytes)}</dd>
          <dt>SHA-256</dt>
          <dd className="mono">{facts.weightsSha256.slice(0, 16)}…</dd>
          <dt>Runs on</dt>
          <dd>
            the fastest device that works here{info && `; ${info.threads} CPU threads`}{' '}
            <button type="button" className="link" onClick={() => runCommand('about')}>
              try the devices
            </button>
          </dd>
          <dt>Gradients</dt>
          <dd>{facts.noGradient ?? 'yes'}</dd>
        </dl>
      </Section>
      <CheckModel fileId={facts.fileId} />
      <Section title="Where it came from">
        <dl className="facts">
          <dt>Source</dt>
          <dd>{facts.source}</dd>
          {facts.trainedBy && (
            <>
              <dt>Trained by</dt>
              <dd>{facts.trainedBy}</dd>
            </>
          )}
          <dt>Made</dt>
          <dd className="num">{facts.created}</dd>
          <dt>Licence</dt>
          <dd>{facts.licence}</dd>
          {facts.citation && (
            <>
              <dt>Cite</dt>
              <dd>{facts.citation}</dd>
            </>
          )}
          <dt>Folder</dt>
          <dd>{file.folder}</dd>
        </dl>
        <Button
          mt={8}
          size="compact-sm"
          variant="default"
          onClick={() =>
            attempt(async () => saveDownload(await call('models.export', { fileId: facts.fileId, format: 'onnx' })))
          }
        >
          Export as ONNX
        </Button>
      </Section>
      <Section title="Limits" testId="model-limits">
        <ul className="limits">
          {facts.limits.map(l => (
            <li key={l}>{l}</li>
          ))}
        </ul>
      </Section>
      {facts.card.trim() !== '' && (
        <details className="card-details">
          <summary>Model card</summary>
          <SmallButton
            label="Save the model card"
            text="Save as Markdown"
            onClick={() => saveText(facts.card, fileName(facts.id, 'card.md'), 'text/markdown')}
          />
          <Card text={facts.card} />
        </details>
      )}
    </>
  )
}

/** hg38 and GRCh38 are one assembly; a name that is neither is taken for itself. */
export function sameBuild(model: string, build: 'GRCh37' | 'GRCh38' | string): boolean {
  const known = /(hg38|grch38)/i.test(model) ? 'GRCh38' : /(hg19|grch37|b37)/i.test(model) ? 'GRCh37' : model
  return known === build
}

/** The model's tracks that are in the browser. */
function Shown({ file }: { readonly file: OpenedFile }) {
  const tracks = useDocument()
    .tracks.filter(isPredicted)
    .filter(t => t.fileId === file.id)
  if (tracks.length === 0) return null
  return (
    <p style={{ margin: '8px 0 0' }}>
      In the browser:{' '}
      {tracks.map((t, i) => (
        <span key={t.predicted.trackId}>
          {i > 0 && ', '}
          <button type="button" className="link" onClick={() => selectPredicted(t)}>
            {t.predicted.name}
          </button>
        </span>
      ))}
    </p>
  )
}

/** Correctness is a claim that anybody can try. */
function CheckModel({ fileId }: { readonly fileId: string }) {
  const [stop, setStop] = useState<AbortController>()
  const check = useMutation<ModelCheck, WireError>({
    mutationFn: () => {
      const control = new AbortController()
      setStop(control)
      return call('models.check', { fileId }, control.signal)
    },
  })
  const notify = useWorkbench(s => s.notify)
  return (
    <Section title="Check" testId="model-check">
      <div style={{ display: 'flex', gap: 8, alignItems: 'center' }}>
        <Button size="compact-sm" variant="default" loading={check.isPending} onClick={() => check.mutate()}>
          Check this model
        </Button>
        {check.isPending ? (
          <Button
            size="compact-xs"
            variant="subtle"
            onClick={() => {
              stop?.abort()
              check.reset()
              notify('info', 'The check was stopped')
            }}
          >
            Cancel
          </Button>
        ) : (
          !check.data && <span className="soft">reads every weight and runs the network twice</span>
        )}
      </div>
      {check.error && check.error.code !== 'cancelled' && <ErrorCard error={check.error} />}
      {check.data && (
        <>
          <p style={{ margin: '6px 0' }} role="status" data-ok={check.data.ok}>
            <b style={{ color: check.data.ok ? 'var(--good-ink)' : 'var(--bad-ink)' }}>
              {check.data.ok ? 'Everything holds' : 'Something is wrong'}
            </b>{' '}
            <span className="soft num">in {(check.data.ms / 1000).toFixed(1)} s</span>
          </p>
          <ul className="findings">
            {check.data.findings.map(f => (
              <li key={f.what} data-ok={f.ok}>
                <b className="finding-mark" data-ok={f.ok} aria-hidden="true">
                  {f.ok ? '✓' : '✗'}
                </b>{' '}
                <span className="visually-hidden">{f.ok ? 'holds' : 'fails'}: </span>
                {f.what} <span className="soft">{f.detail}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  )
}
