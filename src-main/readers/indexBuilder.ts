import { stat } from 'node:fs/promises'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { writeFileAtomic } from '../storage/atomic.ts'
import { buildBamIndex } from './baiBuilder.ts'
import { formatBinIndex } from './binIndex.ts'
import { type CheckedFile, openChecked } from './checkedFile.ts'
import { buildFai } from './faiBuilder.ts'
import { formatFai, formatGzi } from './faiIndex.ts'
import { probeFile } from './probe.ts'
import { buildVcfTabix } from './tabixBuilder.ts'

export interface IndexRequest {
  /** Replace an index that is good. One that is missing, stale, foreign or unreadable is always written. */
  readonly force?: boolean
  /** Of a BAM; `auto`: .bai, or .csi where a contig is longer than a .bai can hold. */
  readonly format?: 'auto' | 'bai' | 'csi'
}

export interface IndexResult {
  /** What was written. */
  readonly written: readonly string[]
  /** What was left out of the index, in sentences. */
  readonly warnings: readonly string[]
}

/**
 * Builds and writes the index that a file needs, by what it is: .fai (and .gzi) for FASTA, .bai or .csi for BAM, .tbi for a bgzip
 * VCF. Each is written whole or not at all.
 * @throws WorkbenchError `bad-input` (there is a good index already), `unsupported` (no index can be made), `unsorted`, `truncated`, `corrupt`,
 * `changed`, `permission`, `no-space`, `cancelled`
 */
export async function buildIndex(path: string, request: IndexRequest, context: WorkContext): Promise<IndexResult> {
  const facts = await probeFile(path)
  const { kind } = facts
  const vcf = kind === 'vcf' && facts.compression === 'bgzip'
  if (kind !== 'bam' && kind !== 'fasta' && !vcf) {
    const needless = facts.index === 'not-needed'
    throw new WorkbenchError('unsupported', needless ? `'${path}' (${kind}) needs no index` : `an index of ${kind} files is not made here`, needless ? 'open it as it is' : kind === 'cram' ? `samtools index ${path}` : `tabix ${path}`) // biome-ignore format: one line
  }
  const asked = request.format ?? 'auto'
  // An old .csi would be found before a new .bai: it is made anew instead.
  const format = asked === 'auto' && facts.indexName?.endsWith('.csi') ? 'csi' : asked
  if (facts.index === 'ok' && !request.force && (asked === 'auto' || facts.indexName?.endsWith(`.${format}`)))
    throw new WorkbenchError('bad-input', `'${path}' has a good index already: '${facts.indexName ?? ''}'`, 'use it, or replace it with --force') // biome-ignore format: one line
  const file = await openChecked(path)
  try {
    if (vcf) return await indexVcf(file, context)
    return kind === 'bam' ? await indexBam(file, format, context) : await indexFasta(file, context)
  } finally {
    await file.close()
  }
}

async function indexBam(file: CheckedFile, format: 'auto' | 'bai' | 'csi', context: WorkContext): Promise<IndexResult> {
  const index = await buildBamIndex(file, context, format)
  await file.ensureUnchanged()
  const path = `${file.path}.${index.format}`
  await writeFileAtomic(path, formatBinIndex(index))
  const warnings: string[] = []
  // htslib and we look for a .csi first: an old one would be taken instead of the new .bai.
  if (index.format === 'bai' && (await stat(`${file.path}.csi`).catch(() => undefined)))
    warnings.push(`'${file.path}.csi' is there too and is used first; remove it if it is old`)
  return { written: [path], warnings }
}

async function indexVcf(file: CheckedFile, context: WorkContext): Promise<IndexResult> {
  const bytes = await buildVcfTabix(file, context)
  await file.ensureUnchanged()
  await writeFileAtomic(`${file.path}.tbi`, bytes)
  return { written: [`${file.path}.tbi`], warnings: [] }
}

async function indexFasta(file: CheckedFile, context: WorkContext): Promise<IndexResult> {
  const { entries, gzi, warnings } = await buildFai(file, context)
  await file.ensureUnchanged()
  const written: string[] = []
  // The .gzi first: a .fai without it would look complete.
  if (gzi) {
    await writeFileAtomic(`${file.path}.gzi`, formatGzi(gzi))
    written.push(`${file.path}.gzi`)
  }
  await writeFileAtomic(`${file.path}.fai`, formatFai(entries))
  written.push(`${file.path}.fai`)
  return { written, warnings }
}
