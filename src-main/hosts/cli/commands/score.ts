import { rm, stat } from 'node:fs/promises'
import { formatLocus } from '../../../../src-shared/genome/locus.ts'
import { lineText, type RiskCohort, type RiskScore, type RiskSheet } from '../../../../src-shared/genome/risk.ts'
import { type PairedAuc, pText } from '../../../../src-shared/genome/riskComparison.ts'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { attributionTsv, openAttribution } from '../../../services/risk/attribution.ts'
import { folderSheet } from '../../../services/risk/folderSheet.ts'
import { readForModelInThread } from '../../../services/risk/readForModel.ts'
import { openRiskModel, type RiskModel } from '../../../services/risk/riskModel.ts'
import { readSampleSheet } from '../../../services/risk/sampleSheet.ts'
import { cohortTsv, heldOutLine, scoreCohort } from '../../../services/risk/scoreCohort.ts'
import { scoreSample } from '../../../services/risk/scoreSample.ts'
import { meantSheet } from '../../../services/riskCohorts.ts'
import { writeFileAtomic } from '../../../storage/atomic.ts'
import { type CliCommand, type CliIo, EXIT, type ParsedArgs } from '../command.ts'

export const command: CliCommand = {
  name: 'score',
  summary:
    'A risk score a sample from a trained model, beside its baselines, with evidence and limits. Research use only.',
  usage: 'BAM… --model DIR [--json]   or   --samples SHEET.tsv --model DIR --out FILE.tsv   or   FOLDER… --model DIR',
  options: {
    model: { value: 'DIR', help: 'a risk model, as train with a recipe of task classify writes it' },
    samples: { value: 'FILE', help: 'a sample sheet: tab-separated with sample, bam, label; goes on where it was stopped when given the same --out' }, // biome-ignore format: one line
    build: {
      value: 'NAME',
      help: 'auto, GRCh37 or GRCh38; auto tells it by the length of chromosome 19 (default auto)',
    },
    reference: { value: 'FASTA', help: 'FASTA or 2bit, needed to decode CRAM' },
    index: { value: 'FILE', help: 'the index, when it does not lie beside the file; with one BAM only' },
    evidence: { value: 'N', help: 'strongest stretches to list (default 5); 0: none' },
    attribution: { value: 'FILE', help: 'also write what each base does to the score: contig pos character token occlusion gradient (. of a logistic model); with one BAM only' }, // biome-ignore format: one line
    format: { value: 'NAME', help: 'table or json (default table)' },
    device: { value: 'NAME', help: 'auto, cpu, webgpu or cuda (default cpu)' },
  },
  notes:
    'Exit 5 means: done, but a sample has no score (less than 80 % of the region covered, reads of RNA, another sequence). A probability refers\n' +
    'to a group with the share of cases of the training cohort, never to a person in a population. Evidence is the change of the logit when the\n' +
    'stretch of a token is replaced by the reference. Rows of a sheet at fault are listed at the end, and the rest goes on. A folder is a cohort: its\n' +
    'samples.tsv where it has one, else its BAM and CRAM files, whose people have no labels.',
  async run(args, io) {
    const folder = args.required('model')
    const sheet = args.text('samples')
    const build = args.choice('build', ['auto', 'GRCh37', 'GRCh38'], 'auto')
    const json = args.flag('json') || args.choice('format', ['table', 'json'], 'table') === 'json'
    const evidence = args.integer('evidence', 5, { min: 0, max: 1000 })
    if (sheet === undefined && args.positionals.length === 0) throw new WorkbenchError('wrong-usage', 'BAM is missing', "see 'diploscope score --help'") // biome-ignore format: one line
    if (sheet !== undefined && args.positionals.length > 0) throw new WorkbenchError('wrong-usage', 'both --samples and a BAM are given', 'give one of them') // biome-ignore format: one line
    const folders = await Promise.all(args.positionals.map(async p => (await stat(p).catch(() => undefined))?.isDirectory() ?? false)) // biome-ignore format: one line
    for (const name of ['index', 'attribution'])
      if (args.text(name) !== undefined && (args.positionals.length !== 1 || folders[0])) throw new WorkbenchError('wrong-usage', `--${name} goes with one BAM only`, 'leave it out, or give one BAM') // biome-ignore format: one line
    if (folders.includes(true) && folders.includes(false)) throw new WorkbenchError('wrong-usage', `'${args.positionals[folders.indexOf(true)]}' is a folder, '${args.positionals[folders.indexOf(false)]}' is not`, 'give folders, or files, not both') // biome-ignore format: one line
    const compute = createCompute(args.text('threads') === undefined ? {} : { threads: args.integer('threads', 1, { min: 1, max: 1024 }) }) // biome-ignore format: one line
    try {
      const device = args.choice('device', ['auto', 'cpu', 'webgpu', 'cuda'], 'cpu')
      const deps = { compute, registry: modelRegistry(MODELS), device }
      const model = await openRiskModel(folder, deps, io.context)
      if (sheet !== undefined) return await cohortRun(sheet, await readSampleSheet(sheet), model, build, args, io, json)
      if (folders[0]) {
        const [first = ''] = args.positionals
        const meant = folders.length === 1 ? await meantSheet(first) : first
        const people = meant === first ? await folderSheet(args.positionals) : await readSampleSheet(meant)
        return await cohortRun(args.positionals.join(', '), people, model, build, args, io, json)
      }
      const scores: RiskScore[] = []
      for (const path of args.positionals)
        scores.push(await scoreSample({ path, indexPath: args.text('index'), referencePath: args.text('reference'), build, evidence }, model, io.context)) // biome-ignore format: one line
      const tracks = args.text('attribution')
      if (tracks !== undefined && !scores[0]!.noCall) {
        const attributor = await openAttribution(model, deps, io.context)
        const request = {
          path: args.positionals[0]!,
          indexPath: args.text('index'),
          referencePath: args.text('reference'),
          build,
        }
        await writeFileAtomic(tracks, await attributionTsv(request, model, attributor, scores[0]!.limits, io.context))
      }
      await io.output(args.text('out'), write => write(json ? `${JSON.stringify(scores.length === 1 ? scores[0] : scores, null, 2)}\n` : scores.map(scoreText).join('\n'))) // biome-ignore format: one line
      return scores.some(s => s.noCall) ? EXIT.noCall : EXIT.done
    } finally {
      await compute.close()
    }
  },
}

