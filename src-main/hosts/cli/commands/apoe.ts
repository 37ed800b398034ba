import { basename, extname } from 'node:path'
import { APOE_THRESHOLDS, type ApoeThresholds } from '../../../../src-shared/genome/apoe.ts'
import type { ReportFormat } from '../../../../src-shared/ipc/contract.ts'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { apoeText } from '../../../domain/report/apoeText.ts'
import { apoeDocument, apoeOf, apoeProvenance } from '../../../services/apoe.ts'
import { exportReport } from '../../../services/reportExport.ts'
import { writeFileAtomic } from '../../../storage/atomic.ts'
import { READING_THREADS } from '../arguments.ts'
import { type CliCommand, EXIT, type OptionSpec, type ParsedArgs } from '../command.ts'

/** Option of each threshold, what it says, and what it may be. */
const THRESHOLDS = {
  minMappingQuality: ['min-mapping-quality', 'reads below it are no evidence', { min: 0, max: 255 }],
  minBaseQuality: [
    'min-base-quality',
    'bases below it, after overlap resolution, are no evidence',
    { min: 0, max: 93 },
  ],
  maxBaseQuality: ['max-base-quality', 'base qualities above it are taken as this', { min: 1, max: 93 }],
  chimeraRate: ['chimera-rate', 'chance that a fragment is chimeric or wrongly linked', { min: 0, max: 1 }],
  minDepth: ['min-depth', 'fewer reads at a site are no call', { min: 1 }],
  minSiteQuality: ['min-site-quality', 'a lower quality of a site is no call', { min: 0, max: 99 }],
  minConfidence: ['min-confidence', 'a lower confidence is no call', { min: 0, max: 99 }],
  minPhaseFragments: ['min-phase-fragments', 'spanning fragments that must agree for a read-backed phase', { min: 1 }],
  thirdAlleleReads: ['third-allele-reads', 'reads of a third base that are a conflict', { min: 1 }],
  thirdAlleleFraction: ['third-allele-fraction', 'and their share of the depth', { min: 0, max: 1 }],
  conflictSpanning: ['conflict-spanning', 'spanning fragments from which three haplotypes are a conflict', { min: 3 }],
  conflictSpanningFraction: ['conflict-spanning-fraction', 'and the share of each', { min: 0, max: 1 }],
  imbalanceFraction: [
    'imbalance-fraction',
    'a heterozygote with less of the rarer allele is flagged',
    { min: 0, max: 0.5 },
  ],
  imbalanceDepth: ['imbalance-depth', 'from this depth on', { min: 1 }],
  rnaSplicedFraction: ['rna-spliced-fraction', 'share of spliced reads in the gene from which a file is RNA', { min: 0, max: 1 }], // biome-ignore format: a table
  rnaCap: ['rna-cap', 'highest quality of a homozygote, and confidence, from RNA', { min: 0, max: 99 }],
} as const satisfies Record<keyof ApoeThresholds, readonly [string, string, { min?: number; max?: number }]>
const KEYS = Object.keys(THRESHOLDS) as (keyof ApoeThresholds)[]
/** Counts of reads and qualities of single reads are whole numbers; the other thresholds need not be. */
const WHOLE: readonly (keyof ApoeThresholds)[] = [
  'minMappingQuality',
  'minBaseQuality',
  'maxBaseQuality',
  'minDepth',
  'minPhaseFragments',
  'thirdAlleleReads',
  'conflictSpanning',
  'imbalanceDepth',
]

const thresholdOptions: Record<string, OptionSpec> = Object.fromEntries(
  KEYS.map(key => [
    THRESHOLDS[key][0],
    { value: 'N', help: `${THRESHOLDS[key][1]} (default ${APOE_THRESHOLDS[key]})` },
  ]),
)

export const command: CliCommand = {
  name: 'apoe',
  summary: 'APOE genotype from reads, with its evidence and limits. Research use only.',
  usage: 'BAM [--build auto|GRCh37|GRCh38] [--json]',
  options: {
    build: {
      value: 'NAME',
      help: 'auto, GRCh37 or GRCh38; auto tells it by the length of chromosome 19 (default auto)',
    },
    rna: { help: 'take the reads as RNA even if few are spliced' },
    reference: { value: 'FASTA', help: 'FASTA or 2bit, needed to decode CRAM' },
    index: { value: 'FILE', help: 'the index, when it does not lie beside the file' },
    threads: READING_THREADS,
    report: {
      value: 'FILE',
      help: 'also write the report with provenance: .html (self-contained), .json, or .pdf (printed by an installed Chromium)',
    },
    ...thresholdOptions,
  },
  notes:
    'Exit 5 means: done, but no genotype is called (low depth or quality, conflict, not covered); counts and posterior are given all the\n' +
    'same. All thresholds and the prior are choices of this program. Qualities and confidence are Phred-scaled, at most 99.',
  async run(args, io) {
    const path = args.single('BAM')
    const build = args.choice('build', ['auto', 'GRCh37', 'GRCh38'], 'auto')
    const reportPath = args.text('report')
    const format = reportPath === undefined ? undefined : reportFormat(reportPath)
    const source = { path, indexPath: args.text('index'), referencePath: args.text('reference') }
    const thresholds = thresholdsOf(args)
    const options = { build, rna: args.flag('rna'), thresholds }
    const report = await apoeOf(source, options, io.context)
    if (reportPath !== undefined && format !== undefined) {
      const used = { build, rna: options.rna, ...thresholds }
      const version = process.env['DIPLOSCOPE_VERSION'] ?? 'unknown'
      const provenance = await apoeProvenance(source, used, version, new Date().toISOString())
      const { bytes } = await exportReport({
        name: basename(reportPath),
        format,
        document: async kind => apoeDocument(report, provenance, kind),
        printPdf: format === 'pdf' ? (await import('../../headless/printPdf.ts')).chromiumPrinter() : undefined,
        signal: io.context.signal,
      })
      await writeFileAtomic(reportPath, bytes)
    }
    const text = args.flag('json') ? `${JSON.stringify(report, null, 2)}\n` : apoeText(report)
    await io.output(args.text('out'), write => write(text))
    return report.noCall ? EXIT.noCall : EXIT.done
  },
}

/** By the end of the name: a report of another kind than the name says would not be noticed before it is sent. */
function reportFormat(path: string): ReportFormat {
  const format = (['html', 'json', 'pdf'] as const).find(f => extname(path).toLowerCase() === `.${f}`)
  if (!format) throw new WorkbenchError('wrong-usage', `--report is '${path}', which ends in none of .html, .json and .pdf`, 'give the report one of these endings') // biome-ignore format: one line
  return format
}

function thresholdsOf(args: ParsedArgs): ApoeThresholds {
  const value = (key: keyof ApoeThresholds) => {
    const [name, , range] = THRESHOLDS[key]
    const fallback = APOE_THRESHOLDS[key]
    return WHOLE.includes(key) ? args.integer(name, fallback, range) : args.number(name, fallback, range)
  }
  return Object.fromEntries(KEYS.map(key => [key, value(key)])) as unknown as ApoeThresholds
}
