import { findContig } from '../../../src-shared/genome/contigs.ts'
import type { Contig } from '../../../src-shared/genome/locus.ts'
import { someNames } from '../../../src-shared/genome/locus.ts'
import type { PredictOptions } from '../../../src-shared/genome/prediction.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { PredictionSubject } from '../../../src-shared/ipc/modelMethods.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { baseCode } from '../../analyses/oneHot.ts'
import { type WindowGeometry, windowGeometry } from '../../analyses/predict.ts'
import { keptStart, windowStart } from '../../analyses/viewGrid.ts'
import type { HaplotypeRun } from '../../domain/variants/haplotypeWindow.ts'
import type { Engines } from '../engines.ts'
import type { FileRegistry } from '../files.ts'
import type { AlleleSource, BackgroundCounts, Backgrounds, SequenceSource } from '../haplotypes.ts' // biome-ignore format: one line
import type { OpenModel, OpenModels } from '../models/openModels.ts'
import { placeParts, readParts } from './windowParts.ts'
import { marginBp, windowKeys } from './windowTracks.ts'

/** A model on a background of a reference with options: what windows are predicted of. Stays the same until one of the files changes. */
export interface Subject {
  /** Different for different subjects, and when a file changed. */
  readonly key: string
  readonly ids: Pick<PredictionSubject, 'modelFileId' | 'referenceFileId'>
  readonly model: OpenModel
  readonly geometry: WindowGeometry
  readonly options: PredictOptions
  readonly reference: SequenceSource
  readonly alleles: AlleleSource | undefined
  readonly keyOf: (bases: string) => string
  /** By `contig:index`; grid windows that were looked at. */
  readonly facts: Map<string, WindowFacts>
}

/** What is known of a grid window before it is predicted, without its bases. */
export interface WindowFacts {
  /** Under which the predictions of its parts (windowParts.ts) are kept. */
  readonly storeKeys: readonly string[]
  /** Where the bases of each part come from; absent on the reference. */
  readonly runs?: readonly (readonly HaplotypeRun[])[]
  /** Of the kept bins: 1 when none of the reference bin's bases in the background is known. */
  readonly unknown: Uint8Array
  /** Share of unknown bases in all that is read. */
  readonly unknownShare: number
  readonly counts: BackgroundCounts
}

/** Facts of so many windows are kept for each subject. */
const KEPT_FACTS = 16_384
const KEPT_SUBJECTS = 24

/** Looks up the files of a subject; the same object comes back while nothing changed. */
export function createSubjects(parts: {
  readonly files: FileRegistry
  readonly engines: Engines
  readonly models: OpenModels
  readonly backgrounds: Backgrounds
}) {
  const known = new Map<string, Subject>()
  return async (asked: PredictionSubject, context: WorkContext): Promise<Subject> => {
    const { modelFileId, referenceFileId, options, background } = asked
    const model = await parts.models.use(modelFileId)
    const entry = await parts.files.use(referenceFileId)
    if (entry.role !== 'reference') throw new WorkbenchError('wrong-type', 'predictions need a reference sequence', 'open a FASTA or 2bit file') // biome-ignore format: one thought
    if (entry.problem) throw new WorkbenchError(entry.problem.code, entry.problem.message, entry.problem.remedy)
    const { contigs } = entry.facts
    const reads = { path: entry.readPath, contigs }
    const { source, state } = await parts.backgrounds.alleles(background, reads, context)
    const shiftsBp = [...options.shiftsBp].sort((a, b) => a - b)
    const key = JSON.stringify([model.fileId, model.state, entry.id, entry.readPath, entry.fingerprint, state, options.bothStrands, shiftsBp]) // biome-ignore format: one line
    const before = known.get(key)
    if (before) return before
    const subject: Subject = {
      key,
      ids: { modelFileId, referenceFileId },
      model,
      geometry: windowGeometry(model.json),
      options: { ...options, shiftsBp },
      reference: {
        contigs,
        sequence: (contig, start, end, signal) =>
          parts.engines.sequence(entry.readPath, { contig, start, end }, { signal, report() {} }),
      },
      alleles: source,
      keyOf: windowKeys(model.json, options),
      facts: new Map(),
    }
    for (const old of [...known.keys()].slice(0, 1 - KEPT_SUBJECTS)) known.delete(old)
    known.set(key, subject)
    return subject
  }
}

/** @throws WorkbenchError `not-found` when the reference lacks the contig */
export function contigOf(subject: Pick<Subject, 'reference'>, name: string): Contig {
  const found = findContig(name, subject.reference.contigs)
  if (found) return found
  throw new WorkbenchError('not-found', `contig '${name.slice(0, 60)}' is not in the reference; it has ${someNames(subject.reference.contigs)}`, 'give one of its contigs') // biome-ignore format: one thought
}

const placeOf = ({ geometry, options }: Subject, index: number) => ({ start: windowStart(index, geometry), marginBp: marginBp(options), geometry }) // biome-ignore format: one line

/** The bases of a grid window's parts with their margins, and what is known of it. */
export async function readWindow(
  subject: Subject,
  contig: Contig,
  index: number,
  context: WorkContext,
): Promise<WindowFacts & { readonly bases: readonly string[] }> {
  const { geometry, reference, alleles } = subject
  const { parts, counts } = await readParts(reference, { contig, ...placeOf(subject, index) }, alleles, context)
  const [own] = parts
  const facts: WindowFacts = {
    storeKeys: parts.map(p => subject.keyOf(p.bases)),
    ...unknownOf(own!.bases, own!.runs, keptStart(index, geometry), geometry),
    ...(alleles ? { runs: parts.map(p => p.runs) } : {}),
    counts,
  }
  const place = `${contig.name}:${index}`
  subject.facts.delete(place)
  subject.facts.set(place, facts)
  if (subject.facts.size > KEPT_FACTS) for (const old of [...subject.facts.keys()].slice(0, KEPT_FACTS / 8)) subject.facts.delete(old) // biome-ignore format: one thought
  return { ...facts, bases: parts.map(p => p.bases) }
}

/** Which kept bins (the first at reference position `from`) have no known base, and the share of unknown bases in all that is read. */
export function unknownOf(bases: string, runs: readonly HaplotypeRun[], from: number, g: WindowGeometry) {
  const known = new Uint8Array(g.bins)
  let unknown = 0
  for (const run of runs)
    for (let i = 0; i < run.length; i++) {
      if (baseCode(bases.charCodeAt(run.at + i)) < 0) {
        unknown++
        continue
      }
      const position = run.inserted ? run.reference - 1 : run.reference + i
      const bin = Math.floor((position - from) / g.binBp)
      if (bin >= 0 && bin < g.bins) known[bin] = 1
    }
  return { unknown: known.map(k => 1 - k), unknownShare: unknown / bases.length }
}

/** The kept bins of a window in reference coordinates, from the bins of its parts; `gap` where a haplotype has no base. */
export function referenceBins(
  subject: Subject,
  index: number,
  facts: WindowFacts,
  parts: readonly Float32Array[],
): { readonly values: Float32Array; readonly gap?: Uint8Array } {
  if (!facts.runs) return { values: parts[0]! }
  return placeParts(
    parts.map((values, i) => ({ values, runs: facts.runs![i]! })),
    placeOf(subject, index),
  )
}
