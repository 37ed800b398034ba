import { otherBuildNote } from '../../../../src-shared/genome/assemblies.ts'
import { parseLocus } from '../../../../src-shared/genome/locus.ts'
import type { PileupLedger, PileupOptions } from '../../../../src-shared/genome/pileup.ts'
import { PILEUP_DEFAULTS } from '../../../../src-shared/genome/pileup.ts'
import { TABLE_HEADER, TableWriter } from '../../../domain/pileup/table.ts'
import { openAlignments } from '../../../readers/alignments.ts'
import { countRegion } from '../../../workers/pileupRun.ts'
import { READING_THREADS } from '../arguments.ts'
import { type CliCommand, EXIT, type ParsedArgs } from '../command.ts'
import { checkOut } from '../outOption.ts'

export const command: CliCommand = {
  name: 'pileup',
  summary: 'Base counts at every covered position of a region, exactly as pysam counts them.',
  usage: 'BAM --region chr19:44905796-44909393',
  options: {
    region: { value: 'R', help: '1-based, both ends included; chr1:5 runs to the end, chr1 is the whole contig' },
    reference: { value: 'FASTA', help: 'FASTA or 2bit, needed to decode CRAM; never used for BAQ' },
    index: { value: 'FILE', help: 'the index, when it does not lie beside the file' },
    stepper: { value: 'NAME', help: 'samtools, all or nofilter: which of the filters below apply (default samtools)' },
    'min-base-quality': { value: 'N', help: 'bases below it are in `segments` only (default 13)' },
    'min-mapping-quality': { value: 'N', help: 'drop reads below it (default 0)' },
    'flag-filter': { value: 'BITS', help: 'drop reads with any of these flag bits (default 1796)' },
    'flag-require': { value: 'BITS', help: 'drop reads with none of these flag bits (default 0: off)' },
    'keep-orphans': { help: 'keep paired reads that are not properly paired' },
    'count-overlaps': { help: 'count both mates where they overlap, with their own qualities' },
    'max-depth': { value: 'N', help: 'soft cap per start position; 0 is 8000 (default 8000)' },
    threads: READING_THREADS,
    ledger: { value: 'FILE', help: 'write to FILE, as JSON, how many reads and bases each filter removed' },
  },
  notes:
    'With --json: { "contig", "columns": the names after contig, "rows": an array of numbers a covered position, "ledger" }.\n' +
    "Semantics are those of pysam's AlignmentFile.pileup (0.20, on htslib 1.16) without a reference: no base alignment quality\n" +
    '(BAQ) and no cap of mapping qualities. "samtools mpileup -f" does apply BAQ, so its depth can differ; compare with "-B".\n' +
    'Stepper "all" ignores the mapping quality, required flags and orphans; "nofilter" ignores the filtered flags too.',
  async run(args, io) {
    const path = args.single('BAM')
    const regionText = args.required('region')
    const options = optionsOf(args)
    const reference = args.text('reference')
    const index = args.text('index')
    const ledgerPath = args.text('ledger')
    await checkOut(args, 'ledger') // before a row is printed
    const file = await openAlignments(path, { ...(reference ? { reference } : {}), ...(index ? { index } : {}) })
    try {
      const region = parseLocus(regionText, file.header.contigs)
      const caution = otherBuildNote(regionText, file.header.contigs)
      if (caution) io.note(caution)
      const shown = `${region.contig}:${region.start + 1}-${region.openEnd ? '' : region.end}`
      await io.output(args.text('out'), async write => {
        const json = args.flag('json') ? new JsonRows(region.contig) : undefined
        let texts: (Uint8Array | string)[] = [json ? json.head : TABLE_HEADER]
        const table = new TableWriter(region.contig, text => texts.push(json ? json.rows(text) : text))
        const take = async () => {
          const ready = texts
          texts = []
          for (const text of ready) await write(text)
        }
        const ledger = await countRegion(file, region, options, io.context, table, take, shown)
        table.flush()
        await take()
        if (json) await write(json.end(ledger))
        // Before the table gets its name: a ledger that cannot be written then leaves no table either.
        if (ledgerPath) {
          const { writeFileAtomic } = await import('../../../storage/atomic.ts')
          await writeFileAtomic(ledgerPath, `${JSON.stringify(ledger, undefined, 2)}\n`)
        }
      })
      return EXIT.done
    } finally {
      await file.close()
    }
  },
}

function optionsOf(args: ParsedArgs): PileupOptions {
  const d = PILEUP_DEFAULTS
  const bits = { min: 0, max: 2 ** 31 - 1 }
  const quality = { min: 0, max: 2 ** 31 - 1 }
  return {
    stepper: args.choice('stepper', ['samtools', 'all', 'nofilter'], d.stepper),
    minBaseQuality: args.integer('min-base-quality', d.minBaseQuality, quality),
    minMappingQuality: args.integer('min-mapping-quality', d.minMappingQuality, quality),
    flagFilter: args.integer('flag-filter', d.flagFilter, bits),
    flagRequire: args.integer('flag-require', d.flagRequire, bits),
    keepOrphans: args.flag('keep-orphans'),
    countOverlaps: args.flag('count-overlaps'),
    maxDepth: args.integer('max-depth', d.maxDepth, { min: 0, max: 2 ** 31 - 1 }),
  }
}

/** The table as one JSON document, written as the rows come. */
class JsonRows {
  readonly head: string
  private readonly prefix: string
  private first = true

  constructor(contig: string) {
    const columns = TABLE_HEADER.trim().split('\t').slice(1)
    this.prefix = `${contig}\t`
    this.head = `{"contig":${JSON.stringify(contig)},"columns":${JSON.stringify(columns)},"rows":[`
  }

  /** Whole lines of the table as arrays of numbers. */
  rows(table: Uint8Array): string {
    let text = ''
    for (const line of new TextDecoder().decode(table).split('\n')) {
      if (line === '') continue
      text += `${this.first ? '' : ','}\n[${line.slice(this.prefix.length).replaceAll('\t', ',')}]`
      this.first = false
    }
    return text
  }

  end(ledger: PileupLedger): string {
    return `],\n"ledger":${JSON.stringify(ledger)}}\n`
  }
}
