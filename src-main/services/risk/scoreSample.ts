import { APOE_SITES, APOE_THRESHOLDS } from '../../../src-shared/genome/apoe.ts'
import type { Build } from '../../../src-shared/genome/assemblies.ts'
import {
  MIN_REGION_COVERAGE,
  type RiskEvidence,
  type RiskModelFacts,
  type RiskNoCall,
  type RiskScore,
  type RiskSeen,
} from '../../../src-shared/genome/risk.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { RESEARCH_USE_ONLY } from '../../domain/apoe/limits.ts'
import { SAME_SEQUENCE } from '../../domain/cohort/modelReading.ts'
import { genotypeOfText, snpOffsets, twoSnpCounts } from '../../domain/cohort/twoSnp.ts'
import { HETEROZYGOUS_WARNING } from '../../domain/diplotype/call.ts'
import { publishedLiability, sigmoid } from '../../domain/liability/liability.ts'
import { binOfProbability } from '../../domain/statistics/calibration.ts'
import { type ReadForModel, readForModel } from './readForModel.ts'
import type { RiskModel } from './riskModel.ts'
import { simulatedSentence } from './riskModel.ts'
import type { SampleDiplotype } from './sampleDiplotype.ts'

export interface ScoreRequest {
  readonly path: string
  readonly indexPath?: string | undefined
  /** For CRAM. */
  readonly referencePath?: string | undefined
  readonly build?: Build | 'auto'
  /** How the file is read; absent: in this thread. */
  readonly read?: ReadForModel
  /** Instead of the name in the header. */
  readonly sample?: string | undefined
  /** Stretches of evidence to compute; 0: none. Each costs a run of the network. */
  readonly evidence: number
}

const LIABILITY = publishedLiability()
const percent = (x: number) => `${(100 * x).toFixed(1)} %`

/**
 * The risk score of one sample, with what it rests on. A sample that does not fit gives a no-call, a file that cannot be read throws.
 * @throws WorkbenchError `build`, and what opening and reading throw
 */
export async function scoreSample(request: ScoreRequest, model: RiskModel, context: WorkContext): Promise<RiskScore> {
  const { facts } = model
  context.report({ phase: 'reading the region', done: 0, total: 2 })
  const { read, sameSequence, foreign, cleaned, ids } = await (request.read ?? readForModel)(request, model, context)
  context.report({ phase: 'scoring', done: 1, total: 2 })
  const noCall = noCallOf(read, model, foreign, ids.length)
  const snpsOnly = model.view.kind === 'snps'
  const logit = noCall ? null : (await model.logits([ids], context.signal))[0]!
  const probability = logit === null ? null : sigmoid(facts.platt.intercept + facts.platt.slope * logit)
  const genotype = genotypeOfText(read.text, facts.flankBp)
  const counts = twoSnpCounts(read.text, facts.flankBp)
  const [b1, b2] = facts.twoSnp.coefficients
  // With the flanks taken as the reference, which nobody's are, the score is of no group that was calibrated.
  const bin = probability === null || foreign ? undefined : binOfProbability(facts.calibration, probability)
  const known = genotype !== null && !genotype.includes('e1')
  const sample = request.sample ?? read.sample
  const trained = model.trainedPeople?.find(sample, read.text, { flankBp: facts.flankBp, caller: facts.caller.caller })
  return {
    sample,
    sampleFrom: request.sample === undefined ? read.sampleFrom : 'sheet',
    path: request.path,
    model: model.summary,
    build: read.build,
    region: read.region,
    noCall,
    probability,
    interval: bin ? { low: bin.ci95[0], high: bin.ci95[1], observed: bin.observed, n: bin.n } : null,
    logit,
    place: probability === null || foreign ? null : { all: placeIn(facts.distribution.all, probability), cases: placeIn(facts.distribution.cases, probability), controls: placeIn(facts.distribution.controls, probability) }, // biome-ignore format: one line
    baseline: {
      twoSnp: counts ? sigmoid(facts.twoSnp.intercept + b1 * counts[0] + b2 * counts[1]) : null,
      logOddsRatio: known ? LIABILITY.genotypeLogOdds[genotype] : null,
    },
    genotype,
    coverage: {
      positions: read.text.length,
      covered: read.covered,
      uncovered: read.text.length - read.covered,
      meanDepth: read.meanDepth,
      heterozygousShare: read.covered > 0 ? read.heterozygous / read.covered : 0,
      sameSequence,
      unseen: cleaned.unseen,
    },
    tokens: snpsOnly ? null : { count: ids.length, unknown: model.unknownTokens(ids), limit: model.maxTokens },
    evidence: logit === null || request.evidence === 0 ? [] : await evidenceOf(cleaned.text, logit, model, read, request.evidence, context), // biome-ignore format: one line
    ...(trained ? { seen: trained } : {}),
    device: model.device(),
    limits: [...(trained ? [seenSentence(trained)] : []), ...otherName(read, sample), ...limitsOf(read, model, sameSequence, cleaned.unseen)], // biome-ignore format: one line
  }
}

