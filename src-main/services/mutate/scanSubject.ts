import { basename } from 'node:path'
import type { Interval } from '../../../src-shared/genome/interval.ts'
import type { Background } from '../../../src-shared/genome/prediction.ts'
import type { EffectScore } from '../../../src-shared/genome/scan.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { type WindowGeometry, windowGeometry } from '../../analyses/predict.ts'
import { planScan, type ScoredOutput } from '../../analyses/scanPlan.ts'
import type { HaplotypeRun } from '../../domain/variants/haplotypeWindow.ts'
import type { Engines } from '../engines.ts'
import type { FileEntry, FileRegistry } from '../files.ts'
import { type Backgrounds, backgroundSequence, backgroundWarnings, type SequenceSource } from '../haplotypes.ts'
import type { OpenModel, OpenModels } from '../models/openModels.ts'
import { buildCaution, unknownCautions } from '../predict/cautions.ts'
import type { ScanTarget } from './scanRun.ts'
import { withinReference } from './windowSequence.ts'

export interface SubjectParts {
  readonly files: FileRegistry
  readonly engines: Engines
  readonly models: OpenModels
  readonly backgrounds: Backgrounds
}

export interface OpenReferenceFile extends SequenceSource {
  readonly entry: FileEntry
}

/** A reference among the open files. @throws WorkbenchError `not-found`, `wrong-type`, and its own problem */
export async function referenceOf(
  parts: Pick<SubjectParts, 'files' | 'engines'>,
  fileId: string,
): Promise<OpenReferenceFile> {
  const entry = await parts.files.use(fileId)
  if (entry.role !== 'reference') throw new WorkbenchError('wrong-type', `'${basename(entry.path)}' is no reference sequence`, 'open a FASTA or 2bit file') // biome-ignore format: one thought
  if (entry.problem) throw new WorkbenchError(entry.problem.code, entry.problem.message, entry.problem.remedy)
  return {
    entry,
    contigs: entry.facts.contigs,
    sequence: (contig, start, end, signal) =>
      parts.engines.sequence(entry.readPath, { contig, start, end }, { signal, report() {} }),
  }
}

export interface SubjectRequest {
  readonly modelFileId: string
  readonly referenceFileId: string
  readonly interval: Interval
  readonly channels: readonly number[]
  readonly groupMean: boolean
  readonly output: ScoredOutput
  readonly score: EffectScore
  readonly background: Background
}

/** A scan's target with where it comes from. */
export interface ScanSubject {
  readonly target: ScanTarget
  readonly model: OpenModel
  readonly reference: OpenReferenceFile
  readonly geometry: WindowGeometry
  /** Under the name that the reference gives the contig. */
  readonly interval: Interval
  readonly warnings: readonly string[]
}

/**
 * Looks up the files and cuts out the sequence that is mutated.
 * @throws WorkbenchError `not-found`, `region`, `unsupported`, `wrong-type`, `bad-input`, and what the files throw
 */
export async function scanSubject(
  request: SubjectRequest,
  parts: SubjectParts,
  context: WorkContext,
): Promise<ScanSubject> {
  const { background, channels } = request
  const model = await parts.models.use(request.modelFileId)
  const { json } = model
  const geometry = windowGeometry(json)
  const odd = channels.find(c => c >= json.tracks.length)
  if (channels.length === 0 || odd !== undefined || new Set(channels).size !== channels.length)
    throw new WorkbenchError('bad-input', channels.length === 0 ? 'no track is chosen' : odd !== undefined ? `track ${odd} is not among the ${json.tracks.length} of the model` : 'a track is chosen twice', 'choose tracks of the model') // biome-ignore format: one thought
  const reference = await referenceOf(parts, request.referenceFileId)
  const { contigLength, ...interval } = withinReference(request.interval, reference)
  const output: ScoredOutput =
    request.output.kind === 'interval'
      ? { kind: 'interval', interval: { ...request.output.interval, contig: withinReference(request.output.interval, reference).contig } } // biome-ignore format: one choice
      : request.output
  const plan = planScan(interval, geometry, output)
  const reads = { path: reference.entry.readPath, contigs: reference.contigs }
  const { source } = await parts.backgrounds.alleles(background, reads, context)
  const { contig, start, end } = plan.window
  const window = await backgroundSequence(reference, { name: contig, length: contigLength }, start, end, source, context) // biome-ignore format: one call
  const places = source ? placesIn(window.runs, interval) : undefined
  const unknown = [...window.bases].filter(b => !'ACGT'.includes(b)).length / window.bases.length
  const caution = buildCaution(json, reference.contigs)
  const warnings = [
    ...(caution ? [caution] : []),
    ...unknownCautions(0, 0, unknown),
    ...backgroundWarnings([window.counts]),
    ...(source && window.runs.length > 1 ? ['bins are those of the haplotype: beyond its insertions and deletions they lie beside the reference’s'] : []), // biome-ignore format: one choice
  ]
  const { groupMean, score } = request
  const target: ScanTarget = { json, channels, groupMean, score, mean: false, plan, bases: window.bases, ...(places ? { places } : {}) } // biome-ignore format: one line
  return { target, model, reference, geometry, interval, warnings }
}

/** Where each reference position of an interval is in a haplotype's window; -1: nowhere. */
function placesIn(runs: readonly HaplotypeRun[], interval: Interval): Int32Array {
  const places = new Int32Array(interval.end - interval.start).fill(-1)
  for (const run of runs)
    for (let i = 0; !run.inserted && i < run.length; i++) {
      const at = run.reference + i - interval.start
      if (at >= 0 && at < places.length) places[at] = run.at + i
    }
  return places
}
