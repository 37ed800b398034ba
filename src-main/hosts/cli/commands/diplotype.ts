import { otherBuildNote } from '../../../../src-shared/genome/assemblies.ts'
import { findContig } from '../../../../src-shared/genome/contigs.ts'
import type { DiplotypeCalls } from '../../../../src-shared/genome/diplotype.ts'
import { formatLocus, parseLocus, someNames } from '../../../../src-shared/genome/locus.ts'
import { PILEUP_DEFAULTS } from '../../../../src-shared/genome/pileup.ts'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { DIPLOTYPE_DEFAULTS, HETEROZYGOUS_WARNING } from '../../../domain/diplotype/call.ts'
import { DIPLOTYPE_TSV_HEADER, diplotypeText, diplotypeTsv } from '../../../domain/diplotype/text.ts'
import { openAlignments } from '../../../readers/alignments.ts'
import { openReference, type Reference } from '../../../readers/reference.ts'
import { runDiplotype } from '../../../workers/diplotypeRun.ts'
import { READING_THREADS } from '../arguments.ts'
import { type CliCommand, EXIT } from '../command.ts'

export const command: CliCommand = {
  name: 'diplotype',
  summary: 'One character a reference base: the pair of alleles that the reads show there.',
  usage: 'BAM --region chr19:44905796-44909393 [--format text|tsv]',
  options: {
    region: { value: 'R', help: '1-based, both ends included; chr1:5 runs to the end, chr1 is the whole contig' },
    caller: { value: 'NAME', help: 'robust or top2 (default robust)' },
    format: { value: 'NAME', help: 'text: one line; tsv: contig pos alleles char depth quality (default text)' },
    'min-alt-reads': { value: 'N', help: 'robust: reads that a second allele needs (default 2)' },
    'min-alt-fraction': {
      value: 'X',
      help: 'robust: share of the counted reads that a second allele needs (default 0.2)',
    },
    reference: { value: 'FASTA', help: 'FASTA or 2bit: for --fill reference, and to decode CRAM' },
    fill: { value: 'WITH', help: 'N or reference: what stands where no read counts (default N)' },
    threads: READING_THREADS,
    index: { value: 'FILE', help: 'the index, when it does not lie beside the file' },
    'min-base-quality': { value: 'N', help: 'bases below it do not count (default 13)' },
    'min-mapping-quality': { value: 'N', help: 'reads below it do not count (default 0)' },
  },
  notes:
    'Reads count as in "diploscope pileup". An allele is A C G T N, DEL, or a base followed by an insertion (AI CI GI TI NI; the inserted\n' +
    'bases are lost); the 66 unordered pairs have a character each, homozygous ones A C G T N X(DEL) B D H U O.\n' +
    'top2 takes the two largest counts whatever they are: at low depth each sequencing error becomes a heterozygote. robust asks for\n' +
    'two reads and 20 % of the second allele, and never pairs N. Quality is the Phred difference to the next best pair, 0 to 99.',
  async run(args, io) {
    const path = args.single('BAM')
    const regionText = args.required('region')
    const caller = args.choice('caller', ['robust', 'top2'], DIPLOTYPE_DEFAULTS.caller)
    const format = args.choice('format', ['text', 'tsv'], 'text')
    const fill = args.choice('fill', ['N', 'reference'], 'N')
    const referencePath = args.text('reference')
    const index = args.text('index')
    const calling = {
      caller,
      minAltReads: args.integer('min-alt-reads', DIPLOTYPE_DEFAULTS.minAltReads, { min: 0 }),
      minAltFraction: args.number('min-alt-fraction', DIPLOTYPE_DEFAULTS.minAltFraction, { min: 0, max: 1 }),
    }
    const pileup = {
      ...PILEUP_DEFAULTS,
      minBaseQuality: args.integer('min-base-quality', PILEUP_DEFAULTS.minBaseQuality, { min: 0 }),
      minMappingQuality: args.integer('min-mapping-quality', PILEUP_DEFAULTS.minMappingQuality, { min: 0 }),
    }
    if (fill === 'reference' && !referencePath)
      throw new WorkbenchError('wrong-usage', "--fill reference needs a reference, and --reference is missing", 'give --reference FASTA') // biome-ignore format: one line
    const file = await openAlignments(path, {
      ...(referencePath ? { reference: referencePath } : {}),
      ...(index ? { index } : {}),
    })
    let reference: Reference | undefined
    try {
      const asked = parseLocus(regionText, file.header.contigs)
      const caution = otherBuildNote(regionText, file.header.contigs)
      if (caution) io.note(caution)
      const length = file.header.contigs.find(c => c.name === asked.contig)?.length ?? asked.end
      const region = { contig: asked.contig, start: asked.start, end: Math.min(asked.end, length) }
      if (!asked.openEnd && asked.end > length) io.note(`the region ends at the contig's end: ${formatLocus(region)}`)
      if (fill === 'reference' && referencePath) {
        reference = await openReference(referencePath)
        ensureSameContig(reference, region.contig, length, path)
      }
      const letters = reference
      const sums = { covered: 0, heterozygous: 0, filled: 0 }
      const json = args.flag('json')
      await io.output(args.text('out'), async write => {
        const held: string[] = []
        if (!json && format === 'tsv') await write(DIPLOTYPE_TSV_HEADER)
        await runDiplotype(
          file,
          {
            region,
            pileup,
            calling,
            ...(letters ? { reference: (start: number, end: number) => letters.sequence(region.contig, start, end, { upperCase: true, signal: io.context.signal }) } : {}), // biome-ignore format: one line
          },
          io.context,
          async calls => {
            add(sums, calls)
            if (json) held.push(diplotypeText(calls))
            else await write(format === 'tsv' ? diplotypeTsv(calls) : diplotypeText(calls))
          },
        )
        if (json) {
          const { contig, start, end } = region
          await write(
            `${JSON.stringify({ contig, start: start + 1, end, caller, ...sums, characters: held.join('') })}\n`,
          )
        } else if (format === 'text') await write('\n')
      })
      tell(io.note, region.end - region.start, sums)
      return EXIT.done
    } finally {
      await reference?.close()
      await file.close()
    }
  },
}

