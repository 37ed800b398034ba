import { APOE_GENE, APOE_SITES, type ApoeReport, type ApoeSite, type ApoeThresholds, SITE_POSITION } from '../../src-shared/genome/apoe.ts' // biome-ignore format: one line
import type { Build } from '../../src-shared/genome/assemblies.ts'
import { PILEUP_DEFAULTS, type PileupOptions } from '../../src-shared/genome/pileup.ts'
import { throwIfCancelled } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { chooseBuild, chooseContig } from '../domain/apoe/build.ts'
import { type SiteEvidence, siteEvidence } from '../domain/apoe/evidence.ts'
import { typeApoe } from '../domain/apoe/result.ts'
import { splicedReads } from '../domain/apoe/splicing.ts'
import { ColumnDetailCollector } from '../domain/pileup/columnDetail.ts'
import { type AlignmentFile, isSynthetic } from '../readers/alignments.ts'

export interface ApoeRequest {
  readonly build: Build | 'auto'
  /** Taken as RNA whatever the reads look like. */
  readonly rna: boolean
  readonly thresholds: ApoeThresholds
  /** Name of the sample where the header has none. */
  readonly fileName: string
}

/**
 * APOE from an open file: the build from its header, the contig with reads, RNA or not from the gene's reads, evidence from the
 * pileup columns of the two sites, then the call. The same file and request give the same answer.
 * @throws WorkbenchError `build` (unknown, or not the one asked for), and what reading throws
 */
export async function runApoe(file: AlignmentFile, request: ApoeRequest, ctx: WorkContext): Promise<ApoeReport> {
  const { contigs, samples, text } = file.header
  const choice = chooseBuild(contigs, request.build)
  const { build } = choice
  const steps = choice.contigs.length + APOE_SITES.length
  let done = 0
  const step = () => {
    throwIfCancelled(ctx.signal)
    ctx.report({ phase: 'APOE', done: ++done, total: steps })
  }
  const inGene = new Map<string, { reads: number; spliced: number }>()
  for (const contig of choice.contigs) {
    inGene.set(contig, await surveyGene(file, contig, build, ctx))
    step()
  }
  const { contig, note } = chooseContig([...inGene].map(([name, { reads }]) => ({ contig: name, reads })))
  const options: PileupOptions = {
    ...PILEUP_DEFAULTS,
    minBaseQuality: request.thresholds.minBaseQuality,
    minMappingQuality: request.thresholds.minMappingQuality,
  }
  const evidence = {} as Record<ApoeSite, SiteEvidence>
  for (const site of APOE_SITES) {
    const column = await columnOf(file, contig, SITE_POSITION[build][site], options, ctx)
    evidence[site] = siteEvidence(column, request.thresholds)
    step()
  }
  return typeApoe(
    evidence,
    {
      build,
      buildConfirmed: choice.confirmed,
      contigNote: note,
      samples,
      fileName: request.fileName,
      synthetic: isSynthetic(text),
      geneReads: inGene.get(contig) ?? { reads: 0, spliced: 0 },
      rna: request.rna,
    },
    request.thresholds,
  )
}

/** Records over the gene, whatever their flags, and those of them that are spliced. */
async function surveyGene(file: AlignmentFile, contig: string, build: Build, ctx: WorkContext) {
  let reads = 0
  let spliced = 0
  for await (const batch of file.reads({ contig, ...APOE_GENE[build] }, quiet(ctx))) {
    reads += batch.count
    spliced += splicedReads(batch)
  }
  return { reads, spliced }
}

async function columnOf(
  file: AlignmentFile,
  contig: string,
  position: number,
  options: PileupOptions,
  ctx: WorkContext,
) {
  const index = file.header.contigs.findIndex(c => c.name === contig)
  const collector = new ColumnDetailCollector(contig, index, position, options)
  for await (const batch of file.reads({ contig, start: position, end: position + 1 }, quiet(ctx)))
    collector.push(batch)
  return collector.result()
}

/** A reader's own progress means nothing within these short steps. */
const quiet = (ctx: WorkContext): WorkContext => ({ signal: ctx.signal, report() {} })
