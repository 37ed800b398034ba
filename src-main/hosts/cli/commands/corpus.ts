import { formatLocus } from '../../../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { FREQUENCY_KEYS, IGNORED_REASONS, type IgnoredReason } from '../../../domain/corpus/frequencies.ts'
import { type CorpusRule, type PlanOptions, RULES } from '../../../domain/corpus/plan.ts'
import { type CorpusReport, type CorpusRequest, runCorpus } from '../../../workers/corpusRun.ts'
import { type CliCommand, type CliIo, EXIT, type ParsedArgs } from '../command.ts'

export const command: CliCommand = {
  name: 'corpus',
  summary: 'Makes training sentences of a chromosome from a reference and the frequencies of its variants.',
  usage: '--reference FA --variants VCF --contig NAME --out FILE',
  options: {
    reference: { value: 'FASTA', help: 'FASTA (plain, gzip, bgzip) or 2bit; without an index it is gone through once' },
    variants: { value: 'VCF', help: 'dbSNP with FREQ and COMMON; CAF, AF and GMAF are understood too' },
    contig: { value: 'NAME', help: 'the chromosome, under any usual name (19, chr19, NC_000019.9)' },
    out: { value: 'FILE', help: 'sentences, one a line' },
    rule: { value: 'NAME', help: 'thesis or snp2vec: sets the defaults of the next six (default thesis)' },
    passes: { value: 'N', help: 'times that the chromosome is cut into sentences (50)' },
    'start-max': { value: 'N', help: 'passes start at a base from 0 to N (thesis 5000, snp2vec 4095)' },
    min: { value: 'N', help: 'shortest sentence (thesis 500, snp2vec 512)' },
    max: { value: 'N', help: 'longest sentence (thesis 1000, snp2vec 4095)' },
    sentences: { value: 'N', help: 'at most so many, drawn from all (3000000)' },
    order: { value: 'NAME', help: 'contig or shuffled (thesis contig, snp2vec shuffled)' },
    seed: { value: 'N', help: 'default 1' },
    sample: {
      value: 'NAME',
      help: 'fixed: the two most frequent alleles of each site; hardy-weinberg: two drawn by frequency in each pass (default fixed)',
    },
    haploid: { help: 'one chromosome in A C G T N; DEL and insertions are left as the reference. --variants may be left out' }, // biome-ignore format: one line
    common: {
      value: 'NAME',
      help: 'flag: sites marked COMMON; frequency: a minor allele of 1 % or more; all; auto: flag where there is one, else frequency (default auto)',
    },
    frequency: { value: 'KEY', help: 'auto, FREQ, CAF, AF or GMAF: where frequencies stand in INFO (default auto, in this order)' }, // biome-ignore format: one line
  },
  notes:
    'Leading and trailing N are left out; N inside stays. From each start, sentences follow one another to the end of the contig; a rest\n' +
    'shorter than --min is left out. Rule snp2vec starts no two passes at the same base. FREQ is averaged over its sources. Records that overlap\n' +
    'are summed, at most to 1. IUPAC letters of the reference count for each base equally. With --json the report is printed on stdout.',
  async run(args, io) {
    const request = requestOf(args)
    const rule = ruleOf(args)
    let report: CorpusReport | undefined
    await io.output(args.required('out'), async write => {
      report = await runCorpus(request, io.context, write)
    })
    const done = report!
    const settings = {
      rule,
      sample: request.sample,
      alphabet: request.ploidy === 'diploid' ? 'diplotype' : 'haplotype',
    }
    if (args.flag('json')) await io.write(`${JSON.stringify({ ...settings, ...request.plan, ...done })}\n`)
    tell(done, request, io)
    return EXIT.done
  },
}

const ruleOf = (args: ParsedArgs): CorpusRule => args.choice('rule', ['thesis', 'snp2vec'], 'thesis')

