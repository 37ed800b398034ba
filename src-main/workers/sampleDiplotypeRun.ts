import { basename } from 'node:path'
import { APOE_THRESHOLDS } from '../../src-shared/genome/apoe.ts'
import type { Build } from '../../src-shared/genome/assemblies.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import { PILEUP_DEFAULTS } from '../../src-shared/genome/pileup.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { chooseBuild, chooseContig } from '../domain/apoe/build.ts'
import { splicedReads } from '../domain/apoe/splicing.ts'
import { textOfCodes } from '../domain/cohort/counts.ts'
import { RISK_GENE, riskRegion } from '../domain/cohort/locus.ts'
import { snpOffsets } from '../domain/cohort/twoSnp.ts'
import type { DiplotypeOptions } from '../domain/diplotype/call.ts'
import { type AlignmentFile, isSynthetic } from '../readers/alignments.ts'
import { runDiplotype } from './diplotypeRun.ts'

/** What is read of a sample's file. */
export interface DiplotypeOfSample {
  readonly build?: Build | 'auto'
  readonly flankBp: number
  readonly calling: DiplotypeOptions
}

/** What the reads of one sample show of the region. */
export interface SampleDiplotype {
  readonly sample: string
  readonly sampleFrom: 'header' | 'file-name'
  readonly synthetic: boolean
  readonly build: Build
  readonly buildConfirmed: boolean
  readonly region: Interval
  /** One character a base, N where no read counts. */
  readonly text: string
  readonly covered: number
  readonly heterozygous: number
  readonly meanDepth: number
  /** Reads that count at rs429358 and at rs7412. */
  readonly siteDepths: readonly [number, number]
  /** Records in the gene, and those of them that are spliced. */
  readonly geneReads: { readonly reads: number; readonly spliced: number }
  readonly rna: boolean
  /** The header names chromosome 19 more than once. */
  readonly contigNote: string | undefined
}

/**
 * The diplotype of the gene with its flanks, from an open file of one sample. The same file and request give the same answer.
 * @throws WorkbenchError `bad-input` (several samples), `build` (unknown, contradicted), and what reading throws
 */
export async function runSampleDiplotype(
  file: AlignmentFile,
  request: DiplotypeOfSample,
  context: WorkContext,
): Promise<SampleDiplotype> {
  const { path } = file
  const { flankBp } = request
  const quiet: WorkContext = { signal: context.signal, report() {} }
  const { contigs, samples, text } = file.header
  if (samples.length > 1) throw new WorkbenchError('bad-input', `'${path}' holds reads of ${samples.length} samples (${samples.slice(0, 3).join(', ')}…)`, 'split it by sample first') // biome-ignore format: one line
  const choice = chooseBuild(contigs, request.build ?? 'auto')
  const { build } = choice
  const surveys = new Map<string, { reads: number; spliced: number }>()
  for (const contig of choice.contigs) surveys.set(contig, await survey(file, { contig, ...RISK_GENE[build] }, quiet))
  const { contig, note } = chooseContig([...surveys].map(([name, { reads }]) => ({ contig: name, reads })))
  const geneReads = surveys.get(contig)!
  const region = { contig, ...riskRegion(build, flankBp) }
  const parts: string[] = []
  let [covered, heterozygous, depth] = [0, 0, 0]
  const [first, second] = snpOffsets(flankBp)
  const siteDepths: [number, number] = [0, 0]
  await runDiplotype(file, { region, pileup: PILEUP_DEFAULTS, calling: request.calling }, quiet, calls => {
    parts.push(textOfCodes(calls.codes))
    covered += calls.covered
    heterozygous += calls.heterozygous
    for (const d of calls.depth) depth += d
    // A block has some of the region's positions, each of them once.
    siteDepths[0] += calls.depth[region.start + first - calls.start] ?? 0
    siteDepths[1] += calls.depth[region.start + second - calls.start] ?? 0
  })
  return {
    sample: samples[0] ?? basename(path).replace(/\.(bam|cram)$/i, ''),
    sampleFrom: samples.length > 0 ? 'header' : 'file-name',
    synthetic: isSynthetic(text),
    build,
    buildConfirmed: choice.confirmed,
    region,
    text: parts.join(''),
    covered,
    heterozygous,
    meanDepth: depth / (region.end - region.start),
    siteDepths,
    geneReads,
    rna: geneReads.reads > 0 && geneReads.spliced >= APOE_THRESHOLDS.rnaSplicedFraction * geneReads.reads,
    contigNote: note,
  }
}

async function survey(file: AlignmentFile, region: Interval, context: WorkContext) {
  let [reads, spliced] = [0, 0]
  for await (const batch of file.reads(region, context)) {
    reads += batch.count
    spliced += splicedReads(batch)
  }
  return { reads, spliced }
}
