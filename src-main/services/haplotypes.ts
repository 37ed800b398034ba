import { basename } from 'node:path'
import { findContig } from '../../src-shared/genome/contigs.ts'
import { contigFit } from '../../src-shared/genome/files.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import type { Background } from '../../src-shared/genome/prediction.ts'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { type Edits, planEdits } from '../domain/variants/alleles.ts'
import { allelesOfDiplotype, allelesOfVariants, type HaplotypeAlleles } from '../domain/variants/genotypes.ts'
import { type HaplotypeWindow, haplotypeWindow } from '../domain/variants/haplotypeWindow.ts'
import type { VariantFile } from '../readers/variants.ts'
import type { Engines } from './engines.ts'
import type { FileRegistry } from './files.ts'

/** A reference as sequences are cut out of it. */
export interface SequenceSource {
  readonly contigs: readonly Contig[]
  /** Upper-case bases of a part of a contig that lies within it. */
  sequence(contig: string, start: number, end: number, signal: AbortSignal): Promise<string>
}

/** What was done to make a haplotype of a window. */
export interface BackgroundCounts {
  readonly applied: number
  readonly unphased: number
  readonly missing: number
  readonly notBases: number
  readonly overlapping: number
  readonly mismatched: number
  /** The person's file does not name the contig. */
  readonly absent?: boolean
  /** The first alleles that were left out, as `chr1:5 A>C`. */
  readonly leftOut: readonly string[]
}

/** A window of a background: see haplotypeWindow. On the reference it is one run. */
export interface BackgroundWindow extends HaplotypeWindow {
  readonly counts: BackgroundCounts
}

/** The alleles of one haplotype that overlap a stretch of a contig (which may hang over its ends), given its bases. */
export type AlleleSource = (
  contig: string,
  start: number,
  end: number,
  bases: string,
  context: WorkContext,
) => Promise<HaplotypeAlleles>

const NOTHING: BackgroundCounts = { applied: 0, unphased: 0, missing: 0, notBases: 0, overlapping: 0, mismatched: 0, leftOut: [] } // biome-ignore format: one line
/** Bases fetched beyond a window before it is known how much its deletions draw in; doubled until they suffice. */
const SLACK_BP = 4096
const MAX_SLACK_BP = 2 ** 24
const LEFT_OUT_NAMED = 5
/** From so many alleles on, more than half of them at odds with the reference mean another assembly. */
const ENOUGH_ALLELES = 10

