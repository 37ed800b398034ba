import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { buildIndex } from '../../../readers/indexBuilder.ts'
import { type CliCommand, EXIT } from '../command.ts'

export const command: CliCommand = {
  name: 'index',
  summary: 'Builds the index that a file needs: .fai and .gzi for FASTA, .bai or .csi for BAM, .tbi for a bgzip VCF.',
  usage: 'FILE',
  options: {
    force: { help: 'replace an index that is good' },
    csi: { help: 'for a BAM: build a .csi (done of itself where a contig is longer than 536,870,912 bp)' },
  },
  notes:
    'The index is written beside the file, whole or not at all. A BAM or VCF must be sorted by coordinate. One line is printed for each index written; with --json, { "written": […], "warnings": […] }.',
  async run(args, io) {
    const path = args.single('FILE')
    // An index belongs beside its file under its own name, where every program looks for it.
    if (args.text('out') !== undefined)
      throw new WorkbenchError('wrong-usage', 'index takes no --out', 'the index is written beside the file')
    const { written, warnings } = await buildIndex(
      path,
      { force: args.flag('force'), format: args.flag('csi') ? 'csi' : 'auto' },
      io.context,
    )
    for (const warning of warnings) io.note(`note: ${warning}`)
    await io.write(
      args.flag('json') ? `${JSON.stringify({ written, warnings })}\n` : written.map(w => `${w}\n`).join(''),
    )
    return EXIT.done
  },
}
