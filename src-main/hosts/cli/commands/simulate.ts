import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { COHORT_DEFAULTS, type CohortSpec } from '../../../domain/cohort/cohort.ts'
import { simulateCohort } from '../../../services/risk/simulateCohort.ts'
import { type CliCommand, EXIT, type ParsedArgs } from '../command.ts'

const D = COHORT_DEFAULTS

export const command: CliCommand = {
  name: 'simulate',
  summary:
    'Makes a cohort of people who do not exist, with a known risk: reads or diplotypes, labels, the best possible AUC.',
  usage: 'cohort --reference FASTA --out DIR --people N --depth D --seed S [--haplotypes VCF]',
  options: {
    reference: { value: 'FASTA', help: 'chromosome 19 of either build, or a slice named chr19:FROM-TO; unknown letters are drawn from the seed' }, // biome-ignore format: one line
    haplotypes: { value: 'FILE', help: 'phased VCF of the locus (default: the four haplotypes of 1000 Genomes phase 3, counted)' }, // biome-ignore format: one line
    out: { value: 'DIR', help: 'a new folder: cohort.json, samples.tsv, variants.vcf, bam/ or diplotypes.tsv' },
    people: { value: 'N', help: `default ${D.people}` },
    depth: { value: 'X', help: `mean depth of the reads (default ${D.depth})` },
    seed: { value: 'N', help: `default ${D.seed}` },
    'case-share': { value: 'X', help: `share of cases among the people (default ${D.caseShare})` },
    prevalence: { value: 'X', help: `share of cases in the population (default ${D.prevalence})` },
    'region-flank': { value: 'BP', help: `bases on each side of the gene (default ${D.regionFlankBp})` },
    'flank-effects': { value: 'N', help: 'made-up variants in the flanks that change the risk (default 0)' },
    'flank-effect-size': { value: 'X', help: `odds ratio of each copy; every second pair protects (default ${D.flankEffectOdds})` }, // biome-ignore format: one line
    flank: { value: 'BP', help: 'they lie within so many bases of the gene (default: the region)' },
    'neutral-every': { value: 'BP', help: `one neutral variant in about so many bases, 0: none (default ${D.neutralEveryBp})` }, // biome-ignore format: one line
    'private-per-kb': { value: 'X', help: `substitutions of one person alone (default ${D.privatePerKb})` },
    build: { value: 'NAME', help: 'GRCh37 or GRCh38: positions of the reads (default GRCh38)' },
    reads: { help: 'write an indexed BAM slice a person (the default)' },
    'diplotypes-only': { help: 'no reads: diplotypes.tsv, called from counts of the same reads' },
  },
  notes:
    'Disease follows a logistic liability: published odds ratios of the APOE genotypes (Farrer 1997, Caucasian series; e1 taken as e3) and the\n' +
    'made-up effects. People are taken from the population until the cohort has its cases and controls. The best possible AUC is exact. Reads\n' +
    'are 2 x 150 bp whose mates do not overlap; variants are substitutions. Everything is simulated: not for use on people.',
  async run(args, io) {
    const what = args.single("'cohort'")
    if (what !== 'cohort') throw new WorkbenchError('wrong-usage', `simulate knows no '${what.slice(0, 40)}'`, "use 'simulate cohort'") // biome-ignore format: one line
    if (args.flag('reads') && args.flag('diplotypes-only')) throw new WorkbenchError('wrong-usage', '--reads and --diplotypes-only exclude each other', 'give one of them') // biome-ignore format: one line
    const reads = !args.flag('diplotypes-only')
    const result = await simulateCohort(
      {
        spec: specOf(args),
        reference: args.required('reference'),
        haplotypes: args.text('haplotypes'),
        out: args.required('out'),
        build: args.choice('build', ['GRCh37', 'GRCh38'], 'GRCh38'),
        reads,
        diplotypes: !reads,
      },
      io.context,
    )
    if (args.flag('json')) await io.write(`${JSON.stringify({ simulated: true, ...result })}\n`)
    else
      await io.write(
        `${result.people} simulated people (${result.cases} cases) in '${result.folder}'; best possible AUC ${result.optimalAuc.toFixed(4)}, of the two SNPs alone ${result.twoSnpOptimalAuc.toFixed(4)}\n`,
      )
    return EXIT.done
  },
}

function specOf(args: ParsedArgs): CohortSpec {
  const regionFlankBp = args.integer('region-flank', D.regionFlankBp, { min: 0, max: 15_000_000 })
  return {
    seed: args.integer('seed', D.seed, { min: 0, max: 2 ** 31 - 1 }),
    people: args.integer('people', D.people, { min: 1, max: 10_000_000 }),
    depth: args.number('depth', D.depth, { min: 0.1, max: 10_000 }),
    caseShare: args.number('case-share', D.caseShare, { min: 0, max: 1 }),
    prevalence: args.number('prevalence', D.prevalence, { min: 0, max: 1 }),
    regionFlankBp,
    neutralEveryBp: args.integer('neutral-every', D.neutralEveryBp, { min: 0 }),
    flankEffects: args.integer('flank-effects', 0, { min: 0, max: 64 }),
    flankEffectOdds: args.number('flank-effect-size', D.flankEffectOdds, { min: 0.01, max: 100 }),
    effectFlankBp: args.integer('flank', Math.max(1, regionFlankBp), { min: 1 }),
    privatePerKb: args.number('private-per-kb', D.privatePerKb, { min: 0, max: 10 }),
  }
}
