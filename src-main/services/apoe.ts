import { basename } from 'node:path'
import { APOE_THRESHOLDS, type ApoeReport, type ApoeThresholds } from '../../src-shared/genome/apoe.ts'
import type { Build } from '../../src-shared/genome/assemblies.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { FileFingerprint, Provenance } from '../../src-shared/report/provenance.ts'
import { apoeHtml } from '../domain/report/apoeHtml.ts'
import { apoeJson } from '../domain/report/apoeJson.ts'
import { openAlignments } from '../readers/alignments.ts'
import { bamIndexNames, cramIndexNames } from '../readers/indexNames.ts'
import { firstPresent } from '../readers/indexState.ts'
import { type ApoeRequest, runApoe } from '../workers/apoeRun.ts'
import { fingerprintFile } from './provenance.ts'

/** The file of one sample. */
export interface ApoeSource {
  readonly path: string
  readonly indexPath?: string | undefined
  readonly referencePath?: string | undefined
}

export interface ApoeOptions {
  readonly build: Build | 'auto'
  readonly rna: boolean
  readonly thresholds: ApoeThresholds
}

export const APOE_DEFAULTS: ApoeOptions = { build: 'auto', rna: false, thresholds: APOE_THRESHOLDS }

/** What is asked of the reads of the file at `path`. */
export const apoeRequest = (path: string, options: ApoeOptions): ApoeRequest => ({
  ...options,
  fileName: basename(path).replace(/\.(bam|cram)$/i, ''),
})

/** Types APOE from a BAM or CRAM, on this thread. @throws WorkbenchError as `openAlignments` and `runApoe` do */
export async function apoeOf(source: ApoeSource, options: ApoeOptions, context: WorkContext): Promise<ApoeReport> {
  const file = await openAlignments(source.path, {
    ...(source.indexPath ? { index: source.indexPath } : {}),
    ...(source.referencePath ? { reference: source.referencePath } : {}),
  })
  try {
    return await runApoe(file, apoeRequest(source.path, options), context)
  } finally {
    await file.close()
  }
}

/** Which program, files and options a report rests on. `createdAt` is ISO 8601, UTC. */
export async function apoeProvenance(
  source: ApoeSource,
  options: Provenance['options'],
  version: string,
  createdAt: string,
): Promise<Provenance> {
  const files: FileFingerprint[] = [await fingerprintFile(source.path, 'reads')]
  const index = source.indexPath ?? (await indexBeside(source.path))
  if (index) files.push(await fingerprintFile(index, 'index'))
  if (source.referencePath) files.push(await fingerprintFile(source.referencePath, 'reference'))
  return { program: 'Diploscope', version, createdAt, files, options }
}

/** The index that reading takes: the first in its order, and that of the file's own kind before the other. */
const indexBeside = (path: string): Promise<string | undefined> =>
  firstPresent(
    /\.cram$/i.test(path)
      ? [...cramIndexNames(path), ...bamIndexNames(path)]
      : [...bamIndexNames(path), ...cramIndexNames(path)],
  )

/** The report as one HTML document or as JSON text, with where it comes from. */
export const apoeDocument = (report: ApoeReport, provenance: Provenance, format: 'html' | 'json'): string =>
  format === 'html' ? apoeHtml(report, provenance) : apoeJson(report, provenance)
