import { APOE_GENE } from '../../src-shared/genome/apoe.ts'
import { buildOf } from '../../src-shared/genome/assemblies.ts'
import { findContig, joinContigs } from '../../src-shared/genome/contigs.ts'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import type { ProjectDocument, TrackSetting } from '../../src-shared/project.ts'
import { withoutClosedSignal } from './predictedTracks.ts'

/** Pure rules: which tracks a file brings, in which order, which contigs the browser walks on, where it starts. */

const PARTS: Readonly<Record<OpenedFile['role'], readonly TrackSetting['part'][]>> = {
  sample: ['coverage', 'diplotype', 'reads'],
  genes: ['genes'],
  signal: ['signal'],
  variants: ['variants'],
  reference: [],
  model: [],
  cohort: [],
  project: [],
}

export const partsOf = (file: OpenedFile): readonly TrackSetting['part'][] => PARTS[file.role]

export const PART_NAMES: Readonly<Record<TrackSetting['part'], string>> = {
  reads: 'Reads',
  coverage: 'Coverage',
  diplotype: 'Diplotype',
  genes: 'Genes',
  signal: 'Signal',
  variants: 'Variants',
  predicted: 'Prediction',
}

/** Genes and variants stand above samples, as browsers have it. */
const RANK: Readonly<Record<TrackSetting['part'], number>> = {
  genes: 0,
  variants: 1,
  signal: 2,
  predicted: 2,
  coverage: 3,
  diplotype: 3,
  reads: 3,
}
/** Within a sample: depth and alleles above the reads they are counted from. */
const WITHIN: Readonly<Record<TrackSetting['part'], number>> = {
  genes: 0,
  variants: 0,
  signal: 0,
  predicted: 0,
  coverage: 0,
  diplotype: 1,
  reads: 2,
}

/** Tracks by kind, then by file in the order of opening, then by part: a sample's tracks stay together. */
export function inOrder(tracks: readonly TrackSetting[]): readonly TrackSetting[] {
  const firstAt = new Map<string, number>()
  for (const [i, t] of tracks.entries()) if (!firstAt.has(t.fileId)) firstAt.set(t.fileId, i)
  const at = (t: TrackSetting) => firstAt.get(t.fileId) ?? 0
  const sorted = [...tracks].sort(
    (a, b) => RANK[a.part] - RANK[b.part] || at(a) - at(b) || WITHIN[a.part] - WITHIN[b.part],
  )
  return sorted.every((t, i) => t === tracks[i]) ? tracks : sorted
}

/** The settings with those that a new file brings; the file's own tracks stay together. */
export function withTracksOf(tracks: readonly TrackSetting[], file: OpenedFile): readonly TrackSetting[] {
  const missing = partsOf(file).filter(part => !tracks.some(t => t.fileId === file.id && t.part === part))
  if (missing.length === 0) return tracks
  const added = missing.map((part): TrackSetting => ({ fileId: file.id, part, visible: true }))
  return inOrder([...tracks, ...added])
}

/**
 * The file whose contigs (and, for a reference, sequence) the browser uses. Without a reference in use it is the first sample, else the
 * first file, with the contigs that only other files have behind its own: the reads of every open file can be gone to.
 */
export function genomeFile(document: ProjectDocument, files: readonly OpenedFile[]): OpenedFile | undefined {
  const usable = (f: OpenedFile) => f.facts.contigs.length > 0 && f.problem?.code !== 'not-found'
  const reference = files.find(f => f.id === document.view.referenceFileId && usable(f))
  if (reference) return reference
  const all = files.filter(usable)
  const first = all.find(f => f.role === 'sample') ?? all[0]
  return first && withContigsOf(first, all)
}

/** What was joined last for a file, so that asking again gives the same object. */
const joined = new WeakMap<OpenedFile, { readonly of: readonly OpenedFile[]; readonly file: OpenedFile }>()

function withContigsOf(first: OpenedFile, all: readonly OpenedFile[]): OpenedFile {
  const before = joined.get(first)
  if (before && before.of.length === all.length && before.of.every((f, i) => f === all[i])) return before.file
  const contigs = joinContigs([first, ...all].map(f => f.facts.contigs))
  const build = first.facts.build === 'unknown' ? buildOf(contigs) : first.facts.build
  const grown = before && before.file.facts.contigs.length === contigs.length && before.file.facts.contigs.every((c, i) => c === contigs[i]) // biome-ignore format: one thought
  const file =
    contigs === first.facts.contigs
      ? first
      : grown
        ? before.file
        : { ...first, facts: { ...first.facts, contigs, contigCount: contigs.length, build } }
  joined.set(first, { of: all, file })
  return file
}

/**
 * Made-up data, by what the file says of itself: inside where its format has room for it, else by its name (bigWig and BED have none).
 */