function requestOf(args: ParsedArgs): CorpusRequest {
  if (args.positionals.length > 0)
    throw new WorkbenchError('wrong-usage', `corpus takes no '${args.positionals[0]!.slice(0, 60)}'`, 'name files with --reference and --variants') // biome-ignore format: one line
  const rule = RULES[ruleOf(args)]
  const minLength = args.integer('min', rule.minLength, { min: 1, max: 1_000_000 })
  const maxLength = args.integer('max', Math.max(rule.maxLength, args.text('max') === undefined ? minLength : 0), { min: 1, max: 1_000_000 }) // biome-ignore format: one line
  if (minLength > maxLength) throw new WorkbenchError('wrong-usage', `--min ${minLength} is above --max ${maxLength}`, 'give --min not above --max') // biome-ignore format: one line
  const plan: PlanOptions = {
    passes: args.integer('passes', rule.passes, { min: 1, max: 65_535 }),
    startMax: args.integer('start-max', rule.startMax, { min: 0, max: 2 ** 31 - 1 }),
    minLength,
    maxLength,
    sentences: args.integer('sentences', rule.sentences, { min: 1, max: 2 ** 31 - 1 }),
    seed: args.integer('seed', 1, { min: 0, max: 2 ** 32 - 1 }),
    distinctStarts: rule.distinctStarts,
    shuffled: args.choice('order', ['contig', 'shuffled'], rule.shuffled ? 'shuffled' : 'contig') === 'shuffled',
  }
  if (plan.distinctStarts && plan.passes > plan.startMax + 1)
    throw new WorkbenchError('wrong-usage', `--passes ${plan.passes} need as many different starts, and --start-max ${plan.startMax} allows ${plan.startMax + 1}`, 'give a larger --start-max') // biome-ignore format: one line
  const haploid = args.flag('haploid')
  const key = args.choice('frequency', ['auto', ...FREQUENCY_KEYS], 'auto')
  const common = args.choice('common', ['auto', 'flag', 'frequency', 'all'], 'auto')
  const path = haploid ? args.text('variants') : args.required('variants')
  return {
    reference: args.required('reference'),
    ...(path === undefined ? {} : { variants: { path, common, frequencyKeys: key === 'auto' ? FREQUENCY_KEYS : [key] } }), // biome-ignore format: one line
    contig: args.required('contig'),
    plan,
    sample: args.choice('sample', ['fixed', 'hardy-weinberg'], 'fixed'),
    ploidy: haploid ? 'haploid' : 'diploid',
  }
}

function tell(r: CorpusReport, request: CorpusRequest, io: CliIo): void {
  const n = (x: number) => x.toLocaleString('en-US')
  const drawn = r.sentences < r.available ? ` of ${n(r.available)}` : ''
  io.note(`${n(r.sentences)}${drawn} sentences, ${n(r.symbols)} symbols, ${n(r.heterozygousSymbols)} of them heterozygous, from ${formatLocus({ contig: r.contig, start: r.start, end: r.end })}`) // biome-ignore format: one line
  const v = r.variants
  if (!v) return
  io.note(`${n(v.used)} of ${n(v.records)} records used, ${n(r.variedPositions)} positions vary`)
  for (const [reason, count] of Object.entries(v.ignored))
    io.note(`ignored ${n(count)}: ${IGNORED_REASONS[reason as IgnoredReason]}`)
  if (request.variants?.common === 'auto' && v.common === 'frequency')
    io.note('note: no record is marked COMMON; sites are those with a minor allele of 1 % or more')
  if (v.frequencies.GMAF)
    io.note(`note: ${n(v.frequencies.GMAF)} sites have GMAF only, which does not name the minor allele: it is taken for the alternative. Heterozygotes are not touched by that${request.sample === 'fixed' ? '' : '; the two kinds of homozygotes may be exchanged'}`) // biome-ignore format: one line
  if (request.sample === 'fixed' && request.ploidy === 'diploid')
    io.note('note: this is one fixed diplotype, with every site heterozygous that has two alleles; --sample hardy-weinberg draws two alleles a site in each pass') // biome-ignore format: one line
}
