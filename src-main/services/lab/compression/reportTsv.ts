import type { CompressionReport, SizeAndSpeed } from '../../../../src-shared/lab/compression.ts'
import { changeSentences } from './makeCompression.ts'

const cell = (x: string | number | null) => (x === null ? '' : String(x).replace(/[\t\r\n]+/g, ' '))
const row = (...cells: readonly (string | number | null)[]) => cells.map(cell).join('\t')

/** A compression as tab-separated sections: what it is, before and after, layers, change of predictions. */
export function reportTsv(report: CompressionReport): string {
  const { of, model, method, before, after, layers, kept, change } = report
  const both = (name: string, read: (s: SizeAndSpeed) => number) => row(name, read(before), read(after), read(after) / read(before)) // biome-ignore format: one line
  const lines = [
    `# ${cell(model.name)} (${model.id}), ${method} of ${cell(of.name)} (${of.id}, weights SHA-256 ${of.sha256})`,
    ...report.notes.map(n => `# ${cell(n)}`),
    ...changeSentences(change).map(s => `# ${cell(s)}`),
    '',
    row('quantity', 'before', 'after', 'after / before'),
    both('parameters', s => s.parameters),
    both('bytes', s => s.bytes),
    both(`seconds a run of ${report.batch}, median`, s => s.seconds.median),
    both('seconds, lower quartile', s => s.seconds.lower),
    both('seconds, upper quartile', s => s.seconds.upper),
    both('peak bytes, median', s => s.peakBytes.median),
    '',
    row('layer', 'rank', 'relative_error', 'kept_energy', 'parameters_before', 'parameters_after', 'note'),
    ...layers.map(l => row(l.name, l.rank, l.relativeError, l.keptEnergy, l.parametersBefore, l.parametersAfter, '')),
    ...kept.map(l => row(l.name, '', 0, 1, '', '', `as it was${l.why ? `: ${l.why}` : ''}`)),
  ]
  if (change.kind === 'tracks') {
    lines.push(
      '',
      row(
        'track',
        'pearson with the original',
        'spearman with the original',
        'scale (sd after / before)',
        'largest change / largest value before',
      ),
    )
    for (const t of change.tracks)
      lines.push(row(t.name, t.pearson, t.spearman, t.scale ?? null, t.largestShare ?? null))
    // Tracks of the recipe, which need not be all of the model's, nor in its order.
    if (change.experiment) lines.push('', row('experiment', 'r before', 'r after'))
    for (const t of change.experiment?.tracks ?? []) lines.push(row(t.name, t.before, t.after))
  }
  return `${lines.join('\n')}\n`
}