const PART_OF = { training: 'among the people whom the model was trained on', validation: "among the people who chose the model's stopping point and calibration", test: 'among the held-out test people of the training' } as const // biome-ignore format: one line
const seenSentence = ({ part, sameName }: RiskSeen): string =>
  sameName
    ? `This sample was ${PART_OF[part]}${part === 'test' ? '.' : ': its score is not that of an unseen person.'}`
    : `A person with the same letters all over the region was ${PART_OF[part]}: it may be this one.`

/** A sheet may give somebody another name, or somebody else's file. */
const otherName = (read: SampleDiplotype, sample: string) =>
  read.sampleFrom === 'header' && read.sample !== sample ? [`The header of the file names this sample '${read.sample}', not '${sample}': make sure that the file is that person's.`] : [] // biome-ignore format: one line

/** Why the model gives a sample no score; null when it does. */
export function noCallOf(read: SampleDiplotype, model: RiskModel, foreign: boolean, tokens: number): RiskNoCall | null {
  const { facts } = model
  const share = read.covered / read.text.length
  if (read.rna)
    return { code: 'rna', message: `${read.geneReads.spliced} of ${read.geneReads.reads} reads in the gene are spliced: these are reads of RNA, which show neither introns nor flanks. Score reads of DNA.` } // biome-ignore format: one line
  if (model.view.kind === 'snps') return snpsNotRead(read, facts.flankBp, tokens)
  if (share < MIN_REGION_COVERAGE)
    return { code: 'low-coverage', message: `${read.covered.toLocaleString('en-US')} of ${read.text.length.toLocaleString('en-US')} positions of the region are covered (${percent(share)}); at least ${percent(MIN_REGION_COVERAGE)} are needed. Deeper sequencing, or a file of the whole region, would help.` } // biome-ignore format: one line
  if (foreign && !facts.panel)
    return { code: 'other-sequence', message: 'The reads are of another sequence than the one that the model was trained on, and the model reads the whole region. Use a model of this sequence.' } // biome-ignore format: one line
  if (tokens > model.maxTokens)
    return { code: 'too-many-tokens', message: `The diplotype has ${tokens} tokens, the model takes ${model.maxTokens}. So many differences from its training people mean another sequence, or reads of poor quality.` } // biome-ignore format: one line
  return null
}

/** A logistic model needs its two sites, as deep as an APOE call does, and nothing else of the region. */
function snpsNotRead({ text, siteDepths }: SampleDiplotype, flankBp: number, numbers: number): RiskNoCall | null {
  const bare = snpOffsets(flankBp).flatMap((offset, i) => (text[offset] === 'N' ? [APOE_SITES[i]!] : []))
  if (bare.length > 0) return { code: 'low-coverage', message: `${bare.join(' and ')} ${bare.length > 1 ? 'are' : 'is'} not covered, and the model reads nothing else. Deeper sequencing, or a file that holds the sites, would help.` } // biome-ignore format: one line
  const { minDepth } = APOE_THRESHOLDS
  if (siteDepths.some(d => d < minDepth)) return { code: 'low-coverage', message: `${APOE_SITES.map((site, i) => `${site} has a depth of ${siteDepths[i]}`).join(', ')}; at least ${minDepth} are needed at each, for the model reads nothing else. Deeper sequencing would help.` } // biome-ignore format: one line
  if (numbers > 0) return null
  return { code: 'other-sequence', message: 'The letters at rs429358 and rs7412 are of no APOE genotype, and the model reads nothing else. Look at the reads there.' } // biome-ignore format: one line
}

/** Where a value stands in a distribution given by quantiles 0, 1/n … 1: 0 to 1, by linear interpolation. Of its ties one half counts as below. */
export function placeIn(quantiles: readonly number[], value: number): number {
  const last = quantiles.length - 1
  if (last < 1 || value < quantiles[0]!) return 0
  if (value > quantiles[last]!) return 1
  const above = quantiles.findIndex(q => q >= value)
  // A logistic model has at most ten values: many people share one, and are not below each other.
  if (quantiles[above] === value) return (above + quantiles.lastIndexOf(value)) / 2 / last
  const [low, high] = [quantiles[above - 1]!, quantiles[above]!]
  return (above - 1 + (value - low) / (high - low)) / last
}