async function cohortRun(
  from: string,
  sheet: RiskSheet,
  model: RiskModel,
  build: 'auto' | 'GRCh37' | 'GRCh38',
  args: ParsedArgs,
  io: CliIo,
  json: boolean,
): Promise<number> {
  const out = args.text('out')
  const journal = out === undefined ? undefined : `${out}.unfinished`
  const cohort = await scoreCohort(
    { sheet, build, referencePath: args.text('reference'), journal, read: readForModelInThread },
    model,
    io.context,
  )
  await io.output(out, write => write(json ? `${JSON.stringify(cohort, null, 2)}\n` : cohortTsv(cohort)))
  // Not before the table is there: a full disk costs no score.
  if (journal !== undefined) await rm(journal, { force: true })
  tell(cohort, io)
  const { rows, failures } = cohort
  if (failures.length > 0) {
    const scored = rows.length === 0 ? 'none' : `${rows.length}`
    throw new WorkbenchError('bad-input', `${scored} of the ${rows.length + failures.length} samples of '${from}' could be scored; the first at fault: ${failures[0]!.message}`, `mend the rows that are named${rows.length === 0 ? '' : '; the others are in the table'}`) // biome-ignore format: one line
  }
  return rows.some(r => r.noCall) ? EXIT.noCall : EXIT.done
}