/** Letters of another build would stand among those of the reads in silence. */
function ensureSameContig(reference: Reference, contig: string, length: number, path: string): void {
  const found = findContig(contig, reference.contigs)
  const n = (x: number) => `${x.toLocaleString('en-US')} bp`
  if (!found) throw new WorkbenchError('no-reference', `'${reference.path}' has no contig '${contig}'; it has ${someNames(reference.contigs)}`, 'give the reference that the reads were aligned to') // biome-ignore format: one line
  if (found.length !== length)
    throw new WorkbenchError('build', `'${found.name}' has ${n(found.length)} in '${reference.path}', and '${contig}' ${n(length)} in '${path}'`, 'give the reference that the reads were aligned to') // biome-ignore format: one line
}

interface Sums {
  covered: number
  heterozygous: number
  filled: number
}

function add(sums: Sums, calls: DiplotypeCalls): void {
  sums.covered += calls.covered
  sums.heterozygous += calls.heterozygous
  sums.filled += calls.filled
}

function tell(note: (line: string) => void, positions: number, { covered, heterozygous, filled }: Sums): void {
  const n = (x: number) => x.toLocaleString('en-US')
  const share = covered > 0 ? heterozygous / covered : 0
  const filling = filled > 0 ? `, ${n(filled)} of them filled with the reference base` : ''
  note(
    `${n(covered)} of ${n(positions)} positions covered, ${n(positions - covered)} not${filling}; ` +
      `${n(heterozygous)} heterozygous (${(share * 100).toFixed(2)} %)`,
  )
  if (share > HETEROZYGOUS_WARNING)
    note(
      'warning: more than 1 % of the covered positions are heterozygous; people have about 0.1 %: look at depth, quality and caller',
    )
}