export const isSynthetic = (file: OpenedFile): boolean => file.facts.synthetic || /^synthetic[-_.]/i.test(file.name)

/** Whether another open file has reads of a sample of the same name: then the name alone does not tell them apart. */
export const sharesSample = (file: OpenedFile, files: readonly OpenedFile[]): boolean =>
  file.facts.samples[0] !== undefined &&
  files.some(f => f.role === 'sample' && f.id !== file.id && f.facts.samples[0] === file.facts.samples[0])

/** What a sample is called: as its reads say, with the file where several open files say the same. */
export function sampleTitle(file: OpenedFile, files: readonly OpenedFile[]): string {
  const stem = file.name.replace(/\.(bam|cram|sam)$/i, '')
  const name = file.facts.samples[0]
  if (name === undefined) return stem
  return sharesSample(file, files) ? `${name} · ${stem}` : name
}

/** Contigs that are compared: builds differ in their first ones already, and some headers have thousands. */
const COMPARED_CONTIGS = 30

/** What to know of a file some contig of which has another length than the one that the browser goes by; undefined where none has. */
export function lengthConflict(file: OpenedFile, genome: OpenedFile | undefined): string | undefined {
  if (!genome || genome.id === file.id) return undefined
  const bp = (n: number) => `${n.toLocaleString('en-US')} bp`
  for (const own of file.facts.contigs.slice(0, COMPARED_CONTIGS)) {
    const shown = own.length > 0 ? findContig(own.name, genome.facts.contigs) : undefined
    if (shown && shown.length > 0 && shown.length !== own.length)
      return `${own.name} has ${bp(own.length)} here, but ${bp(shown.length)} in ${genome.name}, by which the browser goes: they are of different builds, or one of them is a part. The same position may mean another base.`
  }
  return undefined
}

/** The APOE gene with a margin, on the contig name of this genome; undefined when its build is not known. */
export function apoeLocus(file: OpenedFile | undefined): Interval | undefined {
  if (!file || file.facts.build === 'unknown') return undefined
  const contig = findContig('chr19', file.facts.contigs)
  if (!contig) return undefined
  const gene = APOE_GENE[file.facts.build]
  return { contig: contig.name, start: gene.start - 400, end: gene.end + 400 }
}

/** Where a browser starts that was nowhere yet. */
export function startLocus(file: OpenedFile | undefined): Interval | undefined {
  const apoe = apoeLocus(file)
  if (apoe) return apoe
  const first = file?.facts.contigs[0]
  return first && { contig: first.name, start: 0, end: Math.min(first.length, 20_000) }
}

/** An interval kept inside its contig, at least `minBp` long where the contig allows it. */
export function clampTo(interval: Interval, contigs: readonly Contig[], minBp = 40): Interval | undefined {
  const contig = findContig(interval.contig, contigs)
  if (!contig) return undefined
  const length = Math.min(Math.max(interval.end - interval.start, minBp), contig.length)
  const centre = (interval.start + interval.end) / 2
  // Of two middles the first, so that the middle of the view is the base that was asked for.
  const start = Math.ceil(Math.min(Math.max(0, centre - length / 2), contig.length - length) - 0.5)
  return { contig: contig.name, start, end: start + Math.round(length) }
}

/** A document with what speaks of files that are no longer open left out. */
export function withoutClosed(document: ProjectDocument, files: readonly OpenedFile[]): ProjectDocument {
  const open = new Set(files.map(f => f.id))
  const kept = document.tracks.filter(t => open.has(t.fileId)).map(t => withoutClosedSignal(t, open))
  const tracks = kept.length === document.tracks.length && kept.every((t, i) => t === document.tracks[i]) ? document.tracks : kept // biome-ignore format: one thought
  const { selection, referenceFileId } = document.view
  const gone =
    (selection.kind !== 'none' && selection.fileId !== null && !open.has(selection.fileId)) ||
    (selection.kind === 'track' && !tracks.some(t => t.predicted?.trackId === selection.trackId))
  const lost = referenceFileId !== null && !open.has(referenceFileId)
  if (tracks === document.tracks && !gone && !lost) return document
  return {
    ...document,
    tracks,
    view: {
      ...document.view,
      selection: gone ? { kind: 'none' } : selection,
      referenceFileId: lost ? null : referenceFileId,
    },
  }
}

/** Why a contig cannot be gone to, and the way out. `inUse`: the genome is the reference in use, which bounds what is shown. */
export const noSuchContig = (contig: string, genome: OpenedFile, inUse: boolean): string =>
  inUse
    ? `Contig ${contig} is not in ${genome.name}, the reference in use. Use another reference, or remove this one`
    : `None of the open files has a contig ${contig}`