function tell(cohort: RiskCohort, io: CliIo): void {
  for (const f of cohort.failures)
    io.note(
      `failed: ${lineText(f)}${f.sample || '(no name)'}: ${f.code}: ${f.message}${f.remedy ? ` - ${f.remedy}` : ''}`,
    )
  for (const c of cohort.cautions) io.note(`caution: ${c}`)
  const without = cohort.rows.filter(r => r.noCall).length
  io.note(`${cohort.rows.length} samples${cohort.resumed > 0 ? ` (${cohort.resumed} taken over from a run that was stopped)` : ''}, ${without} without a score, ${cohort.failures.length} failed`) // biome-ignore format: one line
  const m = cohort.metrics?.model
  const b = cohort.metrics?.['two-snp']
  const o = cohort.metrics?.['odds-ratio']
  const against = (d: PairedAuc | null | undefined) => (d ? `difference ${d.difference.toFixed(4)} (95 % ${d.ci?.map(x => x.toFixed(4)).join(' to ') ?? 'none'}), p ${pText(d.p)}` : 'difference not defined') // biome-ignore format: one line
  if (m?.auc && b?.auc && o?.auc) {
    io.note(`${heldOutLine(cohort) === null ? '' : 'everybody: '}AUC ${m.auc.auc.toFixed(4)} (95 % ${m.auc.ci95?.map(x => x.toFixed(4)).join(' to ') ?? 'none'}); Brier ${m.brier.toFixed(4)}, ${m.n} people`) // biome-ignore format: one line
    io.note(`AUC of two SNPs ${b.auc.auc.toFixed(4)}, ${against(cohort.paired?.['two-snp'])} (DeLong, paired)`)
    io.note(`AUC of published odds ratios ${o.auc.auc.toFixed(4)}, ${against(cohort.paired?.['odds-ratio'])} (DeLong, paired)`) // biome-ignore format: one line
  }
  const heldOut = heldOutLine(cohort)
  if (heldOut !== null) io.note(heldOut)
  for (const limit of cohort.limits) io.note(limit)
}

const percent = (x: number | null) => (x === null ? 'none' : `${(100 * x).toFixed(1)} %`)

/** One sample for people. */
export function scoreText(s: RiskScore): string {
  const c = s.coverage
  const lines = [
    `Sample     ${s.sample}  (${s.build}, ${formatLocus(s.region)})`,
    `Model      ${s.model.name}`,
    s.noCall
      ? `Score      no call, ${s.noCall.code}: ${s.noCall.message}`
      : `Score      ${percent(s.probability)} in a group with ${percent(s.model.caseShare)} cases; ${s.interval ? `of ${s.interval.n} held-out people with such a score ${percent(s.interval.observed)} were cases (95 % ${percent(s.interval.low)} to ${percent(s.interval.high)})` : 'not calibrated for such a sample'}`, // biome-ignore format: one line
    ...(s.place ? [`Place      above ${percent(s.place.all)} of the training cohort's held-out people (${percent(s.place.cases)} of cases, ${percent(s.place.controls)} of controls; ties count half)`] : []), // biome-ignore format: one line
    `Baseline   two SNPs ${percent(s.baseline.twoSnp)}; APOE ${s.genotype ?? 'not called'}${s.baseline.logOddsRatio === null ? '' : `, published odds ratio ${Math.exp(s.baseline.logOddsRatio).toFixed(1)} against e3/e3`}`, // biome-ignore format: one line
    `Reads      ${c.covered.toLocaleString('en-US')} of ${c.positions.toLocaleString('en-US')} positions covered (${c.uncovered.toLocaleString('en-US')} N), mean depth ${c.meanDepth.toFixed(1)}, ${(100 * c.heterozygousShare).toFixed(2)} % heterozygous, ${percent(c.sameSequence)} as the model's reference, ${c.unseen} letters not seen in training`, // biome-ignore format: one line
    ...(s.tokens ? [`Tokens     ${s.tokens.count} of at most ${s.tokens.limit}, ${s.tokens.unknown} unknown`] : []),
    ...s.evidence.map(e => `Evidence   ${String(e.rank).padStart(2)}. ${formatLocus(e.interval)}  ${e.logitChange >= 0 ? '+' : ''}${e.logitChange.toFixed(3)} logit  ${e.site ?? ''}`.trimEnd()), // biome-ignore format: one line
    ...s.limits.map(l => `Limit      ${l}`),
  ]
  return `${lines.join('\n')}\n`
}