/** Replaces each token that holds a difference from the reference by the reference, and runs the network on what is left. */
async function evidenceOf(
  cleaned: string,
  logit: number,
  model: RiskModel,
  read: SampleDiplotype,
  limit: number,
  context: WorkContext,
): Promise<RiskEvidence[]> {
  const { facts } = model
  const differs = (from: number, to: number) => cleaned.slice(from, to) !== facts.reference.slice(from, to)
  const spans = model.spans(cleaned).filter(s => s.to > s.from && differs(s.from, s.to))
  const rows = spans.map(s => model.encoder.ids(cleaned.slice(0, s.from) + facts.reference.slice(s.from, s.to) + cleaned.slice(s.to))) // biome-ignore format: one line
  const fitting = spans.filter((_, i) => rows[i]!.length <= model.maxTokens)
  const logits = await model.logits(rows.filter(r => r.length <= model.maxTokens), context.signal) // biome-ignore format: one line
  const [snp1, snp2] = snpOffsets(facts.flankBp)
  const named = [{ offset: snp1, name: 'rs429358' }, { offset: snp2, name: 'rs7412' }, ...facts.causalSites] // biome-ignore format: one line
  return fitting
    .map((s, i) => ({ ...s, change: logit - logits[i]! }))
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || a.from - b.from)
    .slice(0, limit)
    .map((s, i) => ({
      interval: { contig: read.region.contig, start: read.region.start + s.from, end: read.region.start + s.to },
      characters: cleaned.slice(s.from, Math.min(s.to, s.from + 64)),
      logitChange: s.change,
      rank: i + 1,
      site: [...new Set(named.filter(n => n.offset >= s.from && n.offset < s.to && cleaned[n.offset] !== facts.reference[n.offset]).map(n => n.name))].join(', ') || null, // biome-ignore format: one line
    }))
}

function limitsOf(read: SampleDiplotype, model: RiskModel, sameSequence: number, unseen: number): string[] {
  const { facts, json } = model
  const het = read.covered > 0 ? read.heterozygous / read.covered : 0
  return [
    ...(facts.trainedOnSimulated ? [simulatedSentence] : []),
    RESEARCH_USE_ONLY,
    `The probability refers to a group with ${percent(facts.caseShare)} cases, as the training cohort had; it is no risk of a person in a population.`, // biome-ignore format: one line
    'The interval is that of the share of cases among held-out people of the training cohort with such a score; it says nothing about one person.', // biome-ignore format: one line
    ...(read.synthetic ? ['The file says of itself that its reads are synthetic.'] : []),
    ...(read.buildConfirmed
      ? []
      : [`Chromosome 19 has an unknown length: the build ${read.build} was taken as given.`]),
    ...(read.contigNote ? [read.contigNote] : []),
    ...(model.view.kind === 'snps' ? [`The model reads rs429358 and rs7412, and nothing else of the region.${sameSequence < SAME_SEQUENCE ? ` The reads agree with its reference at ${percent(sameSequence)} of the covered positions: they are of another sequence (${facts.referenceNote}).` : ''}`] : readLimits(read, facts, sameSequence, unseen)), // biome-ignore format: one line
    ...(het > HETEROZYGOUS_WARNING ? [`${percent(het)} of the covered positions are heterozygous; people have about 0.1 %: look at depth and quality.`] : []), // biome-ignore format: one line
    `Trained at a depth of ${facts.trainingDepth}; this sample has ${read.meanDepth.toFixed(1)}.`,
    ...json.limits.filter(l => !l.toLowerCase().startsWith('trained on simulated')),
  ]
}

/** What a model of the whole region must say of what it read. */
function readLimits(read: SampleDiplotype, facts: RiskModelFacts, sameSequence: number, unseen: number): string[] {
  return [
    ...(sameSequence < SAME_SEQUENCE ? [`The reads agree with the model's reference at ${percent(sameSequence)} of the covered positions: they are of another sequence (${facts.referenceNote}). Only rs429358 and rs7412 were read; everywhere else the reference was taken, which is nobody's: the probability is not calibrated, and no interval or place is given.`] : []), // biome-ignore format: one line
    ...(sameSequence >= SAME_SEQUENCE && unseen > 0 ? [`${unseen} positions hold letters that fewer than the needed share of training people had; the model took the reference there.`] : []), // biome-ignore format: one line
    ...(read.covered < read.text.length ? [`${(read.text.length - read.covered).toLocaleString('en-US')} positions are not covered; ${facts.panel || facts.uncovered === 'reference' ? 'the reference was taken there' : 'they stand as N'}.`] : []), // biome-ignore format: one line
  ]
}
