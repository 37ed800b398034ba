import { Button } from '@mantine/core'
import { findContig } from '../../../src-shared/genome/contigs.ts'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { useOutlook } from '../../state/outlook.ts'
import { buildIndex, closeFile, openFiles, refreshFile } from '../../state/services.ts'
import { isSynthetic } from '../../state/tracks.ts'
import { useDocument, useWorkbench } from '../../state/workbench.ts'
import { bytes, ErrorCard, Section, Synthetic, whenText } from '../../ui/parts.tsx'
import { JobEstimate } from '../jobs/JobEstimate.tsx'
import { BuildNote } from './BuildNote.tsx'
import { FirstReads } from './FirstReads.tsx'

const INDEX_TEXT = {
  ok: 'present and of this file',
  missing: 'missing',
  stale: 'older than the file',
  foreign: 'belongs to another file',
  unreadable: 'cannot be read',
  'not-needed': 'this format needs none',
} as const

const KIND_TEXT: Readonly<Record<OpenedFile['facts']['kind'], string>> = {
  bam: 'BAM alignments',
  cram: 'CRAM alignments',
  sam: 'SAM alignments (text)',
  vcf: 'VCF variants',
  bigwig: 'bigWig signal',
  bigbed: 'bigBed features',
  bedgraph: 'bedGraph signal',
  fasta: 'FASTA sequence',
  '2bit': '2bit sequence',
  genes: 'gene models',
  samples: 'sample sheet',
  project: 'Diploscope project',
  model: 'model',
  onnx: 'ONNX model',
}

/** What a look at a file's head told, and what can be done when it cannot be used as it is. */
export function FileFactsPanel({ file }: { readonly file: OpenedFile }) {
  const { facts } = file
  const select = useWorkbench(s => s.select)
  return (
    <>
      <div className="inspector-head">
        <h2 title={file.name}>{file.name}</h2>
        {isSynthetic(file) && <Synthetic />}
      </div>
      <div className="inspector-body">
        {file.problem && <FileProblem file={file} />}
        <BuildNote file={file} />
        {file.role === 'sample' && !file.problem && (
          <div style={{ display: 'flex', gap: 8, marginBottom: 16 }}>
            <Button variant="light" onClick={() => select({ kind: 'sample', fileId: file.id })}>
              APOE report
            </Button>
            <FirstReads file={file} />
          </div>
        )}
        <Section title="File">
          <dl className="facts">
            <dt>Kind</dt>
            <dd>
              {KIND_TEXT[facts.kind]}
              {facts.compression !== 'none' && `, ${facts.compression}`}
            </dd>
            <dt>Folder</dt>
            <dd>{file.folder}</dd>
            <dt>Size</dt>
            <dd className="num">{bytes(facts.sizeBytes)}</dd>
            <dt>Changed</dt>
            <dd className="num">{whenText(facts.modifiedAt)}</dd>
            <dt>Index</dt>
            <dd>
              {INDEX_TEXT[facts.index]}
              {facts.indexName && ` (${facts.indexName})`}
            </dd>
            <dt>Build</dt>
            <dd>{buildText(file)}</dd>
            {facts.samples.length > 0 && (
              <>
                <dt>{facts.samples.length === 1 ? 'Sample' : 'Samples'}</dt>
                <dd>{facts.samples.slice(0, 20).join(', ')}</dd>
              </>
            )}
            {facts.sortOrder && (
              <>
                <dt>Sorted</dt>
                <dd>{facts.sortOrder}</dd>
              </>
            )}
          </dl>
        </Section>
        {facts.remarks.length > 0 && (
          <Section title="Remarks">
            <ul className="limits">
              {facts.remarks.map(r => (
                <li key={r}>{r}</li>
              ))}
            </ul>
          </Section>
        )}
        {facts.contigs.length > 0 && <Contigs file={file} />}
      </div>
    </>
  )
}

/** By chromosome 19 alone a build is told: its lengths in GRCh37 and GRCh38 differ. */
const buildText = ({ facts }: OpenedFile): string => {
  if (facts.build !== 'unknown') return facts.build
  if (facts.contigs.length === 0) return 'not stated by the file'
  return findContig('chr19', facts.contigs)
    ? 'not known: chromosome 19 has neither the length of GRCh37 nor that of GRCh38'
    : 'not known: told by chromosome 19, which the file does not list'
}

const SHOWN_CONTIGS = 60

function Contigs({ file }: { readonly file: OpenedFile }) {
  const goTo = useWorkbench(s => s.goTo)
  const { contigs, contigCount } = file.facts
  return (
    <Section title={`Contigs (${contigCount.toLocaleString('en-US')})`}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section className="table-wrap" tabIndex={0} aria-label="Contigs">
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" data-align="right">
                Length (bp)
              </th>
            </tr>
          </thead>
          <tbody>
            {contigs.slice(0, SHOWN_CONTIGS).map(c => (
              <tr key={c.name}>
                <td>
                  <button
                    type="button"
                    className="link"
                    onClick={() => goTo({ contig: c.name, start: 0, end: Math.min(c.length, 1_000_000) })}
                  >
                    {c.name}
                  </button>
                </td>
                <td data-align="right">{c.length.toLocaleString('en-US')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {contigCount > SHOWN_CONTIGS && (
        <p className="soft">The first {SHOWN_CONTIGS}; type the name of another in the locus box.</p>
      )}
    </Section>
  )
}

/** How long its index will take, before it is built. */
const IndexEstimate = ({ fileId }: { readonly fileId: string }) => (
  <JobEstimate outlook={useOutlook({ kind: 'index', request: { fileId } })} />
)

/** Why a file cannot be used and what gets out of it. */
export function FileProblem({ file }: { readonly file: OpenedFile }) {
  const jobs = useWorkbench(s => s.jobs)
  const demo = useDocument().demo
  const { problem } = file
  if (!problem) return null
  const building = jobs.some(j => j.kind === 'index' && j.state === 'running')
  const canIndex =
    (problem.code === 'no-index' || problem.code === 'bad-index') &&
    file.facts.index !== 'ok' &&
    file.facts.kind !== 'sam'
  const gone = problem.code === 'not-found' || problem.code === 'changed' || problem.code === 'permission'
  return (
    <ErrorCard error={problem} title={file.name}>
      {canIndex && (
        <Button size="compact-sm" loading={building} onClick={() => buildIndex(file)}>
          Build index
        </Button>
      )}
      {canIndex && !building && <IndexEstimate fileId={file.id} />}
      {gone && !demo && (
        <Button size="compact-sm" variant="default" onClick={openFiles}>
          Locate…
        </Button>
      )}
      <Button size="compact-sm" variant="default" onClick={() => refreshFile(file)}>
        Look again
      </Button>
      <Button size="compact-sm" variant="default" onClick={() => closeFile(file)}>
        Remove
      </Button>
    </ErrorCard>
  )
}