/** Bases [start, end) of a contig, N beyond its ends. */
export async function paddedSequence(
  reference: SequenceSource,
  contig: Contig,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<string> {
  const from = Math.min(Math.max(0, start), contig.length)
  const to = Math.max(from, Math.min(end, contig.length))
  const inside = to > from ? await reference.sequence(contig.name, from, to, signal) : ''
  return 'N'.repeat(from - start) + inside + 'N'.repeat(end - to)
}

/**
 * The window [start, end) of a contig as a haplotype has it; without `alleles`, as the reference has it. Always end - start bases, N beyond
 * the contig's ends, and the window's middle base keeps its coordinate.
 * @throws WorkbenchError `build` when most alleles do not fit the reference
 */
export async function backgroundSequence(
  reference: SequenceSource,
  contig: Contig,
  start: number,
  end: number,
  alleles: AlleleSource | undefined,
  context: WorkContext,
): Promise<BackgroundWindow> {
  if (!alleles) {
    const bases = await paddedSequence(reference, contig, start, end, context.signal)
    return { bases, runs: [{ at: 0, length: end - start, reference: start, inserted: false }], counts: NOTHING }
  }
  for (let slack = SLACK_BP; ; slack *= 2) {
    const [from, to] = [start - slack, end + slack]
    const bases = await paddedSequence(reference, contig, from, to, context.signal)
    const found = await alleles(contig.name, from, to, bases, context)
    const plan = planEdits(found.alleles, bases, from)
    const made = haplotypeWindow(bases, from, plan.edits, start, end)
    // A long deletion may begin outside of what was read and reach into the window: more is read until it lies within.
    const cut = found.alleles.some(a => a.start < from || (a.start + a.reference.length > to && to < contig.length))
    if ('bases' in made && !cut) return { ...made, counts: countsOf(contig.name, start, end, found, plan) }
    if (slack > MAX_SLACK_BP) throw new WorkbenchError('unsupported', `deletions around ${contig.name}:${start + 1} draw in more than ${MAX_SLACK_BP} bp`, 'leave such deletions out of the file') // biome-ignore format: one thought
  }
}

function countsOf(
  contig: string,
  start: number,
  end: number,
  found: HaplotypeAlleles,
  { edits, skipped }: Edits,
): BackgroundCounts {
  const mismatched = skipped.filter(s => s.reason === 'ref-mismatch')
  const overlapping = skipped.filter(s => s.reason === 'overlap')
  if (edits.length + mismatched.length >= ENOUGH_ALLELES && mismatched.length > edits.length)
    throw new WorkbenchError('build', `${mismatched.length} of ${edits.length + mismatched.length} alleles near ${contig}:${start + 1} have other reference bases than the reference`, 'open the reference that the variants were called on') // biome-ignore format: one thought
  const within = (a: { readonly start: number }) => a.start >= start && a.start < end
  return {
    applied: edits.filter(within).length,
    unphased: found.unphased,
    missing: found.missing,
    notBases: found.notBases + skipped.length - mismatched.length - overlapping.length,
    overlapping: overlapping.length,
    mismatched: mismatched.length,
    ...(found.absent ? { absent: true } : {}),
    leftOut: skipped.slice(0, LEFT_OUT_NAMED).map(({ allele, reason }) =>
      `${contig}:${(allele.start + 1).toLocaleString('en-US')} ${short(allele.reference)}>${short(allele.alternative)} (${reason})`), // biome-ignore format: one line
  }
}

const short = (bases: string): string => (bases.length > 12 ? `${bases.slice(0, 12)}…` : bases || '-')

/** What belongs beside numbers of a haplotype, in sentences. Windows overlap, so that counts over several are of alleles met, not of places. */
export function backgroundWarnings(all: readonly BackgroundCounts[]): readonly string[] {
  const sum = (key: Exclude<keyof BackgroundCounts, 'leftOut' | 'absent'>) => all.reduce((n, c) => n + c[key], 0)
  const n = (count: number, what: string) => `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`
  const warnings: string[] = []
  const [unphased, missing, notBases] = [sum('unphased'), sum('missing'), sum('notBases')]
  const [overlapping, mismatched] = [sum('overlapping'), sum('mismatched')]
  if (all.some(c => c.absent)) warnings.push("the person's file does not name this contig: nothing is known of the haplotype, the reference stands in its place") // biome-ignore format: one line
  if (unphased > 0) warnings.push(`${n(unphased, 'heterozygous place')} not phased: put on a haplotype by rule, not by evidence`) // biome-ignore format: one line
  if (missing > 0) warnings.push(`${n(missing, 'place')} without a genotype, taken as reference`)
  if (notBases > 0) warnings.push(`${n(notBases, 'allele')} not written in bases and not applied`)
  const named = [...new Set(all.flatMap(c => c.leftOut))].slice(0, LEFT_OUT_NAMED).join('; ')
  if (mismatched + overlapping > 0)
    warnings.push(`not applied: ${n(mismatched, 'allele')} whose REF is not the reference's, ${n(overlapping, 'allele')} that change what another has changed (${named})`) // biome-ignore format: one line
  return warnings
}

/** Blocks of a contig whose variants are kept between windows. */
const BLOCK_BP = 2 ** 19
const KEPT_BLOCKS = 32

/**
 * The alleles of a sample's haplotype in a VCF.
 * @throws WorkbenchError `build` when a contig's length differs from the reference's, `not-found` (sample), and what the file throws
 */
export function variantAlleles(
  file: Pick<VariantFile, 'path' | 'contigs' | 'region'>,
  sample: string,
  haplotype: 0 | 1,
  reference: readonly Contig[],
): AlleleSource {
  const { conflicts } = contigFit(file.contigs, reference)
  const [other] = conflicts
  if (other)
    throw new WorkbenchError('build', `'${basename(file.path)}' has contig '${other.name}' of ${other.length.toLocaleString('en-US')} bp, the reference ${other.assemblyLength.toLocaleString('en-US')} bp: it is of another assembly`, 'open the reference that the variants were called on') // biome-ignore format: one thought
  const blocks = new Map<string, ReturnType<VariantFile['region']>>()
  return async (contig, start, end, _bases, context) => {
    const absent = file.contigs.length > 0 && !findContig(contig, file.contigs)
    const out = { alleles: [] as HaplotypeAlleles['alleles'][number][], unphased: 0, missing: 0, notBases: 0, absent }
    const firstBlock = Math.floor(Math.max(0, start) / BLOCK_BP)
    for (let b = firstBlock; b * BLOCK_BP < end; b++) {
      const key = `${contig}:${b}`
      let block = blocks.get(key)
      if (!block) {
        // Others may wait for the same block: one caller's end is not theirs.
        const shared = { signal: new AbortController().signal, report: context.report }
        block = file.region({ contig, start: b * BLOCK_BP, end: (b + 1) * BLOCK_BP }, shared, { sample })
        block.catch(() => blocks.delete(key))
      }
      blocks.delete(key)
      blocks.set(key, block) // the most recently used are the last
      for (const old of [...blocks.keys()].slice(0, -KEPT_BLOCKS)) blocks.delete(old)
      const columns = await block
      if (columns.malformed.count > 0) throw new WorkbenchError('corrupt', `${columns.malformed.count} lines of '${basename(file.path)}' cannot be read: ${columns.malformed.firstReason}`, 'repair the file') // biome-ignore format: one thought
      if (columns.omitted > 0) throw new WorkbenchError('unsupported', `'${basename(file.path)}' has more than 100,000 variants within ${BLOCK_BP / 1024} kb of ${contig}`, 'use a file of this sample alone') // biome-ignore format: one thought
      // A line that reaches over a block's end is met twice: it belongs to the block that it begins in, or to the first of these.
      const first = b === firstBlock ? Number.NEGATIVE_INFINITY : b * BLOCK_BP
      const reaches = (i: number) => columns.starts[i]! + columns.references[i]!.length > start
      const keep = [...columns.starts.keys()].filter(i => columns.starts[i]! >= first && reaches(i) && columns.starts[i]! < Math.min((b + 1) * BLOCK_BP, end)) // biome-ignore format: one line
      const part = allelesOfVariants(picked(columns, keep), haplotype)
      out.alleles.push(...part.alleles)
      out.unphased += part.unphased
      out.missing += part.missing
      out.notBases += part.notBases
    }
    return out
  }
}

function picked(v: Awaited<ReturnType<VariantFile['region']>>, keep: readonly number[]) {
  const g = v.genotypes
  return {
    count: keep.length,
    starts: Int32Array.from(keep, i => v.starts[i]!),
    ids: keep.map(i => v.ids[i]!),
    references: keep.map(i => v.references[i]!),
    alternatives: keep.map(i => v.alternatives[i]!),
    ...(g
      ? {
          genotypes: {
            first: Int16Array.from(keep, i => g.first[i]!),
            second: Int16Array.from(keep, i => g.second[i]!),
            ploidy: Uint8Array.from(keep, i => g.ploidy[i]!),
            phased: Uint8Array.from(keep, i => g.phased[i]!),
          },
        }
      : {}),
  }
}

export interface Backgrounds {
  /**
   * The alleles of a background over a reference; undefined for the reference itself. `state` changes when the files do.
   * @throws WorkbenchError `wrong-type`, `not-found` (file, sample), `build`, `no-index`
   */
  alleles(
    background: Background,
    reference: { readonly path: string; readonly contigs: readonly Contig[] },
    context: WorkContext,
  ): Promise<{ readonly source: AlleleSource | undefined; readonly state: string }>
  close(): Promise<void>
}

/** Backgrounds of the open files: VCF samples and the diplotypes of BAM and CRAM files. VCFs stay open until they change. */
export function createBackgrounds(parts: { readonly files: FileRegistry; readonly engines: Engines }): Backgrounds {
  const opened = new Map<string, { readonly state: string; readonly file: Promise<VariantFile> }>()
  const sources = new Map<string, AlleleSource>()
  const diplotypes = new Map<string, Promise<string>>()
  let diplotypesOf = ''

  const openVcf = async (fileId: string, path: string, state: string, context: WorkContext) => {
    const before = opened.get(fileId)
    if (before?.state === state) return before.file
    void before?.file.then(f => f.close()).catch(() => undefined)
    const { openVariants } = await import('../readers/variants.ts')
    const file = openVariants(path, { signal: new AbortController().signal, report: context.report })
    opened.set(fileId, { state, file })
    file.catch(() => opened.delete(fileId))
    return file
  }

  return {
    async alleles(background, reference, context) {
      if (background.kind === 'reference') return { source: undefined, state: 'reference' }
      const { fileId, sample, haplotype } = background
      const entry = await parts.files.use(fileId)
      const { problem } = entry
      if (problem) throw new WorkbenchError(problem.code, problem.message, problem.remedy)
      const state = JSON.stringify([entry.path, entry.fingerprint, entry.indexFingerprint, reference.path])
      const key = JSON.stringify([fileId, state, sample, haplotype])
      let source = sources.get(key)
      if (!source) {
        if (entry.role === 'variants') {
          const file = await openVcf(fileId, entry.readPath, state, context)
          if (!file.samples.includes(sample)) throw noSample(sample, entry.path, file.samples)
          source = variantAlleles(file, sample, haplotype, reference.contigs)
        } else if (entry.role === 'sample') {
          const { samples } = entry.facts
          if (samples.length > 0 && !samples.includes(sample)) throw noSample(sample, entry.path, samples)
          const reads = { path: entry.path, indexPath: entry.indexPath, referencePath: reference.path }
          if (diplotypesOf !== state) diplotypes.clear()
          diplotypesOf = state
          source = diplotypeAlleles(parts.engines, reads, haplotype, diplotypes)
        } else throw new WorkbenchError('wrong-type', `'${basename(entry.path)}' holds no person's alleles`, 'choose a VCF with genotypes, or a BAM') // biome-ignore format: one thought
        for (const old of [...sources.keys()].slice(0, -7)) sources.delete(old)
        sources.set(key, source)
      }
      return { source, state: key }
    },
    async close() {
      for (const { file } of opened.values()) await file.then(f => f.close()).catch(() => undefined)
      opened.clear()
    },
  }
}

const noSample = (sample: string, path: string, samples: readonly string[]) =>
  new WorkbenchError('not-found', `sample '${sample.slice(0, 60)}' is not in '${basename(path)}'`, `it has ${samples.slice(0, 4).join(', ') || 'none'}`) // biome-ignore format: one thought

/** Diplotypes of windows that are kept: a person's other haplotype is asked for next. */
const KEPT_DIPLOTYPES = 8

/** The alleles of a haplotype by rule, from a sample's diplotype. `kept`: characters by place, the most recently used last. */
function diplotypeAlleles(
  engines: Engines,
  reads: Parameters<Engines['diplotype']>[0],
  haplotype: 0 | 1,
  kept: Map<string, Promise<string>>,
): AlleleSource {
  const characters = (contig: string, start: number, end: number, context: WorkContext): Promise<string> => {
    const key = `${reads.path} ${contig}:${start}-${end}`
    const known = kept.get(key)
    kept.delete(key)
    // Others may wait for it: one caller's end is not theirs.
    const shared = { signal: new AbortController().signal, report: context.report }
    const found = known ?? engines.diplotype(reads, { contig, start, end }, 'robust', shared).then(d => d.characters)
    found.catch(() => kept.delete(key))
    kept.set(key, found)
    for (const old of [...kept.keys()].slice(0, -KEPT_DIPLOTYPES)) kept.delete(old)
    return found
  }
  return async (contig, start, _end, bases, context) => {
    const from = Math.max(0, start)
    // Beyond the contig there are no reads; the padding tells where it ends.
    const to = from + bases.slice(from - start).replace(/N+$/, '').length
    if (to <= from) return { alleles: [], unphased: 0, missing: 0, notBases: 0 }
    const text = await characters(contig, from, to, context).catch(error => {
      const e = asWorkbenchError(error)
      if (e.code === 'not-found') throw new WorkbenchError('build', `'${basename(reads.path)}' has no contig '${contig}'`, 'open the reference that the reads were aligned to') // biome-ignore format: one thought
      throw e
    })
    return allelesOfDiplotype(text, bases.slice(from - start, to - start), from, haplotype)
  }
}
